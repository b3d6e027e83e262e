"""The pictures of a page, each of them embedded once however often it is shown."""

import html
from collections.abc import Iterator, Sequence

from tfcolor.evaluation.report import pictures
from tfcolor.pages import webpage

GALLERY_SIDE = 192  # pixels, longest side
HOVER_SIDE = 96


class Album:
    """Gives out the HTML that shows pictures, and remembers which the page must hold."""

    def __init__(self, kept: pictures.Thumbnails) -> None:
        self._kept = kept
        self._sides: dict[tuple[str, int], int] = {}

    def has(self, row: str) -> bool:
        """Whether a row's pictures are here."""
        return row in self._kept.rows

    def want(self, row: str, index: int, side: int) -> None:
        """Has a picture embedded, at the largest side that is asked for."""
        self._sides[row, index] = max(side, self._sides.get((row, index), 0))

    def key(self, row: str, index: int) -> str:
        """What the script of the page calls a picture."""
        return f"{self._kept.rows.index(row)}/{index}"

    def group(self, rows: Sequence[str], index: int, lines: Sequence[str]) -> str:
        """One photograph's pictures side by side, over lines of text; HTML."""
        images = "".join(self._image(row, index, f"{lines[0]}, {row}") for row in rows)
        text = "<br>".join(map(html.escape, lines))
        return f'<figure><div class="group">{images}</div><figcaption>{text}</figcaption></figure>'

    def embedded(self) -> dict[str, str]:
        """key -> the picture as a data URI, of all that were asked for."""
        return dict(self._each())

    def _image(self, row: str, index: int, text: str) -> str:
        self.want(row, index, GALLERY_SIDE)
        return f'<img alt="{html.escape(text)}" data-picture="{self.key(row, index)}">'

    def _each(self) -> Iterator[tuple[str, str]]:
        for (row, index), side in self._sides.items():
            jpeg = self._kept.thumbnail(row, index, side)
            yield self.key(row, index), webpage.data_uri(jpeg, "image/jpeg")
