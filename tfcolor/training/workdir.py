"""Claims the workdir of a run for one process, and only for the run whose config is in it."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from tfcolor import config
from tfcolor.config import fields
from tfcolor.runtimes import workdirs
from tfcolor.support import disk, errors
from tfcolor.training import device

NAMED = 3  # So many fields that differ are named.


@contextlib.contextmanager
def claimed(
    folder: str | Path, settings: config.TrainConfig, strategy: tf.distribute.Strategy
) -> Iterator[Path]:
    """The workdir for the process that writes; a temporary folder for the others.

    The config is written if its run can continue in the workdir.

    Raises:
      ValueError: if another process trains there, or it holds a run of another config.
      OSError: if it cannot be written.
    """
    with contextlib.ExitStack() as held:
        own = Path(folder)
        if not device.is_chief(strategy):
            own = Path(held.enter_context(tempfile.TemporaryDirectory()))
        busy = f"another process trains in {own}; wait for it or use another workdir"
        try:
            held.enter_context(disk.locked(own, busy))
        except OSError as error:
            raise OSError(
                f"cannot write to the workdir {own} ({error.strerror}); choose another workdir"
            ) from error
        _write_config(own, settings)
        yield own


def _write_config(folder: Path, settings: config.TrainConfig) -> None:
    if workdirs.checkpoints(folder / workdirs.LAST):
        before = workdirs.read_config(folder)
        if before.recipe != settings.recipe:
            raise errors.InputError(
                f"{folder} holds a run of recipe {before.recipe}, not {settings.recipe}; give "
                "another --workdir"
            )
        if changed := fields.changed(before, settings):
            was = [f"{name} {old} (now {new})" for name, (old, new) in changed.items()]
            if len(was) > NAMED:
                was[NAMED:] = [f"{len(was) - NAMED} more fields that differ"]
            raise errors.InputError(
                f"{folder} holds a run with {', '.join(was)}; give its values or another --workdir"
            )
        _require_steps(folder, before, settings)
    disk.write(folder / workdirs.CONFIG, fields.to_json(settings))


def _require_steps(folder: Path, before: config.TrainConfig, settings: config.TrainConfig) -> None:
    """Raises ValueError if a run is already past the steps that its stages should have now."""
    for path in reversed(workdirs.checkpoints(folder / workdirs.LAST)):
        try:
            stage, done = workdirs.stage_of(path), workdirs.stage_step_of(path)
            break
        except Exception:  # damaged: training continues from an older one
            continue
    else:
        return
    for index, (old, new) in enumerate(zip(before.stages, settings.stages, strict=True)):
        is_past = index < stage and new.steps != old.steps
        if is_past or (index == stage and new.steps < done):
            now = settings.stages[stage]
            raise errors.InputError(
                f"{folder} has done {done} steps of its stage {now.name}: {new.name}.steps cannot "
                f"change from {old.steps} to {new.steps}; give the old steps and --set "
                f"{now.name}.steps=N to go on longer, or use another workdir"
            )
