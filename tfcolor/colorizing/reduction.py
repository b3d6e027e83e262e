"""Reduces photographs to the lightness that a network takes, and gets the network's colors.

The module does not depend on what runs the network: a LiteRT file, a SavedModel or a server.
"""

import math
from typing import TypeGuard

import numpy as np

from tfcolor import runtimes
from tfcolor.color import cielab_numpy, classes, constants
from tfcolor.images.resizing import arrays
from tfcolor.support import errors

MAX_ASPECT = 4  # a side longer than 4 short ones is squeezed, which bounds the network's input
MAX_SIZE = 4096  # short side, pixels; a network of ours then takes 10 GB
MAX_SATURATION = 100.0  # a factor larger than any use needs, and far from where floats overflow
MIN_SIDE = 8  # pixels; in a smaller photograph there is nothing to recognize


def reduce(pixels: np.ndarray, size: int) -> np.ndarray:
    """The lightness of a photograph, reduced to the size that a network sees.

    Args:
      pixels: uint8 or uint16, gray (h, w) or sRGB (h, w, 3).
      size: short side of the result; the long one is `MAX_ASPECT` times that at the most.

    Returns:
      l: float32 (h', w') in [-1, 1].

    Raises:
      ValueError: if a side is under `MIN_SIDE`, or the size is out of range.
    """
    # Pixels are averaged, not lightness, as in the photographs that networks are trained on.
    small = arrays.resize(pixels, *reduced_shape(pixels, size))
    encoded = small / np.float32(np.iinfo(pixels.dtype).max)
    return cielab_numpy.lightness_of_srgb(encoded) / np.float32(constants.L_SCALE) - 1


def reduced_shape(pixels: np.ndarray, size: int) -> tuple[int, int]:
    """Height and width of what `reduce` gives; raises ValueError as it does."""
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise errors.InputError(
            f"{width} x {height} pixels are too few to colorize; give a photograph of at least "
            f"{MIN_SIDE} x {MIN_SIDE}"
        )
    check_size(size)
    scale = size / min(height, width)
    new_height, new_width = (
        min(round(side * scale), MAX_ASPECT * size) for side in (height, width)
    )
    return new_height, new_width


def check_size(size: int) -> None:
    """Raises ValueError if a short side is out of the range for networks."""
    if not 1 <= size <= MAX_SIZE:
        raise errors.InputError(f"size must be from 1 to {MAX_SIZE} pixels, got {size}")


def colors(network: runtimes.Network, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
    """The colors that a network predicts for lightness of any size, padded by mirroring.

    Args:
      network: see `runtimes.Network`.
      l: float32 (h, w) in [-1, 1].
      hints: float32 (h, w, 3), for a network that takes them; the padding has none.

    Returns:
      ab: float32 (h, w, 2), a*b* / 110.

    Raises:
      ValueError: if the colors are not finite, or the network takes no hints.
    """
    _check_hints(network, hints)
    (top, left), shown = _mirrored(l, hints, network.stride)
    ab = network(*shown)[top : top + l.shape[0], left : left + l.shape[1]]
    if not np.isfinite(ab).all():
        raise errors.InputError("the network's colors are not numbers; export the model again")
    return ab


def class_probabilities(
    network: runtimes.Network, l: np.ndarray, hints: np.ndarray | None = None
) -> np.ndarray:
    """The probabilities of the color classes that a network predicts, cell by cell.

    Args:
      network: a `runtimes.Classifier` that tells them.
      l, hints: see `colors`.

    Returns:
      Of each of `classes.ab_bins()` in each cell of `classes.CELL` pixels, the last ones perhaps
      beyond the border: float32 (ceil(h / 4), ceil(w / 4), 258).

    Raises:
      ValueError: if the network tells none, or takes no hints.
    """
    network = require_classes(network)
    _check_hints(network, hints)
    cell = classes.CELL
    before, shown = _mirrored(l, hints, math.lcm(network.stride, cell), cell)
    rows, columns = (
        slice(start // cell, -(-(start + side) // cell))
        for start, side in zip(before, l.shape, strict=True)
    )
    return network.classes(*shown)[rows, columns]


def tells_classes(network: runtimes.Network) -> TypeGuard[runtimes.Classifier]:
    """Whether a network tells the probabilities of color classes."""
    return isinstance(network, runtimes.Classifier) and network.tells_classes


def require_classes(network: runtimes.Network) -> runtimes.Classifier:
    """The network, if it tells the probabilities of color classes.

    Raises:
      ValueError: if it tells none.
    """
    if tells_classes(network):
        return network
    raise errors.InputError(
        "this network does not tell how likely a color is; export one that was trained on color "
        "classes"
    )


def _check_hints(network: runtimes.Network, hints: np.ndarray | None) -> None:
    if hints is not None and not network.takes_hints:
        raise errors.InputError("this network takes no hints; export one of a generator that does")


def _mirrored(
    l: np.ndarray, hints: np.ndarray | None, multiple: int, cell: int = 1
) -> tuple[list[int], list[np.ndarray]]:
    """Lightness and any hints with sides that are multiples of a number.

    Returns:
      The rows above and the columns to the left, multiples of `cell`; and what a network is shown.
    """
    missing = [-side % multiple for side in l.shape]
    before = [each // 2 // cell * cell for each in missing]
    around = [(first, each - first) for first, each in zip(before, missing, strict=True)]
    shown = [np.pad(l, around, "reflect")]
    if hints is not None:
        shown.append(np.pad(hints, [*around, (0, 0)]))
    return before, shown
