"""The model that comes with the package."""

from pathlib import Path

import keras
import numpy as np

from tfcolor import inference
from tfcolor.models import colornet

WEIGHTS = Path(__file__).parent / "models" / "weights" / "tfcolor.npz"
IMAGE_SIZE = 192  # short side that the network sees, pixels; see docs/model.md


def build_generator() -> keras.Model:
    """The bundled generator with its weights; see `colornet.build`."""
    generator = colornet.build()
    with np.load(WEIGHTS) as weights:
        for variable in generator.variables:
            variable.assign(weights[variable.path].astype(np.float32))
    return generator


def load() -> inference.Colorizer:
    """The bundled model as a function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3)."""
    generator = build_generator()
    return inference.from_generator(
        lambda l: generator(l, training=False)["ab"], IMAGE_SIZE, colornet.STRIDE
    )
