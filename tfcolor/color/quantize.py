"""Colors as distributions over the color classes of `classes` (arXiv:1603.08511).

The module uses only NumPy and `keras.ops`, since networks and losses run on any Keras backend.
"""

import functools
from typing import Any

import numpy as np
from keras import ops

from tfcolor.color import classes, constants

Tensor = Any  # a tensor of whatever backend Keras runs on

SIGMA = 5.0  # Lab units, of the Gaussian that spreads a color over the bins near it; 3.1


def soft_encode(ab: Tensor) -> Tensor:
    """Colors as distributions over the bins, weighted by a Gaussian of their distance.

    The paper keeps only the five nearest bins, which have about 95 % of the weight.

    Args:
      ab: float32 (..., 2) in [-1, 1].

    Returns:
      float32 (..., 258), sum 1.
    """
    bins = classes.ab_bins()
    # -|ab - bin|^2 / 2 without |ab|^2, which is the same for all bins and cancels in the softmax.
    near = ops.matmul(ab * constants.AB_SCALE, ops.convert_to_tensor(bins.T)) - (
        ops.convert_to_tensor((bins**2).sum(-1) / 2)
    )
    return ops.softmax(near / SIGMA**2, axis=-1)


@functools.cache
def bin_weights(uniform_share: float) -> np.ndarray:
    """The weight of a pixel of each bin in the class-rebalanced loss (arXiv:1603.08511, 3.2).

    Args:
      uniform_share: share of the uniform distribution mixed into the prior, in (0, 1]; the lower
        it is, the more rare colors count; at 1 all colors count the same.

    Returns:
      float32 (258,), mean 1 over the pixels of photographs; 0.12 to 5.9 at 0.5.
    """
    p = classes.prior()
    weights = 1.0 / ((1 - uniform_share) * p + uniform_share / len(p))
    return (weights / (p * weights).sum()).astype(np.float32)


def probabilities(logits: Tensor, uniform_share: float, calibration: float = 1.0) -> Tensor:
    """The probability of each bin, from the logits of a network trained with rebalanced classes.

    For bins of probability p and weight w, the loss is least at p w / sum(p w), which is what the
    network learns to predict. So log w is subtracted from its logits.

    Args:
      logits: float32 (..., 258).
      uniform_share: the value used in training, see `bin_weights`.
      calibration: a temperature, fitted on photographs that were not trained on; above 1 if the
        network is overconfident.

    Returns:
      float32 (..., 258), sum 1.
    """
    counted = ops.convert_to_tensor(np.log(bin_weights(uniform_share)))
    return ops.softmax((logits - counted) / calibration, axis=-1)
