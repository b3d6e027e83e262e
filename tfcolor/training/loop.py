"""A training run, from a config to checkpoints in a workdir."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
import tensorflow as tf

from tfcolor import config, data, fields, workdir
from tfcolor.data import batches, photographs
from tfcolor.training import device, progress, state, summaries, validation
from tfcolor.training import run as training_run

log = logging.getLogger(__name__)


def train(
    settings: config.TrainConfig, folder: str | Path, stop: validation.Stop | None = None
) -> bool:
    """Trains through every stage, or goes on with a run that was stopped.

    Writes into the workdir: config.json, checkpoints/, best/ (the generator by validation),
    metrics.jsonl, events/ (TensorBoard), validation.png. Interrupted by Ctrl-C or SIGTERM it
    leaves a checkpoint. The same config gives the same run, whether or not it was stopped.

    Args:
      settings: of the run; when it is resumed only `config.RESUMABLE` fields may differ.
      folder: the workdir, made if missing.
      stop: asked after each validation, with the step and its values; True interrupts the run.

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
    for stage in settings.stages:
        if stage.batch_size % strategy.num_replicas_in_sync:
            raise ValueError(
                f"batch_size must be a multiple of the {strategy.num_replicas_in_sync} devices, "
                f"got {stage.batch_size}"
            )
    with _claim(folder, settings):
        return _train(settings, folder, strategy, train_photos, validation_photos, stop)


def _train(
    settings: config.TrainConfig,
    folder: Path,
    strategy: tf.distribute.Strategy,
    train_photos: photographs.Photographs,
    validation_photos: photographs.Photographs,
    stop: validation.Stop | None,
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
    run = training_run.Run(settings, strategy, train_state, checkpoints, records, train_photos)
    with progress.interruptible() as interrupted, records:
        first = int(train_state.stage.numpy())
        for index, stage in enumerate(settings.stages[first:], first):
            if index > first:
                with strategy.scope():
                    train_state.enter(index)
            validate = validation.Validation(
                settings, stage, validation_photos, train_state, checkpoints, records
            )
            if stop is not None:
                validate.watch(stop, interrupted)
            if not _train_stage(index, settings, run, validate, train_state, interrupted):
                return False
    if train_photos.skipped:
        log.warning("%d photographs were skipped", len(train_photos.skipped))
    return True


def _train_stage(
    index: int,
    settings: config.TrainConfig,
    run: training_run.Run,
    validate: validation.Validation,
    train_state: state.TrainState,
    interrupted: threading.Event,
) -> bool:
    """Trains one stage to its end; False if it was interrupted before."""
    stage = settings.stages[index]

    def validate_if_due(stage_step: int) -> None:
        due = stage_step % settings.validate_every_steps == 0 or stage_step == stage.steps
        # Later stages are measured before their first step too: what they must better.
        if due and (stage_step or index) and not validate.is_done(int(train_state.step.numpy())):
            run.save()  # first, so that a validation never costs a step
            validate.run()

    validate_if_due(int(train_state.stage_step.numpy()))  # what a kill may have cut short
    if validate.reason_to_end():
        return True
    for stage_step in run.steps(stage):
        validate_if_due(stage_step)
        done = int(train_state.step.numpy())
        if reason := validate.reason_to_end():
            run.save()
            validate.note_end(reason)
            return True
        if interrupted.is_set() and (stage_step < stage.steps or stage is not settings.stages[-1]):
            run.save()
            log.info("stopped at step %d; run the same command to go on", done)
            return False
    return True


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
        changed = fields.changed(workdir.read_config(folder), settings)
        if changed:
            was = ", ".join(f"{name} {old} (now {new})" for name, (old, new) in changed.items())
            raise ValueError(
                f"{folder} holds a run with {was}; these cannot change when it is resumed: use the "
                "old values or another workdir"
            )
    workdir.write(folder / workdir.CONFIG, config.to_json(settings))
