"""Finds the colorizers to measure by their paths."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfcolor import runtimes
from tfcolor.colorizing import rendering
from tfcolor.data import photographs
from tfcolor.evaluation import pictures, protocol, scores
from tfcolor.images import searching
from tfcolor.runtimes import saved_models
from tfcolor.support import errors

BUNDLED = "tfcolor"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A row to measure: its painter, its description in the record, and what it was trained on."""

    painter: scores.Painter
    source: dict[str, Any]
    trained_on: str | None = None


def find(
    paths: Sequence[Path], photos: photographs.Photographs, how: protocol.Protocol
) -> dict[str, Candidate]:
    """The rows of models and folders of pictures; without any path, that of the bundled model.

    Raises:
      ValueError: if a path is neither, or a folder lacks a picture of some photograph.
    """
    if not paths:
        painter = scores.from_colorizer(rendering.of_batches(runtimes.load()))
        return {BUNDLED: Candidate(painter, {"model": "the one that comes with tfcolor"})}
    names = [_row_name(path) for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    rows: dict[str, Candidate] = {}
    for name, path in zip(names, paths, strict=True):
        rows |= {f"{name}{suffix}": row for suffix, row in _open(path, photos, how)}
    return rows


def seen_in_training(rows: Mapping[str, Candidate], source: str, part: str) -> Iterator[str]:
    """A warning for every model that was trained on the photographs it is measured on."""
    if part in ("train", "all"):
        for name, row in rows.items():
            # The bundled samples have no path; their names compare equal all the same.
            if row.trained_on and Path(row.trained_on).resolve() == Path(source).resolve():
                yield f"{name} was trained on photographs of this part"


def _open(
    path: Path, photos: photographs.Photographs, how: protocol.Protocol
) -> Iterator[tuple[str, Candidate]]:
    """The rows of a path, each with the suffix of its name."""
    if path.is_file():
        painter = scores.from_colorizer(rendering.of_batches(runtimes.load(path)))
        yield "", Candidate(painter, {"model": str(path)})
    elif _is_model(path):
        run = saved_models.read_config(path)
        trained_on = run.data.source if run else None
        source = {"model": str(path)}
        yield "", Candidate(scores.from_colorizer(saved_models.load(path)), source, trained_on)
        if run and run.model.space == "rgb":
            raw = saved_models.load(path, saved_models.RAW)
            yield " raw", Candidate(scores.from_colorizer(raw), source, trained_on)
    else:
        try:
            found = searching.search(path)
        except errors.InputError as error:
            raise errors.InputError(
                f"{path} is no SavedModel, TFLite or ONNX file or folder of pictures; make one "
                f"with: tfcolor export WORKDIR {path}"
            ) from error
        folder = pictures.Pictures(path, found, photos, how)
        yield "", Candidate(folder, folder.describe())


def _is_model(path: Path) -> bool:
    try:
        saved_models.newest_version(path)
    except errors.InputError:
        return False
    return True


def _row_name(path: Path) -> str:
    """saved_models/NAME, saved_models/NAME/3 and NAME.tflite -> NAME, NAME/3 and NAME.tflite."""
    path = path.resolve()
    return f"{path.parent.name}/{path.name}" if path.name.isdigit() else path.name
