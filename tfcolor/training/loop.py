"""A training run, from a config to checkpoints in a workdir."""

import contextlib
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import filelock
import keras
import numpy as np
import tensorflow as tf

from tfcolor import config, data, workdir
from tfcolor.data import batches, photographs
from tfcolor.training import device, progress, state, step, summaries, validation

log = logging.getLogger(__name__)


def train(settings: config.TrainConfig, folder: str | Path) -> bool:
    """Trains until `total_steps`, or goes on with a run that was stopped.

    Writes into the workdir: config.json, checkpoints/, best/ (the generator by validation),
    metrics.jsonl, events/ (TensorBoard), validation.png. Interrupted by Ctrl-C or SIGTERM it
    leaves a checkpoint. The same config gives the same run, whether or not it was stopped.

    Args:
      settings: of the run; when it is resumed only `config.RESUMABLE` fields may differ.
      folder: the workdir, made if missing.

    Returns:
      True when trained to the end, False when interrupted.

    Raises:
      ValueError: for options that cannot be used, or a workdir of another config.
      FloatingPointError: if a loss is not finite.
      OSError: if the workdir cannot be written.
    """
    folder = Path(folder)
    train_photos = data.open_part(settings.data, "train")
    batches.require_usable(train_photos, settings.data)
    validation_photos = _open_validation(settings, train_photos)
    strategy = device.strategy(settings.strategy)
    if settings.data.batch_size % strategy.num_replicas_in_sync:
        raise ValueError(
            f"batch_size must be a multiple of the {strategy.num_replicas_in_sync} devices, got "
            f"{settings.data.batch_size}"
        )
    with _claim(folder, settings):
        return _train(settings, folder, strategy, train_photos, validation_photos)


def _train(
    settings: config.TrainConfig,
    folder: Path,
    strategy: tf.distribute.Strategy,
    train_photos: photographs.Photographs,
    validation_photos: photographs.Photographs,
) -> bool:
    # The remapper fails on the step's graph, with a line on stderr, and would fuse little in it.
    tf.config.optimizer.set_experimental_options({"remapping": False})
    with strategy.scope():
        train_state = state.TrainState(settings)
    checkpoints = state.Checkpoints(train_state, folder, settings.keep_checkpoints)
    log.info(
        "training %s on %d photographs of %s with %s; run in %s",
        settings.recipe,
        train_photos.count,
        train_photos.source,
        device.describe(strategy),
        folder,
    )
    if checkpoints.restore():
        log.info("resumed %s at step %d", folder, int(train_state.step.numpy()))
    records = summaries.Summaries(folder, settings, int(train_state.step.numpy()))
    run = _Run(settings, strategy, train_state, checkpoints, records, train_photos)
    validate = validation.Validation(settings, validation_photos, train_state, checkpoints, records)

    def validate_if_due(done: int) -> None:
        due = done % settings.validate_every_steps == 0 or done == settings.total_steps
        if due and done and not records.has(validation.BEST_BY, done):
            run.save()  # first, so that a validation never costs a step
            validate.run()

    with progress.interruptible() as interrupted, records:
        validate_if_due(int(train_state.step.numpy()))  # what a kill may have cut short
        for done in run.steps():
            validate_if_due(done)
            if interrupted.is_set() and done < settings.total_steps:
                run.save()
                log.info("stopped at step %d; run the same command to go on", done)
                return False
    if train_photos.skipped:
        log.warning("%d photographs were skipped", len(train_photos.skipped))
    return True


class _Run:
    """The steps of one process: train, check, log, checkpoint."""

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
        self._saved_step = int(train_state.step.numpy())
        self._saved_at = time.monotonic()

    def steps(self) -> Iterator[int]:
        """Trains; gives the number of each step when it is done."""
        settings, done = self._settings, int(self._state.step.numpy())
        stream = iter(
            self._strategy.experimental_distribute_dataset(
                batches.train_batches(
                    self._photos, settings.data, settings.seed, int(self._state.position.numpy())
                )
            )
        )
        train_step = step.make_train_step(self._strategy, settings.l1_weight, settings.jit)
        shown = progress.Progress(done, settings.total_steps, settings.data.batch_size)
        while done < settings.total_steps:
            batch = next(stream)
            metrics = train_step(self._state, batch)
            # Checked one step late, when it is done anyway: a GPU is not kept waiting.
            self._check(done)
            self._batch, self._metrics, done = batch, metrics, done + 1
            shown.update(done, self._numbers)
            if done % settings.log_every_steps == 0 or done == settings.total_steps:
                self._log(done, shown.images_per_second)
            minutes = (time.monotonic() - self._saved_at) / 60
            if (
                done % settings.checkpoint_every_steps == 0
                or done == settings.total_steps
                or minutes >= settings.checkpoint_every_minutes
            ):
                self.save()
            yield done

    def save(self) -> None:
        """Checkpoints the state after the last step, once."""
        done = int(self._state.step.numpy())
        if done == self._saved_step:
            return
        self._check(done)
        if not self._state.is_finite():
            self._stop(done, "a weight is not finite after")
        self._state.position.assign(_all_values(self._strategy, self._batch["position"]).max() + 1)
        self._checkpoints.save()
        self._saved_step, self._saved_at = done, time.monotonic()

    def _numbers(self) -> dict[str, float]:
        return {name: float(self._metrics[name]) for name in ("d_loss", "g_gan", "g_l1")}

    def _check(self, done: int) -> None:
        numbers = {name: float(value) for name, value in self._metrics.items()}
        bad = [f"{name} {v}" for name, v in numbers.items() if not math.isfinite(v)]
        if bad:
            self._stop(done, f"{', '.join(bad)} is not finite at")

    def _stop(self, done: int, what: str) -> NoReturn:
        ids = _all_values(self._strategy, self._batch["image_id"])
        names = ", ".join(self._photos.name(int(image_id)) for image_id in ids)
        good = self._checkpoints.latest or "none yet"
        raise FloatingPointError(
            f"{what} step {done}; photographs of the batch: {names}; last good checkpoint: {good}; "
            "train in another workdir with a lower learning_rate or precision float32"
        )

    def _log(self, done: int, images_per_second: float) -> None:
        values = {f"train/{name}": float(value) for name, value in self._metrics.items()}
        values["train/images_per_second"] = images_per_second
        for name in ("g_optimizer", "d_optimizer"):
            optimizer = getattr(self._state, name)
            prefix = f"train/{name[0]}"
            values[f"{prefix}_learning_rate"] = float(optimizer.learning_rate)
            if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                values[f"{prefix}_dynamic_scale"] = float(optimizer.dynamic_scale)
        self._records.scalars(done, values)


def _open_validation(
    settings: config.TrainConfig, train_photos: photographs.Photographs
) -> photographs.Photographs:
    try:
        photos = data.open_part(settings.data, "validation")
        if next(iter(photos.examples()), None):
            return photos
    except ValueError:
        pass  # no photograph in that part
    log.warning(
        "%s is too small for a validation part: validating on the training photographs, which "
        "flatters; add photographs",
        train_photos.source,
    )
    return train_photos.take(settings.data.validation_limit)


@contextlib.contextmanager
def _claim(folder: Path, settings: config.TrainConfig) -> Iterator[None]:
    """Holds the workdir for this run alone, and writes the config if its run can go on with it."""
    lock = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise ValueError(
            f"another process trains in {folder}; wait for it or use another workdir"
        ) from error
    except OSError as error:
        raise OSError(
            f"cannot write to the workdir {folder} ({error.strerror}); choose another workdir"
        ) from error
    try:
        _write_config(folder, settings)
        yield
    finally:
        lock.release()


def _write_config(folder: Path, settings: config.TrainConfig) -> None:
    if workdir.checkpoints(folder / workdir.LAST):
        changed = config.changed_fields(workdir.read_config(folder), settings)
        if changed:
            was = ", ".join(f"{name} {old} (now {new})" for name, (old, new) in changed.items())
            raise ValueError(
                f"{folder} holds a run with {was}; these cannot change when it is resumed: use the "
                "old values or another workdir"
            )
    workdir.write(folder / workdir.CONFIG, config.to_json(settings))


def _all_values(strategy: tf.distribute.Strategy, value: tf.Tensor) -> np.ndarray:
    return np.concatenate([part.numpy() for part in strategy.experimental_local_results(value)])
