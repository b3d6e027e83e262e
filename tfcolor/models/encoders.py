"""Pretrained encoders of lightness, by name: features at each stride for a decoder.

"efficientnet-lite0" comes with the package; the others are Keras Applications, whose ImageNet
weights are downloaded once. Every layer's name begins with "encoder", so that it can be frozen.
"""

import importlib
import warnings
from typing import Any

import keras
from keras import layers

from tfcolor import config
from tfcolor.models import blocks, efficientnet
from tfcolor.support import errors

STRIDES = efficientnet.STRIDES
WEIGHTS = ("imagenet", "random")
_PROBE = 256  # pixels per side, at which strides are measured


def encode(
    l: keras.KerasTensor,
    name: str = config.BUNDLED_BACKBONE,
    dtype: str = "float32",
    weights: str = "imagenet",
    seed: int = 0,
) -> dict[int, keras.KerasTensor]:
    """The features of a photograph's lightness at each stride.

    Lightness is fed as three equal channels: L* 0..100 takes the place of pixel values 0..255
    (-1..255 for the bundled encoder, which therefore needs no scaling).

    Args:
      l: float32 (n, h, w, 1) in [-1, 1], sides multiples of 32 or unknown.
      name: one of `config.BACKBONES`.
      dtype: Keras dtype policy of the encoder, such as "mixed_bfloat16".
      weights: "imagenet", or "random", such as before loading a checkpoint.
      seed: of random weights.

    Returns:
      stride -> (n, h / stride, w / stride, channels), for each of `STRIDES`.

    Raises:
      ValueError: for an unknown name, or if weights can be neither found nor downloaded.
    """
    if name not in config.BACKBONES:
        raise errors.InputError(
            f"encoder must be one of {', '.join(config.BACKBONES)}, got {name!r}"
        )
    if weights not in WEIGHTS:
        raise errors.InputError(
            f"encoder weights must be one of {', '.join(WEIGHTS)}, got {weights!r}"
        )
    if name != config.BUNDLED_BACKBONE:
        encoder = _application(name, dtype, weights)
        features = encoder(_three_channels(l, name))
    else:
        features = efficientnet.encode(l, dtype)
        encoder = keras.Model(l, features)
        if weights == "imagenet":
            efficientnet.load_encoder(encoder)
    if weights == "random":
        blocks.draw(encoder.layers, seed)
    return features


def _application(name: str, dtype: str, weights: str) -> keras.Model:
    """A network of Keras Applications: (n, h, w, 3), scaled as it expects -> {stride: features}."""
    body = _build(name, dtype, weights)
    planes = [layer.output for layer in body.layers]
    shapes = [
        plane.shape
        for plane in keras.Model(body.input, planes)(keras.KerasTensor((1, _PROBE, _PROBE, 3)))
    ]
    features = {}
    for plane, shape in zip(planes, shapes, strict=True):
        for stride in STRIDES:
            # Padded planes are a row larger, and so left out. Later planes replace earlier ones.
            if shape[1:-1] == (_PROBE // stride, _PROBE // stride):
                features[stride] = plane
    # At the last stride the whole network's output is taken.
    features[STRIDES[-1]] = body.output
    return keras.Model(body.input, {s: features[s] for s in STRIDES}, name="encoder")


def _build(name: str, dtype: str, weights: str) -> keras.Model:
    """A network of Keras Applications without its classifier, of any size."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)  # there is no argument for it
    try:
        with warnings.catch_warnings():
            # MobileNetV2 was published at several sizes, and warns that it takes 224 for any size.
            warnings.filterwarnings("ignore", message="`input_shape` is undefined")
            return getattr(_module(name), name)(
                include_top=False,
                weights=weights if weights == "imagenet" else None,
                input_shape=(None, None, 3),
            )
    except Exception as error:
        # Keras raises a bare Exception where it cannot download.
        if "URL fetch failure" not in str(error):
            raise
        raise errors.InputError(
            f"{name} needs its ImageNet weights once: {' '.join(str(error).split())}; put that "
            f"file into ~/.keras/models, or use the encoder {config.BUNDLED_BACKBONE}, which comes "
            "with tfcolor"
        ) from None
    finally:
        keras.config.set_dtype_policy(before)


def _three_channels(l: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A plane in [-1, 1] -> (n, h, w, 3) as the network expects pixels."""
    black, white = (
        _module(name).preprocess_input(keras.ops.full((1, 1, 1, 3), value))
        for value in (0.0, 255.0)
    )
    black, white = (keras.ops.convert_to_numpy(pixel).ravel() for pixel in (black, white))
    x = layers.Concatenate(name="encoder_channels", dtype="float32")([l, l, l])
    return layers.Rescaling(
        ((white - black) / 2).tolist(),
        ((white + black) / 2).tolist(),
        name="encoder_rescale",
        dtype="float32",
    )(x)


def _module(name: str) -> Any:
    return importlib.import_module(f"keras.applications.{config.BACKBONES[name]}")
