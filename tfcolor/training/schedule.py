"""Learning rates over a stage."""

import math

from tfcolor import config


def factor(stage: config.StageConfig, step: int) -> float:
    """What the learning rates of a stage are multiplied with at one of its steps.

    A linear rise over `warmup_steps`, then constant, or half a cosine that would reach 0 one step
    after the last (arXiv:1608.03983, without restarts).

    Args:
      stage: the stage.
      step: steps of the stage done before this one.

    Returns:
      A factor in (0, 1].
    """
    if step < stage.warmup_steps:
        return (step + 1) / (stage.warmup_steps + 1)
    if stage.schedule == "constant":
        return 1.0
    # A warm-up longer than the stage leaves nothing for the cosine.
    left = max(stage.steps - stage.warmup_steps, 1)
    return 0.5 * (1.0 + math.cos(math.pi * min((step - stage.warmup_steps) / left, 1.0)))
