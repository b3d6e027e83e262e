"""Our own generator, with or without color hints: the network of the recipe tfcolor.

A pretrained encoder sees the photograph at full size; its first layers keep their ImageNet weights.
Hints (arXiv:1705.02999) join after those layers and in the decoder, so that the network itself
spreads them over what it sees as one object. Color is classified at stride 4, over the cells of a
grid in the ab plane (arXiv:1603.08511), and refined at full size, guided by lightness.
"""

import keras
from keras import layers, ops

from tfcolor.models import blocks, colornet, efficientnet

STRIDE = 32  # sides must be multiples of it
TEMPERATURE = 0.6  # for the annealed mean; lower is more saturated
WIDTH = 32  # channels; those below are multiples of it
DECODER_WIDTHS = {16: 4, 8: 3, 4: 2}  # stride -> channels, as a multiple of the width
BOTTLENECK = 8  # channels, as a multiple of the width
HINT_STRIDE = 4  # where hints join: the stride of the color classes
HINT_CHANNELS = 32
# Blocks of the encoder, up to that stride, that a stage with frozen "encoder_start" does not train:
# the edges and textures that they detect are the same in all photographs. Their batch normalization
# is folded into their convolutions; the blocks that are trained need theirs, or they learn slowly.
START = 3


class HintedModel(keras.Model):
    """A functional model of {"l", "hints"} that also takes l alone, without hints."""

    def __call__(self, inputs: object, *args: object, **options: object) -> object:
        """Calls the model with the given hints, or else with planes of zeros."""
        if not isinstance(inputs, dict):
            l = ops.convert_to_tensor(inputs)
            inputs = {"l": l, "hints": ops.repeat(ops.zeros_like(l), 3, axis=-1)}
        return super().__call__(inputs, *args, **options)


class MaskedMean(layers.Layer):
    """Hints (n, h, w, 3) -> (n, h / 4, w / 4, 4): mean a and b of the hints in a cell, mask."""

    def call(self, hints: keras.KerasTensor) -> keras.KerasTensor:
        """Means weighted by the mask, and the mask's mean and largest value."""
        mask = hints[..., 2:]
        share = ops.average_pool(mask, HINT_STRIDE, HINT_STRIDE)
        ab = ops.average_pool(hints[..., :2] * mask, HINT_STRIDE, HINT_STRIDE) / (share + 1e-6)
        return ops.concatenate([ab, share, ops.max_pool(mask, HINT_STRIDE, HINT_STRIDE)], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, h, w, 3) -> (n, h / 4, w / 4, 4)."""
        n, h, w, _ = input_shape
        return (n, h and h // HINT_STRIDE, w and w // HINT_STRIDE, 4)


def build(
    width: int = WIDTH,
    dtype: str = "float32",
    seed: int = 0,
    weights: str = "random",
    chroma: float = 1.0,
) -> keras.Model:
    """The generator; 3.6 M parameters at the width of the recipe.

    Args:
      width: of the decoder, which has 2 to 8 times as many channels.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the random weights.
      weights: "imagenet" (the encoder's), or "random", such as before loading a checkpoint.
      chroma: factor of the predicted chroma; hints keep theirs.

    Returns:
      A model {"l": float32 (n, h, w, 1) in [-1, 1], "hints": float32 (n, h, w, 3)}, or l alone, ->
      {"ab": float32 (n, h, w, 2), about in [-1, 1], "logits": float32 (n, h / 4, w / 4, 258) over
      `classes.ab_bins()`}. Sides are multiples of `STRIDE`. Hints are ab planes and a mask in
      [0, 1], the certainty of each hint; 0 is no hint.
    """
    l, hints = keras.Input((None, None, 1), name="l"), keras.Input((None, None, 3), name="hints")
    shown = hints
    if chroma != 1.0:  # the chroma of hints is divided by what the output is multiplied by
        scale = [1 / chroma, 1 / chroma, 1.0]
        shown = layers.Rescaling(scale, name="hint_chroma", dtype="float32")(hints)
    known = _see_hints(shown, dtype)
    entry = layers.Conv2D(
        efficientnet.channels(HINT_STRIDE),
        1,
        kernel_initializer="zeros",
        name="hint_entry",
        dtype=dtype,
    )(known)
    features = efficientnet.encode(l, dtype, folded=START, added={HINT_STRIDE: entry})
    x = efficientnet.convolve(features[32], BOTTLENECK * width, 1, "bottleneck", dtype)
    x = blocks.add_scene(x, dtype)
    for stride, widths in DECODER_WIDTHS.items():
        skip = features[stride]
        if stride == HINT_STRIDE:
            skip = layers.Concatenate(name="hint_join", dtype=dtype)([skip, known])
        x = colornet.join(x, skip, widths * width, f"decoder{stride}", dtype)
    guide = colornet.SpaceToDepth(name="l_depth", dtype=dtype)(l)
    outputs = colornet.paint(x, guide, TEMPERATURE, dtype)
    outputs["ab"] = colornet.multiply(outputs["ab"], chroma)
    model = HintedModel({"l": l, "hints": hints}, outputs, name="hintnet")
    blocks.draw([x for x in model.layers if not x.name.startswith("encoder")], seed)
    if weights == "imagenet":
        efficientnet.load_encoder(model)
    else:
        blocks.draw([x for x in model.layers if x.name.startswith("encoder")], seed + 1)
    return model


def is_start(layer: keras.Layer) -> bool:
    """Whether a layer of a generator belongs to the encoder's start; see `START`."""
    return layer.name.startswith(
        ("encoder_stem", *(f"encoder_block{block}_" for block in range(START)))
    )


def _see_hints(hints: keras.KerasTensor, dtype: str) -> keras.KerasTensor:
    """Hints -> features of the hints around each place; (n, h / 4, w / 4, `HINT_CHANNELS`)."""
    x = MaskedMean(name="hint_mean", dtype="float32")(hints)
    for index in (1, 2):
        # Without batch normalization: most photographs have no hints, and the others have few.
        x = layers.Conv2D(
            HINT_CHANNELS,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"hint_conv{index}",
            dtype=dtype,
        )(x)
    return x
