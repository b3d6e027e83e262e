"""CIEDE2000 color difference (Sharma, Wu and Dalal 2005, doi:10.1002/col.20070)."""

import math
from typing import Any

Array = Any  # of NumPy, or a tensor of whatever backend Keras runs on

_DEGREE = math.pi / 180
_CHROMA_KNEE = 25.0**7


def ciede2000(first: Array, second: Array, ops: Any) -> Array:
    """CIEDE2000 between Lab colors, with k_L = k_C = k_H = 1.

    Equals `skimage.color.deltaE_ciede2000`. Symbols and equation numbers are the paper's.

    Args:
      first, second: Lab (..., 3) in CIE units, floating point.
      ops: `numpy` or `keras.ops`.

    Returns:
      (...) of the dtype of the colors, >= 0; about 1 is just noticeable.
    """

    def length(a: Array, b: Array) -> Array:
        return ops.sqrt(a**2 + b**2)

    def saturating(c: Array) -> Array:
        """sqrt(c^7 / (c^7 + 25^7)): 0 for gray, towards 1 for strong chroma."""
        return ops.sqrt(c**7 / (c**7 + _CHROMA_KNEE))

    def hue(a: Array, b: Array) -> Array:
        """Angle in [0, 2 pi); 0 for gray."""
        angle = ops.arctan2(b, a)
        return ops.where(angle < 0, angle + 2 * math.pi, angle)

    (l1, a1, b1), (l2, a2, b2) = ([lab[..., i] for i in range(3)] for lab in (first, second))
    # (2)-(7): a* stretched for colors near gray, then chroma and hue.
    stretch = 1.5 - 0.5 * saturating((length(a1, b1) + length(a2, b2)) / 2)
    c1, c2 = length(stretch * a1, b1), length(stretch * a2, b2)
    h1, h2 = hue(stretch * a1, b1), hue(stretch * a2, b2)

    # (8)-(11): differences; the hue of gray is undefined and counts as no difference.
    some_gray = c1 * c2 == 0
    turn = h2 - h1
    wrapped = turn - 2 * math.pi * ops.round(turn / (2 * math.pi))
    delta_hue = ops.where(some_gray, ops.zeros_like(turn), wrapped)
    delta_l, delta_c = l2 - l1, c2 - c1
    delta_h = 2 * ops.sqrt(c1 * c2) * ops.sin(delta_hue / 2)

    # (12)-(14): means; that of the hues on the shorter arc.
    l, c, middle = (l1 + l2) / 2, (c1 + c2) / 2, (h1 + h2) / 2
    opposite = ops.where(middle < math.pi, middle + math.pi, middle - math.pi)
    h = ops.where(ops.abs(turn) > math.pi, opposite, middle)
    h = ops.where(some_gray, h1 + h2, h)

    # (15)-(22): weights and the difference.
    t = (
        1
        - 0.17 * ops.cos(h - 30 * _DEGREE)
        + 0.24 * ops.cos(2 * h)
        + 0.32 * ops.cos(3 * h + 6 * _DEGREE)
        - 0.20 * ops.cos(4 * h - 63 * _DEGREE)
    )
    turn_of_blue = 60 * _DEGREE * ops.exp(-(((h / _DEGREE - 275) / 25) ** 2))
    l_term = delta_l / (1 + 0.015 * (l - 50) ** 2 / ops.sqrt(20 + (l - 50) ** 2))
    c_term = delta_c / (1 + 0.045 * c)
    h_term = delta_h / (1 + 0.015 * c * t)
    rotation = -ops.sin(turn_of_blue) * 2 * saturating(c)
    square = l_term**2 + c_term**2 + h_term**2 + rotation * c_term * h_term
    return ops.sqrt(ops.maximum(square, 0))  # rounding can leave a tiny negative
