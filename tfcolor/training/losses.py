"""Terms of the objectives, as plain functions in `keras.ops`: they run on any Keras backend.

They are not `keras.losses.Loss`, which would divide by the replica count a second time under a
distribution strategy (the train step does it once). All are means over photographs.
"""

from collections.abc import Mapping
from typing import Any

from keras import ops

from tfcolor.color import cielab, quantize
from tfcolor.images.resizing import arrays

Tensor = Any  # a tensor of whatever backend Keras runs on

COLORFULNESS_UNIT = 40.0  # about the mean colorfulness of photographs
_EPSILON = 1e-4  # under square roots, whose slope at 0 is infinite


def discriminator_adversarial(
    real_logits: Tensor, fake_logits: Tensor, kind: str = "bce", label_smoothing: float = 0.0
) -> Tensor:
    """The adversarial loss of the discriminator.

    Args:
      real_logits, fake_logits: float32, any shape; > 0 where a patch is judged real.
      kind: "bce", half the sum of the cross-entropies on real and fake (arXiv:1611.07004, 3.3), or
        "hinge" (arXiv:1805.08318, 3).
      label_smoothing: the target for real patches is 1 - this, for fake ones 0 (one-sided,
        arXiv:1606.03498, 3.4); "bce" only.

    Returns:
      float32 (); log 2 nats ("bce") or 2 ("hinge") for a discriminator that sees no difference.
    """
    if kind == "hinge":
        return ops.mean(ops.relu(1.0 - real_logits)) + ops.mean(ops.relu(1.0 + fake_logits))
    # softplus(-x) = -log sigmoid(x), without its overflow; softplus(x) = softplus(-x) + x.
    real = ops.mean(ops.softplus(-real_logits) + label_smoothing * real_logits)
    return 0.5 * (real + ops.mean(ops.softplus(fake_logits)))


def generator_adversarial(fake_logits: Tensor, kind: str = "bce") -> Tensor:
    """The adversarial loss of the generator.

    Args:
      fake_logits: float32, any shape.
      kind: "bce", the non-saturating -log D(G(x, z)) (arXiv:1406.2661, 3), or "hinge", -D(G(x, z)).

    Returns:
      float32 ().
    """
    return -ops.mean(fake_logits) if kind == "hinge" else ops.mean(ops.softplus(-fake_logits))


def l1(truth: Tensor, fake: Tensor) -> Tensor:
    """Mean absolute difference of two pictures.

    Args:
      truth, fake: float32 (n, h, w, c) in [-1, 1].

    Returns:
      float32 (); of ab planes in units of `constants.AB_SCALE`.
    """
    return ops.mean(ops.abs(truth - fake))


def classification(ab: Tensor, logits: Tensor, uniform_share: float) -> Tensor:
    """Class-rebalanced cross-entropy over soft-encoded ab bins (arXiv:1603.08511, 2.2).

    Args:
      ab: float32 (n, h, w, 2) in [-1, 1], the truth.
      logits: float32 (n, h / s, w / s, 258) over `classes.ab_bins()`, for a whole number s.
      uniform_share: see `quantize.bin_weights`.

    Returns:
      float32 (), nats.
    """
    stride = ab.shape[1] // logits.shape[1]
    target = quantize.soft_encode(ops.average_pool(ab, stride, stride))
    weights = ops.convert_to_tensor(quantize.bin_weights(uniform_share)[:, None])
    weight = ops.matmul(target, weights)[..., 0]
    return ops.mean(weight * -ops.sum(target * ops.log_softmax(logits, axis=-1), axis=-1))


def colorfulness(l: Tensor, ab: Tensor, fake_ab: Tensor) -> Tensor:
    """Mean squared difference of photographs' colorfulness, whether too dull or too gaudy.

    It is squared, so that its minimum keeps the mean colorfulness where color has to be guessed.

    Args:
      l: float32 (n, h, w, 1) in [-1, 1].
      ab, fake_ab: float32 (n, h, w, 2) in [-1, 1], the truth and the generator's.

    Returns:
      float32 (), in units of `COLORFULNESS_UNIT` squared.
    """
    difference = _colorfulness(l, fake_ab) - _colorfulness(l, ab)
    return ops.mean(ops.square(difference / COLORFULNESS_UNIT))


def perceptual(features: Mapping[str, Tensor], fake_features: Mapping[str, Tensor]) -> Tensor:
    """Mean absolute difference of a network's features, each layer in units of its own size.

    Args:
      features, fake_features: layer -> float32 (n, h, w, c), of the truth and the generator's.

    Returns:
      float32 (), a mean over layers; 1 is a difference as large as the features.
    """
    terms = [
        ops.mean(ops.abs(truth - fake_features[layer]))
        / (ops.stop_gradient(ops.mean(ops.abs(truth))) + _EPSILON)
        for layer, truth in features.items()
    ]
    return sum(terms) / len(terms)


def size(fake_ab: Tensor, small_fake_ab: Tensor) -> Tensor:
    """Mean absolute difference between the colors predicted at two sizes of the same photographs.

    Args:
      fake_ab: float32 (n, h, w, 2) in [-1, 1].
      small_fake_ab: float32 (n, h', w', 2), of the photographs reduced to h' x w'.

    Returns:
      float32 (), in units of `constants.AB_SCALE`.
    """
    return l1(reduce(fake_ab, small_fake_ab.shape[1]), small_fake_ab)


def reduce(planes: Tensor, side: int) -> Tensor:
    """Planes (n, h, w, c) at side x side pixels, as `resizing.arrays` resizes.

    It multiplies by the matrices there: XLA, and so a TPU, has no op for means of areas.
    """
    rows, columns = (arrays.matrix(length, side) for length in planes.shape[1:3])
    planes = ops.einsum("nhwc,sh->nswc", planes, ops.cast(rows, planes.dtype))
    return ops.einsum("nhwc,sw->nhsc", planes, ops.cast(columns, planes.dtype))


def _colorfulness(l: Tensor, ab: Tensor) -> Tensor:
    """Signed Hasler-Suesstrunk colorfulness of sRGB 0..255, of each photograph; float32 (n,)."""
    red, green, blue = ops.unstack(255.0 * cielab.planes_to_rgb(l, ab), 3, axis=-1)
    opponents = ops.stack([red - green, (red + green) / 2 - blue], axis=-1)  # (n, h, w, 2)
    mean = ops.mean(opponents, axis=(1, 2))
    variance = ops.mean(ops.square(opponents - mean[:, None, None]), axis=(1, 2))
    spread = ops.sqrt(ops.sum(variance, axis=-1) + _EPSILON)
    return spread + 0.3 * ops.sqrt(ops.sum(ops.square(mean), axis=-1) + _EPSILON)
