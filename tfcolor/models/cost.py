"""The cost of a recipe's networks: parameters, and arithmetic counted layer by layer."""

import dataclasses

import keras
import numpy as np

from tfcolor import config
from tfcolor.models import networks

IMAGE_SIZE = 256  # pixels per side, the same for every recipe


@dataclasses.dataclass(frozen=True)
class Cost:
    """Parameters of both networks (0 for none); `gflop` of a photograph through the generator."""

    generator: int
    discriminator: int
    gflop: float


def measure(settings: config.TrainConfig) -> Cost:
    """The cost of a config's networks."""
    generator = networks.build_generator(settings.model, "float32", settings.seed)
    judge = 0
    if settings.adversarial:
        judge = networks.build_discriminator(settings.model, "float32", 0).count_params()
    return Cost(generator.count_params(), judge, 2e-9 * multiply_adds(generator, IMAGE_SIZE))


def multiply_adds(model: keras.Model, image_size: int) -> int:
    """Multiply-adds of the convolutions for one square photograph; nothing else is counted.

    Args:
      model: planes float32 (n, h, w, c), one or several by name -> anything.
      image_size: side of the photograph, pixels.
    """
    layers = [layer for layer in model.layers if _is_convolution(layer)]
    probe = keras.Model(model.input, [[layer.input, layer.output] for layer in layers])
    square = (1, image_size, image_size)
    planes = probe(
        keras.tree.map_structure(
            lambda plane: keras.KerasTensor((*square, plane.shape[-1])), model.input
        )
    )
    return sum(_count(layer, *plane) for layer, plane in zip(layers, planes, strict=True))


def _is_convolution(layer: keras.Layer) -> bool:
    return hasattr(layer, "kernel") and len(layer.kernel.shape) == 4


def _count(layer: keras.Layer, x: keras.KerasTensor, y: keras.KerasTensor) -> int:
    # Each weight is used once for each place of the output, or of the input if that is smaller.
    places = x if isinstance(layer, keras.layers.Conv2DTranspose) else y
    return int(np.prod(layer.kernel.shape)) * int(np.prod(places.shape[1:3]))
