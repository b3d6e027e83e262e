"""The conditional DCGAN of Nazeri et al. (arXiv:1803.05400), after DCGAN (arXiv:1511.06434)."""

import keras
from keras import layers

from tfcolor.models import blocks, upconvolution

MAX_MULTIPLE = 8  # channels grow to 8 times the width, 512 in the authors' code


def build_generator(
    width: int = 64, depth: int = 7, dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """The generator: lightness plane in, color planes out.

    Down C64-C64-C128-C256-C512-C512-C512-C512 for width 64 and depth 7, the first at full size, and
    up C512-C512-C512-C256-C128-C64-C64, each joined by the activations of its size; 1 x 1 to ab.

    Args:
      width: channels of the first two layers.
      depth: number of halvings; height and width must be multiples of 2**depth.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1] -> {"ab": float32 (n, h, w, 2) in (-1, 1)}. With
      `training=False` the photographs of a batch do not affect each other.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))
    channels = [width, *_channels(width, depth)]

    l = x = keras.Input((None, None, 1), name="l")
    skips = []
    for level, count in enumerate(channels):
        x = _convolve(x, count, 1 if level == 0 else 2, level > 0, dtype, next(seeds))
        skips.append(x)
    for level in reversed(range(depth)):
        x = upconvolution.UpConvolution(
            channels[level],
            use_bias=False,
            kernel_initializer=blocks.initial_weights(next(seeds)),
            dtype=dtype,
        )(x)
        x = blocks.normalize("batch", dtype)(x)
        x = layers.ReLU(dtype=dtype)(x)
        x = layers.Concatenate(dtype=dtype)([x, skips[level]])

    x = layers.Conv2D(
        2, 1, kernel_initializer=blocks.initial_weights(next(seeds)), dtype=dtype, name="last"
    )(x)
    # float32 whatever the body computes in: Lab arithmetic follows.
    fake_ab = layers.Activation("tanh", dtype="float32", name="ab")(x)
    return keras.Model(l, {"ab": fake_ab}, name="cdcgan_generator")


def build_discriminator(
    width: int = 64, depth: int = 6, channels: int = 2, dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """The discriminator: the contracting path, then one logit for the whole photograph.

    It takes any size: the last features are averaged over all places before the last layer.

    Args:
      width: channels of the first layer.
      depth: number of halvings.
      channels: planes that are judged; 2 for ab.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.

    Returns:
      A model [float32 (n, h, w, 1), float32 (n, h, w, channels)] -> float32 (n, 1, 1, 1) logits,
      > 0 where the photograph is judged real.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))
    l = keras.Input((None, None, 1), name="l")
    ab = keras.Input((None, None, channels), name="ab")
    x = layers.Concatenate(dtype=dtype)([l, ab])
    for level, count in enumerate(_channels(width, depth)):
        x = _convolve(x, count, 2, level > 0, dtype, next(seeds))

    # The judgement is float32: it is a mean over any number of places.
    x = layers.GlobalAveragePooling2D(keepdims=True, dtype="float32")(x)
    logits = layers.Conv2D(
        1, 1, kernel_initializer=blocks.initial_weights(next(seeds)), dtype="float32", name="logits"
    )(x)
    return keras.Model([l, ab], logits, name="cdcgan_discriminator")


def _channels(width: int, depth: int) -> list[int]:
    """The channels after each halving."""
    return [width * min(2**level, MAX_MULTIPLE) for level in range(depth)]


def _convolve(
    x: keras.KerasTensor, channels: int, strides: int, normalized: bool, dtype: str, seed: int
) -> keras.KerasTensor:
    """One layer of the contracting path."""
    x = layers.Conv2D(
        channels,
        blocks.KERNEL_SIZE,
        strides=strides,
        padding="same",
        use_bias=not normalized,
        kernel_initializer=blocks.initial_weights(seed),
        dtype=dtype,
    )(x)
    if normalized:
        x = blocks.normalize("batch", dtype)(x)
    return layers.LeakyReLU(blocks.LEAKY_SLOPE, dtype=dtype)(x)
