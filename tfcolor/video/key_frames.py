"""Frames of a film that are given in color, by hand or by another program.

Each holds for its scene: its colors are brought onto the frames before and after it, wherever those
show the same. What they show besides is left to the network, hinted by what fits.
"""

import re
from pathlib import Path

import numpy as np

from tfcolor import images
from tfcolor.colorizing import transfer
from tfcolor.images import searching
from tfcolor.support import errors
from tfcolor.video import read

SIDE = 256  # short side at which frames are compared, pixels
SCENE = 0.15  # least share of a frame that a key frame of its scene fits

_NAME = re.compile(r"\D*?(?:(?P<number>\d+)|(?P<seconds>\d+(?:\.\d+)?)s)", re.ASCII)


class KeyFrames:
    """The frames in color of a folder."""

    def __init__(self, folder: Path | None, film: read.Film) -> None:
        """Reads them.

        Args:
          folder: of pictures whose names end in the number of the frame, from 0, or in its time in
            seconds followed by s, such as 240.png, frame-0240.png or 12.5s.png; None for none.
          film: what they are of.

        Raises:
          ValueError: if a name says neither, a picture is gray, or there is none.
          OSError: if one cannot be read.
        """
        self._sources: dict[int, transfer.Source] = {}
        if folder is None:
            return
        for path in searching.search(folder):
            named = _NAME.fullmatch(path.stem)
            if not named:
                raise errors.InputError(
                    f"{path} names no frame; name it by its number or time, as 240.png or 12.5s.png"
                )
            if named["number"]:
                place = int(named["number"])
            else:
                place = round(float(named["seconds"]) * film.rate)
            try:
                self._sources[place] = transfer.Source(images.read(path).pixels, SIDE)
            except errors.InputError as error:
                raise errors.InputError(f"{path}: {error}") from error

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
