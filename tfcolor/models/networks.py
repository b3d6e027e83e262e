"""Builds the networks that a config describes."""

from pathlib import Path

import keras

from tfcolor import config
from tfcolor.models import (
    blocks,
    cdcgan,
    colorful,
    colornet,
    hintnet,
    patchgan,
    pretrained_unet,
    sagan,
    shipped,
    unet,
)


def build_generator(
    settings: config.ModelConfig, dtype: str, seed: int, weights: str = "random"
) -> keras.Model:
    """A generator: l float32 (n, h, w, 1) in [-1, 1] -> {"ab": ...} or {"rgb": ...}, see each.

    The generators in `config.HINTED` take {"l": l, "hints": float32 (n, h, w, 3)} as well.

    Args:
      settings: which network, and its size.
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".
      seed: of the random weights.
      weights: "random", "imagenet" (the encoder's), "tfcolor" (the bundled model's) or an .npz
        file of all weights by their Keras paths; `settings.weights` is not used.

    Raises:
      ValueError: for an unknown encoder, if its weights cannot be downloaded, or for a file of
        other weights.
      OSError: if the file cannot be read.
    """
    if weights == "tfcolor" or weights.endswith(".npz"):
        generator = build_generator(settings, dtype, seed)
        blocks.fill(generator, shipped.WEIGHTS if weights == "tfcolor" else Path(weights))
        return generator
    width, encoder = settings.width, settings.encoder
    match settings.generator:
        case "cdcgan":
            return cdcgan.build_generator(width, settings.depth, dtype, seed)
        case "sagan":
            return sagan.build_generator(width, dtype, seed)
        case "colorful":
            return colorful.build(width, dtype, seed)
        case "pretrained-unet":
            return pretrained_unet.build(encoder, width, dtype, seed, weights)
        case "colornet":
            return colornet.build(encoder, dtype, seed, weights)
        case "hintnet":
            return hintnet.build(width, dtype, seed, weights)
    return unet.build(
        width,
        settings.depth,
        settings.normalization,
        settings.dropout,
        settings.space,
        dtype,
        seed,
    )


def build_discriminator(settings: config.ModelConfig, dtype: str, seed: int) -> keras.Model:
    """A discriminator: [l (n, h, w, 1), planes (n, h, w, c)] -> logits, see each."""
    width, channels = settings.width, unet.CHANNELS[settings.space]
    match settings.discriminator:
        case "cdcgan":
            return cdcgan.build_discriminator(width, settings.depth - 1, channels, dtype, seed)
        case "sagan":
            return sagan.build_discriminator(width, channels, dtype, seed)
    return patchgan.build(
        width,
        settings.normalization,
        settings.spectral,
        channels,
        dtype,
        seed,
        settings.discriminator_depth,
    )
