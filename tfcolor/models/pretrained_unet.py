"""A U-Net over a pretrained encoder, like fastai's DynamicUnet.

The encoder of `encoders` reads lightness; a light decoder joins its features from stride 32 up to
stride 1. The colorizer that this follows has a ResNet18 as its encoder.
"""

from collections.abc import Iterator

import keras
from keras import layers

from tfcolor import config
from tfcolor.models import blocks, encoders

STRIDE = 32  # sides must be multiples of it
MAX_MULTIPLE = 8  # channels grow to 8 times the width


def build(
    encoder: str = config.BUNDLED_BACKBONE,
    width: int = 32,
    dtype: str = "float32",
    seed: int = 0,
    encoder_weights: str = "imagenet",
) -> keras.Model:
    """The generator: lightness plane in, color planes out; 5.2 M parameters by default.

    Args:
      encoder: one of `config.BACKBONES`.
      width: channels of the decoder at strides 1 and 2; they double to 8 times as many at 16.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.
      encoder_weights: "imagenet", or "random", such as before loading a checkpoint.

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1], sides multiples of `STRIDE`, -> {"ab": float32
      (n, h, w, 2) in (-1, 1)}. The names of its encoder's layers begin with "encoder".

    Raises:
      ValueError: for an unknown encoder, or if its weights cannot be downloaded.
    """
    seeds = iter(range(seed * 1000 + 500, seed * 1000 + 1000))  # the encoder's come before
    l = keras.Input((None, None, 1), name="l")
    features = encoders.encode(l, encoder, dtype, encoder_weights, seed)
    x = features[STRIDE]
    for stride in reversed(encoders.STRIDES[:-1]):
        channels = width * min(stride // 2, MAX_MULTIPLE)
        x = _up(x, features[stride], channels, f"decoder{stride}", dtype, seeds)
    x = _up(x, l, width, "decoder1", dtype, seeds)
    x = layers.Conv2D(
        2, 1, kernel_initializer=blocks.initial_weights(next(seeds)), name="color", dtype=dtype
    )(x)
    # float32 whatever the body computes in: Lab arithmetic follows.
    ab = layers.Activation("tanh", dtype="float32", name="ab")(x)
    return keras.Model(l, {"ab": ab}, name="pretrained_unet")


def _up(
    x: keras.KerasTensor,
    skip: keras.KerasTensor,
    channels: int,
    name: str,
    dtype: str,
    seeds: Iterator[int],
) -> keras.KerasTensor:
    """One decoder step: doubling, joining the skip, two 3 x 3 convolutions."""
    x = blocks.BilinearUp(name=f"{name}_up", dtype=dtype)(x)
    x = layers.Concatenate(name=f"{name}_join", dtype=dtype)([x, skip])
    for index in range(2):
        x = layers.Conv2D(
            channels,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(next(seeds)),
            name=f"{name}_conv{index}",
            dtype=dtype,
        )(x)
        x = blocks.normalize("batch", dtype, f"{name}_conv{index}_bn")(x)
        x = layers.ReLU(name=f"{name}_conv{index}_relu", dtype=dtype)(x)
    return x
