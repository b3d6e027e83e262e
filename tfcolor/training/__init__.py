"""Training: a state, a step, a loop."""
