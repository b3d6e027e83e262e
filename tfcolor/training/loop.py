"""Trains, from a config to checkpoints in a workdir."""

import contextlib
import logging
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import tensorflow as tf

from tfcolor import config, data
from tfcolor.config import fields
from tfcolor.data import batches, photographs
from tfcolor.support import errors, interrupts
from tfcolor.training import device, hooks, progress, run, states, summaries, validation, workdir

# TensorFlow raises these when it waits for a worker that is gone.
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)

log = logging.getLogger(__name__)


def train(
    settings: config.TrainConfig,
    folder: str | Path,
    callbacks: Sequence[hooks.Callback] = (),
) -> bool:
    """Trains through every stage, or continues a run that was stopped.

    Writes into the workdir: config.json, checkpoints/, best/ (the best generator of all stages),
    metrics.jsonl, events/ (TensorBoard), validation.png. On Ctrl-C or SIGTERM it leaves a
    checkpoint. The same config gives the same run, whether or not it was stopped. Of several
    processes only the chief writes, and all end together.

    Args:
      settings: of the run; when it is resumed only `config.RESUMABLE` fields may differ.
      folder: the workdir, made if missing.
      callbacks: told of logged steps and validations, in order; see `hooks.Callback`.

    Returns:
      True when trained to the end, False when interrupted.

    Raises:
      ValueError: for options that cannot be used, or a workdir of another config.
      FloatingPointError: if a loss is not finite.
      OSError: if the workdir cannot be written; ConnectionError if another worker was lost.
    """
    with _shown():
        return _train_all(settings, folder, callbacks)


@contextlib.contextmanager
def _shown() -> Iterator[None]:
    """Prints progress in programs that log nothing themselves, as Keras does."""
    own = logging.getLogger("tfcolor")
    if own.isEnabledFor(logging.INFO):
        yield
        return
    handler, level, propagates = logging.StreamHandler(), own.level, own.propagate
    own.addHandler(handler)
    own.setLevel(logging.INFO)
    own.propagate = False  # absl gives the root logger a handler of its own
    try:
        yield
    finally:
        own.removeHandler(handler)
        own.setLevel(level)
        own.propagate = propagates


def _train_all(
    settings: config.TrainConfig, folder: str | Path, callbacks: Sequence[hooks.Callback]
) -> bool:
    strategy = device.strategy(settings.strategy)  # first: a cluster cannot be joined later
    train_photos = data.open_part(settings.data, "train")
    batches.require_usable(train_photos, settings.data)
    validation_photos = _open_validation(settings, train_photos)
    for stage in settings.stages:
        if stage.batch_size % strategy.num_replicas_in_sync:
            raise errors.InputError(
                f"batch_size must be a multiple of the {strategy.num_replicas_in_sync} devices, "
                f"got {stage.batch_size}"
            )
    try:
        _require_same(settings, train_photos, strategy)
        with workdir.claimed(folder, settings, strategy) as own:
            return _train(settings, own, strategy, train_photos, validation_photos, callbacks)
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
    callbacks: Sequence[hooks.Callback],
) -> bool:
    # TensorFlow's remapper fails on the step's graph, with a line on stderr; it would fuse little.
    tf.config.optimizer.set_experimental_options({"remapping": False})
    with strategy.scope():
        train_state = states.TrainState(settings)
    checkpoints = states.Checkpoints(train_state, folder, settings.keep_checkpoints, strategy)
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
    this = run.Run(
        settings,
        strategy,
        train_state,
        checkpoints,
        records,
        train_photos,
        validation_photos,
        callbacks,
    )
    with interrupts.interruptible() as interrupted, records:
        first = int(train_state.stage.numpy())
        for index in range(first, len(settings.stages)):
            if index > first:
                checkpoints.restore_best()
                with strategy.scope():
                    train_state.enter(index)
            if not _train_stage(this, interrupted):
                log.info(
                    "stopped at step %d; run the same command to go on",
                    int(train_state.step.numpy()),
                )
                return False
    if skipped := {**train_photos.skipped, **validation_photos.skipped}:
        log.warning("%d photographs were skipped", len(skipped))
    return True


def _train_stage(this: run.Run, interrupted: threading.Event) -> bool:
    """Trains the current stage to its end; returns False if it was interrupted."""
    settings, stage, train_state = this.settings, this.stage, this.state
    begin = int(train_state.stage_step.numpy())
    before = int(train_state.step.numpy()) - begin  # steps of the stages before
    judge = validation.Validation(this)

    def is_due(done: int) -> bool:
        every = done % settings.validate_every_steps == 0 or done == stage.steps
        return every and bool(done or judge.needs_begin)

    ends, enough = _validate(this, judge, begin) if is_due(begin) else (False, False)
    if ends:  # the stage had ended when the run was killed
        return True
    log.info("%s: compiling the first step", stage.name)
    train_step, stream = this.train_step(), iter(this.batches())
    shown = progress.Progress(stage.name, begin, stage.steps, stage.batch_size)
    saved_at = time.monotonic()
    taken: run.StepResult | None = None
    for done in range(begin + 1, stage.steps + 1):
        batch = next(stream)
        rates = train_state.set_learning_rates()
        metrics = train_step(train_state, batch)
        this.use_up(batch)
        # Losses are checked one step late, when they are known anyway: so no GPU has to wait.
        if taken is not None:
            this.require_finite(taken)
        taken = run.StepResult(before + done, batch, metrics)
        shown.update(done, metrics)
        if done % settings.log_every_steps == 0 or done == stage.steps:
            this.log(taken, rates, shown.images_per_second)

        with shown.paused():
            minutes = (time.monotonic() - saved_at) / 60
            late = device.any_says(this.strategy, minutes >= settings.checkpoint_every_minutes)
            stops = device.any_says(this.strategy, interrupted.is_set() or enough)
            measures = is_due(done)
            # Saved before the validation, so that no step is lost if that is interrupted.
            if late or stops or measures or done % settings.checkpoint_every_steps == 0:
                this.save(taken)
                saved_at = time.monotonic()
            if measures:
                ends, enough = _validate(this, judge, done)
                if ends:
                    return True
                stops = device.any_says(this.strategy, interrupted.is_set() or enough)
            if stops and not (done == stage.steps and stage is settings.stages[-1]):
                return False
    return True


def _validate(this: run.Run, judge: validation.Validation, stage_step: int) -> tuple[bool, bool]:
    """Validates, unless that is done already.

    Returns:
      Whether the stage should end now, and whether a callback says that the run should.
    """
    enough = False
    if not judge.is_done():
        values = judge.measure()
        if values is not None:
            said = [each.on_validation(judge.step, values) for each in this.callbacks]
            enough = any(said)
    # The weights that a stage begins with are what it must improve on, and no reason to end it.
    reason = judge.shared_reason_to_end() if stage_step else None
    if reason:
        judge.note_end(reason)
    return reason is not None, enough


def _open_validation(
    settings: config.TrainConfig, train_photos: photographs.Photographs
) -> photographs.Photographs:
    try:
        photos = data.open_part(settings.data, "validation")
        if next(iter(photos.examples()), None):
            return photos
    except photographs.NoPartError:
        pass
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
    """Raises ValueError unless all processes have the same config and number of photographs."""
    # Machines may keep the photographs in different places.
    same = fields.override(settings, source="", data_dir=None)
    digest = zlib.crc32(f"{fields.to_json(same)}{photos.count}".encode())
    if device.largest(strategy, digest) != -device.largest(strategy, -digest):
        raise errors.InputError(
            "the workers were started with different options or photographs; use the same command "
            "and the same photographs on all"
        )
