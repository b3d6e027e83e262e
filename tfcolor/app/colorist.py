"""What the app does with a photograph and a network."""

import dataclasses
import functools
from pathlib import Path

import numpy as np

from tfcolor import runtimes
from tfcolor.app import album, preview
from tfcolor.colorizing import choices, folder, likelihood, marks, planning, rendering
from tfcolor.support import errors

LARGEST_SIDE = 8000  # pixels that a browser shows of the long side
REMEMBERED = 64  # answers of the network, a megabyte each: going back and forth takes no time


@dataclasses.dataclass(frozen=True)
class Wanted:
    """How a photograph is to be colorized.

    Attributes:
      chosen: hints and options, as a file NAME.hints.json has them.
      colors_from: the picture to take colors from, if any.
      recolor: whether colors that are there are replaced.
    """

    chosen: choices.Choices
    colors_from: album.Kept | None = None
    recolor: bool = False


class Colorist:
    """Colorizes photographs of an album with a network, which it calls from several threads."""

    def __init__(self, net: runtimes.Network, max_megapixels: float) -> None:
        """Takes the network, and the largest photograph that is read."""
        self._net, self._max_megapixels = net, max_megapixels
        self._seen = functools.lru_cache(REMEMBERED)(self._see)
        self._large = functools.lru_cache(1)(self._read_large)

    def color(self, kept: album.Kept, wanted: Wanted, side: int) -> np.ndarray:
        """A photograph in color, the long side of at most `side` pixels; uint8 (h, w, 3).

        Raises:
          ValueError: if a hint lies outside, or the network does not offer what is wanted.
        """
        pixels = kept.pixels
        if kept.passed_over and not wanted.recolor:
            return preview.reduced(pixels, side)
        rendered = rendering.Rendering(**wanted.chosen.options)
        fitted = wanted.chosen.fit(kept.shape)["hints"]
        # Strength is a matter of painting, and so is saturation where there are no colors to keep.
        given = fitted or wanted.colors_from
        same = dataclasses.replace(
            rendered, strength=1.0, saturation=rendered.saturation if given else 1.0
        )
        l, ab = self._seen(kept, same, fitted, wanted.colors_from)
        if side > preview.MAX_SIDE:
            pixels = self._large(kept, min(side, LARGEST_SIDE))
        return rendered.paint(preview.reduced(pixels, side), l, ab)

    def likely(
        self, kept: album.Kept, chosen: choices.Choices, x: int, y: int
    ) -> list[likelihood.Likely]:
        """The likely colors of a place, in pixels of the full photograph; see `likelihood`."""
        marks.check([marks.Hint(x, y, (0, 0, 0))], kept.shape)
        pixels = kept.pixels
        row, column = marks.place_of(x, y, pixels.shape, kept.shape)
        hints = _scaled(chosen.fit(kept.shape)["hints"], kept, pixels)
        size = chosen.options.get("size")
        return likelihood.likely(self._net, pixels, column, row, size=size, hints=hints)

    def write(self, kept: album.Kept, wanted: Wanted, place: Path) -> Path:
        """Colorizes it in full size, as `tfcolor colorize --hints` does.

        Args:
          kept, wanted: the photograph and how.
          place: an empty folder.

        Returns:
          The new file.

        Raises:
          ValueError: if it cannot be done; says why.
        """
        wanted.chosen.write(chosen := place / f"{kept.path.stem}{choices.SUFFIX}")
        options = folder.FileOptions(
            choices=chosen,
            colors_from=wanted.colors_from.path if wanted.colors_from else None,
            recolor=wanted.recolor,
        )
        name = f"{kept.path.stem}{planning.SUFFIX}{kept.path.suffix}"
        target = planning.with_known_suffix(place / name)
        (result,) = folder.colorize_files(self._net, [(kept.path, target)], options)
        if result.passed_over:
            raise errors.InputError(f"{kept.path.name} is {result.passed_over}")
        if result.reason:
            raise errors.InputError(result.reason.replace(str(kept.path), kept.path.name))
        return target

    def _read_large(self, kept: album.Kept, side: int) -> np.ndarray:
        return preview.read(kept.path, self._max_megapixels, side).pixels

    def _see(
        self,
        kept: album.Kept,
        rendered: rendering.Rendering,
        hints: tuple[marks.Mark, ...],
        other: album.Kept | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the network sees, and its colors."""
        pixels = kept.pixels
        placed = _scaled(hints, kept, pixels)
        return rendered.see(pixels, self._net, placed, other.pixels if other else None)


def _scaled(
    hints: tuple[marks.Mark, ...], kept: album.Kept, pixels: np.ndarray
) -> list[marks.Mark]:
    """Hints of a photograph as those of its reduced pixels."""
    shape = (pixels.shape[0], pixels.shape[1])
    return [hint.scaled(kept.shape, shape) for hint in hints]
