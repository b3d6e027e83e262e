"""The lightness that a network is shown: `reduction.reduce` in TensorFlow ops."""

import tensorflow as tf

from tfcolor.color import cielab, constants
from tfcolor.colorizing import reduction
from tfcolor.images.resizing import tensors


def reduce(rgb: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """The lightness that the network is shown: `reduction.reduce` of uint8 (n, h, w, 3).

    Returns:
      l float32 (n, h', w', 1) in [-1, 1].
    """
    sides = tf.shape(rgb)[1:3]
    scale = tf.cast(size, tf.float64) / tf.cast(tf.reduce_min(sides), tf.float64)
    scaled = tf.cast(tf.round(tf.cast(sides, tf.float64) * scale), tf.int32)
    height, width = tf.unstack(tf.minimum(scaled, reduction.MAX_ASPECT * size))
    small = tensors.resize(rgb, height, width) / 255.0
    lightness = cielab.lightness(cielab.mix(cielab.decode(small), cielab.LUMINANCE))
    return lightness[..., None] / constants.L_SCALE - 1.0
