"""How much chroma sRGB has room for: one search for NumPy and for tensors."""

from collections.abc import Callable
from typing import Any

from tfcolor.color import constants

Array = Any  # of NumPy, or a tensor of whatever backend Keras runs on


def largest_factor(beyond: Callable[[Array], Array], zeros: Array, ops: Any) -> Array:
    """By how much the chroma of colors may be multiplied so that sRGB can show them.

    Args:
      beyond: factors -> how far those colors lie outside of sRGB; negative inside.
      zeros: float32, of the shape of the factors.
      ops: `numpy` or `keras.ops`.

    Returns:
      float32 in [0, 1]: six bisections, and a line between both ends. With bisections alone the
      last bit of a float would decide about one and a level jump, which no other implementation
      could follow.
    """
    low, step = zeros, 1.0
    for _ in range(constants.BISECTIONS):
        step /= 2
        low = ops.where(beyond(low + step) <= 0, low + step, low)
    inner, outer = beyond(low), beyond(low + step)
    return low + step * ops.clip(-inner / ops.maximum(outer - inner, 1e-12), 0, 1)
