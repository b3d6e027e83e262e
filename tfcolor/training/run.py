"""The parts of a training run, and the operations that need several of them."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

import keras
import numpy as np
import tensorflow as tf

from tfcolor import config
from tfcolor.data import batches, photographs
from tfcolor.models import efficientnet
from tfcolor.training import device, hooks, states, step, summaries

PERCEPTUAL_LAYERS = ("stride4", "stride8", "stride16")


class StepResult(NamedTuple):
    """A finished step: its number in the run, its batch, and its metrics."""

    step: int
    batch: step.Batch
    metrics: step.Metrics


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A training run in one of its processes.

    Attributes:
      settings: its config.
      strategy: its devices.
      state: what its steps change.
      checkpoints: of the state; of several processes only the chief writes them.
      records: what it writes for people.
      train_photos, validation_photos: what it is trained and validated on.
      callbacks: what a program has hung into it.
    """

    settings: config.TrainConfig
    strategy: tf.distribute.Strategy
    state: states.TrainState
    checkpoints: states.Checkpoints
    records: summaries.Summaries
    train_photos: photographs.Photographs
    validation_photos: photographs.Photographs
    callbacks: Sequence[hooks.Callback] = ()

    @property
    def stage(self) -> config.StageConfig:
        """The current stage."""
        return self.settings.stages[int(self.state.stage.numpy())]

    def batches(self) -> tf.data.Dataset:
        """The endless batches of the stage for every replica, from the state's position on."""
        stage, position = self.stage, int(self.state.position.numpy())

        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            return batches.train_batches(
                self.train_photos,
                self.settings.data,
                stage.image_size,
                context.get_per_replica_batch_size(stage.batch_size),
                self.settings.seed,
                position,
                (context.num_input_pipelines, context.input_pipeline_id),
            )

        return self.strategy.distribute_datasets_from_function(of_worker)

    def train_step(self) -> Callable[[states.TrainState, step.Batch], step.Metrics]:
        """The train step of the stage, compiled when it is first called."""
        return step.make_train_step(self.strategy, self.settings, self.stage, self._features())

    def use_up(self, batch: step.Batch) -> None:
        """Moves the state's position in the stream of photographs past a batch."""
        places = self.strategy.experimental_local_results(batch["position"])
        self.state.position.assign(int(np.concatenate(places).max()) + 1)

    def save(self, taken: StepResult) -> None:
        """Checkpoints the state after a step.

        Raises:
          FloatingPointError: if a loss or a weight is not finite.
        """
        self.require_finite(taken)
        if not self.state.is_finite():
            self._fail("a weight is not finite after", taken)
        # The position moves past what any process has used.
        position = device.largest(self.strategy, int(self.state.position.numpy()))
        self.state.position.assign(position)
        self.checkpoints.save()

    def require_finite(self, taken: StepResult) -> None:
        """Raises FloatingPointError if a loss of a step is not finite; names its photographs."""
        numbers = {name: float(value) for name, value in taken.metrics.items()}
        bad = [f"{name} {v}" for name, v in numbers.items() if not math.isfinite(v)]
        if bad:
            self._fail(f"{', '.join(bad)} is not finite at", taken)

    def log(self, taken: StepResult, rates: dict[str, float], images_per_second: float) -> None:
        """Logs the metrics of a step, learning rates and speed."""
        values = {f"train/{name}": float(value) for name, value in taken.metrics.items()}
        values |= {f"train/{name}": rate for name, rate in rates.items()}
        values["train/images_per_second"] = images_per_second
        values["train/stage"] = float(self.state.stage.numpy())
        for name, optimizer in (("g", self.state.g_optimizer), ("d", self.state.d_optimizer)):
            if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                values[f"train/{name}_dynamic_scale"] = float(optimizer.dynamic_scale)
        self.records.scalars(self.stage.name, taken.step, values)
        if device.is_chief(self.strategy):
            for callback in self.callbacks:
                callback.on_log(taken.step, values)

    def _features(self) -> keras.Model | None:
        if not self.stage.perceptual_weight:
            return None
        with self.strategy.scope():
            return perceptual_features()

    def _fail(self, what: str, taken: StepResult) -> NoReturn:
        ids = self.strategy.experimental_local_results(taken.batch["image_id"])
        names = ", ".join(self.train_photos.name(int(each)) for each in np.concatenate(ids))
        good = self.checkpoints.latest or "none yet"
        raise FloatingPointError(
            f"{what} step {taken.step}; photographs of the batch: {names}; last good checkpoint: "
            f"{good}; train in another workdir with a lower learning_rate or precision float32"
        )


def perceptual_features() -> keras.Model:
    """The network of the perceptual term: RGB in [0, 255] -> features by layer; not trained."""
    model = efficientnet.build_features()
    model.trainable = False
    return keras.Model(model.input, {name: model.output[name] for name in PERCEPTUAL_LAYERS})
