"""Learning rates over a stage."""

import math

from tfcolor import config


def factor(stage: config.StageConfig, step: int) -> float:
    """The factor of the learning rates of a stage at one of its steps.

    A linear rise over `warmup_steps`, then constant, or a fall that would reach 0 one step after
    the last: along half a cosine (arXiv:1608.03983, without restarts), or along a line.

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
    # A warm-up that is longer than the stage leaves no steps in which the rate could fall.
    left = max(stage.steps - stage.warmup_steps, 1)
    done = min((step - stage.warmup_steps) / left, 1.0)
    return 1.0 - done if stage.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
