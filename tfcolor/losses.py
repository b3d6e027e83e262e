"""The objective of pix2pix, as plain functions in `keras.ops`: they run on any Keras backend.

Plain functions and not `keras.losses.Loss`: under a distribution strategy those divide by the
replica count a second time (the train step does it once).
"""

from typing import Any

from keras import ops

Tensor = Any  # a tensor of whatever backend Keras runs on


def discriminator_adversarial(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Half the sum of the cross-entropies on real and fake patches (arXiv:1611.07004, 3.3).

    Args:
      real_logits, fake_logits: float32, any shape; > 0 where a patch is judged real.

    Returns:
      float32 (), nats; log 2 for a discriminator that cannot tell.
    """
    # softplus(-x) = -log sigmoid(x), without its overflow.
    return 0.5 * (ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits)))


def generator_adversarial(fake_logits: Tensor) -> Tensor:
    """Non-saturating generator loss, -log D(G(x, z)) (arXiv:1406.2661, 3).

    Args:
      fake_logits: float32, any shape.

    Returns:
      float32 (), nats.
    """
    return ops.mean(ops.softplus(-fake_logits))


def l1(ab: Tensor, fake_ab: Tensor) -> Tensor:
    """Mean absolute difference of two pairs of color planes.

    Args:
      ab, fake_ab: float32 (n, h, w, 2) in [-1, 1].

    Returns:
      float32 (), in units of `color.AB_SCALE`.
    """
    return ops.mean(ops.abs(ab - fake_ab))
