"""The Inception network of 2015 that FID, KID and Inception Score are defined by.

It is neither `keras.applications.InceptionV3` nor torchvision's: it has 1,008 outputs and weights
of its own, its average pooling leaves out the padding, and its last block pools by the maximum.
Batch normalization is folded into the convolutions. Layers are named as in pytorch-fid's file,
with _ for its dots.

References:
  Szegedy et al., Rethinking the Inception architecture, arXiv:1512.00567.
  Heusel et al., FID, arXiv:1706.08500.
"""

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers

from tfcolor.support import errors

IMAGE_SIZE = 299  # pixels per side
FEATURES = 2048  # a whole photograph's
CLASSES = 1008  # the published network's; some are unused

Step = tuple[int, int | tuple[int, int]]  # channels and kernel of a convolution


def build() -> keras.Model:
    """The network with all weights zero, for `load`; 23.8 M parameters.

    Returns:
      A model float32 (n, 299, 299, 3) in [-1, 1], which is (rgb - 128) / 128 of 8-bit pixels, ->
      {"pooled": float32 (n, 2048) >= 0, "logits": float32 (n, 1008)}. The logits are without the
      bias of the classes, as Inception Score takes them.
    """
    image = keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3), name="image")
    x = _convolve(image, "Conv2d_1a_3x3", 32, 3, 2, "valid")  # (n, 149, 149, 32)
    x = _convolve(x, "Conv2d_2a_3x3", 32, 3, padding="valid")
    x = _convolve(x, "Conv2d_2b_3x3", 64, 3)
    x = layers.MaxPooling2D(3, 2)(x)  # (n, 73, 73, 64)
    x = _convolve(x, "Conv2d_3b_1x1", 80, 1)
    x = _convolve(x, "Conv2d_4a_3x3", 192, 3, padding="valid")
    x = layers.MaxPooling2D(3, 2)(x)  # (n, 35, 35, 192)
    for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = _mixed_5(x, name, pooled)
    x = _mixed_6a(x, "Mixed_6a")  # (n, 17, 17, 768)
    for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = _mixed_6(x, name, width)
    x = _mixed_7a(x, "Mixed_7a")  # (n, 8, 8, 1280)
    x = _mixed_7(x, "Mixed_7b", layers.AveragePooling2D(3, 1, "same"))
    # Only the last block pools by the maximum: a mistake of 2015 that is now part of the network.
    x = _mixed_7(x, "Mixed_7c", layers.MaxPooling2D(3, 1, "same"))
    pooled = layers.GlobalAveragePooling2D(name="pooled")(x)
    logits = layers.Dense(CLASSES, use_bias=False, kernel_initializer="zeros", name="logits")(
        pooled
    )
    return keras.Model(image, {"pooled": pooled, "logits": logits}, name="inception")


def load(model: keras.Model, weights: Mapping[str, np.ndarray]) -> keras.Model:
    """The model, with every weight from a mapping: path of the variable -> array.

    Raises:
      ValueError: if a weight is missing, has another shape, or has no place in the network.
    """
    shapes = {variable.path: tuple(variable.shape) for variable in model.variables}
    for path in sorted(shapes.keys() | weights.keys()):
        found = weights[path].shape if path in weights else "none"
        if found != shapes.get(path, "none"):
            raise errors.InputError(
                f"not the weights of the FID Inception network: {path} must be "
                f"{shapes.get(path, 'absent')}, got {found}"
            )
    for variable in model.variables:
        variable.assign(weights[variable.path])
    return model


def _mixed_5(x: keras.KerasTensor, name: str, pooled: int) -> keras.KerasTensor:
    average = layers.AveragePooling2D(3, 1, "same")(x)
    branches = [
        _convolve(x, f"{name}_branch1x1", 64, 1),
        _chain(x, f"{name}_branch5x5", (48, 1), (64, 5)),
        _chain(x, f"{name}_branch3x3dbl", (64, 1), (96, 3), (96, 3)),
        _convolve(average, f"{name}_branch_pool", pooled, 1),
    ]
    return layers.Concatenate(name=name)(branches)


def _mixed_6a(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    deep = _chain(x, f"{name}_branch3x3dbl", (64, 1), (96, 3))
    branches = [
        _convolve(x, f"{name}_branch3x3", 384, 3, 2, "valid"),
        _convolve(deep, f"{name}_branch3x3dbl_3", 96, 3, 2, "valid"),
        layers.MaxPooling2D(3, 2)(x),
    ]
    return layers.Concatenate(name=name)(branches)


def _mixed_6(x: keras.KerasTensor, name: str, width: int) -> keras.KerasTensor:
    row, column = (1, 7), (7, 1)
    double: list[Step] = [(width, 1), (width, column), (width, row), (width, column), (192, row)]
    average = layers.AveragePooling2D(3, 1, "same")(x)
    branches = [
        _convolve(x, f"{name}_branch1x1", 192, 1),
        _chain(x, f"{name}_branch7x7", (width, 1), (width, row), (192, column)),
        _chain(x, f"{name}_branch7x7dbl", *double),
        _convolve(average, f"{name}_branch_pool", 192, 1),
    ]
    return layers.Concatenate(name=name)(branches)


def _mixed_7a(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    near = _chain(x, f"{name}_branch3x3", (192, 1))
    far = _chain(x, f"{name}_branch7x7x3", (192, 1), (192, (1, 7)), (192, (7, 1)))
    branches = [
        _convolve(near, f"{name}_branch3x3_2", 320, 3, 2, "valid"),
        _convolve(far, f"{name}_branch7x7x3_4", 192, 3, 2, "valid"),
        layers.MaxPooling2D(3, 2)(x),
    ]
    return layers.Concatenate(name=name)(branches)


def _mixed_7(x: keras.KerasTensor, name: str, pool: keras.Layer) -> keras.KerasTensor:
    near = _chain(x, f"{name}_branch3x3", (384, 1))
    far = _chain(x, f"{name}_branch3x3dbl", (448, 1), (384, 3))
    branches = [
        _convolve(x, f"{name}_branch1x1", 320, 1),
        _convolve(near, f"{name}_branch3x3_2a", 384, (1, 3)),
        _convolve(near, f"{name}_branch3x3_2b", 384, (3, 1)),
        _convolve(far, f"{name}_branch3x3dbl_3a", 384, (1, 3)),
        _convolve(far, f"{name}_branch3x3dbl_3b", 384, (3, 1)),
        _convolve(pool(x), f"{name}_branch_pool", 192, 1),
    ]
    return layers.Concatenate(name=name)(branches)


def _chain(x: keras.KerasTensor, name: str, *steps: Step) -> keras.KerasTensor:
    """Convolutions `name`_1, `name`_2, ..., one after another."""
    for number, (channels, kernel) in enumerate(steps, 1):
        x = _convolve(x, f"{name}_{number}", channels, kernel)
    return x


def _convolve(
    x: keras.KerasTensor,
    name: str,
    channels: int,
    kernel: int | tuple[int, int],
    strides: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    """Convolution with the normalization folded in, and ReLU."""
    return layers.Conv2D(
        channels,
        kernel,
        strides,
        padding,
        activation="relu",
        kernel_initializer="zeros",  # random ones would take JAX 20 s to compile
        name=name,
    )(x)
