"""What training changes: created, checkpointed, restored."""

import logging
import shutil
from pathlib import Path

import keras
import tensorflow as tf

from tfcolor import config, workdir

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


class Checkpoints:
    """The checkpoints of one run: `last` holds the state, `best` the generator alone."""

    def __init__(self, state: TrainState, folder: Path, keep: int) -> None:
        self._state = state
        best = tf.train.Checkpoint(generator=state.generator)
        self._last = _manager(tf.train.Checkpoint(state=state), folder / workdir.LAST, keep)
        self._best = _manager(tf.train.Checkpoint(state=best), folder / workdir.BEST, 1)

    @property
    def latest(self) -> str | None:
        """Path of the newest complete checkpoint of the state."""
        return self._last.latest_checkpoint

    def save(self) -> None:
        """Writes the state; the older checkpoints stay until the new one is complete."""
        _save(self._last, self._state)

    def save_best(self) -> None:
        """Writes the generator in place of the best so far."""
        _save(self._best, self._state)

    def restore(self) -> bool:
        """Restores the newest checkpoint that is whole; False where there is none."""
        for manager in (self._last, self._best):
            _remove_unfinished(manager)
        for path in reversed(self._last.checkpoints):
            try:
                self._last.checkpoint.read(path).assert_existing_objects_matched()
                return True
            except Exception as error:  # a damaged file fails with whatever its bytes lead to
                reason = str(error).splitlines()[0]
                log.warning("passed over the damaged checkpoint %s: %s", path, reason)
        if self._last.checkpoints:
            raise ValueError(
                f"no checkpoint in {self._last.directory} can be read; delete that folder to "
                "start over, or use another workdir"
            )
        return False


def _optimizer(settings: config.TrainConfig, model: keras.Model) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.Adam(settings.learning_rate, beta_1=settings.beta_1)
    if settings.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    return optimizer


def _counter(name: str) -> tf.Variable:
    first = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return tf.Variable(0, trainable=False, dtype=tf.int64, aggregation=first, name=name)


def _manager(
    checkpoint: tf.train.Checkpoint, folder: Path, keep: int
) -> tf.train.CheckpointManager:
    return tf.train.CheckpointManager(checkpoint, str(folder), keep, checkpoint_name="step")


def _save(manager: tf.train.CheckpointManager, state: TrainState) -> None:
    step = int(state.step.numpy())
    try:
        manager.save(checkpoint_number=step)
    except (OSError, tf.errors.OpError) as error:
        _remove_unfinished(manager)
        reason = str(error).splitlines()[0]
        good = manager.latest_checkpoint or "none yet"
        raise OSError(
            f"cannot write a checkpoint to {manager.directory} ({reason}); free some space and run "
            f"the same command again; last good checkpoint: {good}"
        ) from error


def _remove_unfinished(manager: tf.train.CheckpointManager) -> None:
    """Frees what a checkpoint that was never finished left: `step-N_temp/`, whole shards."""
    finished = {Path(path).name for path in manager.checkpoints}
    for leftover in Path(manager.directory).glob("step-*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        elif leftover.name.partition(".")[0] not in finished:
            leftover.unlink()
