"""What training changes: created, checkpointed, restored."""

import logging
import shutil
from pathlib import Path

import keras
import tensorflow as tf

from tfcolor import config, errors, workdir

log = logging.getLogger(__name__)


class TrainState(tf.Module):
    """Everything that a step changes, and exactly what is checkpointed.

    Create it inside a strategy's scope.

    Attributes:
      generator, discriminator: Keras models.
      g_optimizer, d_optimizer: Adam, with loss scaling under mixed_float16.
      step: int64 (), train steps done.
      position: int64 (), photographs of the endless training stream that were used up.
      noise: the counters behind the dropout, which Keras leaves out of checkpoints.
    """

    def __init__(self, settings: config.TrainConfig) -> None:
        super().__init__(name="train_state")
        self.generator = workdir.build_generator(settings)
        self.discriminator = workdir.build_discriminator(settings)
        self.g_optimizer = _optimizer(settings, self.generator)
        self.d_optimizer = _optimizer(settings, self.discriminator)
        self.step = _counter("step")
        self.position = _counter("position")
        self.noise = [v for v in self.generator.variables if "seed_generator" in v.path]

    def is_finite(self) -> bool:
        """Whether every weight of both networks is a finite number."""
        weights = [*self.generator.weights, *self.discriminator.weights]
        return all(bool(tf.reduce_all(tf.math.is_finite(w.value))) for w in weights)


class Checkpoints:
    """The checkpoints of one run: `last` holds the state, `best` the generator alone.

    A checkpoint counts once its index is there, which TensorFlow writes last; nothing else is
    kept about them that could be lost or damaged.
    """

    def __init__(self, state: TrainState, folder: Path, keep: int) -> None:
        self._state = state
        self._keep = keep
        self._last = folder / workdir.LAST
        self._best = folder / workdir.BEST

    @property
    def latest(self) -> Path | None:
        """The newest complete checkpoint of the state."""
        return next(reversed(workdir.checkpoints(self._last)), None)

    def save(self) -> None:
        """Writes the state; older checkpoints go only when the new one is complete."""
        self._write(self._last, tf.train.Checkpoint(state=self._state), self._keep)

    def save_best(self) -> None:
        """Writes the generator in place of the best so far."""
        best = tf.train.Checkpoint(generator=self._state.generator)
        self._write(self._best, tf.train.Checkpoint(state=best), 1)

    def restore(self) -> bool:
        """Restores the newest checkpoint that is whole; False where there is none.

        Raises:
          ValueError: if there are checkpoints and none can be read.
        """
        paths = workdir.checkpoints(self._last)
        checkpoint = tf.train.Checkpoint(state=self._state)
        for path in reversed(paths):
            try:
                checkpoint.read(str(path)).assert_existing_objects_matched().expect_partial()
                return True
            except Exception as error:  # a damaged file fails with whatever its bytes lead to
                reason = errors.one_line(error)
                log.warning("passed over the damaged checkpoint %s: %s", path, reason)
        if paths:
            raise ValueError(
                f"no checkpoint in {self._last} can be read; delete that folder to start over, or "
                "use another workdir"
            )
        return False

    def _write(self, folder: Path, checkpoint: tf.train.Checkpoint, keep: int) -> None:
        path = folder / f"step-{int(self._state.step.numpy())}"
        try:
            folder.mkdir(exist_ok=True)
            _remove_unfinished(folder)
            checkpoint.write(str(path))
        except (OSError, tf.errors.OpError) as error:
            _remove_unfinished(folder)
            raise OSError(
                f"cannot write a checkpoint to {folder} ({errors.one_line(error)}); make room, or "
                "make it writable, and run the same command again; last good checkpoint: "
                f"{self.latest or 'none yet'}"
            ) from error
        for old in workdir.checkpoints(folder)[:-keep]:
            # The index first: without it the rest counts as unfinished.
            old.with_name(f"{old.name}.index").unlink()
        _remove_unfinished(folder)


def _optimizer(settings: config.TrainConfig, model: keras.Model) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.Adam(settings.learning_rate, beta_1=settings.beta_1)
    if settings.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    return optimizer


def _counter(name: str) -> tf.Variable:
    first = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return tf.Variable(0, trainable=False, dtype=tf.int64, aggregation=first, name=name)


def _remove_unfinished(folder: Path) -> None:
    """Frees what a write that was cut short left: `step-N_temp/`, shards without an index."""
    finished = {path.name for path in workdir.checkpoints(folder)}
    for leftover in folder.glob("step-*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        elif leftover.name.partition(".")[0] not in finished:
            leftover.unlink()
