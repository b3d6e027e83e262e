"""Color as classes: the cells of a grid in the ab plane (arXiv:1603.08511).

NumPy and `keras.ops` alone: networks and losses are built on any Keras backend.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from tfcolor.color import constants

Tensor = Any  # a tensor of whatever backend Keras runs on

BIN_WIDTH = 10.0  # Lab units; arXiv:1603.08511, 3.1
SIGMA = 5.0  # Lab units, of the Gaussian that shares a color out to the bins near it; 3.1

_CLASSES = Path(__file__).parent / "ab_classes.npz"


def ab_bins() -> np.ndarray:
    """The cells of the ab grid that sRGB has colors in.

    Returns:
      float32 (258, 2), their centers in Lab units, multiples of `BIN_WIDTH`.
    """
    return _classes()["bins"]


def soft_encode(ab: Tensor) -> Tensor:
    """Colors as distributions over the bins, weighed by a Gaussian of their distance.

    The paper keeps the five nearest bins alone, which have about 95 % of it.

    Args:
      ab: float32 (..., 2) in [-1, 1].

    Returns:
      float32 (..., 258), sum 1.
    """
    bins = ab_bins()
    # |ab - bin|^2 without the |ab|^2 that all bins share, which a softmax does not see.
    near = ops.matmul(ab * constants.AB_SCALE, ops.convert_to_tensor(bins.T)) - (
        ops.convert_to_tensor((bins**2).sum(-1) / 2)
    )
    return ops.softmax(near / SIGMA**2, axis=-1)


def prior() -> np.ndarray:
    """How often each bin occurs in photographs; see docs/recipes.md for which.

    Returns:
      float32 (258,), sum 1.
    """
    return _classes()["prior"]


@functools.cache
def _classes() -> dict[str, np.ndarray]:
    with np.load(_CLASSES) as stored:
        return dict(stored)


@functools.cache
def bin_weights(uniform_share: float) -> np.ndarray:
    """What a pixel of each bin counts in the class-rebalanced loss (arXiv:1603.08511, 3.2).

    Args:
      uniform_share: how far the prior is mixed with the uniform distribution, in (0, 1]; rare
        colors count more the lower it is, and as much as all others at 1.

    Returns:
      float32 (258,), mean 1 over the pixels of photographs; 0.12 to 5.9 at 0.5.
    """
    p = prior()
    weights = 1.0 / ((1 - uniform_share) * p + uniform_share / len(p))
    return (weights / (p * weights).sum()).astype(np.float32)


def probabilities(logits: Tensor, uniform_share: float, calibration: float = 1.0) -> Tensor:
    """How likely each bin is in a photograph, by a network that was trained on rebalanced classes.

    Where bins occur with probabilities p and count w, the loss is least for p w over its sum: what
    such a network gives. So log w is taken from its logits.

    Args:
      logits: float32 (..., 258).
      uniform_share: that it was trained with, see `bin_weights`.
      calibration: a temperature, found on photographs that it was not trained on; over 1 where the
        network is surer than it is right.

    Returns:
      float32 (..., 258), sum 1.
    """
    counted = ops.convert_to_tensor(np.log(bin_weights(uniform_share)))
    return ops.softmax((logits - counted) / calibration, axis=-1)
