"""Frames of a film that are given in color, by hand or by another program.

Each holds for its scene: its colors are brought onto the frames before and after it, wherever those
show the same. What they show besides is left to the network, hinted by what fits.
"""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfcolor import images, runtimes
from tfcolor.colorizing import choices, failures, marks, rendering, transfer
from tfcolor.images import searching
from tfcolor.support import errors
from tfcolor.video import read

SIDE = 256  # short side at which frames are compared, pixels
BEYOND = 1.1  # times the number of frames that a container tells, which is approximate
SCENE = 0.15  # least share of a frame that a key frame of its scene fits

_NAME = re.compile(r"\D*?(?:(?P<number>\d+)|(?P<seconds>\d+(?:\.\d+)?)s)", re.ASCII)


class KeyFrames:
    """The frames in color of a folder."""

    def __init__(
        self,
        folder: Path | None,
        film: read.Film,
        net: runtimes.Network,
        rendered: rendering.Rendering,
    ) -> None:
        """Reads them.

        Args:
          folder: of pictures whose names end in the number of the frame, from 0, or in its time in
            seconds followed by s, such as 240.png, frame-0240.png or 12.5s.png; and of files of
            hints with such names, see `choices`, by which the network colors the frame. None for
            none.
          film: what they are of.
          net: the network of the film.
          rendered: how its colors are put into frames, where a file of hints does not say.

        Raises:
          ValueError: if a name says neither, a picture is gray, a file of hints is none of this
            film, or there is none.
          OSError: if one cannot be read.
        """
        self._sources: dict[int, transfer.Source] = {}
        if folder is None:
            return
        chosen: dict[int, tuple[Sequence[marks.Mark], rendering.Rendering]] = {}
        for path in _listed(folder):
            with failures.named(path):
                if path.name.endswith(choices.SUFFIX):
                    place = _place(path, path.name.removesuffix(choices.SUFFIX), film)
                    fitted = choices.read(path).fit((film.height, film.width))
                    hints = fitted.pop("hints")
                    chosen[place] = hints, dataclasses.replace(rendered, **fitted)
                else:
                    place = _place(path, path.stem, film)
                    if film.frames and place > film.frames * BEYOND:
                        raise errors.InputError(
                            f"it is for frame {place}, but the film has about {film.frames}"
                        )
                    self._sources[place] = transfer.Source(images.read(path).pixels, SIDE)
        for place, frame in enumerate(read.frames(film)) if chosen else ():
            if place in chosen:
                hints, own = chosen.pop(place)
                color = own.render(read.pixels(film, frame.picture), net, hints)
                self._sources[place] = transfer.Source(color, SIDE)
            if not chosen:
                return
        if chosen:
            raise errors.InputError(
                f"{folder} has hints for frame {min(chosen)}, but the film has only {place + 1}"
            )

    def fitting(self, place: int, pixels: np.ndarray) -> transfer.Fitting | None:
        """What the nearest key frames before and after a frame know of its colors.

        Args:
          place: of the frame in the film, from 0.
          pixels: the frame; uint8 (h, w, 3).

        Returns:
          Their mean where both fit, the nearer one counting more; None if there is no key frame of
          this scene.
        """
        before = [each for each in self._sources if each <= place]
        after = [each for each in self._sources if each > place]
        nearest = [*([max(before)] if before else []), *([min(after)] if after else [])]
        if not nearest:
            return None
        found = transfer.fit_all(pixels, [self._sources[each] for each in nearest])
        weights, colors = [], []
        for each, fitting in zip(nearest, found, strict=True):
            if fitting.fits.mean() >= SCENE:
                weights.append(fitting.fits[..., None] / np.float32(1 + abs(each - place)))
                colors.append(fitting.ab)
        if not weights:
            return None
        weight = sum(weights)
        total = sum(share * ab for share, ab in zip(weights, colors, strict=True))
        return transfer.Fitting(total / np.maximum(weight, 1e-9), weight[..., 0] > 0)


def _listed(folder: Path) -> list[Path]:
    """The pictures and files of hints in a folder and below it.

    Raises:
      ValueError: if there is none.
    """
    found = [
        path
        for path in sorted(folder.rglob("[!.]*"))
        if path.name.endswith(choices.SUFFIX) or path.suffix.lower() in searching.KNOWN
    ]
    if not found:
        raise errors.InputError(f"{folder} holds no pictures and no files of hints; give others")
    return found


def _place(path: Path, name: str, film: read.Film) -> int:
    """The frame that a name means, from 0.

    Raises:
      ValueError: if it means none.
    """
    named = _NAME.fullmatch(name)
    if not named:
        raise errors.InputError(
            f"{path} names no frame; name it by its number or time, as 240.png or 12.5s.png"
        )
    return int(named["number"] or round(float(named["seconds"] or 0) * film.rate))
