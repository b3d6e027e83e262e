"""The list of photographs that failed, in the folder of the results."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfcolor.support import disk, errors

NAME = "failures.csv"
_COLUMNS = ("file", "reason")


def write(folder: Path, failed: Sequence[tuple[Path, str]]) -> Path | None:
    """Lists failures in a file in a folder, or deletes the list of an earlier run.

    Args:
      folder: of the results.
      failed: photographs and reasons.

    Returns:
      The file, with columns file and reason; None if nothing failed.

    Raises:
      OSError: if it cannot be written.
    """
    path = path_in(folder)
    if not failed:
        path.unlink(missing_ok=True)
        return None
    lines = io.StringIO(newline="")
    rows = csv.writer(lines)
    rows.writerow(_COLUMNS)
    rows.writerows(sorted((str(source), reason) for source, reason in failed))
    disk.write(path, lines.getvalue().encode(errors="surrogateescape"))
    return path


def path_in(folder: Path) -> Path:
    """Where failures are listed in a folder, even if a file of the user has the usual name."""
    path = folder / NAME
    is_free = not path.exists() or _is_list(path)
    return path if is_free else folder / f"tfcolor-{NAME}"


def naming(path: Path, reason: str) -> str:
    """The reason of a failure, after the file's path unless it names the file already."""
    return reason if path.name in reason else f"{path}: {reason}"


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Names a file in what is wrong with it.

    Raises:
      ValueError: what is raised inside for the user to mend, naming the file.
    """
    try:
        yield
    except errors.InputError as error:
        raise errors.InputError(naming(path, str(error))) from error


def _is_list(path: Path) -> bool:
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        return next(csv.reader(file), None) == list(_COLUMNS)
