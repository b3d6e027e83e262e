"""The 70 x 70 PatchGAN discriminator of pix2pix (arXiv:1611.07004, 6.1.2)."""

import keras
from keras import layers

from tfcolor.models import blocks


def build(
    width: int = 64, normalization: str = "batch", dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """The discriminator C64-C128-C256-C512, conditional on the lightness plane.

    Args:
      width: channels of the first layer.
      normalization: "batch" or "instance".
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.

    Returns:
      A model [float32 (n, h, w, 1), float32 (n, h, w, 2)] -> float32 (n, h/8 - 2, w/8 - 2, 1)
      logits, one for each patch of 70 x 70 pixels; > 0 where it is judged real.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))

    def convolve(
        x: keras.KerasTensor, channels: int, strides: int, bias: bool
    ) -> keras.KerasTensor:
        # Explicit padding of one pixel: "same" would pad a stride-1 layer unevenly.
        x = layers.ZeroPadding2D(1, dtype=dtype)(x)
        return layers.Conv2D(
            channels,
            blocks.KERNEL_SIZE,
            strides=strides,
            use_bias=bias,
            kernel_initializer=blocks.initial_weights(next(seeds)),
            dtype=dtype,
        )(x)

    l = keras.Input((None, None, 1), name="l")
    ab = keras.Input((None, None, 2), name="ab")
    x = layers.Concatenate(dtype=dtype)([l, ab])
    x = convolve(x, width, strides=2, bias=True)
    x = layers.LeakyReLU(blocks.LEAKY_SLOPE, dtype=dtype)(x)
    for multiple, strides in ((2, 2), (4, 2), (8, 1)):
        x = convolve(x, width * multiple, strides, bias=False)
        x = blocks.normalize(normalization, dtype)(x)
        x = layers.LeakyReLU(blocks.LEAKY_SLOPE, dtype=dtype)(x)
    x = convolve(x, 1, strides=1, bias=True)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model([l, ab], logits, name="patchgan")
