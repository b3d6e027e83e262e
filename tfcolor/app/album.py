"""The photographs that the app's page has given, kept until it stops or for some hours."""

import collections
import dataclasses
import secrets
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from tfcolor import runtimes
from tfcolor.app import preview
from tfcolor.colorizing import choices, folder, likelihood, marks, planning, rendering
from tfcolor.support import errors

FORGOTTEN_AFTER = 6 * 3600  # seconds without a request
LARGEST_SIDE = 8000  # pixels that a browser shows of the long side
_REMEMBERED = 12  # answers of the network a photograph: going back and forth takes no time


@dataclasses.dataclass(frozen=True)
class Wanted:
    """How a photograph is to be colorized.

    Attributes:
      chosen: hints and options, as a file NAME.hints.json has them.
      colors_from: the picture to take colors from, if any.
      recolor: whether colors that are there are replaced.
    """

    chosen: choices.Choices
    colors_from: "Kept | None" = None
    recolor: bool = False


class Kept:
    """A photograph in a folder of its own, and what was computed of it.

    Attributes:
      path: its file.
      shown: it, reduced.
    """

    def __init__(self, path: Path, max_megapixels: float) -> None:
        """Reads a file; raises as `preview.read`."""
        self.path, self._max_megapixels = path, max_megapixels
        self.shown = preview.read(path, max_megapixels)
        self.used_at = time.monotonic()
        self._seen: collections.OrderedDict[Any, tuple[np.ndarray, np.ndarray]]
        self._seen = collections.OrderedDict()

    def color(self, net: runtimes.Network, wanted: Wanted, side: int) -> np.ndarray:
        """It in color, the long side of at most `side` pixels; uint8 (h, w, 3).

        Raises:
          ValueError: if a hint lies outside, or the network does not offer what is wanted.
        """
        if self.shown.passed_over and not wanted.recolor:
            return preview.reduced(self.shown.pixels, side)
        rendered = rendering.Rendering(**wanted.chosen.options)
        l, ab = self._see(net, wanted, rendered)
        pixels = self.shown.pixels
        if side > preview.MAX_SIDE:
            side = min(side, LARGEST_SIDE)
            pixels = preview.read(self.path, self._max_megapixels, side).pixels
        return rendered.paint(preview.reduced(pixels, side), l, ab)

    def _see(
        self, net: runtimes.Network, wanted: Wanted, rendered: rendering.Rendering
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the network sees and its colors, which strength and most saturations leave alone."""
        hints, other = wanted.chosen.hints, wanted.colors_from
        key = (
            (rendered.size, rendered.variant, rendered.seed, hints, other)
            + ((rendered.saturation,) if hints or other else ())
        )  # fmt: skip
        if key not in self._seen:
            pixels = self.shown.pixels
            self._seen[key] = rendered.see(
                pixels,
                net,
                [hint.scaled(wanted.chosen.shape, pixels.shape[:2]) for hint in hints],
                other.shown.pixels if other else None,
            )
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        self._seen.move_to_end(key)
        return self._seen[key]

    def likely(
        self, net: runtimes.Network, chosen: choices.Choices, x: int, y: int
    ) -> list[likelihood.Likely]:
        """The likely colors of a place, in pixels of the full photograph; see `likelihood`."""
        marks.check([marks.Hint(x, y, (0, 0, 0))], self.shown.shape)
        pixels = self.shown.pixels
        row, column = marks.place_of(x, y, pixels.shape, self.shown.shape)
        size = chosen.options.get("size")
        hints = [hint.scaled(chosen.shape, pixels.shape[:2]) for hint in chosen.hints]
        return likelihood.likely(net, pixels, column, row, size=size, hints=hints)

    def write(self, net: runtimes.Network, wanted: Wanted) -> Path:
        """Colorizes it in full size, as `tfcolor colorize --hints` does; returns the new file.

        Raises:
          ValueError: if it cannot be done; says why.
        """
        place = self.path.parent / f"made-{secrets.token_hex(8)}"
        place.mkdir()
        wanted.chosen.write(chosen := place / f"{self.path.stem}{choices.SUFFIX}")
        options = folder.FileOptions(
            choices=chosen,
            colors_from=wanted.colors_from.path if wanted.colors_from else None,
            recolor=wanted.recolor,
        )
        name = f"{self.path.stem}{planning.SUFFIX}{self.path.suffix}"
        target = planning.with_known_suffix(place / name)
        (result,) = folder.colorize_files(net, [(self.path, target)], options)
        if result.passed_over:
            raise errors.InputError(f"{self.path.name} is {result.passed_over}")
        if result.reason:
            raise errors.InputError(result.reason.replace(str(self.path), self.path.name))
        return target


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
        path = self._place / identifier / (Path(name.replace("\\", "/")).name or "photograph")
        path.parent.mkdir()
        return identifier, path

    def add(self, identifier: str, path: Path) -> Kept:
        """Keeps a photograph whose file was written; raises as `preview.read`."""
        try:
            kept = Kept(path, self._max_megapixels)
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
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
            shutil.rmtree(kept.path.parent, ignore_errors=True)

    def forget_old(self) -> None:
        """Deletes photographs that nobody has asked for in `FORGOTTEN_AFTER`."""
        before = time.monotonic() - FORGOTTEN_AFTER
        with self._lock:
            old = [name for name, kept in self._kept.items() if kept.used_at < before]
        for identifier in old:
            self.forget(identifier)
