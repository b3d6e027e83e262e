"""The PatchGAN discriminators of pix2pix (arXiv:1611.07004, 6.1.2)."""

import keras
from keras import layers

from tfcolor.models import blocks, convolution, spectral_norm


def build(
    width: int = 64,
    normalization: str = "batch",
    spectral: bool = False,
    channels: int = 2,
    dtype: str = "float32",
    seed: int = 0,
    depth: int = 3,
) -> keras.Model:
    """The discriminator C64-C128-C256-C512 of depth 3, conditional on the lightness plane.

    Args:
      width: channels of the first layer.
      normalization: "batch" or "instance".
      spectral: whether spectral normalization of weights replaces normalization of features.
      channels: planes that are judged; 2 for ab, 3 for RGB.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.
      depth: number of halvings, 1 or more. The paper's C64-C128 has 1, its deepest has 5.

    Returns:
      A model [float32 (n, h, w, 1), float32 (n, h, w, channels)] -> float32 (n, h / 2**depth - 2,
      w / 2**depth - 2, 1) logits, one for each patch; > 0 where it is judged real. The side of a
      patch is 9 * 2**depth - 2 pixels: 16, 34, 70, 142, 286.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))

    def convolve(x: keras.KerasTensor, count: int, strides: int, bias: bool) -> keras.KerasTensor:
        options = {
            "strides": strides,
            "use_bias": bias,
            "kernel_initializer": blocks.initial_weights(next(seeds)),
            "dtype": dtype,
        }
        if not spectral:
            return convolution.Convolution(count, **options)(x)
        # Explicit padding of one pixel: "same" would pad a stride-1 layer unevenly.
        x = layers.ZeroPadding2D(1, dtype=dtype)(x)
        return spectral_norm.SpectralConv2D(count, blocks.KERNEL_SIZE, **options)(x)

    l = keras.Input((None, None, 1), name="l")
    color = keras.Input((None, None, channels), name="color")
    x = layers.Concatenate(dtype=dtype)([l, color])
    x = convolve(x, width, strides=2, bias=True)
    x = layers.LeakyReLU(blocks.LEAKY_SLOPE, dtype=dtype)(x)
    for layer in range(1, depth + 1):
        strides = 2 if layer < depth else 1
        x = convolve(x, width * min(2**layer, 8), strides, bias=spectral)
        if not spectral:
            x = blocks.normalize(normalization, dtype)(x)
        x = layers.LeakyReLU(blocks.LEAKY_SLOPE, dtype=dtype)(x)
    x = convolve(x, 1, strides=1, bias=True)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model([l, color], logits, name="patchgan")
