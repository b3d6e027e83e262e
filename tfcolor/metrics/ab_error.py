"""Error in the a*b* plane alone."""

import tensorflow as tf

from tfcolor import color


def ab_error(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Mean Euclidean distance between colors in the a*b* plane (Zhang et al., arXiv:1603.08511).

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), Lab units, >= 0; lower is better. Gray's own is the truth's mean chroma.
    """
    difference = color.rgb_to_lab(truth)[..., 1:] - color.rgb_to_lab(fake)[..., 1:]
    return tf.reduce_mean(tf.norm(difference, axis=-1), axis=(1, 2))
