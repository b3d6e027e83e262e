"""`arrays` in TensorFlow ops, for graphs without Python: datasets and SavedModels."""

import tensorflow as tf


def resize(planes: tf.Tensor, height: tf.Tensor | int, width: tf.Tensor | int) -> tf.Tensor:
    """`arrays.resize` in TensorFlow ops.

    Args:
      planes: uint8 or float32 (h, w, c) or (n, h, w, c).
      height, width: of the result, int32 ().

    Returns:
      float32 (height, width, c) or (n, height, width, c), in the units of `planes`.
    """
    sides = tf.stack([height, width])
    # Means of areas are right only for reduced sides, linear interpolation only for the others.
    smaller = tf.minimum(tf.shape(planes)[-3:-1], sides)
    reduced = tf.cast(tf.image.resize(planes, smaller, method="area"), tf.float32)
    is_done = tf.reduce_all(smaller == sides)
    return tf.cond(is_done, lambda: reduced, lambda: tf.image.resize(reduced, sides))
