"""A training run, from a config to checkpoints in a workdir."""

import contextlib
import logging
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import tensorflow as tf

from tfcolor import config, data
from tfcolor.config import fields
from tfcolor.data import batches, photographs
from tfcolor.runtimes import workdir
from tfcolor.training import device, progress, state, summaries, validation
from tfcolor.training import run as training_run

# What TensorFlow says when it waits for a worker that is gone.
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)

log = logging.getLogger(__name__)


def train(
    settings: config.TrainConfig, folder: str | Path, stop: validation.Stop | None = None
) -> bool:
    """Trains through every stage, or goes on with a run that was stopped.

    Writes into the workdir: config.json, checkpoints/, best/ (the best generator of all stages),
    metrics.jsonl, events/ (TensorBoard), validation.png. Interrupted by Ctrl-C or SIGTERM it
    leaves a checkpoint. The same config gives the same run, whether or not it was stopped.
    Of several processes the first writes, and all end together.

    Args:
      settings: of the run; when it is resumed only `config.RESUMABLE` fields may differ.
      folder: the workdir, made if missing.
      stop: asked after each validation, with the step and its values; True interrupts the run.

    Returns:
      True when trained to the end, False when interrupted.

    Raises:
      ValueError: for options that cannot be used, or a workdir of another config.
      FloatingPointError: if a loss is not finite.
      OSError: if the workdir cannot be written; ConnectionError if another worker was lost.
    """
    strategy = device.strategy(settings.strategy)  # first: a cluster cannot be joined later
    train_photos = data.open_part(settings.data, "train")
    batches.require_usable(train_photos, settings.data)
    validation_photos = _open_validation(settings, train_photos)
    for stage in settings.stages:
        if stage.batch_size % strategy.num_replicas_in_sync:
            raise ValueError(
                f"batch_size must be a multiple of the {strategy.num_replicas_in_sync} devices, "
                f"got {stage.batch_size}"
            )
    try:
        _require_same(settings, train_photos, strategy)
        with _writable(folder, strategy) as own, _claim(own, settings):
            return _train(settings, own, strategy, train_photos, validation_photos, stop)
    except LOST as error:
        if not device.has_peers(strategy):
            raise
        raise ConnectionError(
            "another worker was lost; run the same command on all of them to go on from the last "
            "checkpoint"
        ) from error


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
    checkpoints = state.Checkpoints(train_state, folder, settings.keep_checkpoints, strategy)
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

        def stops() -> bool:
            return device.any_says(strategy, interrupted.is_set())

        first = int(train_state.stage.numpy())
        for index, stage in enumerate(settings.stages[first:], first):
            if index > first:
                checkpoints.restore_best()
                with strategy.scope():
                    train_state.enter(index)
            validate = validation.Validation(
                settings, stage, validation_photos, train_state, checkpoints, records, strategy
            )
            if stop is not None:
                validate.watch(stop, interrupted)
            if not _train_stage(index, settings, run, validate, train_state, stops):
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
    stops: Callable[[], bool],
) -> bool:
    """Trains one stage to its end; False if it was interrupted before."""
    stage = settings.stages[index]

    def ends_early(stage_step: int) -> bool:
        """Whether the stage should end now, after a validation if one is due."""
        due = stage_step % settings.validate_every_steps == 0 or stage_step == stage.steps
        # Later stages are measured before their first step too: by a figure that may be new.
        if not due or not (stage_step or index):
            return False
        if not validate.is_done(int(train_state.step.numpy())):
            run.save()  # first, so that a validation never costs a step
            validate.run()
        # What a stage begins with is what it must better, and no reason to end it.
        reason = validate.shared_reason_to_end() if stage_step else None
        if reason:
            run.save()
            validate.note_end(reason)
        return reason is not None

    if ends_early(int(train_state.stage_step.numpy())):  # after a validation that a kill cut short
        return True
    for stage_step in run.steps(stage):
        if ends_early(stage_step):
            return True
        if stops() and (stage_step < stage.steps or stage is not settings.stages[-1]):
            run.save()
            log.info(
                "stopped at step %d; run the same command to go on", int(train_state.step.numpy())
            )
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
    return train_photos.sample(settings.data.validation_limit)


def _require_same(
    settings: config.TrainConfig,
    photos: photographs.Photographs,
    strategy: tf.distribute.Strategy,
) -> None:
    """Raises a ValueError unless all processes of the run do the same with as many photographs."""
    # Machines may keep the photographs in different places.
    same = fields.override(settings, source="", data_dir=None)
    digest = zlib.crc32(f"{config.to_json(same)}{photos.count}".encode())
    if device.largest(strategy, digest) != -device.largest(strategy, -digest):
        raise ValueError(
            "the workers were started with different options or photographs; use the same command "
            "and the same photographs on all"
        )


@contextlib.contextmanager
def _writable(folder: str | Path, strategy: tf.distribute.Strategy) -> Iterator[Path]:
    """The workdir for the process that writes; for the others a folder that is thrown away."""
    if device.is_chief(strategy):
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory() as own:
        yield Path(own)


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
        before = workdir.read_config(folder)
        changed = fields.changed(before, settings)
        if changed:
            was = ", ".join(f"{name} {old} (now {new})" for name, (old, new) in changed.items())
            raise ValueError(
                f"{folder} holds a run with {was}; these cannot change when it is resumed: use the "
                "old values or another workdir"
            )
        _require_steps(folder, before, settings)
    workdir.write(folder / workdir.CONFIG, config.to_json(settings))


def _require_steps(folder: Path, before: config.TrainConfig, settings: config.TrainConfig) -> None:
    """Raises a ValueError if a run has gone past the steps that its stages should have now."""
    for path in reversed(workdir.checkpoints(folder / workdir.LAST)):
        try:
            stage, done = workdir.stage_of(path), workdir.stage_step_of(path)
            break
        except Exception:  # damaged: an older one is gone on with
            continue
    else:
        return
    for index, (old, new) in enumerate(zip(before.stages, settings.stages, strict=True)):
        is_past = index < stage and new.steps != old.steps
        if is_past or (index == stage and new.steps < done):
            now = settings.stages[stage]
            raise ValueError(
                f"{folder} has done {done} steps of its stage {now.name}: {new.name}.steps cannot "
                f"change from {old.steps} to {new.steps}; give the old steps and --set "
                f"{now.name}.steps=N to go on longer, or use another workdir"
            )
