"""Features of photographs, and the Fréchet distance of sets of photographs that rests on them.

The network is the bundled EfficientNet-Lite0, so nothing is downloaded. The figure is named after
it, `fd_efficientnet_lite0`: it is no FID and cannot be compared with one.
"""

import functools
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from tfcolor.metrics import frechet
from tfcolor.models import efficientnet

CHUNK = 32  # photographs a pass; bounds memory whatever the batch


def efficientnet_lite0(rgb: np.ndarray | tf.Tensor) -> np.ndarray:
    """What EfficientNet-Lite0 sees in whole photographs: the 1,280 averages before its classes.

    Photographs are resized to 224 x 224 (bicubic with antialiasing, in float32, not rounded), so
    those to be compared should have one shape.

    Args:
      rgb: uint8 (n, h, w, 3).

    Returns:
      float32 (n, 1280), in [0, 6].

    Raises:
      ValueError: for another dtype or shape.
    """
    rgb = tf.convert_to_tensor(rgb)
    if rgb.dtype != tf.uint8 or rgb.shape.rank != 4 or rgb.shape[-1] != 3:
        raise ValueError(f"rgb must be uint8 (n, h, w, 3), got {rgb.dtype.name} {rgb.shape}")
    extract = _extractor()
    chunks = [extract(rgb[start : start + CHUNK]) for start in range(0, len(rgb), CHUNK)]
    return np.concatenate([np.zeros((0, efficientnet.FEATURES), np.float32), *chunks])


def statistics(batches: Iterable[np.ndarray]) -> frechet.FeatureStats:
    """Statistics of a set of photographs, in batches of uint8 (n, h, w, 3).

    Raises:
      ValueError: for fewer than two photographs, or another dtype or shape.
    """
    accumulator = frechet.Accumulator()
    for rgb in batches:
        accumulator.add(efficientnet_lite0(rgb))
    return accumulator.result()


@functools.cache
def _extractor() -> Callable[[tf.Tensor], tf.Tensor]:
    """The network, built once: uint8 (n, h, w, 3) -> float32 (n, 1280)."""
    model = efficientnet.build_features()

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)])
    def extract(rgb: tf.Tensor) -> tf.Tensor:
        size = (efficientnet.IMAGE_SIZE, efficientnet.IMAGE_SIZE)
        x = tf.image.resize(rgb, size, tf.image.ResizeMethod.BICUBIC, antialias=True)
        # Bicubic overshoots at edges.
        return model(tf.clip_by_value(x, 0.0, 255.0), training=False)["pooled"]

    return extract
