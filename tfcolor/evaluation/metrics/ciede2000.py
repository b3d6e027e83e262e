"""CIEDE2000 color difference (Sharma, Wu and Dalal 2005, doi:10.1002/col.20070).

`tfcolor.color.ciede2000_numpy` has the same in NumPy.
"""

import math

import tensorflow as tf

from tfcolor.color import cielab

_DEGREE = math.pi / 180.0
_CHROMA_KNEE = 25.0**7


def delta_e(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Mean CIEDE2000 over the pixels of each photograph.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), >= 0; lower is better, about 1 is just noticeable.
    """
    difference = delta_e_2000(cielab.rgb_to_lab(truth), cielab.rgb_to_lab(fake))
    return tf.reduce_mean(difference, axis=(1, 2))


def delta_e_2000(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """CIEDE2000 between two Lab colors, with k_L = k_C = k_H = 1.

    Equals `skimage.color.deltaE_ciede2000`. Symbols and equation numbers are the paper's.

    Args:
      first, second: lab float32 (..., 3), CIE units.

    Returns:
      float32 (...).
    """
    l1, a1, b1 = tf.unstack(first, axis=-1)
    l2, a2, b2 = tf.unstack(second, axis=-1)
    # (2)-(7): a* stretched for colors near gray, then chroma and hue.
    stretch = 1.5 - 0.5 * _saturating((_length(a1, b1) + _length(a2, b2)) / 2.0)
    c1, c2 = _length(stretch * a1, b1), _length(stretch * a2, b2)
    h1, h2 = _hue(stretch * a1, b1), _hue(stretch * a2, b2)

    # (8)-(11): differences; the hue of gray is undefined and counts as no difference.
    some_gray = c1 * c2 == 0.0
    turn = h2 - h1
    wrapped = turn - 2.0 * math.pi * tf.round(turn / (2.0 * math.pi))
    delta_hue = tf.where(some_gray, 0.0, wrapped)
    delta_l, delta_c = l2 - l1, c2 - c1
    delta_h = 2.0 * tf.sqrt(c1 * c2) * tf.sin(delta_hue / 2.0)

    # (12)-(14): means; that of the hues on the shorter arc.
    l, c = (l1 + l2) / 2.0, (c1 + c2) / 2.0
    middle = (h1 + h2) / 2.0
    opposite = tf.where(middle < math.pi, middle + math.pi, middle - math.pi)
    h = tf.where(tf.abs(turn) > math.pi, opposite, middle)
    h = tf.where(some_gray, h1 + h2, h)

    # (15)-(22): weights and the difference.
    t = (
        1.0
        - 0.17 * tf.cos(h - 30.0 * _DEGREE)
        + 0.24 * tf.cos(2.0 * h)
        + 0.32 * tf.cos(3.0 * h + 6.0 * _DEGREE)
        - 0.20 * tf.cos(4.0 * h - 63.0 * _DEGREE)
    )
    turn_of_blue = 60.0 * _DEGREE * tf.exp(-(((h / _DEGREE - 275.0) / 25.0) ** 2))
    l_term = delta_l / (1.0 + 0.015 * (l - 50.0) ** 2 / tf.sqrt(20.0 + (l - 50.0) ** 2))
    c_term = delta_c / (1.0 + 0.045 * c)
    h_term = delta_h / (1.0 + 0.015 * c * t)
    rotation = -tf.sin(turn_of_blue) * 2.0 * _saturating(c)
    square = l_term**2 + c_term**2 + h_term**2 + rotation * c_term * h_term
    return tf.sqrt(tf.maximum(square, 0.0))  # rounding can leave a tiny negative


def _length(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(a**2 + b**2)


def _hue(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Angle in [0, 2 pi), radians; 0 for gray."""
    angle = tf.atan2(b, a)
    return tf.where(angle < 0.0, angle + 2.0 * math.pi, angle)


def _saturating(c: tf.Tensor) -> tf.Tensor:
    """sqrt(c^7 / (c^7 + 25^7)): 0 for gray, towards 1 for strong chroma."""
    power = c**7
    return tf.sqrt(power / (power + _CHROMA_KNEE))
