"""Crops and flips of one photograph, from random numbers that are given."""

import tensorflow as tf


def random_window(
    height: tf.Tensor, width: tf.Tensor, min_fraction: float, draw: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The square of a photograph that three random numbers stand for.

    Args:
      height, width: of the photograph, pixels; int32 ().
      min_fraction: side of the smallest square over the short side of the photograph; the side
        is uniform between that and the short side.
      draw: float32 (3,), uniform in [0, 1): side, top, left.

    Returns:
      top, left, side: pixels, int32 ().
    """
    fraction = min_fraction + (1.0 - min_fraction) * draw[0]
    short = tf.minimum(height, width)
    side = tf.clip_by_value(
        tf.cast(tf.round(fraction * tf.cast(short, tf.float32)), tf.int32), 1, short
    )
    top = tf.cast(draw[1] * tf.cast(height - side + 1, tf.float32), tf.int32)
    left = tf.cast(draw[2] * tf.cast(width - side + 1, tf.float32), tf.int32)
    return top, left, side


def random_crop(rgb: tf.Tensor, image_size: int, min_fraction: float, draw: tf.Tensor) -> tf.Tensor:
    """A random square of the photograph at the wanted size.

    Args:
      rgb: uint8 (h, w, 3).
      image_size: side of the result, pixels.
      min_fraction, draw: see `random_window`.

    Returns:
      uint8 (image_size, image_size, 3).
    """
    height, width = tf.unstack(tf.shape(rgb)[:2])
    top, left, side = random_window(height, width, min_fraction, draw)
    return _resize(rgb[top : top + side, left : left + side], image_size)


def center_crop(rgb: tf.Tensor, image_size: int) -> tf.Tensor:
    """The largest square in the middle of the photograph at the wanted size.

    Args:
      rgb: uint8 (h, w, 3).
      image_size: side of the result, pixels.

    Returns:
      uint8 (image_size, image_size, 3).
    """
    height, width = tf.unstack(tf.shape(rgb)[:2])
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resize(rgb[top : top + side, left : left + side], image_size)


def stretch(rgb: tf.Tensor, image_size: int) -> tf.Tensor:
    """The whole photograph as a square of the wanted size, its aspect lost.

    Args:
      rgb: uint8 (h, w, 3).
      image_size: side of the result, pixels.

    Returns:
      uint8 (image_size, image_size, 3).
    """
    return _resize(rgb, image_size)


def mirror(rgb: tf.Tensor, mirrored: tf.Tensor) -> tf.Tensor:
    """Some photographs of a batch as in a mirror.

    Args:
      rgb: (n, h, w, c).
      mirrored: bool (n,), which.

    Returns:
      The same shape and dtype.
    """
    # Of a batch and not of each: reversing one in an op of its own takes a third of its decoding.
    return tf.where(mirrored[:, None, None, None], tf.reverse(rgb, [2]), rgb)


def _resize(rgb: tf.Tensor, image_size: int) -> tf.Tensor:
    # antialias is off by default, and without it a reduced photograph shimmers.
    resized = tf.image.resize(rgb, (image_size, image_size), antialias=True)
    return tf.cast(tf.round(tf.clip_by_value(resized, 0.0, 255.0)), tf.uint8)
