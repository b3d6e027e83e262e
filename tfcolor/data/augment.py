"""Crops and flips photographs by random numbers that are given."""

import tensorflow as tf

from tfcolor.images.resizing import tensors

REDUCTIONS = (1, 2, 4, 8)  # factors by which a JPEG decoder can reduce each side of an 8 x 8 block
# Reduced by a decoder, a square has at least this many times the wanted side. Where new pixels cut
# through its pixels, L* is then off by 0.05 on average; with twice the side by 0.4, by 6 at edges.
LEFT = 12


def random_window(
    height: tf.Tensor, width: tf.Tensor, image_size: int, min_fraction: float, draw: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """The square of a photograph that three random numbers choose.

    Args:
      height, width: of the photograph, pixels; int32 ().
      image_size: side of what the square is reduced to, pixels.
      min_fraction: side of the smallest square over the short side of the photograph; the side
        is uniform between that and the short side.
      draw: float32 (3,), uniform in [0, 1): side, top, left.

    Returns:
      top, left, side: pixels, multiples of `reduction`; int32 ().
      reduction: factor by which a JPEG decoder may reduce the photograph: the largest of
        `REDUCTIONS` that leaves `LEFT` times the wanted side; int32 ().
    """
    fraction = min_fraction + (1.0 - min_fraction) * draw[0]
    short = tf.minimum(height, width)
    side = tf.clip_by_value(
        tf.cast(tf.round(fraction * tf.cast(short, tf.float32)), tf.int32), 1, short
    )
    fits = side // (LEFT * image_size) >= REDUCTIONS[1:]
    reduction = tf.gather(REDUCTIONS, tf.reduce_sum(tf.cast(fits, tf.int32)))
    side -= side % reduction
    top, left = (
        tf.cast(place * tf.cast(length - side + 1, tf.float32), tf.int32)
        for place, length in ((draw[1], height), (draw[2], width))
    )
    return top - top % reduction, left - left % reduction, side, reduction


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
    top, left, side, _ = random_window(height, width, image_size, min_fraction, draw)
    return resize(rgb[top : top + side, left : left + side], image_size)


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
    return resize(rgb[top : top + side, left : left + side], image_size)


def stretch(rgb: tf.Tensor, image_size: int) -> tf.Tensor:
    """The whole photograph as a square of the wanted size, whatever its aspect ratio.

    Args:
      rgb: uint8 (h, w, 3).
      image_size: side of the result, pixels.

    Returns:
      uint8 (image_size, image_size, 3).
    """
    return resize(rgb, image_size)


def mirror(rgb: tf.Tensor, mirrored: tf.Tensor) -> tf.Tensor:
    """A batch with some photographs mirrored left to right.

    Args:
      rgb: (n, h, w, c).
      mirrored: bool (n,), which.

    Returns:
      The same shape and dtype.
    """
    # Batches are mirrored, since an op per photograph takes a third of the time of its decoding.
    return tf.where(mirrored[:, None, None, None], tf.reverse(rgb, [2]), rgb)


def resize(rgb: tf.Tensor, image_size: int) -> tf.Tensor:
    """A picture, uint8 (h, w, 3), as a square of the wanted size.

    Unlike colorizing, this rounds to levels, which moves L* by 0.08 on average: batches of float32
    take longer to make.
    """
    resized = tensors.resize(rgb, image_size, image_size)
    return tf.cast(tf.round(resized), tf.uint8)
