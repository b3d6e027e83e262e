"""Colorizes photographs of any size by a generator, in TensorFlow ops only.

Reimplements `reduction.reduce`, `reduction.colors` and `painting.paint`, which define colorizing,
so that a SavedModel computes the same pixels.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfcolor.color import cielab, classes, constants
from tfcolor.colorizing.graphs import painting, reducing, tones
from tfcolor.runtimes import freezing

SPEC = tf.TensorSpec((None, None, None, None), tf.uint8, name="rgb")
Colorizer = Callable[[np.ndarray], np.ndarray]
Probabilities = Callable[[tf.Tensor], tf.Tensor]  # from logits; see `quantize.probabilities`


def colorize(
    generator: keras.Model,
    rgb: tf.Tensor,
    *,
    image_size: int,
    stride: int,
    size: tf.Tensor,
    strength: tf.Tensor,
    saturation: tf.Tensor,
) -> tf.Tensor:
    """Colorizes a photograph by a generator; see `rendering.colorize`.

    Arguments are not checked here: callers can name what is out of range.

    Args:
      generator: float32 l (n, h, w, 1) -> {"ab": (n, h, w, 2)} or {"rgb": (n, h, w, 3)}, all in
        [-1, 1], for any height and width that are multiples of `stride`.
      rgb: uint8 (h, w, 3), sides of `reduction.MIN_SIDE` or more.
      image_size: short side for the network, pixels, where `size` is 0.
      stride: what the network's sides must be multiples of.
      size: int32 (), short side that the network sees, pixels; 0 for `image_size`.
      strength: float32 () in [0, 1], see `painting.paint`.
      saturation: float32 (), 0 or more, see there.

    Returns:
      uint8 (h, w, 3).
    """
    tables = tones.Tables()
    l = reducing.reduce(rgb[None], tf.where(size > 0, size, image_size))
    ab = colors(generator, l, stride)
    return painting.paint(rgb, l[0], ab[0], tables, strength, saturation)


def colors(
    generator: keras.Model,
    l: tf.Tensor,
    stride: int,
    raw: bool = False,
    hints: tf.Tensor | None = None,
) -> tf.Tensor:
    """The color planes that a generator predicts for lightness of any size.

    Args:
      generator, stride: see `colorize`.
      l: float32 (n, h, w, 1) in [-1, 1]; mirrored at the borders to a multiple of the stride.
      raw: whether to return the RGB of a generator that paints RGB, instead.
      hints: float32 (n, h, w, 3), of a generator that takes them; see `runtimes.Network`.

    Returns:
      ab float32 (n, h, w, 2), or RGB (n, h, w, 3) in [0, 1] if `raw`.
    """
    height, width = tf.unstack(tf.shape(l)[1:3])
    shown, top, left = _shown(l, hints, stride)
    return painted(ask(generator, *shown), raw)[:, top : top + height, left : left + width]


def class_probabilities(
    generator: keras.Model,
    l: tf.Tensor,
    stride: int,
    probabilities: Probabilities,
    hints: tf.Tensor | None = None,
) -> tf.Tensor:
    """The probabilities of the color classes in each cell of 4 x 4 pixels.

    Args:
      generator, stride, hints: see `colors`; the generator must also return "logits".
      l: float32 (n, h, w, 1) in [-1, 1], sides multiples of `classes.CELL`.
      probabilities: see `quantize.probabilities`.

    Returns:
      float32 (n, h / 4, w / 4, 258).
    """
    height, width = tf.unstack(tf.shape(l)[1:3] // classes.CELL)
    shown, top, left = _shown(l, hints, stride, classes.CELL)
    logits = ask(generator, *shown)["logits"]
    top, left = top // classes.CELL, left // classes.CELL
    return probabilities(logits[:, top : top + height, left : left + width])


def takes_hints(generator: keras.Model) -> bool:
    """Whether a generator takes color hints beside lightness."""
    return isinstance(generator.input, dict) and "hints" in generator.input


def ask(
    generator: keras.Model, l: tf.Tensor, hints: tf.Tensor | None = None
) -> dict[str, tf.Tensor]:
    """A generator's outputs for lightness whose sides are multiples of its stride; see `colors`."""
    return generator(l if hints is None else {"l": l, "hints": hints}, training=False)


def painted(outputs: dict[str, tf.Tensor], raw: bool = False) -> tf.Tensor:
    """The color planes of a generator's outputs, or their RGB if `raw`; see `colors`."""
    if "rgb" not in outputs:
        return outputs["ab"]
    rgb = (outputs["rgb"] + 1.0) / 2.0
    return rgb if raw else cielab.rgb_to_planes(rgb)[1]


def from_generator(
    generator: keras.Model, image_size: int, stride: int, frozen: bool = False
) -> Colorizer:
    """A generator as a function of photographs of one size; see `colorize`.

    Args:
      generator, image_size, stride: see there.
      frozen: whether the function keeps the current weights when the generator's change.

    Returns:
      A function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3), compiled to a graph.
    """

    def one(rgb: tf.Tensor) -> tf.Tensor:
        sizes = {"image_size": image_size, "stride": stride, "size": tf.constant(0)}
        numbers = {"strength": tf.constant(1.0), "saturation": tf.constant(1.0)}
        return colorize(generator, rgb, **sizes, **numbers)

    def batch(rgb: tf.Tensor) -> tf.Tensor:
        # On a CPU, one photograph after the other is as fast as all at once.
        spec = tf.TensorSpec((None, None, 3), tf.uint8)
        return tf.map_fn(one, _three_channels(rgb), fn_output_signature=spec)

    graph = tf.function(batch, autograph=False, reduce_retracing=True)
    if frozen:
        graph = freezing.freeze(graph.get_concrete_function(SPEC))
    return lambda rgb: graph(tf.constant(rgb)).numpy()


def at_own_size(generator: keras.Model, size: int) -> Colorizer:
    """As `from_generator`, for gray photographs of exactly the generator's size, all at once.

    Neither reducing nor upsampling along edges is needed. Rounding of floats changes the level of
    under 1 % of the values.

    Args:
      generator: see `colorize`; its stride must divide the size.
      size: side of the photographs, pixels.

    Returns:
      A function uint8 (n, size, size, 3), three equal channels, -> the same shape and dtype.
    """

    def batch(rgb: tf.Tensor) -> tf.Tensor:
        tables = tones.Tables()
        luminance, lightness = tables.tones_of_gray(rgb[..., 0])
        outputs = ask(generator, lightness[..., None] / constants.L_SCALE - 1.0)
        ab = constants.AB_SCALE * painted(outputs)
        return tables.join(luminance, lightness, ab[..., 0], ab[..., 1])

    # One graph serves batches of every length.
    shape = tf.TensorSpec((None, size, size, 3), tf.uint8)
    graph = tf.function(batch, autograph=False, input_signature=[shape])
    return lambda rgb: graph(tf.constant(rgb)).numpy()


def raw_rgb(generator: keras.Model, rgb: tf.Tensor, image_size: int, stride: int) -> tf.Tensor:
    """The RGB that a generator of RGB paints, with its own lightness, resized to full size.

    Args:
      generator, image_size, stride: see `colorize`.
      rgb: uint8 (n, h, w, 3), or gray (n, h, w, 1).

    Returns:
      uint8 (n, h, w, 3).
    """
    l = reducing.reduce(_three_channels(rgb), tf.constant(image_size))
    planes = colors(generator, l, stride, raw=True)
    size = tf.shape(rgb)[1:3]
    return cielab.to_uint8(tf.image.resize(planes, size, method="bicubic", antialias=True))


def _three_channels(rgb: tf.Tensor) -> tf.Tensor:
    """Gray (n, h, w, 1) as three equal channels; RGB as it is."""
    rgb = tf.broadcast_to(rgb, tf.concat([tf.shape(rgb)[:3], [3]], 0))
    return tf.ensure_shape(rgb, (None, None, None, 3))


def _shown(
    l: tf.Tensor, hints: tf.Tensor | None, stride: int, cell: int = 1
) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor]:
    """Lightness and any hints, padded to multiples of the stride; rows above, columns left."""
    height, width = tf.unstack(tf.shape(l)[1:3])
    top, rows = _mirrored(height, stride, cell)
    left, columns = _mirrored(width, stride, cell)
    # tf.pad cannot mirror more pixels than there are, so indices are gathered.
    shown = [tf.gather(tf.gather(l, rows, axis=1), columns, axis=2)]
    if hints is not None:
        below, right = tf.size(rows) - top - height, tf.size(columns) - left - width
        shown.append(tf.pad(hints, [[0, 0], [top, below], [left, right], [0, 0]]))
    return shown, top, left


def _mirrored(side: tf.Tensor, stride: int, cell: int) -> tuple[tf.Tensor, tf.Tensor]:
    """How far a side is padded at its start, and the source pixel of each place, padding included.

    Args:
      side: int32 ().
      stride: the padded side is a multiple of it.
      cell: the padding at the start is a multiple of it.
    """
    missing = -side % stride
    before = missing // 2 // cell * cell
    period = tf.maximum(2 * (side - 1), 1)  # there and back, each end once
    places = tf.range(-before, side + missing - before) % period
    return before, tf.minimum(places, period - places)
