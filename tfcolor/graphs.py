"""A generator applied to photographs of any size, their own L* kept, in TensorFlow ops."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfcolor import color, freezing, network

SPEC = tf.TensorSpec((None, None, None, None), tf.uint8, name="rgb")
Colorizer = Callable[[np.ndarray], np.ndarray]


def colorize_rgb(
    generator: keras.Model, rgb: tf.Tensor, image_size: int, stride: int, raw: bool = False
) -> tf.Tensor:
    """Photographs with the colors that a generator gives their lightness.

    The network sees the photograph with its short side at `image_size`, the size it was trained
    at, mirrored at the borders up to a multiple of `stride`; its color planes are brought to
    full size (bicubic) and joined with the full-size L*. Colors that sRGB cannot show lose
    chroma, never lightness. Written in TensorFlow ops alone, so that it can be exported.

    Args:
      generator: float32 l (n, h, w, 1) -> {"ab": (n, h, w, 2)} or {"rgb": (n, h, w, 3)}, all in
        [-1, 1], for any height and width that are multiples of `stride`.
      rgb: uint8 (n, h, w, 3), or gray (n, h, w, 1).
      image_size: short side for the network, pixels; a multiple of `stride`.
      stride: what the network's sides must be multiples of.
      raw: the RGB of a generator that paints all of it, without the photograph's own L*.

    Returns:
      uint8 (n, h, w, 3).
    """
    shape = tf.shape(rgb)
    rgb = tf.broadcast_to(rgb, tf.concat([shape[:3], [3]], 0))  # gray -> three equal channels
    l, _ = color.rgb_to_planes(rgb)
    size = shape[1:3]
    network_size = _network_size(size, image_size)
    small = tf.image.resize(l, network_size, antialias=True)

    planes = colors(generator, small, stride, raw)
    planes = tf.image.resize(planes, size, method="bicubic", antialias=True)
    return color.to_uint8(planes if raw else color.planes_to_rgb(l, planes))


def colors(generator: keras.Model, l: tf.Tensor, stride: int, raw: bool = False) -> tf.Tensor:
    """The color planes that a generator gives a lightness of any size.

    Args:
      generator, stride, raw: see `colorize_rgb`.
      l: float32 (n, h, w, 1) in [-1, 1]; mirrored at the borders to a multiple of the stride.

    Returns:
      ab float32 (n, h, w, 2), or RGB (n, h, w, 3) in [0, 1] where `raw`.
    """
    size = tf.shape(l)[1:3]
    missing = -size % stride
    before = missing // 2
    around = tf.stack([before, missing - before], axis=1)  # (2, 2): rows and columns
    padded = tf.pad(l, tf.concat([[[0, 0]], around, [[0, 0]]], 0), "REFLECT")
    # The padding, known only when it runs, has hidden from the graph that there is one channel.
    planes = painted(generator, tf.ensure_shape(padded, (None, None, None, 1)), raw)
    bottom, right = before[0] + size[0], before[1] + size[1]
    return planes[:, before[0] : bottom, before[1] : right]


def painted(generator: keras.Model, l: tf.Tensor, raw: bool = False) -> tf.Tensor:
    """The same for sides that are multiples of the stride."""
    outputs = generator(l, training=False)
    if "rgb" not in outputs:
        return outputs["ab"]
    rgb = (outputs["rgb"] + 1.0) / 2.0
    return rgb if raw else color.rgb_to_planes(rgb)[1]


def from_generator(
    generator: keras.Model, image_size: int, stride: int, frozen: bool = False
) -> Colorizer:
    """A generator as a function of photographs; see `colorize_rgb`.

    Args:
      generator, image_size, stride: see there.
      frozen: whether its weights stay as they are now, whatever becomes of the generator's.

    Returns:
      A function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3), compiled to a graph.
    """
    graph = tf.function(
        lambda rgb: colorize_rgb(generator, rgb, image_size, stride), reduce_retracing=True
    )
    if frozen:
        graph = freezing.freeze(graph.get_concrete_function(SPEC))
    return lambda rgb: graph(tf.constant(rgb)).numpy()


def _network_size(size: tf.Tensor, image_size: int) -> tf.Tensor:
    """Height and width with the short side at `image_size`; int32 (2,)."""
    sides = tf.cast(size, tf.float32)
    scaled = tf.cast(tf.round(sides * (image_size / tf.reduce_min(sides))), tf.int32)
    return tf.clip_by_value(scaled, image_size, network.MAX_ASPECT * image_size)
