"""Parts that several networks share: initial weights, normalization, layers that Keras lacks."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfcolor.color import classes, constants

KERNEL_SIZE = 4  # every convolution of pix2pix is 4 x 4
LEAKY_SLOPE = 0.2


def initial_weights(seed: int) -> keras.initializers.Initializer:
    """N(0, 0.02), as the paper draws its weights (arXiv:1611.07004, 6.2)."""
    return keras.initializers.RandomNormal(0.0, 0.02, seed=seed)


def normalize(normalization: str, dtype: str, name: str | None = None) -> keras.layers.Layer:
    """A normalization layer over (n, h, w, c).

    "batch" is the paper's; its moving averages make inference deterministic and independent of
    the batch. "instance" is what the paper's becomes at batch size 1, with the same result in
    training and in inference.
    """
    if normalization == "instance":
        return keras.layers.GroupNormalization(groups=-1, epsilon=1e-5, name=name, dtype=dtype)
    # Momentum 0.9: the moving averages are right after tens of steps, not hundreds.
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name, dtype=dtype)


def add_scene(x: keras.KerasTensor, dtype: str) -> keras.KerasTensor:
    """Adds the whole photograph's scene (indoors, sea, forest) to every place; (n, h, w, c)."""
    channels = x.shape[-1]
    scene = layers.GlobalAveragePooling2D(keepdims=True, name="scene_mean", dtype=dtype)(x)
    scene = layers.Conv2D(channels, 1, activation="relu", name="scene_hidden", dtype=dtype)(scene)
    scene = layers.Conv2D(channels, 1, kernel_initializer="zeros", name="scene", dtype=dtype)(scene)
    return layers.Add(name="scene_add", dtype=dtype)([x, scene])


def draw(drawn: Iterable[layers.Layer], seed: int) -> None:
    """Draws the kernels of layers from their own distributions again, reproducibly by a seed."""
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))
    for layer in drawn:
        initializer = getattr(layer, "kernel_initializer", None) or getattr(
            layer, "depthwise_initializer", None
        )
        if initializer is not None:
            options = initializer.get_config()
            if "seed" in options:
                initializer = type(initializer).from_config({**options, "seed": next(seeds)})
            kernel = layer.weights[0]
            kernel.assign(initializer(kernel.shape, kernel.dtype))


def fill(model: keras.Model, weights: Path) -> None:
    """Sets every variable of a model from an .npz file, which names it by its path.

    Raises:
      ValueError: if the file lacks a variable, or has one in another shape.
    """
    with np.load(weights) as values:
        for variable in model.variables:
            shape = values[variable.path].shape if variable.path in values else None
            if shape != tuple(variable.shape):
                raise ValueError(
                    f"{weights} has no weights of the network {model.name}: {variable.path} is "
                    f"{'missing' if shape is None else f'of shape {shape}'}"
                )
            variable.assign(values[variable.path].astype(np.float32))


class BilinearUp(layers.Layer):
    """Doubles height and width, (n, h, w, c) -> (n, 2h, 2w, c), at half-pixel centers.

    For unknown height and width, with which neither `ops.image.resize` nor `UpSampling2D` can be
    traced, it adds shifted planes: the same values, more slowly.
    """

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Interpolates rows and columns; edges repeat."""
        if None not in x.shape[1:3]:
            size = (2 * x.shape[1], 2 * x.shape[2])
            return ops.image.resize(x, size, data_format="channels_last")
        shape = ops.shape(x)
        rows = ops.stack(self._halves(x[:, :1], x, x[:, -1:], axis=1), axis=2)
        x = ops.reshape(rows, (shape[0], 2 * shape[1], shape[2], shape[3]))
        columns = ops.stack(self._halves(x[:, :, :1], x, x[:, :, -1:], axis=2), axis=3)
        return ops.reshape(columns, (shape[0], 2 * shape[1], 2 * shape[2], shape[3]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, h, w, c) -> (n, 2h, 2w, c)."""
        n, h, w, c = input_shape
        return (n, h and 2 * h, w and 2 * w, c)

    @staticmethod
    def _halves(
        first: keras.KerasTensor, x: keras.KerasTensor, last: keras.KerasTensor, axis: int
    ) -> list[keras.KerasTensor]:
        """The values a quarter of a pixel before and after each one; edges repeat."""
        padded = ops.concatenate([first, x, last], axis=axis)
        before, after = (
            (padded[:, :-2], padded[:, 2:]) if axis == 1 else (padded[:, :, :-2], padded[:, :, 2:])
        )
        return [0.75 * x + 0.25 * neighbor for neighbor in (before, after)]


class AnnealedMean(layers.Layer):
    """Logits over the ab bins -> ab planes: the mean of the sharpened distribution.

    arXiv:1603.08511, 2.3. (n, h, w, q) -> (n, h, w, 2).
    """

    def __init__(self, temperature: float, **options: object) -> None:
        super().__init__(**options)
        self.temperature = temperature  # lower is more saturated

    def get_config(self) -> dict[str, Any]:
        """The options, to build the layer again."""
        return {**super().get_config(), "temperature": self.temperature}

    def call(self, logits: keras.KerasTensor) -> keras.KerasTensor:
        """The mean; float32."""
        planes = ops.convert_to_tensor(classes.ab_bins() / constants.AB_SCALE)
        return ops.matmul(ops.softmax(logits / self.temperature, axis=-1), planes)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, h, w, q) -> (n, h, w, 2)."""
        return (*input_shape[:-1], 2)
