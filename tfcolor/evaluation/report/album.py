"""The pictures of a page, each of them embedded once however often it is shown."""

from tfcolor.evaluation.report import pictures
from tfcolor.pages import webpage

GALLERY_SIDE = 256  # pixels, longest side
HOVER_SIDE = 96


class Album:
    """Names pictures for the script of the page and collects those that the page must embed."""

    def __init__(self, kept: pictures.Thumbnails) -> None:
        self._kept = kept
        self._sides: dict[tuple[str, int], int] = {}

    def has(self, row: str) -> bool:
        """Whether a row's pictures are here."""
        return row in self._kept.rows

    def key(self, row: str, index: int, side: int) -> str:
        """The name of a picture; the page embeds it at the largest `side` that was asked for."""
        self._sides[row, index] = max(side, self._sides.get((row, index), 0))
        return self._name(row, index)

    def embedded(self) -> dict[str, str]:
        """key -> the picture as a data URI, of all that were asked for."""
        return {
            self._name(row, index): webpage.data_uri(
                self._kept.thumbnail(row, index, side), "image/jpeg"
            )
            for (row, index), side in self._sides.items()
        }

    def _name(self, row: str, index: int) -> str:
        return f"{self._kept.rows.index(row)}/{index}"
