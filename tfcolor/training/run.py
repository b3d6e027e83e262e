"""The steps of one process: train, check, log, checkpoint."""

import math
import time
from collections.abc import Iterator
from typing import NoReturn

import keras
import numpy as np
import tensorflow as tf

from tfcolor import config
from tfcolor.data import batches, photographs
from tfcolor.models import efficientnet
from tfcolor.training import device, progress, state, step, summaries

SHOWN = ("d_loss", "g_loss", "g_gan", "g_l1", "g_classification")  # in the lines of progress

PERCEPTUAL_LAYERS = ("stride4", "stride8", "stride16")


class Run:
    """Trains a state through its stages. Its folder is claimed by whoever makes it."""

    def __init__(
        self,
        settings: config.TrainConfig,
        strategy: tf.distribute.Strategy,
        train_state: state.TrainState,
        checkpoints: state.Checkpoints,
        records: summaries.Summaries,
        photos: photographs.Photographs,
    ) -> None:
        self._settings = settings
        self._strategy = strategy
        self._state = train_state
        self._checkpoints = checkpoints
        self._records = records
        self._photos = photos
        self._batch: step.Batch = {}
        self._metrics: step.Metrics = {}
        self._step = self._saved_step = int(train_state.step.numpy())
        self._saved_at = time.monotonic()

    def steps(self, stage: config.StageConfig) -> Iterator[int]:
        """Trains to the end of the stage that the state has entered; gives the steps done in it."""
        settings, done = self._settings, int(self._state.stage_step.numpy())
        stream = iter(self._stream(stage))
        train_step = step.make_train_step(self._strategy, settings, stage, self._features(stage))
        shown = progress.Progress(stage.name, done, stage.steps, stage.batch_size)
        before = int(self._state.step.numpy()) - done  # steps of the stages before
        while done < stage.steps:
            batch = next(stream)
            rates = self._state.set_learning_rates()
            metrics = train_step(self._state, batch)
            # Checked one step late, when it is done anyway: a GPU is not kept waiting.
            self._check()
            self._batch, self._metrics, done = batch, metrics, done + 1
            self._step = before + done
            shown.update(done, self._numbers)
            if done % settings.log_every_steps == 0 or done == stage.steps:
                self._log(stage, rates, shown.images_per_second)
            paused = time.monotonic()
            minutes = (paused - self._saved_at) / 60
            late = device.any_says(self._strategy, minutes >= settings.checkpoint_every_minutes)
            if late or done % settings.checkpoint_every_steps == 0 or done == stage.steps:
                self.save()
            yield done
            shown.skip(time.monotonic() - paused)

    def save(self) -> None:
        """Checkpoints the state after the last step, once."""
        done = int(self._state.step.numpy())
        if done == self._saved_step:
            return
        self._check()
        if not self._state.is_finite():
            self._stop("a weight is not finite after")
        self._state.position.assign(self._position())
        self._checkpoints.save()
        self._saved_step, self._saved_at = done, time.monotonic()

    def _stream(self, stage: config.StageConfig) -> tf.data.Dataset:
        """The endless batches of a stage, from the state's position on, for every replica."""
        position = int(self._state.position.numpy())
        if self._batch:  # of the stage before, in this process
            position = self._position()

        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            return batches.train_batches(
                self._photos,
                self._settings.data,
                stage.image_size,
                context.get_per_replica_batch_size(stage.batch_size),
                self._settings.seed,
                position,
                (context.num_input_pipelines, context.input_pipeline_id),
            )

        return self._strategy.distribute_datasets_from_function(of_worker)

    def _position(self) -> int:
        """Where the stream goes on after the last batch, behind what any process has seen."""
        seen = _all_values(self._strategy, self._batch["position"])
        return device.largest(self._strategy, int(seen.max()) + 1)

    def _features(self, stage: config.StageConfig) -> keras.Model | None:
        if not stage.perceptual_weight:
            return None
        with self._strategy.scope():
            return perceptual_features()

    def _numbers(self) -> dict[str, float]:
        return {name: float(self._metrics[name]) for name in SHOWN if name in self._metrics}

    def _check(self) -> None:
        numbers = {name: float(value) for name, value in self._metrics.items()}
        bad = [f"{name} {v}" for name, v in numbers.items() if not math.isfinite(v)]
        if bad:
            self._stop(f"{', '.join(bad)} is not finite at")

    def _stop(self, what: str) -> NoReturn:
        ids = _all_values(self._strategy, self._batch["image_id"])
        names = ", ".join(self._photos.name(int(image_id)) for image_id in ids)
        good = self._checkpoints.latest or "none yet"
        raise FloatingPointError(
            f"{what} step {self._step}; photographs of the batch: {names}; last "
            f"good checkpoint: {good}; train in another workdir with a lower learning_rate or "
            "precision float32"
        )

    def _log(
        self, stage: config.StageConfig, rates: dict[str, float], images_per_second: float
    ) -> None:
        values = {f"train/{name}": float(value) for name, value in self._metrics.items()}
        values |= {f"train/{name}": rate for name, rate in rates.items()}
        values["train/images_per_second"] = images_per_second
        values["train/stage"] = float(self._state.stage.numpy())
        for name, optimizer in (("g", self._state.g_optimizer), ("d", self._state.d_optimizer)):
            if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                values[f"train/{name}_dynamic_scale"] = float(optimizer.dynamic_scale)
        self._records.scalars(stage.name, int(self._state.step.numpy()), values)


def _all_values(strategy: tf.distribute.Strategy, value: tf.Tensor) -> np.ndarray:
    return np.concatenate([part.numpy() for part in strategy.experimental_local_results(value)])


def perceptual_features() -> keras.Model:
    """The network of the perceptual term: RGB in [0, 255] -> features by layer; not trained."""
    model = efficientnet.build_features()
    model.trainable = False
    return keras.Model(model.input, {name: model.output[name] for name in PERCEPTUAL_LAYERS})
