"""Several plausible colorings of one photograph, as hints where the network is unsure."""

from collections.abc import Sequence

import cv2
import numpy as np

from tfcolor import images, runtimes
from tfcolor.color import ciede2000, cielab_numpy, classes, constants
from tfcolor.colorizing import likelihood, marks, planning, rendering

PLACES = 2  # hints of a variant
WINDOW = 1 / 6  # share of the short side over which doubt is averaged: a place in a large object
CONSIDERED = 8  # likely colors of a place


def draw(
    network: runtimes.Network,
    photograph: images.Photograph | np.ndarray,
    count: int = 4,
    seed: int = 0,
    *,
    size: int | None = None,
    hints: Sequence[marks.Mark] = (),
) -> list[tuple[marks.Mark, ...]]:
    """Hints for colorings that differ from each other, each plausible in itself.

    Each variant has another likely color where the network is least sure over a large area, as a
    hint; then a color drawn by its probability where it is least sure after that. The network, or
    `local_hints`, makes the rest agree.

    Args:
      network: one that tells the probabilities of color classes.
      photograph: see `rendering.colorize`.
      count: of variants, from 1 to `planning.MOST_VARIANTS`.
      seed: of the draws; the same one gives the same variants.
      size: see `rendering.colorize`.
      hints: that all variants keep.

    Returns:
      The hints of each variant, for `rendering.colorize`. The first has only those that were
      given: it is what is made without variants.

    Raises:
      ValueError: if the network tells no classes, or as `rendering.colorize`.
    """
    pixels = photograph.pixels if isinstance(photograph, images.Photograph) else photograph
    planning.check_variants(count)
    shape, kept = pixels.shape[:2], tuple(hints)
    rendered = rendering.Rendering(size)
    l = rendered.reduce(pixels, network.size)
    if count == 1:
        marks.check(kept, shape)
        return [kept]
    usual = likelihood.cell_probabilities(network, l, kept, shape)
    first = _least_sure(usual, [])
    there = _likely(usual, l, first)
    others = _unlike(there, rendered.colors(network, l, kept, shape), l, first)
    found = [kept]
    for number in range(1, count):
        rng = np.random.default_rng((seed, number))
        chosen = others[number - 1] if number <= len(others) else _drawn(there, rng)
        cells, added = [first], [_hint(first, chosen, l, shape)]
        for _ in range(PLACES - 1):
            told = likelihood.cell_probabilities(network, l, (*kept, *added), shape)
            cells.append(cell := _least_sure(told, cells))
            added.append(_hint(cell, _drawn(_likely(told, l, cell), rng), l, shape))
        found.append((*kept, *added))
    return found


def _least_sure(told: np.ndarray, taken: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The cell, (row, column), in which color is least sure, in the window where it is on average.

    Args:
      told: probabilities of the color classes, float32 (h, w, 258).
      taken: cells that are chosen already; what is chosen lies a window away from them.
    """
    bins = classes.ab_bins()
    # The variance of the color in each cell; its root, in Lab units, is how far off a guess may be.
    variance = told @ (bins**2).sum(-1) - ((told @ bins) ** 2).sum(-1)
    doubt = np.sqrt(np.maximum(variance, 0.0)).astype(np.float32)
    side = max(round(min(doubt.shape) * WINDOW), 1)
    average = cv2.blur(doubt, (side, side))
    rows, columns = np.ogrid[: doubt.shape[0], : doubt.shape[1]]
    for row, column in taken:
        average[(rows - row) ** 2 + (columns - column) ** 2 < side**2] = -1.0
    middle = np.unravel_index(np.argmax(average), average.shape)
    top, left = (max(int(each) - side // 2, 0) for each in middle)
    window = doubt[top : top + side, left : left + side]
    down, across = np.unravel_index(np.argmax(window), window.shape)
    return top + int(down), left + int(across)


def _likely(told: np.ndarray, l: np.ndarray, cell: tuple[int, int]) -> list[likelihood.Likely]:
    lightness = (l[_pixel(cell, l)] + 1) * constants.L_SCALE
    return likelihood.modes(told[cell], lightness, CONSIDERED)


def _unlike(
    likely: Sequence[likelihood.Likely], ab: np.ndarray, l: np.ndarray, cell: tuple[int, int]
) -> list[likelihood.Likely]:
    """Those of the likely colors of a cell that do not look like what the network paints there."""
    pixel = _pixel(cell, l)
    lightness = (l[[pixel[0]], [pixel[1]]] + 1) * np.float32(constants.L_SCALE)
    painted = cielab_numpy.in_gamut(lightness, ab[pixel][None] * np.float32(constants.AB_SCALE))
    colors = cielab_numpy.rgb_to_lab(np.array([each.rgb for each in likely], np.uint8))
    differences = ciede2000.ciede2000(colors, painted, np)
    return [
        each
        for each, difference in zip(likely, differences, strict=True)
        if difference >= likelihood.ALIKE
    ]


def _drawn(likely: Sequence[likelihood.Likely], rng: np.random.Generator) -> likelihood.Likely:
    shares = np.array([each.probability for each in likely])
    return likely[rng.choice(len(likely), p=shares / shares.sum())]


def _hint(
    cell: tuple[int, int], color: likelihood.Likely, l: np.ndarray, shape: tuple[int, int]
) -> marks.Hint:
    y, x = (
        int((each + 0.5) * whole / part)
        for each, whole, part in zip(_pixel(cell, l), shape, l.shape, strict=True)
    )
    return marks.Hint(x, y, color.rgb)


def _pixel(cell: tuple[int, int], l: np.ndarray) -> tuple[int, int]:
    """The pixel in the middle of a cell, or at the border that cuts it."""
    row, column = (
        min(each * classes.CELL + classes.CELL // 2, side - 1)
        for each, side in zip(cell, l.shape, strict=True)
    )
    return row, column
