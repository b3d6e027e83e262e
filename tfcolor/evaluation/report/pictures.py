"""The pictures of an evaluation, kept on disk while they pass."""

import io
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image

from tfcolor.evaluation import scores

QUALITY = 90
SMALL_QUALITY = 75
SHOWN_CONTROLS = (scores.GRAY, scores.TRUTH)


class Thumbnails:
    """Every picture of the models, of gray and of the truth as a JPEG file; an observer.

    They lie in a temporary folder, which is there until the `with` block ends, so that memory does
    not grow with them. Color is kept at full resolution: it is what the pictures are looked at for.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tfcolor-report-")
        self._counts: dict[str, int] = {}

    def __enter__(self) -> "Thumbnails":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def __call__(self, row: str, batch: scores.Batch, fake: np.ndarray) -> None:
        """Keeps the pictures of a batch, uint8 (n, h, w, 3), unless the row is another control."""
        if row in scores.CONTROLS and row not in SHOWN_CONTROLS:
            return
        start = self._counts.setdefault(row, 0)
        for index, rgb in enumerate(fake, start):
            path = self._path(row, index)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(_encode(Image.fromarray(rgb), QUALITY))
        self._counts[row] = start + len(fake)

    @property
    def rows(self) -> list[str]:
        """The rows whose pictures are here; those of an earlier evaluation are not."""
        return list(self._counts)

    def jpeg(self, row: str, index: int) -> bytes:
        """The picture of a photograph, by its place in the evaluation."""
        return self._path(row, index).read_bytes()

    def thumbnail(self, row: str, index: int, side: int) -> bytes:
        """The picture at no more than `side` pixels on its longest side; as it is if it is so."""
        with Image.open(self._path(row, index)) as image:
            if max(image.size) <= side:
                return self.jpeg(row, index)
            image.draft("RGB", (2 * side, 2 * side))
            image.thumbnail((side, side), Image.Resampling.LANCZOS)
            return _encode(image, SMALL_QUALITY)

    def _path(self, row: str, index: int) -> Path:
        number = list(self._counts).index(row)  # a row may have any name, also one with a slash
        return Path(self._folder.name, str(number), f"{index}.jpg")


def _encode(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, subsampling=0)
    return stream.getvalue()
