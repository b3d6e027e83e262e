"""The generator's objective: the weighted terms of a stage."""

from collections.abc import Callable, Mapping

import tensorflow as tf
from keras import ops

from tfcolor import config
from tfcolor.color import cielab
from tfcolor.training import losses

Planes = dict[str, tf.Tensor]
Features = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]


def target(batch: Planes, outputs: Planes) -> tf.Tensor:
    """The target of the generator: ab, or RGB in [-1, 1]; float32 (n, h, w, c)."""
    if "rgb" in outputs:
        return 2.0 * cielab.planes_to_rgb(batch["l"], batch["ab"]) - 1.0
    return batch["ab"]


def painted(outputs: Planes) -> tf.Tensor:
    """The planes that the generator painted, in the form of `target`."""
    return outputs["rgb"] if "rgb" in outputs else outputs["ab"]


def color_planes(outputs: Planes) -> tf.Tensor:
    """The ab planes that the generator painted; float32 (n, h, w, 2)."""
    if "rgb" in outputs:
        return cielab.rgb_to_planes(0.5 * (outputs["rgb"] + 1.0))[1]
    return outputs["ab"]


def shown(batch: Planes, side: int | None = None) -> tf.Tensor | Planes:
    """The generator's input from a batch: its lightness, and hints if it has any.

    Args:
      batch: "l" float32 (n, s, s, 1); "hints" (n, s, s, 3), if any.
      side: to reduce both to, pixels.
    """
    l, hints = batch["l"], batch.get("hints")
    if side is not None:
        l = losses.reduce(l, side)
    if hints is None:
        return l
    if side is not None:
        mask = losses.reduce(hints[..., 2:], side)
        ab = losses.reduce(hints[..., :2] * hints[..., 2:], side) / (mask + 1e-6)
        hints = ops.concatenate([ab, mask], -1)
    return {"l": l, "hints": hints}


def terms(
    stage: config.StageConfig,
    batch: Planes,
    outputs: Planes,
    generate: Callable[[tf.Tensor | Planes], Planes],
    judge: Callable[[tf.Tensor], tf.Tensor],
    features: Features | None,
    stride: int,
) -> dict[str, tf.Tensor]:
    """The terms that have a weight in a stage, by name.

    Args:
      stage: with the weights.
      batch: "l" float32 (n, s, s, 1) and "ab" (n, s, s, 2).
      outputs: the generator's for the batch.
      generate: the generator in training mode: what `shown` returns -> outputs.
      judge: the discriminator on the batch's l: planes -> logits.
      features: RGB float32 (n, s, s, 3) in [0, 255] -> features by layer; for the perceptual term.
      stride: the sides of the generator's input must be multiples of it.

    Returns:
      name -> float32 (), such as "gan" for `gan_weight`.
    """
    l, ab, planes = batch["l"], batch["ab"], color_planes(outputs)
    found = {}
    if stage.gan_weight:
        found["gan"] = losses.generator_adversarial(judge(painted(outputs)), stage.gan_loss)
    if stage.l1_weight:
        found["l1"] = losses.l1(target(batch, outputs), painted(outputs))
    if stage.classification_weight:
        found["classification"] = losses.classification(ab, outputs["logits"], stage.uniform_share)
    if stage.perceptual_weight:
        assert features is not None
        truth, fake = (features(255.0 * cielab.planes_to_rgb(l, x)) for x in (ab, planes))
        found["perceptual"] = losses.perceptual(truth, fake)
    if stage.colorfulness_weight:
        # Means of 2 x 2 pixels give nearly the same figure with a quarter of the conversions.
        pooled = (ops.average_pool(x, 2) for x in (l, ab, planes))
        found["colorfulness"] = losses.colorfulness(*pooled)
    if stage.size_weight:
        side = l.shape[1] // 2 // stride * stride
        small = color_planes(generate(shown(batch, side)))
        found["size"] = losses.size(planes, small)
    return found


def total(stage: config.StageConfig, found: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """The weighted sum of the terms; float32 ()."""
    return tf.add_n([getattr(stage, f"{name}_weight") * value for name, value in found.items()])
