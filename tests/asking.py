"""A small SavedModel of strong colors, what it is asked, and what Python makes of that."""

import functools
import io

import keras
import numpy as np
import tensorflow as tf
from conftest import colorful_photo
from PIL import Image

from tfcolor.colorizing import rendering
from tfcolor.export import signatures
from tfcolor.runtimes import saved_models

SIZES = (32, 8)  # that its network was "trained" at, and its stride


def painter(space="ab"):
    """A small network of strong colors for sides that are multiples of 8."""
    l = keras.Input((None, None, 1))
    weights = keras.initializers.RandomNormal(0.0, 1.0, seed=3)
    x = keras.layers.Conv2D(6, 5, padding="same", kernel_initializer=weights)(l)
    x = keras.layers.Activation("tanh")(x)
    x = keras.layers.Conv2D(len(space), 3, padding="same", kernel_initializer=weights)(x)
    return keras.Model(l, {space: keras.layers.Activation("tanh")(x)})


def save(folder, raw=False):
    served = signatures.ServedModule(painter("rgb" if raw else "ab"), *SIZES, raw=raw)
    tf.saved_model.save(served, str(folder), signatures=served.signatures())
    return folder


def photograph(height=70, width=101):
    return colorful_photo(4, height, width)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def pixels_of(file):
    return np.asarray(Image.open(io.BytesIO(file)))


@functools.cache
def network_of(saved):
    return saved_models.SavedNetwork(saved)


def python(saved, rgb, size=SIZES[0], **look):
    """What `rendering.colorize` makes of a photograph with the same network."""
    return rendering.colorize(rgb, network_of(saved), size=size, **look)


def levels_apart(found, expected):
    return np.abs(found.astype(int) - expected).max()


def lightness(height=40, width=61):
    """float32 (h, w) in [-1, 1], to 16 bits."""
    levels = np.arange(height * width).reshape(height, width) * 37 % 65536
    return (levels / 65535 * 2 - 1).astype(np.float32)


def lightness_png(l):
    return png(np.round((l + 1) / 2 * 65535).astype(np.uint16))
