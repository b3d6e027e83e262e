"""One step of pix2pix (arXiv:1611.07004, 3): G* = arg min_G max_D L_cGAN(G, D) + lambda L_L1(G)."""

from collections.abc import Callable

import tensorflow as tf

from tfcolor import losses
from tfcolor.training import state as states

Batch = dict[str, tf.Tensor]
Metrics = dict[str, tf.Tensor]


def make_train_step(
    strategy: tf.distribute.Strategy, l1_weight: float, jit: bool = False
) -> Callable[[states.TrainState, Batch], Metrics]:
    """The train step for a strategy: (state, global batch) -> float32 () means over the batch."""
    replicas = strategy.num_replicas_in_sync

    @tf.function(jit_compile=jit or None)
    def replica_step(state: states.TrainState, batch: Batch) -> Metrics:
        l, ab = batch["l"], batch["ab"]
        generator, discriminator = state.generator, state.discriminator

        with tf.GradientTape() as g_tape:
            fake_ab = generator(l, training=True)  # the step's only generator pass

            with g_tape.stop_recording():
                with tf.GradientTape() as d_tape:
                    real_logits = discriminator([l, ab], training=True)
                    fake_logits = discriminator([l, fake_ab], training=True)
                    d_loss = losses.discriminator_adversarial(real_logits, fake_logits)
                    d_scaled = state.d_optimizer.scale_loss(d_loss / replicas)
                d_weights = discriminator.trainable_variables
                state.d_optimizer.apply(d_tape.gradient(d_scaled, d_weights), d_weights)

            # The generator answers to the discriminator as it is now, one update later.
            judged = discriminator([l, fake_ab], training=True)
            g_gan = losses.generator_adversarial(judged)
            g_l1 = losses.l1(ab, fake_ab)
            g_loss = g_gan + l1_weight * g_l1
            g_scaled = state.g_optimizer.scale_loss(g_loss / replicas)
        g_weights = generator.trainable_variables
        state.g_optimizer.apply(g_tape.gradient(g_scaled, g_weights), g_weights)

        state.step.assign_add(1)
        return {
            "d_loss": d_loss,
            "d_accuracy_real": tf.reduce_mean(tf.cast(real_logits > 0, tf.float32)),
            "d_accuracy_fake": tf.reduce_mean(tf.cast(fake_logits < 0, tf.float32)),
            "g_loss": g_loss,
            "g_gan": g_gan,
            "g_l1": g_l1,
        }

    @tf.function
    def train_step(state: states.TrainState, batch: Batch) -> Metrics:
        metrics = strategy.run(replica_step, args=(state, batch))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
            for name, value in metrics.items()
        }

    return train_step
