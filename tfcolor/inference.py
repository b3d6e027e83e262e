"""A generator applied to photographs of any size, the photograph's own L* kept."""

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import convert_to_constants

from tfcolor import color, config, network

COLORIZE = "serving_default"  # signatures of a SavedModel
PLANES = "planes"
RAW = "raw"  # what a generator of all of RGB painted, its own lightness too
CARD = "tfcolor.json"  # in assets.extra, where TF Serving leaves files alone

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
        graph = freeze(graph.get_concrete_function(SPEC))
    return lambda rgb: graph(tf.constant(rgb)).numpy()


def freeze(graph: tf.types.experimental.ConcreteFunction) -> Callable[[tf.Tensor], tf.Tensor]:
    """A graph of one input and one output with its weights as they are now, as constants.

    oneDNN then rearranges each kernel once and not for every photograph, which takes as long as our
    own generator does for one.
    """
    frozen = as_constants(graph)
    return lambda x: frozen(x)[0]


def as_constants(
    graph: tf.types.experimental.ConcreteFunction,
) -> tf.types.experimental.ConcreteFunction:
    """The graph itself so; TensorFlow has no public name for it."""
    return convert_to_constants.convert_variables_to_constants_v2(graph)


def newest_version(path: str | Path) -> Path:
    """The SavedModel that a path stands for.

    Args:
      path: a SavedModel, or a folder of versions as TF Serving reads it (`NAME/1`, `NAME/2`).

    Raises:
      ValueError: if there is none.
    """
    path = Path(path)
    if (path / "saved_model.pb").is_file():
        return path
    versions = [p for p in path.glob("*/") if p.name.isdigit() and (p / "saved_model.pb").is_file()]
    if not versions:
        raise ValueError(
            f"{path} holds no SavedModel; make one with: tfcolor export WORKDIR {path}"
        )
    return max(versions, key=lambda version: int(version.name))


def load(path: str | Path, signature: str = COLORIZE) -> Colorizer:
    """The colorizer in a SavedModel that `tfcolor export` wrote.

    Args:
      path: a SavedModel, or a folder of versions, of which the newest is taken.
      signature: `COLORIZE`, or `RAW` of a model that paints RGB.

    Returns:
      A function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3).

    Raises:
      ValueError: if there is no SavedModel or it is not one of ours.
    """
    graph = _frozen(path, signature, "rgb")
    return lambda rgb: graph(tf.constant(rgb)).numpy()


def _frozen(path: str | Path, signature: str, argument: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """A signature of a SavedModel of ours as a function of that argument."""
    path = newest_version(path)
    try:
        model = tf.saved_model.load(str(path))
        graph = model.signatures[signature]
        if argument not in graph.structured_input_signature[1]:
            raise KeyError(argument)
        return freeze(graph)
    except (KeyError, OSError, tf.errors.OpError) as error:
        raise ValueError(
            f"{path} is not a SavedModel made by tfcolor export ({error}); export it again"
        ) from error


class Saved:
    """The network in a SavedModel that `tfcolor export` wrote; see `network.Network`."""

    stride = 1  # the graph mirrors the borders itself

    def __init__(self, path: str | Path) -> None:
        """Opens a SavedModel, or the newest of a folder of versions.

        Raises:
          ValueError: if there is none, or it is not one of ours.
        """
        self._graph = _frozen(path, PLANES, "l")
        run = read_config(path)
        self.size = (run or config.TrainConfig()).stages[-1].image_size

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """l float32 (h, w) -> ab float32 (h, w, 2)."""
        return self._graph(tf.constant(l[None, ..., None])).numpy()[0]


def read_config(model: str | Path) -> config.TrainConfig | None:
    """The config of the run that a SavedModel comes from; None where it carries none."""
    card = newest_version(model) / "assets.extra" / CARD
    if not card.is_file():
        return None
    return config.from_json(json.dumps(json.loads(card.read_text())["config"]))


def _network_size(size: tf.Tensor, image_size: int) -> tf.Tensor:
    """Height and width with the short side at `image_size`; int32 (2,)."""
    sides = tf.cast(size, tf.float32)
    scaled = tf.cast(tf.round(sides * (image_size / tf.reduce_min(sides))), tf.int32)
    return tf.clip_by_value(scaled, image_size, network.MAX_ASPECT * image_size)
