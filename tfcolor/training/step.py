"""One train step of a stage: the discriminator's updates, then the generator's."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tfcolor import config
from tfcolor.training import losses, objective, states

Batch = dict[str, tf.Tensor]
Metrics = dict[str, tf.Tensor]


def make_train_step(
    strategy: tf.distribute.Strategy,
    settings: config.TrainConfig,
    stage: config.StageConfig,
    features: objective.Features | None = None,
) -> Callable[[states.TrainState, Batch], Metrics]:
    """The train step of a stage: (state, global batch) -> float32 () means over the batch.

    Args:
      strategy: of the run; the state was made in its scope.
      settings: of the run.
      stage: the current one.
      features: of the perceptual term; see `objective.terms`.
    """
    replicas = strategy.num_replicas_in_sync

    @tf.function(autograph=False, jit_compile=settings.jit or None)
    def replica_step(state: states.TrainState, batch: Batch) -> Metrics:
        metrics: Metrics = {}
        with tf.GradientTape() as tape:
            outputs = state.generator(
                objective.shown(batch), training=True
            )  # the batch's only pass at its full size
            if stage.gan_weight and "discriminator" not in stage.frozen:
                with tape.stop_recording():
                    for _ in range(stage.d_updates):
                        metrics |= update_discriminator(state, batch, outputs)
            if "generator" in stage.frozen:
                return metrics
            # The generator is judged by the discriminator after its update.
            terms = objective.terms(
                stage,
                batch,
                outputs,
                generate=lambda planes: state.generator(planes, training=True),
                judge=lambda planes: state.discriminator([batch["l"], planes], training=True),
                features=features,
                stride=settings.model.stride,
            )
            g_loss = objective.total(stage, terms)
            scaled = state.g_optimizer.scale_loss(g_loss / replicas)
        apply(state.g_optimizer, tape, scaled, state.generator, stage.clip_norm)
        return metrics | {"g_loss": g_loss} | {f"g_{name}": x for name, x in terms.items()}

    def update_discriminator(state: states.TrainState, batch: Batch, outputs: Batch) -> Metrics:
        l, real = batch["l"], objective.target(batch, outputs)
        with tf.GradientTape() as tape:
            # Real and fake are not one batch: batch normalization must see one kind at a time.
            real_logits = state.discriminator([l, real], training=True)
            fake_logits = state.discriminator([l, objective.painted(outputs)], training=True)
            d_loss = losses.discriminator_adversarial(
                real_logits, fake_logits, stage.gan_loss, stage.label_smoothing
            )
            scaled = state.d_optimizer.scale_loss(d_loss / replicas)
        apply(state.d_optimizer, tape, scaled, state.discriminator)
        return {
            "d_loss": d_loss,
            "d_accuracy_real": tf.reduce_mean(tf.cast(real_logits > 0, tf.float32)),
            "d_accuracy_fake": tf.reduce_mean(tf.cast(fake_logits < 0, tf.float32)),
        }

    def apply(
        optimizer: keras.optimizers.Optimizer,
        tape: tf.GradientTape,
        loss: tf.Tensor,
        model: keras.Model,
        clip_norm: float = 0.0,
    ) -> None:
        weights = model.trainable_variables
        found = zip(tape.gradient(loss, weights), weights, strict=True)
        # If classes are the only objective, the layers that refine color have no gradient.
        reached = [(gradient, weight) for gradient, weight in found if gradient is not None]
        gradients, weights = map(list, zip(*reached, strict=True))
        if clip_norm:
            # The norm is of the whole gradient, of which a replica has a share, scaled as the loss.
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            limit = optimizer.scale_loss(tf.constant(clip_norm))
            gradients, _ = tf.clip_by_global_norm(gradients, limit)
            gradients = [gradient / replicas for gradient in gradients]  # `apply` sums them again
        optimizer.apply(gradients, weights)

    @tf.function(autograph=False)
    def train_step(state: states.TrainState, batch: Batch) -> Metrics:
        metrics = strategy.run(replica_step, args=(state, batch))
        state.count_step()
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
            for name, value in metrics.items()
        }

    return train_step
