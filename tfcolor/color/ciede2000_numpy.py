"""CIEDE2000 color difference (Sharma, Wu and Dalal 2005, doi:10.1002/col.20070) in NumPy.

Restates `metrics.delta_e`, which is of TensorFlow ops, for what runs without TensorFlow; a test
holds both to the same reference.
"""

import numpy as np

_DEGREE = np.pi / 180
_CHROMA_KNEE = 25.0**7


def ciede2000(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """CIEDE2000 between Lab colors, with k_L = k_C = k_H = 1.

    Symbols and equation numbers are the paper's.

    Args:
      first, second: Lab (..., 3), CIE units.

    Returns:
      float64 (...), >= 0; about 1 is just noticeable.
    """
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.float64(each), -1, 0) for each in (first, second))
    # (2)-(7): a* stretched for colors near gray, then chroma and hue.
    stretch = 1.5 - 0.5 * _saturating((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2)
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.arctan2(b, stretch * a) % (2 * np.pi) for a, b in ((a1, b1), (a2, b2)))

    # (8)-(11): differences; the hue of gray is undefined and counts as no difference.
    some_gray = c1 * c2 == 0
    turn = h2 - h1
    delta_hue = np.where(some_gray, 0, turn - 2 * np.pi * np.round(turn / (2 * np.pi)))
    delta_l, delta_c = l2 - l1, c2 - c1
    delta_h = 2 * np.sqrt(c1 * c2) * np.sin(delta_hue / 2)

    # (12)-(14): means; that of the hues on the shorter arc.
    l, c, middle = (l1 + l2) / 2, (c1 + c2) / 2, (h1 + h2) / 2
    opposite = np.where(middle < np.pi, middle + np.pi, middle - np.pi)
    h = np.where(some_gray, h1 + h2, np.where(np.abs(turn) > np.pi, opposite, middle))

    # (15)-(22): weights and the difference.
    t = (
        1
        - 0.17 * np.cos(h - 30 * _DEGREE)
        + 0.24 * np.cos(2 * h)
        + 0.32 * np.cos(3 * h + 6 * _DEGREE)
        - 0.20 * np.cos(4 * h - 63 * _DEGREE)
    )
    turn_of_blue = 60 * _DEGREE * np.exp(-(((h / _DEGREE - 275) / 25) ** 2))
    l_term = delta_l / (1 + 0.015 * (l - 50) ** 2 / np.sqrt(20 + (l - 50) ** 2))
    c_term = delta_c / (1 + 0.045 * c)
    h_term = delta_h / (1 + 0.015 * c * t)
    rotation = -np.sin(turn_of_blue) * 2 * _saturating(c)
    square = l_term**2 + c_term**2 + h_term**2 + rotation * c_term * h_term
    return np.sqrt(np.maximum(square, 0))  # rounding can leave a tiny negative


def _saturating(c: np.ndarray) -> np.ndarray:
    """sqrt(c^7 / (c^7 + 25^7)): 0 for gray, towards 1 for strong chroma."""
    return np.sqrt(c**7 / (c**7 + _CHROMA_KNEE))
