"""The network of the bundled weights: the first form of `colornet`, four times as costly.

Color is classified at stride 4, over the cells of a grid in the ab plane (arXiv:1603.08511), and
then refined at strides 2 and 1, guided by the lightness. Fully convolutional: any multiple of 32.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from tfcolor import quantize
from tfcolor.models import blocks, efficientnet

WEIGHTS = Path(__file__).parent / "weights" / "tfcolor.npz"
TEMPERATURE = 0.6  # of the annealed mean; lower is more saturated
IMAGE_SIZE = 192  # short side that the network sees, pixels; see docs/model.md
STRIDE = 32  # sides must be multiples of it
DECODER_WIDTHS = {16: 160, 8: 112, 4: 80}  # stride -> channels


def build(dtype: str = "float32") -> keras.Model:
    """The generator with both of its outputs, its weights drawn; 4.3 M parameters.

    Args:
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1], sides multiples of `STRIDE`, -> {"ab": float32
      (n, h, w, 2), about in [-1, 1], "logits": float32 (n, h / 4, w / 4, 258) over
      `quantize.ab_bins()`}.
    """
    l = keras.Input((None, None, 1), name="l")
    features = efficientnet.encode(l, dtype)
    x = blocks.add_scene(efficientnet.convolve(features[32], 256, 1, "bottleneck", dtype), dtype)
    for stride, width in DECODER_WIDTHS.items():
        x = _join(x, [features[stride]], width, width, f"decoder{stride}", dtype)

    logits = layers.Conv2D(len(quantize.ab_bins()), 1, name="bins", dtype=dtype)(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(logits)
    ab = blocks.AnnealedMean(TEMPERATURE, name="annealed_mean", dtype="float32")(logits)

    # Small corrections at strides 2 and 1; color itself stays float32 all the way.
    ab = blocks.BilinearUp(name="coarse_up2", dtype="float32")(ab)
    x = _join(x, [features[2], _cast(ab, "coarse_half", dtype)], 24, 24, "refine2", dtype)
    ab = _correct(ab, x, "refine2", dtype, name="refine2_add")
    ab = blocks.BilinearUp(name="half_up", dtype="float32")(ab)
    guides = [_cast(ab, "full_guess", dtype), _cast(l, "l_body", dtype)]
    x = _join(x, guides, 12, 16, "refine1", dtype, convolutions=1)
    ab = _correct(ab, x, "refine1", dtype, name="ab")
    return keras.Model(l, {"ab": ab, "logits": logits}, name="bundled")


def load() -> keras.Model:
    """The generator with the weights that come with the package."""
    generator = build()
    load_weights(generator)
    return generator


def load_weights(model: keras.Model, prefix: str = "") -> None:
    """Puts the weights that come with the package into a model with layers of the same names.

    Args:
      model: `build`'s, or another with some of its layers, such as the encoder.
      prefix: of the names of the layers that are filled.
    """
    with np.load(WEIGHTS) as weights:
        for variable in model.variables:
            if variable.path.startswith(prefix):
                variable.assign(weights[variable.path].astype(np.float32))


def _join(
    x: keras.KerasTensor,
    skips: list[keras.KerasTensor],
    narrow: int,
    width: int,
    name: str,
    dtype: str,
    convolutions: int = 2,
) -> keras.KerasTensor:
    """One step up: narrow, double, join the skips, 3 x 3 convolutions."""
    x = efficientnet.convolve(x, narrow, 1, f"{name}_narrow", dtype)
    x = blocks.BilinearUp(name=f"{name}_up", dtype=dtype)(x)
    x = layers.Concatenate(name=f"{name}_join", dtype=dtype)([x, *skips])
    for index in range(convolutions):
        x = efficientnet.convolve(x, width, 3, f"{name}_conv{index}", dtype)
    return x


def _correct(
    ab: keras.KerasTensor, x: keras.KerasTensor, step: str, dtype: str, name: str
) -> keras.KerasTensor:
    """Color planes plus a small change; no change at first."""
    change = layers.Conv2D(
        2, 3, padding="same", kernel_initializer="zeros", name=f"{step}_change", dtype=dtype
    )(x)
    return layers.Add(name=name, dtype="float32")(
        [ab, _cast(change, f"{step}_change32", "float32")]
    )


def _cast(x: keras.KerasTensor, name: str, dtype: str) -> keras.KerasTensor:
    return layers.Activation("linear", name=name, dtype=dtype)(x)
