"""The state that training changes, and its checkpoints."""

import logging
import shutil
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfcolor import config
from tfcolor.models import hintnet, networks
from tfcolor.runtimes import workdirs
from tfcolor.support import errors
from tfcolor.training import device, optimizer, schedule

log = logging.getLogger(__name__)


class TrainState(tf.Module):
    """Everything that a step changes, and exactly what is checkpointed.

    Create it inside a strategy's scope.

    Attributes:
      generator, discriminator: Keras models; no discriminator if no stage is adversarial.
      average: the generator with the moving average of its weights; None if no stage has one.
      g_optimizer, d_optimizer: Adam of the stage, with loss scaling under mixed_float16.
      step: int64 (), train steps done.
      stage, stage_step: int64 (), the stage entered and the steps done in it.
      position: int64 (), photographs of the endless training stream that were used up.
      noise: the counters behind the dropout, which Keras leaves out of checkpoints.
    """

    def __init__(self, settings: config.TrainConfig) -> None:
        super().__init__(name="train_state")
        self._settings = settings
        model, dtype, seed = settings.model, settings.precision, settings.seed
        self.generator = networks.build_generator(model, dtype, seed, model.weights)
        self.discriminator: Any = None
        self.average: Any = None
        if settings.adversarial:  # another seed than the generator's, for other weights
            self.discriminator = networks.build_discriminator(model, dtype, seed + 1)
        if any(stage.ema for stage in settings.stages):
            self.average = networks.build_generator(model, dtype, seed)
        self.step, self.position = _counter("step"), _counter("position")
        self.stage, self.stage_step = _counter("stage"), _counter("stage_step")
        self.noise = [v for v in self.generator.variables if _is_noise(v)]
        self._ema = 0.0
        self.enter(0)

    def enter(self, index: int) -> None:
        """Begins a stage, with the judged weights of the stage before and new optimizers."""
        if self._ema:
            _copy(self.average, self.generator)
        if self.average is not None:
            _copy(self.generator, self.average)
        self.stage.assign(index)
        self.stage_step.assign(0)
        self.prepare(index)

    def prepare(self, index: int) -> None:
        """Makes the optimizers of a stage and freezes its frozen layers.

        A frozen layer keeps its statistics, too: those of batch normalization, and `u` of spectral
        normalization. Dropout stays on, since it is the noise in the generator's output.
        """
        stage, precision = self._settings.stages[index], self._settings.precision
        encoder = [layer for layer in self.generator.layers if layer.name.startswith("encoder")]
        for layer in self.generator.layers:
            frozen = ("encoder" in stage.frozen and layer in encoder) or (
                "encoder_start" in stage.frozen and hintnet.is_start(layer)
            )
            layer.trainable = not (frozen or "generator" in stage.frozen)
        slowed = {v.path for layer in encoder for v in layer.trainable_variables}
        self.g_optimizer = optimizer.build(
            stage, stage.learning_rate, self.generator.trainable_variables, slowed, precision
        )
        self.d_optimizer: Any = None
        judged = "discriminator" not in stage.frozen
        if self.discriminator is not None:
            self.discriminator.trainable = judged
        if stage.gan_weight and judged:
            self.d_optimizer = optimizer.build(
                stage,
                stage.d_learning_rate or stage.learning_rate,
                self.discriminator.trainable_variables,
                set(),
                precision,
            )
        self._ema = stage.ema

    @property
    def judged(self) -> keras.Model:
        """The generator that is validated and kept: the moving average if the stage has one."""
        return self.average if self._ema else self.generator

    def set_learning_rates(self) -> dict[str, float]:
        """Sets the optimizers' learning rates for the next step; returns them by tag."""
        stage = self._settings.stages[int(self.stage.numpy())]
        factor = schedule.factor(stage, int(self.stage_step.numpy()))
        rates = {"g_learning_rate": stage.learning_rate * factor}
        self.g_optimizer.learning_rate = rates["g_learning_rate"]
        if self.d_optimizer is not None:
            rates["d_learning_rate"] = (stage.d_learning_rate or stage.learning_rate) * factor
            self.d_optimizer.learning_rate = rates["d_learning_rate"]
        return rates

    def count_step(self) -> None:
        """Updates the counters and the moving average after a step, outside of replicas."""
        self.step.assign_add(1)
        self.stage_step.assign_add(1)
        if not self._ema:
            return
        # The decay is lower at first, as in tf.train.ExponentialMovingAverage, to forget the start.
        steps = tf.cast(self.stage_step, tf.float32)
        decay = tf.minimum(self._ema, (1.0 + steps) / (10.0 + steps))
        for mean, variable in _pairs(self.average, self.generator):
            mean.assign_add((1.0 - decay) * (variable - mean))

    def whole(self) -> list[tf.Variable]:
        """Every variable of the state, as it is checkpointed."""
        models = [self.generator, self.discriminator, self.average]
        owners = [*models, self.g_optimizer, self.d_optimizer]
        kept = [v.value for owner in owners if owner is not None for v in owner.variables]
        return [*kept, self.step, self.position, self.stage, self.stage_step]

    def is_finite(self) -> bool:
        """Whether every weight of the networks is a finite number."""
        models = [m for m in (self.generator, self.discriminator, self.average) if m is not None]
        weights = [weight for model in models for weight in model.weights]
        return all(bool(tf.reduce_all(tf.math.is_finite(w.value))) for w in weights)


class Checkpoints:
    """The checkpoints of one run: `last` holds the state, `best` only the generator.

    A checkpoint counts once its index is there, which TensorFlow writes last; there is no list of
    checkpoints that could be lost or damaged. Of several processes only the chief reads and
    writes; the others get the state from it.
    """

    def __init__(
        self,
        state: TrainState,
        folder: Path,
        keep: int,
        strategy: tf.distribute.Strategy | None = None,
    ) -> None:
        self._state = state
        self._keep = keep
        self._strategy = strategy or tf.distribute.get_strategy()
        self._is_chief = device.is_chief(self._strategy)
        self._last = folder / workdirs.LAST
        self._best = folder / workdirs.BEST

    @property
    def latest(self) -> Path | None:
        """The newest complete checkpoint of the state."""
        return next(reversed(workdirs.checkpoints(self._last)), None)

    def save(self) -> None:
        """Writes the state; older checkpoints are deleted only when the new one is complete."""
        self._write(self._last, tf.train.Checkpoint(state=self._state), self._keep)

    def save_best(self) -> None:
        """Writes the generator in place of the best so far."""
        best = tf.train.Checkpoint(generator=self._state.judged)
        self._write(self._best, tf.train.Checkpoint(state=best), 1)

    @property
    def has_best(self) -> bool:
        """Whether there is a best generator."""
        return bool(workdirs.checkpoints(self._best))

    def restore_best(self) -> None:
        """Sets the judged generator to the best weights so far, if there are any."""
        paths = workdirs.checkpoints(self._best) if self._is_chief else []
        best = tf.train.Checkpoint(generator=self._state.judged)
        if paths and _is_whole(paths[-1]) and self._read(paths[-1], best):
            log.info("going on with the best weights so far, of %s", paths[-1].name)
        device.copy_from_chief(self._strategy, [v.value for v in self._state.judged.variables])

    def restore(self) -> bool:
        """Restores the newest checkpoint that is whole; returns False if there is none.

        Raises:
          ValueError: if there are checkpoints and none can be read.
        """
        paths = workdirs.checkpoints(self._last) if self._is_chief else []
        path = next((path for path in reversed(paths) if _is_whole(path)), None)
        stage = device.largest(self._strategy, workdirs.stage_of(path) if path else -1)
        if stage >= 0:
            with self._strategy.scope():  # in all processes: they share initial values of variables
                self._state.prepare(stage)
        unread = not self._read(path, self._state) if path else bool(paths)
        if device.any_says(self._strategy, unread):
            raise errors.InputError(
                f"no checkpoint in {self._last} can be read; delete that folder to start over, or "
                "use another workdir"
            )
        if stage >= 0:
            device.copy_from_chief(self._strategy, self._state.whole())
        return stage >= 0

    def _read(self, path: Path, state: tf.Module | tf.train.Checkpoint) -> bool:
        """Reads a whole checkpoint into a state; False if it is of another kind."""
        try:
            checkpoint = tf.train.Checkpoint(state=state)
            checkpoint.read(str(path)).assert_existing_objects_matched().expect_partial()
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            log.warning("cannot use the checkpoint %s: %s", path, errors.one_line(error))
            return False
        return True

    def _write(self, folder: Path, checkpoint: tf.train.Checkpoint, keep: int) -> None:
        if not self._is_chief:
            return
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
        for old in workdirs.checkpoints(folder)[:-keep]:
            # The index is deleted first: without it the rest counts as unfinished.
            old.with_name(f"{old.name}.index").unlink()
        _remove_unfinished(folder)


def _is_whole(path: Path) -> bool:
    """Whether every value of a checkpoint can be read; a warning says if not."""
    try:
        saved = tf.train.load_checkpoint(str(path))
        for name in saved.get_variable_to_shape_map():
            saved.get_tensor(name)  # checks its checksum
    except Exception as error:  # a damaged file can raise anything
        log.warning("passed over the damaged checkpoint %s: %s", path, errors.one_line(error))
        return False
    return True


def _counter(name: str) -> tf.Variable:
    first = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return tf.Variable(0, trainable=False, dtype=tf.int64, aggregation=first, name=name)


def _is_noise(variable: keras.Variable) -> bool:
    return "seed_generator" in variable.path


def _pairs(first: keras.Model, second: keras.Model) -> list[tuple[tf.Variable, tf.Variable]]:
    """Pairs of the weights, and statistics of batch normalization, of two models of one kind."""
    pairs = zip(first.variables, second.variables, strict=True)
    return [(a.value, b.value) for a, b in pairs if not _is_noise(a)]


def _copy(source: keras.Model, target: keras.Model) -> None:
    for old, new in _pairs(target, source):
        old.assign(new)


def _remove_unfinished(folder: Path) -> None:
    """Removes what an interrupted write left: `step-N_temp/`, shards without an index."""
    finished = {path.name for path in workdirs.checkpoints(folder)}
    for leftover in folder.glob("step-*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        elif leftover.name.partition(".")[0] not in finished:
            leftover.unlink()
