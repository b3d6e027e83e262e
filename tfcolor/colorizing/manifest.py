"""A record of what was made of which photograph, by what: for archives and their auditors."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import tfcolor
from tfcolor.colorizing import folder
from tfcolor.support import disk, errors

COLUMNS = (
    *("source", "source_sha256", "result", "outcome", "reason", "width", "height"),
    "certainty",
    *("model", "model_sha256", "tfcolor", "options", "seconds"),
)
SUFFIXES = (".csv", ".jsonl")

Row = dict[str, str | int | float | None]


@contextlib.contextmanager
def recording(
    path: Path, model: Path | str | None, options: folder.FileOptions
) -> Iterator[Callable[[folder.Result], None]]:
    """Records the results that are given, from any thread, to the function that it yields.

    The file is written at the end, complete or not at all. Until then a journal is kept beside it,
    in a hidden file, from which a later run goes on if this one is killed. Rows of earlier runs
    stay, unless their result was made again.

    Args:
      path: ends in .csv or .jsonl (a JSON object a line).
      model: see `runtimes.load`.
      options: how the photographs are colorized.

    Raises:
      ValueError: if the suffix is another, or the file is there and is no such record.
      OSError: if it cannot be read or written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise errors.InputError(f"{path} must end in {' or '.join(SUFFIXES)}")
    journal = path.with_name(f".{path.name}.journal")
    rows = {row["result"]: row for row in [*_read(path), *_lines(journal)]}
    name, sha256 = identity(model)
    chosen = dataclasses.asdict(options)
    same: Row = {
        "model": name,
        "model_sha256": sha256,
        "tfcolor": tfcolor.__version__,
        "options": json.dumps({key: value for key, value in chosen.items() if value}, default=str),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    one_at_a_time = threading.Lock()
    with open(journal, "a", encoding="utf-8", errors="surrogateescape") as kept:

        def add(result: folder.Result) -> None:
            row = _row(result, same)
            with one_at_a_time:
                if result.outcome == folder.THERE:
                    row = rows.get(str(result.target), row)
                rows[str(result.target)] = row
                kept.write(json.dumps(row) + "\n")
                kept.flush()

        yield add
    disk.write(path, _text(path, sorted(rows.values(), key=lambda row: str(row["source"]))))
    journal.unlink()


def _row(result: folder.Result, same: Row) -> Row:
    width, height = result.size or (None, None)
    row: Row = {
        "source": str(result.source),
        "source_sha256": _sha256_of(result.source),
        "result": str(result.target),
        "outcome": result.outcome,
        "reason": result.reason,
        "width": width,
        "height": height,
    }
    if result.is_new:
        row |= {**same, "seconds": round(result.seconds, 3)}
        if result.certainty is not None:
            row["certainty"] = round(result.certainty, 3)
    return {column: row.get(column) for column in COLUMNS}


def identity(model: Path | str | None) -> tuple[str, str | None]:
    """What a model is called, and the SHA-256 of its file or files; none of one at a server.

    Args:
      model: see `runtimes.load`.
    """
    if isinstance(model, str):
        return model, None
    if model is None:
        from tfcolor.runtimes import bundled

        return "bundled", _sha256_of(bundled.PATH)
    if model.is_file():
        return str(model), _sha256_of(model)
    from tfcolor.runtimes import saved_models

    version = saved_models.newest_version(model)
    whole = hashlib.sha256()
    for each in sorted(path for path in version.rglob("*") if path.is_file()):
        whole.update(f"{each.relative_to(version).as_posix()} {_sha256_of(each)}\n".encode())
    return str(version), whole.hexdigest()


def _sha256_of(path: Path) -> str | None:
    with contextlib.suppress(OSError), open(path, "rb") as file:  # The row says why it failed.
        return disk.sha256(file)
    return None


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    if path.suffix.lower() == ".jsonl":
        rows = [{**row, "options": _as_text(row.get("options"))} for row in _lines(path)]
    else:
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
            rows = [dict(row) for row in csv.DictReader(file)]
    if not all(row.keys() == set(COLUMNS) for row in rows):
        raise errors.InputError(f"{path} is no manifest of tfcolor; give another file")
    return rows


def _as_text(options: object) -> str | None:
    """The options of a row, an object in files of JSON lines, as they are kept in a row."""
    return json.dumps(options) if options else None


def _lines(path: Path) -> list[Row]:
    """The rows of a file of JSON lines, up to the first that is incomplete."""
    rows: list[Row] = []
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                rows.append(json.loads(line))
    return rows


def _text(path: Path, rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    if path.suffix.lower() == ".jsonl":
        for row in rows:
            chosen = row["options"] and json.loads(str(row["options"]))
            text.write(json.dumps({**row, "options": chosen}) + "\n")
    else:
        table = csv.DictWriter(text, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return text.getvalue().encode(errors="surrogateescape")
