"""Exports a trained generator as a versioned SavedModel that runs without tfcolor."""

import contextlib
import dataclasses
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from tfcolor.evaluation import record, scores, wording
from tfcolor.export import modelcard, signatures, warmup
from tfcolor.runtimes import saved_models, workdirs
from tfcolor.serving import contract, remote
from tfcolor.support import disk, errors

_PARTIAL = ".partial-"  # TF Serving only reads folders whose names are numbers

log = logging.getLogger(__name__)


def export(
    run: str | Path,
    destination: str | Path,
    checkpoint: str = "best",
    version: int | None = None,
    figures: str | Path | None = None,
) -> Path:
    """Writes a generator as a version below a folder, as TF Serving reads it.

    The version is complete or absent: it is written under another name and then renamed.

    Args:
      run: workdir of a training run, or "bundled"; see `workdirs.generator_of`.
      destination: folder of versions, `saved_models/NAME`; made if missing.
      checkpoint: "best" (by validation) or "last".
      version: its number, 1 or more; the next one if not given.
      figures: JSON of `tfcolor evaluate` about this model, for its card; the run's own validation
        if not given.

    Returns:
      The folder of the new version.

    Raises:
      ValueError: if the run, its checkpoint or the figures cannot be read, or there is such a
        version already.
      OSError: if the destination cannot be written.
    """
    destination = Path(destination)
    if version is not None:
        _require_free(destination, version)
    measured = None if figures is None else figures_of(Path(figures))
    trained = workdirs.generator_of(run, checkpoint)
    if measured is None and trained.settings is not None:
        measured = validated(Path(run), trained)
    try:
        with _claim(destination) as partial:
            version = version or max(_versions(destination), default=0) + 1
            _require_free(destination, version)
            _write(trained, partial, destination.resolve().name, measured)
            os.rename(partial, destination / str(version))
    except (OSError, tf.errors.OpError) as error:
        raise OSError(
            f"cannot write a SavedModel below {destination} ({errors.one_line(error)}); choose "
            "another folder"
        ) from error
    return destination / str(version)


@contextlib.contextmanager
def _claim(destination: Path) -> Iterator[Path]:
    """A temporary folder below a folder of versions, which is locked against other exports."""
    with disk.locked(destination):
        for left in destination.glob(f"{_PARTIAL}*"):  # left by exports that were killed
            shutil.rmtree(left, ignore_errors=True)
        partial = destination / f"{_PARTIAL}{secrets.token_hex(4)}"
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _versions(destination: Path) -> list[int]:
    return [int(path.name) for path in destination.glob("*") if path.name.isdecimal()]


def _require_free(destination: Path, version: int) -> None:
    """Raises ValueError if a version exists already, even with leading zeros."""
    if version in _versions(destination):
        raise errors.InputError(
            f"{destination} has a version {version} already; give another --version, or none for "
            "the next"
        )


def _write(
    trained: workdirs.TrainedGenerator,
    folder: Path,
    name: str,
    figures: modelcard.Figures | None,
) -> None:
    """Writes the SavedModel, and its cards and warm-up requests."""
    settings, size = trained.settings, trained.image_size
    paints_rgb = settings is not None and settings.model.space == "rgb"
    served = signatures.ServedModule(
        trained.generator, size, trained.stride, paints_rgb, trained.probabilities
    )
    made = served.signatures()
    tf.saved_model.save(served, str(folder), signatures=made)
    extra = folder / "assets.extra"  # TF Serving reads only warm-up requests there
    extra.mkdir()
    facts = {
        "contract": contract.VERSION,
        saved_models.IMAGE_SIZE: size,
        "step": trained.step,
        "config": None if settings is None else dataclasses.asdict(settings),
    }
    (extra / saved_models.CARD).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    asked = {name: contract.ALL[name] for name in made}
    text = modelcard.text(name, size, settings, trained.step, figures, asked)
    (extra / "README.md").write_text(text, encoding="utf-8")
    if not warmup.write(extra, size, remote.HINTED in made):
        log.warning(warmup.MISSING)


def figures_of(path: Path) -> modelcard.Figures:
    """The figures of the one model of an evaluation, beside gray and the truth.

    Raises:
      ValueError: if it is no evaluation, or is of several models.
      OSError: if it cannot be read.
    """
    evaluation = record.read(path)
    models = evaluation.models
    # A model that paints RGB has a second row, with its own lightness.
    if len([name for name in models if not name.endswith(" raw")]) != 1:
        raise errors.InputError(
            f"{path} must have the figures of one model, it has {', '.join(models)}; make it with: "
            f"tfcolor evaluate MODEL --json {path}"
        )
    figures, protocol = evaluation.figures(), evaluation.protocol
    shown = [*models, scores.GRAY, scores.TRUTH]
    metrics = dict.fromkeys(metric for name in models for metric in figures[name])
    rows = [
        [metric, *(wording.shown(figures[name].get(metric)) for name in shown)]
        for metric in metrics
    ]
    about = (
        f"Measured by `tfcolor evaluate` on {protocol['photographs']} photographs "
        f"({protocol['protocol']}), {protocol['gray_photographs']} of them gray and left out. With "
        "half the 95 % interval: how a figure would vary with other photographs of the same kind."
    )
    return modelcard.Figures(about, [["", *shown], *rows])


def validated(run: Path, trained: workdirs.TrainedGenerator) -> modelcard.Figures | None:
    """The figures of a run's newest validation up to the step of the weights; None without one."""
    lines = [
        line
        for line in workdirs.read_metrics(run)
        if "val/ab_error" in line and line["step"] <= (trained.step or 0)
    ]
    if not lines:
        return None
    about = (
        f"Of the run's own validation at step {lines[-1]['step']}, on photographs of its source "
        "that it was not trained on. Validations choose the best weights of a run, so they lean to "
        "the good side, and they have no intervals. For measured ones: `tfcolor evaluate MODEL "
        "--json FILE`, then `tfcolor export --figures FILE`."
    )
    names = [name for name in lines[-1] if name.startswith("val/")]
    rows = [[name.removeprefix("val/"), f"{lines[-1][name]:.4g}"] for name in names]
    return modelcard.Figures(about, [["", "validation"], *rows])
