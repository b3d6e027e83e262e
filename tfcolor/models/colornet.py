"""Our own generator: pretrained encoder, light decoder, color classes, one refinement.

The encoder sees the photograph at half its size, which is enough to tell what is where. Color is
classified at stride 4, over the cells of a grid in the ab plane (arXiv:1603.08511), and refined at
full size, guided by the full-size lightness. The refinement is computed at stride 2, with the
lightness of 2 x 2 pixels in four channels: only ab itself is handled at full size.
"""

import keras
from keras import layers, ops

from tfcolor import config
from tfcolor.color import classes
from tfcolor.models import blocks, efficientnet, encoders

TEMPERATURE = 0.6  # for the annealed mean; lower is more saturated
STRIDE = 64  # sides must be multiples of it: the encoder's 32 at half size
DECODER_WIDTHS = {16: 128, 8: 96, 4: 64, 2: 48}  # the encoder's stride -> channels
BOTTLENECK = 256
REFINEMENT = 16  # channels


class SpaceToDepth(layers.Layer):
    """(n, h, w, c) -> (n, h / 2, w / 2, 4 c)."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Moves 2 x 2 places into channels; `ops.space_to_depth` would use only one core."""
        n, h, w = ops.shape(x)[:3]
        x = ops.reshape(x, (n, h // 2, 2, w // 2, 2, x.shape[3]))
        return ops.reshape(
            ops.transpose(x, (0, 1, 3, 2, 4, 5)), (n, h // 2, w // 2, 4 * x.shape[5])
        )


class Mean(layers.Layer):
    """(n, h, w, c) -> (n, h, w, 1), the mean of the channels."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Takes the mean."""
        return ops.mean(x, axis=-1, keepdims=True)


class DepthToSpace(layers.Layer):
    """(n, h, w, 4 c) -> (n, 2 h, 2 w, c); undoes `SpaceToDepth`."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Moves channels into 2 x 2 places."""
        if hasattr(ops, "depth_to_space"):  # of Keras 3.14, which needs Python 3.11
            return ops.depth_to_space(x, 2)
        n, h, w = ops.shape(x)[:3]
        c = x.shape[-1] // 4
        x = ops.transpose(ops.reshape(x, (n, h, w, 2, 2, c)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (n, 2 * h, 2 * w, c))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the output; sides that are not known are None."""
        n, h, w, c = shape
        return n, h and 2 * h, w and 2 * w, c // 4  # type: ignore[operator]  # c is known


def build(
    encoder: str = config.BUNDLED_BACKBONE,
    dtype: str = "float32",
    seed: int = 0,
    weights: str = "random",
    chroma: float = 1.0,
) -> keras.Model:
    """The generator with both of its outputs; 3.6 M parameters with the bundled encoder.

    Args:
      encoder: one of `config.BACKBONES`.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the random weights.
      weights: "imagenet" (the encoder's), or "random", such as before loading a checkpoint.
      chroma: factor of the predicted chroma.

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1], sides multiples of `STRIDE`, -> {"ab": float32
      (n, h, w, 2), about in [-1, 1], "logits": float32 (n, h / 4, w / 4, 258) over
      `classes.ab_bins()`}.

    Raises:
      ValueError: for an unknown encoder, or if its weights cannot be downloaded.
    """
    l = keras.Input((None, None, 1), name="l")
    guide = SpaceToDepth(name="l_depth", dtype=dtype)(l)
    half = Mean(name="half", dtype=dtype)(guide)
    features = encoders.encode(half, encoder, dtype, weights, seed)
    x = efficientnet.convolve(features[32], BOTTLENECK, 1, "bottleneck", dtype)
    x = blocks.add_scene(x, dtype)
    for stride, width in DECODER_WIDTHS.items():
        x = join(x, features[stride], width, f"decoder{stride}", dtype)

    outputs = paint(x, guide, TEMPERATURE, dtype)
    outputs["ab"] = multiply(outputs["ab"], chroma)
    model = keras.Model(l, outputs, name="colornet")
    blocks.draw([x for x in model.layers if not x.name.startswith("encoder")], seed)
    return model


def multiply(ab: keras.KerasTensor, chroma: float) -> keras.KerasTensor:
    """Multiplies the chroma of planes ab."""
    # A factor of 1 adds no layer, since checkpoints number the layers.
    return ab if chroma == 1.0 else layers.Rescaling(chroma, name="chroma", dtype="float32")(ab)


def join(
    x: keras.KerasTensor, skip: keras.KerasTensor, width: int, name: str, dtype: str
) -> keras.KerasTensor:
    """One decoder step: 1 x 1 convolution, doubling, joining the skip, 3 x 3 convolution."""
    x = efficientnet.convolve(x, width // 2, 1, f"{name}_narrow", dtype)
    x = blocks.BilinearUp(name=f"{name}_up", dtype=dtype)(x)
    x = layers.Concatenate(name=f"{name}_join", dtype=dtype)([x, skip])
    return efficientnet.convolve(x, width, 3, f"{name}_conv", dtype)


def paint(
    x: keras.KerasTensor, guide: keras.KerasTensor, temperature: float, dtype: str
) -> dict[str, keras.KerasTensor]:
    """The end of a decoder: color classes at its stride of 4, and color at full size.

    Args:
      x: (n, h / 4, w / 4, c), features of the decoder.
      guide: (n, h / 2, w / 2, 4), the lightness of the photograph in `SpaceToDepth`'s order.
      temperature: of the annealed mean.
      dtype: Keras dtype policy of the body.

    Returns:
      {"ab": float32 (n, h, w, 2), "logits": float32 (n, h / 4, w / 4, 258)}.
    """
    logits = layers.Conv2D(len(classes.ab_bins()), 1, name="bins", dtype=dtype)(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(logits)
    # Color itself always stays float32.
    ab = blocks.AnnealedMean(temperature, name="annealed_mean", dtype="float32")(logits)
    ab = _refine(guide, x, blocks.BilinearUp(name="ab_up2", dtype="float32")(ab), dtype)
    return {"ab": ab, "logits": logits}


def _refine(
    guide: keras.KerasTensor, x: keras.KerasTensor, ab: keras.KerasTensor, dtype: str
) -> keras.KerasTensor:
    """Color planes at stride 2 -> at full size, plus a change that is 0 before training."""
    x = efficientnet.convolve(x, REFINEMENT, 1, "refine_narrow", dtype)
    x = blocks.BilinearUp(name="refine_up", dtype=dtype)(x)
    guess = layers.Activation("linear", name="ab_body", dtype=dtype)(ab)
    x = layers.Concatenate(name="refine_join", dtype=dtype)([x, guide, guess])
    x = efficientnet.convolve(x, REFINEMENT, 3, "refine_conv", dtype)
    x = layers.Conv2D(
        4 * 2, 3, padding="same", kernel_initializer="zeros", name="refine_change", dtype=dtype
    )(x)
    change = DepthToSpace(name="refine_change_full", dtype="float32")(x)
    ab = blocks.BilinearUp(name="ab_up1", dtype="float32")(ab)
    return layers.Add(name="ab", dtype="float32")([ab, change])
