"""The lightness that a network is shown: `network.reduce` in TensorFlow ops.

OpenCV's ways of rounding are part of it. A level more or less here is another color afterwards.
"""

import tensorflow as tf

from tfcolor import color, network
from tfcolor.graphs import tones


def reduce(rgb: tf.Tensor, size: tf.Tensor, tables: tones.Tables) -> tf.Tensor:
    """The lightness that the network is shown: `network.reduce` of uint8 (n, h, w, 3).

    Returns:
      l float32 (n, h', w', 1) in [-1, 1].
    """
    sides = tf.shape(rgb)[1:3]
    shortest = tf.reduce_min(sides)
    scale = tf.cast(size, tf.float64) / tf.cast(shortest, tf.float64)
    scaled = tf.cast(tf.round(tf.cast(sides, tf.float64) * scale), tf.int32)
    target = tf.minimum(scaled, network.MAX_ASPECT * size)
    small = tf.cond(
        shortest > size,
        lambda: _by_area(_halved(rgb, size, target), target),
        lambda: _by_lines(rgb, target),
    )
    _, lightness = tables.tones(small)
    _, of_gray = tables.tones_of_gray(small[..., 0])
    lightness = tf.where(tones.is_gray(rgb)[:, None, None], of_gray, lightness)
    return lightness[..., None] / color.L_SCALE - 1.0


def _halved(rgb: tf.Tensor, size: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Halved as often as `network.reduce` does, and once more where half is what is wanted."""

    def continues(rgb: tf.Tensor) -> tf.Tensor:
        sides = tf.shape(rgb)[1:3]
        large, even = tf.reduce_min(sides) >= 4 * size, tf.reduce_all(sides % 2 == 0)
        return (large & even) | tf.reduce_all(sides == 2 * target)

    def half(rgb: tf.Tensor) -> tuple[tf.Tensor]:
        n, height, width, _ = tf.unstack(tf.shape(rgb))
        pairs = tf.reshape(rgb, (n, height // 2, 2, width * 3))  # of rows
        rows = tf.cast(pairs[:, :, 0], tf.int32) + tf.cast(pairs[:, :, 1], tf.int32)
        pairs = tf.reshape(rows, (n, height // 2, width // 2, 6))  # of columns
        # OpenCV rounds up where the mean of four is halfway between levels.
        total = pairs[..., :3] + pairs[..., 3:] + 2
        return (tf.cast(tf.bitwise.right_shift(total, 2), tf.uint8),)

    shape = tf.TensorShape((None, None, None, 3))
    return tf.while_loop(continues, half, [rgb], [shape], parallel_iterations=1)[0]


def _by_area(rgb: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """OpenCV's INTER_AREA; uint8 (n, h, w, 3) -> (n, h', w', 3)."""
    sides = tf.shape(rgb)[1:3]
    whole = tf.reduce_all(sides % target == 0)
    means = average(average(rgb, 2, target[1], whole), 1, target[0], whole)
    area = tf.cast(tf.reduce_prod(sides // target), tf.float32)
    return tf.cast(tf.round(tf.where(whole, means * (1.0 / area), means)), tf.uint8)


def average(planes: tf.Tensor, axis: int, small: tf.Tensor, sums: tf.Tensor) -> tf.Tensor:
    """Planes shortened along an axis, pixels weighed by how much of them a new one covers.

    Added up in OpenCV's order and precision: where a mean is halfway between two levels, the last
    bit decides.

    Args:
      planes: uint8 or float32 (n, h, w, c).
      axis: 1 or 2.
      small: int32 (), the new length.
      sums: bool (), whether to give sums, where the length is a multiple of the new one.
    """
    large = tf.shape(planes)[axis]
    length = tf.cast(large, tf.float64)
    scale = length / tf.cast(small, tf.float64)
    start = tf.cast(tf.range(small), tf.float64) * scale
    end, cell = start + scale, tf.minimum(scale, length - start)
    shape = (1, -1, 1, 1) if axis == 1 else (1, 1, -1, 1)

    def add(tap: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        place = tf.floor(start) + tf.cast(tap, tf.float64)
        cover = tf.minimum(place + 1.0, end) - tf.maximum(place, start)
        share = tf.where(cover > 1e-3, cover / cell, 0.0)
        weight = tf.cast(tf.where(sums, tf.round(cover), share), tf.float32)
        index = tf.minimum(tf.cast(place, tf.int32), large - 1)
        taken = tf.cast(tf.gather(planes, index, axis=axis), tf.float32)
        return tap + 1, total + taken * tf.reshape(weight, shape)

    taps = tf.cast(tf.math.ceil(scale), tf.int32) + 1
    total = tf.zeros_like(tf.gather(planes, tf.cast(start, tf.int32), axis=axis), tf.float32)
    return tf.while_loop(
        lambda tap, _: tap < taps, add, [tf.constant(0), total], parallel_iterations=1
    )[1]


def _by_lines(rgb: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """OpenCV's INTER_LINEAR; uint8 (n, h, w, 3) -> (n, h', w', 3)."""
    height, width = tf.unstack(tf.shape(rgb)[1:3])
    (left, right), weights = _neighbors(width, target[1])
    planes = tf.cast(rgb, tf.int32)
    columns = tf.gather(planes, left, axis=2) * weights[0][:, None]
    columns += tf.gather(planes, right, axis=2) * weights[1][:, None]
    columns = tf.bitwise.right_shift(columns, 4)  # as OpenCV, which has 16 bits for it
    (top, bottom), weights = _neighbors(height, target[0])
    rows = tf.bitwise.right_shift(tf.gather(columns, top, axis=1) * weights[0][:, None, None], 16)
    rows += tf.bitwise.right_shift(
        tf.gather(columns, bottom, axis=1) * weights[1][:, None, None], 16
    )
    return tf.cast(tf.bitwise.right_shift(rows + 2, 2), tf.uint8)


def _neighbors(small: tf.Tensor, large: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """The two pixels of a row that each of a longer one lies between, and their weights.

    Returns:
      Two indices and two weights in 1/2048, all int32 (large,).
    """
    scale = 1.0 / (tf.cast(large, tf.float64) / tf.cast(small, tf.float64))
    place = tf.cast((tf.cast(tf.range(large), tf.float64) + 0.5) * scale - 0.5, tf.float32)
    first = tf.floor(place)
    weights = [
        tf.cast(tf.round(each * 2048.0), tf.int32)
        for each in (1.0 - (place - first), place - first)
    ]
    index = tf.cast(first, tf.int32)
    return [tf.clip_by_value(index + tap, 0, small - 1) for tap in (0, 1)], weights
