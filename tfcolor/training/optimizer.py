"""Adam with a slower rate for some variables, and the loss scaling of mixed_float16."""

from collections.abc import Collection

import keras
import tensorflow as tf

from tfcolor import config


class SlowedAdam(keras.optimizers.Adam):
    """Adam, or AdamW with a decay, that moves some variables more slowly.

    A factor on their gradients would have no effect, since Adam normalizes them. The decay is not
    left to Keras, which has one rate for all variables. Biases and normalizations, which have one
    dimension, do not decay, as usual. Adam's step is TensorFlow's own operation: a graph with one
    node a variable, where Keras has 14, is traced and optimized in much less time.
    """

    def __init__(  # type: ignore[no-untyped-def]
        self, slowed: Collection[str] = (), slow_rate: float = 1.0, decay: float = 0.0, **options
    ) -> None:
        super().__init__(**options)
        self._slowed_paths = frozenset(slowed)
        self._slow_rate = slow_rate
        self._decay = decay
        self._slowed_indices: frozenset[int] = frozenset()

    def build(self, variables: list[keras.Variable]) -> None:
        """Creates the moments, and notes which variables are slow."""
        super().build(variables)
        self._slowed_indices = frozenset(
            index for index, v in enumerate(variables) if v.path in self._slowed_paths
        )

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Updates one variable: by its decay, then by Adam's step."""
        index = self._get_variable_index(variable)
        rate = tf.cast(learning_rate, variable.dtype)
        if index in self._slowed_indices:
            rate *= self._slow_rate
        if self._decay and len(variable.shape) > 1:
            variable.assign_sub(variable * (self._decay * rate))
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


def build(
    stage: config.StageConfig,
    learning_rate: float,
    variables: list[keras.Variable],
    slowed: Collection[str],
    precision: str,
) -> keras.optimizers.Optimizer:
    """The optimizer of a network in a stage, with its moments at 0.

    Args:
      stage: with the options of Adam.
      learning_rate: at the schedule's factor of 1.
      variables: all that it may have to update.
      slowed: paths of the variables whose learning rate, and with it their decay, is
        `encoder_rate` times that of the rest.
      precision: of the networks; mixed_float16 scales the loss.
    """
    optimizer = SlowedAdam(
        slowed,
        stage.encoder_rate,
        stage.weight_decay,
        learning_rate=learning_rate,
        beta_1=stage.beta_1,
        beta_2=stage.beta_2,
    )
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer
