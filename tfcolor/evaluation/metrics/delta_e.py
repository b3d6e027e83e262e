"""Mean CIEDE2000 color difference."""

import tensorflow as tf
from keras import ops

from tfcolor.color import ciede2000, cielab


def delta_e(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Mean CIEDE2000 over the pixels of each photograph.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), >= 0; lower is better, about 1 is just noticeable.
    """
    difference = ciede2000.ciede2000(cielab.rgb_to_lab(truth), cielab.rgb_to_lab(fake), ops)
    return tf.reduce_mean(difference, axis=(1, 2))
