"""How likely colors are: the likely colors of a place, and how certain a whole picture is.

A network that was trained on color classes predicts a distribution over them in every cell of its
input. Colors count as they look at the photograph's own lightness, where sRGB may not hold all.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tfcolor import images, runtimes
from tfcolor.color import ciede2000, cielab_numpy, classes, constants
from tfcolor.colorizing import marks, reduction, rendering
from tfcolor.support import disk, errors

ALIKE = 8.0  # CIEDE2000; colors that differ by less look alike, and are told as one
RIGHT = 10.0  # CIEDE2000; a color that differs by less from the truth is right
LEAST = 0.003  # less likely classes do not count; all of them together have about 2 %
SPREAD = 3.0  # CIEDE2000; about the standard deviation of the colors in a class
# The odds that a color is right over those by the classes alone: the network refines its colors
# after it chose among classes. Chosen on 300 validation photographs.
REFINED = 1.3


@dataclasses.dataclass(frozen=True)
class Likely:
    """A color that a place may have.

    Attributes:
      rgb: sRGB, 0..255, at the photograph's lightness.
      probability: that the place has this color or one that looks like it, in [0, 1].
    """

    rgb: tuple[int, int, int]
    probability: float


def likely(
    network: runtimes.Network,
    photograph: images.Photograph | np.ndarray,
    x: int,
    y: int,
    count: int = 6,
    *,
    size: int | None = None,
    hints: Sequence[marks.Mark] = (),
) -> list[Likely]:
    """The colors that a place of a photograph is likely to have.

    Args:
      network: one that tells the probabilities of color classes.
      photograph: see `rendering.colorize`.
      x, y: pixels from its upper left corner, which is 0, 0.
      count: of colors, at most, 1 or more.
      size, hints: see `rendering.colorize`; hints change what is likely elsewhere.

    Returns:
      The most likely color first; no two of them look alike.

    Raises:
      ValueError: if the network does not tell, a place lies outside, or as `rendering.colorize`.
    """
    pixels = photograph.pixels if isinstance(photograph, images.Photograph) else photograph
    shape = pixels.shape[:2]
    marks.check([marks.Hint(x, y, (0, 0, 0))], shape)
    if count < 1:
        raise errors.InputError(f"count must be 1 or more, got {count}")
    l = rendering.Rendering(size).reduce(pixels, network.size)
    row, column = marks.place_of(x, y, l.shape, shape)
    told = cell_probabilities(network, l, hints, shape)[row // classes.CELL, column // classes.CELL]
    return modes(told, (l[row, column] + 1) * constants.L_SCALE, count)


def cell_probabilities(
    network: runtimes.Network, l: np.ndarray, hints: Sequence[marks.Mark], shape: tuple[int, int]
) -> np.ndarray:
    """The probabilities of the color classes, given hints if the network takes them.

    Args:
      network: one that tells them.
      l, hints, shape: see `marks.lay`.

    Returns:
      float32 (ceil(h / 4), ceil(w / 4), 258), see `reduction.class_probabilities`.
    """
    spreading = marks.spreading(hints) if network.takes_hints else ()
    planes = marks.planes(l, spreading, shape) if spreading else None
    return reduction.class_probabilities(network, l, planes)


def modes(probabilities: np.ndarray, lightness: float, count: int) -> list[Likely]:
    """The colors around which a distribution over the color classes gathers.

    The class comes first that has the most probability among those that look like it. These are
    told as one color, their mean; then the classes that are left are told in the same way.

    Args:
      probabilities: of `classes.ab_bins()`, (258,), sum 1.
      lightness: L*, at which the colors are seen.
      count: of colors, at most.
    """
    lab = cielab_numpy.in_gamut(np.full(classes.COUNT, lightness, np.float32), classes.ab_bins())
    look_alike = ciede2000.ciede2000(lab[:, None], lab[None], np) < ALIKE
    left: np.ndarray = probabilities.astype(np.float64)
    means: list[np.ndarray] = []
    totals: list[float] = []
    while left.max() > 0:
        group = np.where(look_alike[np.argmax(look_alike @ left)], left, 0.0)
        left = left - group
        mean = group @ lab / group.sum()
        differences = [float(ciede2000.ciede2000(mean, each, np)) for each in means]
        if differences and min(differences) < ALIKE:  # what is left of a group, at its edge
            totals[int(np.argmin(differences))] += float(group.sum())
        elif len(means) < count:
            means.append(mean)
            totals.append(float(group.sum()))
        else:
            break
    colors = np.array(means, np.float32)
    levels = cielab_numpy.to_rgb(colors[:, 0], colors[:, 1:], np.dtype(np.uint8))
    found = [
        Likely((int(red), int(green), int(blue)), total)
        for (red, green, blue), total in zip(levels, totals, strict=True)
    ]
    return sorted(found, key=lambda each: -each.probability)


def certainty_map(
    network: runtimes.Network,
    photograph: images.Photograph | np.ndarray,
    *,
    size: int | None = None,
    strength: float = 1.0,
    saturation: float = 1.0,
    hints: Sequence[marks.Mark] = (),
) -> np.ndarray:
    """How likely each pixel of a colorized photograph has the right color; see `certainty`.

    Args:
      network: one that tells the probabilities of color classes.
      photograph: a gray one; see `rendering.colorize`, also for what else is given.

    Returns:
      float32 (h, w) in [0, 1]; 1 where a hint is.

    Raises:
      ValueError: if the network does not tell, or as `rendering.colorize`.
    """
    pixels = photograph.pixels if isinstance(photograph, images.Photograph) else photograph
    shape = pixels.shape[:2]
    rendered = rendering.Rendering(size, strength, saturation)
    found = certainty_of(network, rendered, *rendered.see(pixels, network, hints), hints, shape)
    return cv2.resize(found, shape[::-1], interpolation=cv2.INTER_LINEAR)


def write_map(path: Path, certain: np.ndarray, shape: tuple[int, int]) -> None:
    """Writes what `certainty_of` found as a gray PNG of the height and width of its photograph."""
    whole = cv2.resize(certain, shape[::-1], interpolation=cv2.INTER_LINEAR)
    with disk.replacing(path) as partial:
        Image.fromarray(np.rint(255 * whole).astype(np.uint8)).save(partial, "PNG")


def certainty_of(
    network: runtimes.Network,
    rendered: rendering.Rendering,
    l: np.ndarray,
    ab: np.ndarray,
    hints: Sequence[marks.Mark],
    shape: tuple[int, int],
) -> np.ndarray:
    """`certainty_map` at the size that the network sees.

    Args:
      network, hints: see `certainty_map`.
      rendered: how the colors are put into the photograph.
      l, ab: what `rendered.see` gave.
      shape: height and width of the photograph.
    """
    painted = ab * np.float32(rendered.strength * rendered.saturation)
    found = certainty(cell_probabilities(network, l, hints, shape), l, painted)
    found[marks.lay(l, hints, shape)[0]] = 1.0
    return found


def certainty(probabilities: np.ndarray, l: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """How likely each color of a picture is right, that is, within `RIGHT` of the truth.

    Args:
      probabilities: of the color classes, float32 (ceil(h / 4), ceil(w / 4), 258).
      l: float32 (h, w) in [-1, 1].
      ab: the colors of the picture, a*b* / 110, float32 (h, w, 2).

    Returns:
      float32 (h, w) in [0, 1].
    """
    height, width = l.shape
    rows, columns = probabilities.shape[:2]
    beyond = [
        (0, cells * classes.CELL - side) for cells, side in ((rows, height), (columns, width))
    ]
    planes = np.pad(np.concatenate([l[..., None], ab], -1), [*beyond, (0, 0)], "edge")
    means = classes.cell_means(planes)
    told = _right(probabilities, means)
    told = REFINED * told / (1 + (REFINED - 1) * told)
    whole = cv2.resize(told, None, fx=classes.CELL, fy=classes.CELL, interpolation=cv2.INTER_LINEAR)
    return whole[:height, :width]


def _right(probabilities: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """`certainty` of cells: (h', w', 258) and their means (h', w', 3) -> float32 (h', w')."""
    from scipy import special  # slow to import

    lightness = (planes[..., 0] + 1) * np.float32(constants.L_SCALE)
    ab = planes[..., 1:] * np.float32(constants.AB_SCALE)
    painted = cielab_numpy.in_gamut(lightness.ravel(), ab.reshape(-1, 2))
    rows, columns, color = np.nonzero(probabilities > LEAST)
    classed = cielab_numpy.in_gamut(lightness[rows, columns], classes.ab_bins()[color])
    there = painted[rows * lightness.shape[1] + columns]
    differences = ciede2000.ciede2000(classed, there, np)
    # A color lies anywhere in its class, which is as wide as `RIGHT`.
    shares = special.ndtr((RIGHT - differences) / SPREAD)
    right = np.zeros_like(lightness)
    np.add.at(right, (rows, columns), probabilities[rows, columns, color] * shares)
    return right
