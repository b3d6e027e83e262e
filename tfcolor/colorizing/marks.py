"""Colors that a person sets: at places, and in areas."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Sequence

import cv2
import numpy as np

from tfcolor.color import cielab_numpy, constants
from tfcolor.support import errors

RADIUS = 0.01  # share of the short side; a hint covers a disc, since one pixel may be a speck
NEAR = 0.1  # l; pixels of a hint's disc differ by no more, so that it ends at edges

_COLOR = re.compile("#[0-9a-fA-F]{6}")


def _require_rgb(rgb: Sequence[int]) -> None:
    if len(rgb) != 3 or not all(level in range(256) for level in rgb):
        raise errors.InputError(f"rgb must be three numbers of 0 to 255, got {rgb!r}")


@dataclasses.dataclass(frozen=True)
class Hint:
    """A place and its color.

    Attributes:
      x, y: pixels of the full-size photograph from its upper left corner, which is 0, 0.
      rgb: sRGB, 0..255. Only hue and chroma count; lightness is the photograph's own.

    Raises:
      ValueError: if the color is no such triple.
    """

    x: int
    y: int
    rgb: tuple[int, int, int]

    def __post_init__(self) -> None:
        """Checks the color; `check` checks the place, once the photograph is known."""
        _require_rgb(self.rgb)

    @property
    def points(self) -> tuple[tuple[int, int], ...]:
        """The one place."""
        return ((self.x, self.y),)

    def scaled(self, before: tuple[int, int], shape: tuple[int, int]) -> Hint:
        """The same hint in a copy of another height and width; `before` are the photograph's."""
        y, x = place_of(self.x, self.y, shape, before)
        return Hint(x, y, self.rgb)

    def mask(self, l: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """What it covers of lightness l (h, w), of a photograph of `shape`; bool (h, w)."""
        y, x = place_of(self.x, self.y, l.shape, shape)
        rows, columns = np.ogrid[: l.shape[0], : l.shape[1]]
        disc = (rows - y) ** 2 + (columns - x) ** 2 <= (RADIUS * min(l.shape)) ** 2
        return disc & (np.abs(l - l[y, x]) <= NEAR)


@dataclasses.dataclass(frozen=True)
class Area:
    """An area and its color: a polygon, or a stroke of a brush.

    A polygon colors what is inside and nothing else; a stroke spreads over its object, as a place
    does.

    Attributes:
      points: (x, y) of the corners, three at least, or along the stroke, as in `Hint`.
      rgb: see `Hint`.
      width: of the stroke, pixels of the full-size photograph; None for a polygon.

    Raises:
      ValueError: if the color is no such triple, or there are too few points.
    """

    points: tuple[tuple[int, int], ...]
    rgb: tuple[int, int, int]
    width: float | None = None

    def __post_init__(self) -> None:
        """Checks all but the places, as `Hint` does."""
        _require_rgb(self.rgb)
        if len(self.points) < (3 if self.width is None else 1):
            raise errors.InputError("an area needs three points, a stroke one; give more points")
        if self.width is not None and not self.width > 0:
            raise errors.InputError(f"a stroke's width must be above 0 pixels, got {self.width}")

    def scaled(self, before: tuple[int, int], shape: tuple[int, int]) -> Area:
        """See `Hint`."""
        moved = [place_of(x, y, shape, before) for x, y in self.points]
        width = None if self.width is None else self.width * min(shape) / min(before)
        return Area(tuple((x, y) for y, x in moved), self.rgb, width)

    def mask(self, l: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """See `Hint`; at least the pixels that its outline crosses."""
        corners = [place_of(x, y, l.shape, shape)[::-1] for x, y in self.points]
        if self.width is None:
            drawn = np.zeros(l.shape, np.uint8)
            cv2.fillPoly(drawn, [np.array(corners, np.int32)], 1)
            return drawn > 0
        width = max(math.floor(self.width * min(l.shape) / min(shape) + 0.5), 1)
        # Not OpenCV's line, whose ends and joints the page could not repeat.
        return _distance(np.array(corners, np.float32), l.shape) <= width / 2


Mark = Hint | Area


def _distance(corners: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """How far each pixel is from a line through points (n, 2), x and y; float32 (h, w)."""
    rows, columns = np.indices(shape, np.float32)
    least = np.hypot(columns - corners[0, 0], rows - corners[0, 1])
    for (x, y), (to_x, to_y) in itertools.pairwise(corners):
        right, down = to_x - x, to_y - y
        along = (columns - x) * right + (rows - y) * down
        share = np.clip(along / max(right**2 + down**2, 1), 0, 1)
        least = np.minimum(least, np.hypot(x + share * right - columns, y + share * down - rows))
    return least


def parse(text: str) -> Hint:
    """Parses a hint, "X,Y,#rrggbb".

    Raises:
      ValueError: if the text has another form.
    """
    place = re.fullmatch(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\S*)\s*", text, re.ASCII)
    if not place or not _COLOR.fullmatch(place[3]):
        raise errors.InputError(
            f"--hint must be X,Y,#rrggbb, X and Y in pixels from the left upper corner, "
            f"as 120,80,#c03028; got {text!r}"
        )
    return Hint(int(place[1]), int(place[2]), parse_color(place[3]))


def parse_color(text: str) -> tuple[int, int, int]:
    """Red, green and blue, 0..255, of "#rrggbb".

    Raises:
      ValueError: if the text has another form.
    """
    if not _COLOR.fullmatch(text):
        raise errors.InputError(f"a color must be #rrggbb, as #c03028; got {text!r}")
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def text_of(rgb: tuple[int, int, int]) -> str:
    """A color as "#rrggbb"."""
    return f"#{bytes(rgb).hex()}"


def check(marks: Sequence[Mark], shape: tuple[int, int]) -> None:
    """Raises ValueError if a mark lies outside a photograph of that height and width."""
    height, width = shape
    for mark in marks:
        for x, y in mark.points:
            if not (0 <= x < width and 0 <= y < height):
                raise errors.InputError(
                    f"the hint at {x},{y} lies outside the photograph; "
                    f"X must be in 0..{width - 1} and Y in 0..{height - 1}"
                )


def planes(
    l: np.ndarray, marks: Sequence[Mark], shape: tuple[int, int], saturation: float = 1.0
) -> np.ndarray:
    """Marks as input of a network that takes hints.

    Args:
      l, marks, shape, saturation: see `lay`.

    Returns:
      float32 (h, w, 3): a*b* / 110, in [-1, 1] by lowering chroma where necessary, and the mask,
      1 where there is a mark and 0 elsewhere.

    Raises:
      ValueError: if a mark lies outside the photograph.
    """
    covered, color = lay(l, marks, shape, saturation)
    return joined(color, covered)


def joined(color: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Colors (h, w, 2) and their mask (h, w) as `planes` gives them."""
    shown = color / np.maximum(1, np.abs(color).max(-1, keepdims=True))
    return np.concatenate([shown, mask[..., None]], -1, dtype=np.float32)


def lay(
    l: np.ndarray, marks: Sequence[Mark], shape: tuple[int, int], saturation: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Lays marks on a photograph.

    Args:
      l: float32 (h, w) in [-1, 1], L* / 50 - 1, as the network sees it.
      marks: a later area covers an earlier one, and a place covers areas; where the discs of
        places overlap, the color is their mean.
      shape: height and width of the full photograph, whose pixels the marks are in.
      saturation: factor that `painting.paint` will apply; a mark is the color after that.

    Returns:
      Where marks are, bool (h, w), and their colors, a*b* / 110, float64 (h, w, 2), 0 elsewhere.

    Raises:
      ValueError: if a mark lies outside the photograph.
    """
    check(marks, shape)
    covered, color = np.zeros(l.shape, bool), np.zeros((*l.shape, 2))
    count, total = np.zeros(l.shape), np.zeros((*l.shape, 2))
    for mark in marks:
        here = mark.mask(l, shape)
        if isinstance(mark, Area):
            covered |= here
            color[here] = color_of(mark, saturation)
        else:
            count[here] += 1
            total[here] += color_of(mark, saturation)
    at_places = count > 0
    color[at_places] = total[at_places] / count[at_places, None]
    return covered | at_places, color


def spreading(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks whose colors spread beyond what they cover: all but polygons."""
    return tuple(mark for mark in marks if isinstance(mark, Hint) or mark.width is not None)


def fill(
    l: np.ndarray,
    ab: np.ndarray,
    marks: Sequence[Mark],
    shape: tuple[int, int],
    saturation: float = 1.0,
) -> np.ndarray:
    """Gives what is inside polygons its color.

    Args:
      ab: the colors without polygons, a*b* / 110, float32 (h, w, 2); not changed.
      l, marks, shape, saturation: see `lay`; places and strokes inside polygons cover them.

    Returns:
      float32 (h, w, 2).
    """
    polygons = [mark for mark in marks if isinstance(mark, Area) and mark.width is None]
    if not polygons:
        return ab
    inside = np.any([mark.mask(l, shape) for mark in polygons], axis=0)
    color: np.ndarray = lay(l, marks, shape, saturation)[1].astype(np.float32)
    return np.where(inside[..., None], color, ab)


def place_of(x: int, y: int, l_shape: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, int]:
    """Row and column in l, of `l_shape`, of a pixel of the photograph, of `shape`."""
    return int((y + 0.5) * l_shape[0] / shape[0]), int((x + 0.5) * l_shape[1] / shape[1])


def color_of(mark: Mark, saturation: float = 1.0) -> np.ndarray:
    """a*b* / 110, float32 (2,), which is the mark's color after multiplying by the saturation."""
    ab = cielab_numpy.rgb_to_lab(np.array(mark.rgb, np.uint8))[1:] / constants.AB_SCALE
    # With a saturation of 0 everything is gray, whatever the mark says.
    return ab / np.float32(saturation or 1.0)
