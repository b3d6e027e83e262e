"""Counts, for each named color of the truth, the named colors of its colorization."""

import math

import numpy as np
import tensorflow as tf

from tfcolor.color import cielab

NEUTRAL_CHROMA = 10.0  # Lab units; under it a pixel has hardly any color

# Lab hue angles at which the names end, degrees; the primaries of sRGB are red at 40, yellow at
# 103, green at 136, cyan at 196, blue at 306 and magenta at 328. Skin is orange, skies are blue.
ENDS = {
    "red": 45.0,
    "orange": 80.0,
    "yellow": 112.0,
    "green": 165.0,
    "cyan": 230.0,
    "blue": 310.0,
    "magenta": 360.0,
}
NAMES = ("neutral", *ENDS)


def confusion(truth: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Counts of pixels by the classes of their colors.

    Args:
      truth, fake: from `classes`, of equal shape.

    Returns:
      int64 (8, 8) in the order of `NAMES`: rows by the truth, columns by the colorization.
    """
    size = len(NAMES)
    return np.bincount((size * truth + fake).ravel(), minlength=size**2).reshape(size, size)


def classes(rgb: tf.Tensor) -> tf.Tensor:
    """The index in `NAMES` of each pixel's color; (n, h, w, 3) -> int32 (n, h, w)."""
    _, a, b = tf.unstack(cielab.rgb_to_lab(rgb), axis=-1)
    hue = tf.math.floormod(tf.atan2(b, a) * (180.0 / math.pi), 360.0)
    named = 1 + tf.add_n([tf.cast(hue >= end, tf.int32) for end in list(ENDS.values())[:-1]])
    return tf.where(tf.sqrt(a**2 + b**2) < NEUTRAL_CHROMA, 0, named)
