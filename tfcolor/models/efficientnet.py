"""EfficientNet-Lite0: an encoder of photographs, and the whole ImageNet classifier.

EfficientNet (arXiv:1905.11946) without squeeze-and-excitation and with ReLU6, as published for
phones by Google under Apache-2.0. Layer names are fixed: weights are stored by them.
"""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tfcolor.models import blocks

WEIGHTS = Path(__file__).parent / "weights" / "efficientnet-lite0.npz"  # ImageNet, float16
IMAGE_SIZE = 224  # pixels per side, of the published training
FEATURES = 1280  # a whole photograph's
CLASSES = 1000  # of ImageNet, in its order
BATCH_NORM_EPSILON = 1e-3  # the published weights'
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


def encode(
    x: keras.KerasTensor,
    dtype: str = "float32",
    folded: int = 0,
    added: Mapping[int, keras.KerasTensor] | None = None,
) -> dict[int, keras.KerasTensor]:
    """The features of a photograph at each stride.

    Args:
      x: (n, h, w, c), sides multiples of 32; three channels (rgb - 127) / 128 for the published
        weights, one channel of lightness for ours.
      dtype: Keras dtype policy, such as "mixed_bfloat16".
      folded: the number of blocks in which biases replace batch normalization, in these and in the
        stem before them, such as blocks that are not trained.
      added: stride -> planes to add to the features of that stride before the next layers.

    Returns:
      stride -> (n, h / stride, w / stride, channels), for each of `STRIDES`.
    """
    added = added or {}
    x = convolve(x, 32, 3, "encoder_stem", dtype, strides=2, folded=folded > 0)
    features, block = {}, 0
    for stage, (repeats, kernel, strides, expansion, width) in enumerate(_STAGES):
        for repeat in range(repeats):
            name, first = f"encoder_block{block}", repeat == 0
            step = strides if first else 1
            x = _inverted_residual(
                x, name, kernel, step, expansion, width, dtype, folded=block < folded
            )
            block += 1
        if stage in _LAST_STAGE_OF_STRIDE:
            stride = _LAST_STAGE_OF_STRIDE[stage]
            if stride in added:
                x = layers.Add(name=f"encoder_added{stride}", dtype=dtype)([x, added[stride]])
            features[stride] = x
    return features


def channels(stride: int) -> int:
    """Channels of the features at a stride."""
    return next(_STAGES[stage][-1] for stage, s in _LAST_STAGE_OF_STRIDE.items() if s == stride)


def build_features(weights: str = "imagenet") -> keras.Model:
    """EfficientNet-Lite0's features of a photograph, at each stride and as a whole.

    Args:
      weights: "imagenet" or "random".

    Returns:
      A model rgb float32 (n, h, w, 3) in [0, 255], sides multiples of 32, -> {"stride2": (n, h / 2,
      w / 2, 16), ..., "stride32": (n, h / 32, w / 32, 320), "pooled": float32 (n, 1280) >= 0}.
    """
    rgb, features, pooled = _body()
    outputs = {f"stride{stride}": plane for stride, plane in features.items()}
    model = keras.Model(rgb, {**outputs, "pooled": pooled}, name="efficientnet_lite0_features")
    return _load(model, weights)


def build_classifier(weights: str = "imagenet") -> keras.Model:
    """The ImageNet classifier; 4.7 M parameters.

    Args:
      weights: "imagenet" or "random".

    Returns:
      A model rgb float32 (n, h, w, 3) in [0, 255], best at `IMAGE_SIZE`, -> logits float32
      (n, 1000).
    """
    rgb, _, pooled = _body()
    logits = layers.Dense(CLASSES, name="classes", dtype="float32")(pooled)
    return _load(keras.Model(rgb, logits, name="efficientnet_lite0"), weights)


def load_encoder(model: keras.Model) -> None:
    """Loads the ImageNet weights into the layers that `encode` made in a model.

    A stem of one channel gets the sum of the three channels' kernels: it sees a plane l as the
    three-channel stem sees (rgb - 127) / 128 with all three equal to l. With l = L* / 50 - 1 that
    is the gray of the pixel value 127 + 128 l = 2.56 L* - 1: L* takes the place of the sRGB value,
    up to 8 levels brighter in the middle tones, up to 5 darker in the shadows.

    Raises:
      ValueError: if the model lacks one of the encoder's layers, or has it in another shape.
    """
    places = {variable.path: variable for variable in model.variables}
    with np.load(WEIGHTS) as stored:
        weights = {path: stored[path].astype(np.float32) for path in stored}
    for path in (path for path in weights if path.startswith("encoder_")):
        layer, _, name = path.partition("/")
        if f"{layer}_bn/gamma" in weights and f"{layer}/bias" in places:
            kernel, bias = _folded(layer, weights)
            _assign(model, places, path, kernel)
            _assign(model, places, f"{layer}/bias", bias)
        elif f"{layer.removesuffix('_bn')}/bias" not in places:
            _assign(model, places, path, weights[path])


def _folded(layer: str, weights: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The kernel and the bias of a convolution with its batch normalization folded in."""
    gamma, beta, mean, variance = (
        weights[f"{layer}_bn/{name}"]
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
    kernel = weights[f"{layer}/kernel"]
    # A depthwise kernel is (h, w, channels, 1), others have their output channels last.
    return kernel * (scale[:, None] if kernel.shape[-1] == 1 else scale), beta - mean * scale


def _assign(
    model: keras.Model, places: dict[str, keras.Variable], path: str, value: np.ndarray
) -> None:
    if path not in places:
        raise ValueError(f"{model.name} has no EfficientNet-Lite0 encoder: {path} is missing")
    if path == "encoder_stem/kernel" and places[path].shape[2] == 1:
        value = value.sum(axis=2, keepdims=True)
    places[path].assign(value)


def _body() -> tuple[keras.KerasTensor, dict[int, keras.KerasTensor], keras.KerasTensor]:
    """Input, features of each stride, and the features of the whole photograph."""
    rgb = keras.Input((None, None, 3), name="rgb")
    features = encode(layers.Rescaling(1 / 128, -127 / 128, name="rescale", dtype="float32")(rgb))
    x = convolve(features[32], FEATURES, 1, "head", "float32")
    return rgb, features, layers.GlobalAveragePooling2D(name="pooled", dtype="float32")(x)


def _load(model: keras.Model, weights: str) -> keras.Model:
    """The model, with every weight from the bundled file if asked for."""
    if weights not in ("imagenet", "random"):
        raise ValueError(f'weights must be "imagenet" or "random", got {weights!r}')
    if weights == "imagenet":
        blocks.fill(model, WEIGHTS)
    return model


def convolve(
    x: keras.KerasTensor,
    channels: int,
    kernel: int,
    name: str,
    dtype: str,
    strides: int = 1,
    folded: bool = False,
) -> keras.KerasTensor:
    """Convolution, batch normalization (or a bias if `folded`), ReLU6."""
    x = layers.Conv2D(
        channels,
        kernel,
        strides,
        "same",
        use_bias=folded,
        kernel_initializer="he_normal",
        name=name,
        dtype=dtype,
    )(x)
    return _normalize(x, f"{name}_bn", dtype, folded)


def _inverted_residual(
    x: keras.KerasTensor,
    name: str,
    kernel: int,
    strides: int,
    expansion: int,
    channels: int,
    dtype: str,
    folded: bool,
) -> keras.KerasTensor:
    """Expand 1 x 1, depthwise, project 1 x 1; added to its input if the shapes allow."""
    source, width = x, x.shape[-1]
    if expansion != 1:
        x = convolve(x, width * expansion, 1, f"{name}_expand", dtype, folded=folded)
    x = layers.DepthwiseConv2D(
        kernel, strides, "same", use_bias=folded, name=f"{name}_depthwise", dtype=dtype
    )(x)
    x = _normalize(x, f"{name}_depthwise_bn", dtype, folded)
    x = layers.Conv2D(channels, 1, use_bias=folded, name=f"{name}_project", dtype=dtype)(x)
    x = _normalize(x, f"{name}_project_bn", dtype, folded, relu=False)
    if strides == 1 and width == channels:
        x = layers.Add(name=f"{name}_add", dtype=dtype)([x, source])
    return x


def _normalize(
    x: keras.KerasTensor, name: str, dtype: str, folded: bool, relu: bool = True
) -> keras.KerasTensor:
    if not folded:
        x = layers.BatchNormalization(
            momentum=0.99, epsilon=BATCH_NORM_EPSILON, name=name, dtype=dtype
        )(x)
    return layers.ReLU(6.0, name=f"{name}_relu", dtype=dtype)(x) if relu else x
