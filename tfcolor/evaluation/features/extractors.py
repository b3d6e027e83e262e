"""Extracts features and classes of photographs by a network, for distances between sets.

There are two networks: the Inception of 2015, for FID, KID and Inception Score, and the bundled
EfficientNet-Lite0, which needs no download. Metrics of the second are named after it, since they
cannot be compared with published figures.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfcolor.evaluation.features import inception_weights
from tfcolor.evaluation.metrics import frechet
from tfcolor.models import efficientnet, inception
from tfcolor.support import errors

CHUNK = 32  # photographs per pass; bounds memory for batches of any size
NETWORKS = ("inception", "efficientnet-lite0")


@dataclasses.dataclass(frozen=True)
class Extractor:
    """A network that extracts features of whole photographs, and the names of its metrics.

    `name` is one of `NETWORKS`; `distance` names the Fréchet distance of its features, `kernel`
    their kernel distance, `score` the Inception Score of its logits; it has `features` features and
    `classes` classes.
    """

    name: str
    distance: str
    kernel: str
    score: str
    features: int
    classes: int
    see: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]  # the features of one chunk

    def extract(self, rgb: np.ndarray | tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Features and classes of photographs.

        Each is resized to the network's own size, so those to be compared should have one shape.

        Args:
          rgb: uint8 (n, h, w, 3).

        Returns:
          pooled float32 (n, features), logits float32 (n, classes).

        Raises:
          ValueError: for another dtype or shape.
        """
        rgb = tf.convert_to_tensor(rgb)
        if rgb.dtype != tf.uint8 or rgb.shape.rank != 4 or rgb.shape[-1] != 3:
            raise ValueError(f"rgb must be uint8 (n, h, w, 3), got {rgb.dtype.name} {rgb.shape}")
        chunks = [self.see(rgb[start : start + CHUNK]) for start in range(0, len(rgb), CHUNK)]
        pooled, logits = (
            np.concatenate([np.zeros((0, size), np.float32), *(chunk[place] for chunk in chunks)])
            for place, size in enumerate((self.features, self.classes))
        )
        return pooled, logits


def network(name: str, weights: str | os.PathLike[str] | None = None) -> Extractor:
    """A network by its name, built once.

    Args:
      name: one of `NETWORKS`.
      weights: a file for "inception" that `inception_weights.read` reads; fetched if None.

    Raises:
      ValueError: for another name, weights for a network that has its own, or weights that cannot
        be fetched.
      OSError: if the file cannot be read.
    """
    if name not in NETWORKS:
        raise errors.InputError(f"the network must be one of {', '.join(NETWORKS)}, got {name!r}")
    if name == "inception":
        return _inception(None if weights is None else Path(weights))
    if weights is not None:
        raise errors.InputError(f"{name} has weights of its own, got {os.fspath(weights)}")
    return _efficientnet_lite0()


def efficientnet_lite0(rgb: np.ndarray | tf.Tensor) -> np.ndarray:
    """EfficientNet-Lite0's features of whole photographs: the 1,280 averages before its classes.

    Photographs are resized to 224 x 224 (bicubic with antialiasing, in float32, not rounded), so
    those to be compared should have one shape.

    Args:
      rgb: uint8 (n, h, w, 3).

    Returns:
      float32 (n, 1280), in [0, 6].

    Raises:
      ValueError: for another dtype or shape.
    """
    return network("efficientnet-lite0").extract(rgb)[0]


def statistics(batches: Iterable[np.ndarray], of: Extractor | None = None) -> frechet.FeatureStats:
    """Statistics of a set of photographs, in batches of uint8 (n, h, w, 3).

    Args:
      batches: the photographs.
      of: the network; EfficientNet-Lite0 by default.

    Raises:
      ValueError: for fewer than two photographs, or another dtype or shape.
    """
    of = of or network("efficientnet-lite0")
    accumulator = frechet.Accumulator()
    for rgb in batches:
        accumulator.add(of.extract(rgb)[0])
    return accumulator.result()


def resize_like_tensorflow1(rgb: tf.Tensor) -> tf.Tensor:
    """Resizes bilinearly to 299 x 299 as the graph of 2015 does, without antialiasing.

    Output pixel i samples input coordinate i h / 299, whereas `tf.image.resize` samples at centers
    of pixels. The published figures depend on it.

    Args:
      rgb: uint8 or float32 (n, h, w, 3).

    Returns:
      float32 (n, 299, 299, 3), in the range of the input.
    """
    return tf.raw_ops.ResizeBilinear(
        images=rgb,
        size=(inception.IMAGE_SIZE, inception.IMAGE_SIZE),
        align_corners=False,
        half_pixel_centers=False,
    )


@functools.cache
def _inception(weights: Path | None) -> Extractor:
    model = inception.load(inception.build(), inception_weights.find(weights))
    return Extractor(
        name="inception",
        distance="fid",
        kernel="kid",
        score="inception_score",
        features=inception.FEATURES,
        classes=inception.CLASSES,
        see=_graph(model, lambda rgb: (resize_like_tensorflow1(rgb) - 128.0) / 128.0),
    )


@functools.cache
def _efficientnet_lite0() -> Extractor:
    classifier = efficientnet.build_classifier()
    outputs = {"pooled": classifier.get_layer("pooled").output, "logits": classifier.output}

    def resize(rgb: tf.Tensor) -> tf.Tensor:
        size = (efficientnet.IMAGE_SIZE, efficientnet.IMAGE_SIZE)
        x = tf.image.resize(rgb, size, tf.image.ResizeMethod.BICUBIC, antialias=True)
        return tf.clip_by_value(x, 0.0, 255.0)  # bicubic overshoots at edges

    return Extractor(
        name="efficientnet-lite0",
        distance="fd_efficientnet_lite0",
        kernel="kd_efficientnet_lite0",
        score="score_efficientnet_lite0",
        features=efficientnet.FEATURES,
        classes=efficientnet.CLASSES,
        see=_graph(keras.Model(classifier.input, outputs), resize),
    )


def _graph(
    model: keras.Model, prepare: Callable[[tf.Tensor], tf.Tensor]
) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Preparation and network as one graph: uint8 (n, h, w, 3) -> (pooled, logits)."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)])
    def see(rgb: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        outputs = model(prepare(rgb), training=False)
        return outputs["pooled"], outputs["logits"]

    return see
