"""The photographs that the app's page has given, kept until it stops or for some hours."""

import dataclasses
import secrets
import shutil
import threading
import time
from pathlib import Path

import numpy as np

from tfcolor.app import preview
from tfcolor.support import errors

FORGOTTEN_AFTER = 6 * 3600  # seconds without a request


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


class Album:
    """Photographs by the names that the server gave them, which nobody can guess."""

    def __init__(self, place: Path, max_megapixels: float) -> None:
        """Keeps them below a folder."""
        self._place, self._max_megapixels = place, max_megapixels
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def room(self, name: str) -> tuple[str, Path]:
        """A new identifier, and where to write the file of that name before `add`."""
        identifier = secrets.token_urlsafe(16)
        # A browser's name for a file has no folders, but anybody can send a request.
        name = Path(name.replace("\\", "/")).name or "photograph"
        path = self._place / identifier / "given" / name
        path.parent.mkdir(parents=True)
        return identifier, path

    def add(self, identifier: str, path: Path) -> Kept:
        """Keeps a photograph whose file was written; raises as `preview.read`."""
        try:
            shown = preview.read(path, self._max_megapixels)
            np.save(_preview_of(path), shown.pixels)
        except BaseException:
            self._delete(identifier)
            raise
        kept = Kept(path, shown.shape, shown.passed_over)
        with self._lock:
            self._kept[identifier] = kept
        return kept

    def get(self, identifier: str) -> Kept:
        """A photograph.

        Raises:
          ValueError: if there is none, or no more.
        """
        with self._lock:
            kept = self._kept.get(identifier)
        if kept is None:
            raise errors.InputError("the app no longer has this photograph; give it again")
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


def _preview_of(path: Path) -> Path:
    return path.parent.parent / "preview.npy"
