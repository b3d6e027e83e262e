"""Finds the largest chroma that sRGB can show, by one search for NumPy arrays and tensors."""

from collections.abc import Callable
from typing import Any

from tfcolor.color import constants

Array = Any  # of NumPy, or a tensor of whatever backend Keras runs on


def largest_factor(beyond: Callable[[Array], Array], zeros: Array, ops: Any) -> Array:
    """The largest factor of the chroma of colors with which sRGB can still show them.

    Args:
      beyond: factors -> how far those colors lie outside of sRGB; negative inside.
      zeros: float32, of the shape of the factors.
      ops: `numpy` or `keras.ops`.

    Returns:
      float32 in [0, 1], by six bisections and linear interpolation between the last two ends.
      With bisections alone, the last bit of a float could change a pixel by a whole level, and
      other implementations could not reproduce it.
    """
    low, step = zeros, 1.0
    for _ in range(constants.BISECTIONS):
        step /= 2
        low = ops.where(beyond(low + step) <= 0, low + step, low)
    inner, outer = beyond(low), beyond(low + step)
    return low + step * ops.clip(-inner / ops.maximum(outer - inner, 1e-12), 0, 1)
