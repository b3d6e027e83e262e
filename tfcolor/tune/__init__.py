"""Hyperparameter search. It needs Optuna, the extra `tune`."""
