"""The U-Net generator of pix2pix (arXiv:1611.07004, 6.1.1)."""

import keras
from keras import layers

from tfcolor.models import blocks, convolution, upconvolution

MAX_MULTIPLE = 8  # channels grow to 8 times the width, 512 in the paper
DROPOUT_BLOCKS = 3
PLANES = {"lab": "ab", "rgb": "rgb"}  # space -> name of the generator's output
CHANNELS = {"lab": 2, "rgb": 3}


def build(
    width: int = 64,
    depth: int = 8,
    normalization: str = "batch",
    dropout: float = 0.5,
    space: str = "lab",
    dtype: str = "float32",
    seed: int = 0,
) -> keras.Model:
    """The generator: lightness plane in, color planes or all of RGB out.

    Down C64-C128-C256-C512-C512-C512-C512-C512, up CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128
    (counted after the skip joins) for width 64 and depth 8.

    Args:
      width: channels of the first layer.
      depth: number of halvings; height and width must be multiples of 2**depth.
      normalization: "batch" or "instance".
      dropout: rate in the decoder's first three blocks while training; the noise z of the paper.
      space: "lab" or "rgb".
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights and of the noise.

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1] -> {"ab": float32 (n, h, w, 2) in (-1, 1)} or
      {"rgb": float32 (n, h, w, 3) in (-1, 1)}. With `training=False` it is
      deterministic, and the photographs of a batch do not affect each other.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))
    channels = [width * min(2**level, MAX_MULTIPLE) for level in range(depth)]

    def resize(kind: type, x: keras.KerasTensor, count: int, bias: bool) -> keras.KerasTensor:
        return kind(
            count,
            strides=2,
            use_bias=bias,
            kernel_initializer=blocks.initial_weights(next(seeds)),
            dtype=dtype,
        )(x)

    l = x = keras.Input((None, None, 1), name="l")
    skips = []
    for level, count in enumerate(channels):
        # The paper normalizes neither the first layer nor (by its erratum) the bottleneck, where
        # one value per channel would be normalized to zero.
        normalized = 0 < level < depth - 1
        x = resize(convolution.Convolution, x, count, bias=not normalized)
        if normalized:
            x = blocks.normalize(normalization, dtype)(x)
        skips.append(x)
        if level < depth - 1:
            x = layers.LeakyReLU(blocks.LEAKY_SLOPE, dtype=dtype)(x)

    for block, level in enumerate(reversed(range(depth - 1))):
        x = layers.ReLU(dtype=dtype)(x)
        x = resize(upconvolution.UpConvolution, x, channels[level], bias=False)
        x = blocks.normalize(normalization, dtype)(x)
        if block < DROPOUT_BLOCKS and dropout:
            x = layers.Dropout(dropout, seed=next(seeds), dtype=dtype)(x)
        x = layers.Concatenate(dtype=dtype)([x, skips[level]])

    x = resize(upconvolution.UpConvolution, layers.ReLU(dtype=dtype)(x), CHANNELS[space], bias=True)
    # float32 whatever the body computes in: Lab arithmetic follows.
    x = layers.Activation("tanh", dtype="float32", name=PLANES[space])(x)
    return keras.Model(l, {PLANES[space]: x}, name="unet")
