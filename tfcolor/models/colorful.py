"""The classifier of Colorful Image Colorization (arXiv:1603.08511), with dilation and no pooling.

It has 258 classes, one for every cell of our grid that sRGB reaches; the paper counts 313.
"""

import keras
from keras import layers

from tfcolor.color import classes
from tfcolor.models import blocks

STRIDE = 8  # sides must be multiples of it
TEMPERATURE = 0.38  # the paper's, for the annealed mean

# Repeats, multiple of the width, stride of the last and dilation of each block conv1 to conv7.
_BLOCKS = (
    (2, 1, 2, 1),
    (2, 2, 2, 1),
    (3, 4, 2, 1),
    (3, 8, 1, 1),
    (3, 8, 1, 2),
    (3, 8, 1, 2),
    (3, 8, 1, 1),
)


def build(width: int = 64, dtype: str = "float32", seed: int = 0) -> keras.Model:
    """The generator with both of its outputs; 32.2 M parameters at width 64.

    Args:
      width: channels of the first block.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the initial weights.

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1], sides multiples of `STRIDE`, -> {"ab": float32
      (n, h, w, 2), about in [-1, 1], "logits": float32 (n, h / 4, w / 4, 258) over
      `classes.ab_bins()`}.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))

    def convolve(
        x: keras.KerasTensor, channels: int, name: str, strides: int = 1, dilation: int = 1
    ) -> keras.KerasTensor:
        # Explicit padding: "same" would shift a strided layer by a pixel against the paper's.
        x = layers.ZeroPadding2D(dilation, name=f"{name}_pad", dtype=dtype)(x)
        return layers.Conv2D(
            channels,
            3,
            strides,
            dilation_rate=dilation,
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(next(seeds)),
            name=name,
            dtype=dtype,
        )(x)

    l = x = keras.Input((None, None, 1), name="l")
    for block, (repeats, multiple, strides, dilation) in enumerate(_BLOCKS, 1):
        for repeat in range(1, repeats + 1):
            name = f"conv{block}_{repeat}"
            last = repeat == repeats
            x = convolve(x, width * multiple, name, strides if last else 1, dilation)
        x = blocks.normalize("batch", dtype)(x)

    x = _up(x, width * 4, next(seeds), dtype)
    for repeat in (2, 3):
        x = convolve(x, width * 4, f"conv8_{repeat}")
    return keras.Model(l, _decode(x, next(seeds), dtype), name="colorful")


def _up(x: keras.KerasTensor, channels: int, seed: int, dtype: str) -> keras.KerasTensor:
    """conv8_1: stride 8 to stride 4."""
    x = layers.Conv2DTranspose(
        channels,
        4,
        strides=2,
        padding="same",
        kernel_initializer=keras.initializers.HeNormal(seed),
        name="conv8_1",
        dtype=dtype,
    )(x)
    return layers.ReLU(dtype=dtype)(x)


def _decode(x: keras.KerasTensor, seed: int, dtype: str) -> dict[str, keras.KerasTensor]:
    """Features at stride 4 -> logits there, and their color planes at full size."""
    logits = layers.Conv2D(
        len(classes.ab_bins()),
        1,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        name="bins",
        dtype=dtype,
    )(x)
    # float32 whatever the body computes in: Lab arithmetic follows.
    logits = layers.Activation("linear", dtype="float32", name="logits")(logits)
    ab = blocks.AnnealedMean(TEMPERATURE, name="annealed_mean", dtype="float32")(logits)
    ab = blocks.BilinearUp(name="half", dtype="float32")(ab)
    ab = blocks.BilinearUp(name="ab", dtype="float32")(ab)
    return {"ab": ab, "logits": logits}
