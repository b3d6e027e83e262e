"""The parts of an unfinished film: a hidden folder beside it, from which a later run continues.

Each segment is a file, complete or absent, with the state after its last frame beside it, so that
a film made in several runs is the same as one made in a single run.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tfcolor.support import disk
from tfcolor.video import smooth

KEY = "settings.json"
LONGEST_NAME = 255  # bytes, on nearly every file system


@contextlib.contextmanager
def opened(target: Path, key: dict[str, Any]) -> Iterator[Path]:
    """The folder of a target's parts; those of another film or other settings are dropped.

    The folder is removed if all went well, or if it has nothing that another run could use.

    Args:
      target: the film to make.
      key: what the parts depend on, as JSON.

    Raises:
      ValueError: if another process makes it.
      OSError: if the folder cannot be made.
    """
    folder = target.with_name(f".{target.name}.parts")
    if len(os.fsencode(folder.name)) > LONGEST_NAME:
        short = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
        folder = target.with_name(f".{short}.parts")
    busy = f"{target} is being made by another process; wait for it"
    with disk.blaming(target):
        folder.mkdir(parents=True, exist_ok=True)
    with disk.locked(folder, busy):
        text = json.dumps(key, sort_keys=True)
        try:
            with contextlib.suppress(FileNotFoundError):
                if (folder / KEY).read_text(encoding="utf-8") != text:
                    _clear(folder)
            with disk.blaming(target):
                (folder / KEY).write_text(text, encoding="utf-8")
            yield folder
        except BaseException:
            if not segments(folder):
                disk.remove(folder)
            raise
        disk.remove(folder)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != disk.LOCK:
            path.unlink()


def segments(folder: Path) -> list[Path]:
    """The segments that are complete, in order."""
    return sorted(folder.glob("[0-9]*.nut"))


def place(folder: Path, index: int) -> Path:
    """Where a segment is written, before `keep` makes it part of the film."""
    return folder / f"{index:05d}.partial"


def keep(partial: Path, frames: int, moment: smooth.Moment) -> None:
    """Makes a segment part of the film.

    Args:
      partial: its file, from `place`.
      frames: number of frames of the film up to its end.
      moment: the state after its last frame.
    """
    state = partial.with_suffix(".state")
    with open(state, "wb") as file:
        np.savez(file, done=frames, **vars(moment))
    os.replace(state, partial.with_suffix(".npz"))
    os.replace(partial, partial.with_suffix(".nut"))  # last, so that a segment always has its state


def state_after(segment: Path) -> tuple[int, smooth.Moment]:
    """The number of frames up to a segment's end, and the moment of the last one."""
    with np.load(segment.with_suffix(".npz")) as state:
        moment = {name: state[name] for name in state.files if name != "done"}
        for name in ("begins_scene", "in_color", "is_painted"):
            moment[name] = bool(moment[name])
        moment["given"] = float(moment["given"])
        return int(state["done"]), smooth.Moment(**moment)
