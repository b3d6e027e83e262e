"""The model that comes with the package."""

import keras

from tfcolor import inference
from tfcolor.models import bundled, folding

IMAGE_SIZE = 192  # short side that the network sees, pixels; see docs/model.md


def build_generator() -> keras.Model:
    """The bundled generator with its weights; see `bundled.build`."""
    generator = bundled.build()
    bundled.load_weights(generator)
    return generator


def load() -> inference.Colorizer:
    """The bundled model as a function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3)."""
    generator = folding.fold(build_generator())
    return inference.from_generator(generator, IMAGE_SIZE, bundled.STRIDE, frozen=True)
