"""The photographs that the app's page has given, kept until it stops or for some hours."""

import contextlib
import dataclasses
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfcolor.app import preview

FORGOTTEN_AFTER = 6 * 3600  # seconds without a request
_LONGEST = 60  # characters of a name, which may take 4 bytes each


@dataclasses.dataclass(eq=False)
class Kept:
    """A photograph in a folder of its own, which also holds what is made of it.

    Attributes:
      path: its file.
      shape: height and width, pixels.
      passed_over: why it is not to be colorized unless asked; see `tone.why_not_to_color`.
      used_at: seconds on the monotonic clock, when it was asked for last.
    """

    path: Path
    shape: tuple[int, int]
    passed_over: str | None
    used_at: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def pixels(self) -> np.ndarray:
        """It reduced, see `preview.Preview`; on the disk, since there may be hundreds."""
        pixels: np.ndarray = np.load(_preview_of(self.path))
        return pixels


class GoneError(KeyError):
    """An album does not have a photograph, or has it no more."""


class Album:
    """Photographs by the names that the server gave them, which nobody can guess."""

    def __init__(self, place: Path, max_megapixels: float) -> None:
        """Keeps them below a folder."""
        self._place, self._max_megapixels = place, max_megapixels
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def room(self, name: str) -> Iterator[tuple[str, Path]]:
        """A new identifier, and where to write the file of that name before `add`.

        Unless it is added, nothing of it is kept.
        """
        identifier = secrets.token_urlsafe(16)
        path = self._place / identifier / "given" / _safe(name)
        path.parent.mkdir(parents=True)
        try:
            yield identifier, path
        finally:
            with self._lock:
                is_kept = identifier in self._kept
            if not is_kept:
                self._delete(identifier)

    def add(self, identifier: str, path: Path) -> Kept:
        """Keeps a photograph whose file was written; raises as `preview.read`."""
        shown = preview.read(path, self._max_megapixels)
        np.save(_preview_of(path), shown.pixels)
        kept = Kept(path, shown.shape, shown.passed_over)
        with self._lock:
            self._kept[identifier] = kept
        return kept

    def get(self, identifier: str) -> Kept:
        """A photograph.

        Raises:
          GoneError: if there is none, or no more.
        """
        with self._lock:
            kept = self._kept.get(identifier)
        if kept is None:
            raise GoneError(identifier)
        kept.used_at = time.monotonic()
        return kept

    def forget(self, identifier: str) -> None:
        """Deletes a photograph, if there is one."""
        with self._lock:
            kept = self._kept.pop(identifier, None)
        if kept:
            self._delete(identifier)

    def forget_old(self) -> None:
        """Deletes photographs that nobody has asked for in `FORGOTTEN_AFTER`."""
        before = time.monotonic() - FORGOTTEN_AFTER
        with self._lock:
            old = [name for name, kept in self._kept.items() if kept.used_at < before]
        for identifier in old:
            self.forget(identifier)

    def _delete(self, identifier: str) -> None:
        shutil.rmtree(self._place / identifier, ignore_errors=True)


def _safe(name: str) -> str:
    """A name for a file: a browser's has no folders, but anybody can send a request."""
    last = Path(name.replace("\\", "/")).name
    plain = "".join(each for each in last if each.isprintable())
    stem, suffix = os.path.splitext(plain)
    return f"{stem.strip('. ')[:_LONGEST] or 'photograph'}{suffix[:10]}"


def _preview_of(path: Path) -> Path:
    return path.parent.parent / "preview.npy"
