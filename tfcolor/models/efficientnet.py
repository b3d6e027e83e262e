"""The EfficientNet-Lite0 body as an encoder of photographs.

EfficientNet (arXiv:1905.11946) without squeeze-and-excitation and with ReLU6, as published for
phones by Google under Apache-2.0. Layer names are fixed: weights are stored by them.
"""

import keras
from keras import layers

BATCH_NORM_EPSILON = 1e-3  # of the published weights
STRIDES = (2, 4, 8, 16, 32)

# Repeats, kernel, strides, expansion and channels of each stage.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_LAST_STAGE_OF_STRIDE = {0: 2, 1: 4, 2: 8, 4: 16, 6: 32}


def encode(x: keras.KerasTensor, dtype: str = "float32") -> dict[int, keras.KerasTensor]:
    """The features of a photograph at each stride.

    Args:
      x: (n, h, w, c), sides multiples of 32; three channels (rgb - 127) / 128 for the published
        weights, one channel of lightness for ours.
      dtype: Keras dtype policy, such as "mixed_bfloat16".

    Returns:
      stride -> (n, h / stride, w / stride, channels), for each of `STRIDES`.
    """
    x = convolve(x, 32, 3, "encoder_stem", dtype, strides=2)
    features, block = {}, 0
    for stage, (repeats, kernel, strides, expansion, channels) in enumerate(_STAGES):
        for repeat in range(repeats):
            name = f"encoder_block{block}"
            x = _inverted_residual(
                x, name, kernel, strides if repeat == 0 else 1, expansion, channels, dtype
            )
            block += 1
        if stage in _LAST_STAGE_OF_STRIDE:
            features[_LAST_STAGE_OF_STRIDE[stage]] = x
    return features


def convolve(
    x: keras.KerasTensor, channels: int, kernel: int, name: str, dtype: str, strides: int = 1
) -> keras.KerasTensor:
    """Convolution without bias, batch normalization, ReLU6."""
    x = layers.Conv2D(
        channels,
        kernel,
        strides,
        "same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
        dtype=dtype,
    )(x)
    return _normalize(x, f"{name}_bn", dtype)


def _inverted_residual(
    x: keras.KerasTensor,
    name: str,
    kernel: int,
    strides: int,
    expansion: int,
    channels: int,
    dtype: str,
) -> keras.KerasTensor:
    """Expand 1 x 1, depthwise, project 1 x 1; added to its input where the shapes allow."""
    source, width = x, x.shape[-1]
    if expansion != 1:
        x = convolve(x, width * expansion, 1, f"{name}_expand", dtype)
    x = layers.DepthwiseConv2D(
        kernel, strides, "same", use_bias=False, name=f"{name}_depthwise", dtype=dtype
    )(x)
    x = _normalize(x, f"{name}_depthwise_bn", dtype)
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project", dtype=dtype)(x)
    x = _normalize(x, f"{name}_project_bn", dtype, relu=False)
    if strides == 1 and width == channels:
        x = layers.Add(name=f"{name}_add", dtype=dtype)([x, source])
    return x


def _normalize(x: keras.KerasTensor, name: str, dtype: str, relu: bool = True) -> keras.KerasTensor:
    x = layers.BatchNormalization(
        momentum=0.99, epsilon=BATCH_NORM_EPSILON, name=name, dtype=dtype
    )(x)
    return layers.ReLU(6.0, name=f"{name}_relu", dtype=dtype)(x) if relu else x
