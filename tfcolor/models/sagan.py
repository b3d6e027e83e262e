"""SAGAN (arXiv:1805.08318) made conditional: self-attention and spectral norms in both networks.

The paper draws pictures from noise and a class; here lightness takes their place, so the generator
is an encoder-decoder whose decoder is the paper's: nearest up-sampling and 3 x 3 convolutions.
"""

import keras
from keras import layers

from tfcolor.models import attention, blocks, spectral_norm

STRIDE = 32  # sides of the generator's input must be multiples of it
ATTENTION_STRIDE = 8  # 32 x 32 places for 256 x 256 pixels, the best size in the paper
MAX_MULTIPLE = 8  # channels grow to 8 times the width
LEAKY_SLOPE = 0.1  # as in spectral normalization, arXiv:1802.05957, table 3


def build_generator(width: int = 64, dtype: str = "float32", seed: int = 0) -> keras.Model:
    """The generator: lightness plane in, color planes out; 14.1 M parameters at width 64.

    Args:
      width: channels at stride 2.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1], sides multiples of `STRIDE`, -> {"ab": float32
      (n, h, w, 2) in (-1, 1)}.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))

    def convolve(
        x: keras.KerasTensor, channels: int, size: int, strides: int, bias: bool = False
    ) -> keras.KerasTensor:
        return spectral_norm.SpectralConv2D(
            channels,
            size,
            seed=next(seeds),
            strides=strides,
            padding="same",
            use_bias=bias,
            dtype=dtype,
        )(x)

    l = x = keras.Input((None, None, 1), name="l")
    skips, stride = {1: l}, 1
    while stride < STRIDE:
        x = convolve(x, width * min(stride, MAX_MULTIPLE), blocks.KERNEL_SIZE, strides=2)
        x = blocks.normalize("batch", dtype)(x)
        x = layers.ReLU(dtype=dtype)(x)
        stride *= 2
        skips[stride] = x

    while stride > 1:
        stride //= 2
        x = layers.UpSampling2D(2, interpolation="nearest", dtype=dtype)(x)
        x = layers.Concatenate(dtype=dtype)([x, skips[stride]])
        # At full size the width is halved: even so this is a third of all multiplications.
        channels = skips[stride].shape[-1] if stride > 1 else max(1, width // 2)
        x = convolve(x, channels, 3, strides=1)
        x = blocks.normalize("batch", dtype)(x)
        x = layers.ReLU(dtype=dtype)(x)
        if stride == ATTENTION_STRIDE:
            x = attention.SelfAttention(next(seeds), name="attention", dtype=dtype)(x)

    x = convolve(x, 2, 3, strides=1, bias=True)
    # float32 whatever the body computes in: Lab arithmetic follows.
    fake_ab = layers.Activation("tanh", dtype="float32", name="ab")(x)
    return keras.Model(l, {"ab": fake_ab}, name="sagan_generator")


def build_discriminator(
    width: int = 64, channels: int = 2, dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """The discriminator, conditional on the lightness plane; 9.4 M parameters at width 64.

    Every logit is a local judgement plus one of the whole photograph: a linear layer on the mean of
    the last features. (The paper has only the latter.) No batch normalization, as in the paper.

    Args:
      width: channels of the first layer.
      channels: planes that are judged; 2 for ab.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.

    Returns:
      A model [float32 (n, h, w, 1), float32 (n, h, w, channels)] -> float32 (n, h/32, w/32, 1)
      logits, rounded up if a side is no multiple; > 0 where it is judged real.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))

    def convolve(
        x: keras.KerasTensor, count: int, size: int, strides: int, policy: str = dtype
    ) -> keras.KerasTensor:
        return spectral_norm.SpectralConv2D(
            count, size, seed=next(seeds), strides=strides, padding="same", dtype=policy
        )(x)

    l = keras.Input((None, None, 1), name="l")
    ab = keras.Input((None, None, channels), name="ab")
    x = layers.Concatenate(dtype=dtype)([l, ab])
    stride = 1
    while stride < STRIDE:
        x = convolve(x, width * min(stride, MAX_MULTIPLE), blocks.KERNEL_SIZE, strides=2)
        x = layers.LeakyReLU(LEAKY_SLOPE, dtype=dtype)(x)
        stride *= 2
        if stride == ATTENTION_STRIDE:
            x = attention.SelfAttention(next(seeds), name="attention", dtype=dtype)(x)
    x = convolve(x, x.shape[-1], 3, strides=1)
    x = layers.LeakyReLU(LEAKY_SLOPE, dtype=dtype)(x)

    # The judgement is float32: it is a mean over any number of places.
    whole = layers.GlobalAveragePooling2D(keepdims=True, dtype="float32")(x)
    judgements = [convolve(x, 1, 1, 1, "float32"), convolve(whole, 1, 1, 1, "float32")]
    logits = layers.Add(name="logits", dtype="float32")(judgements)
    return keras.Model([l, ab], logits, name="sagan_discriminator")
