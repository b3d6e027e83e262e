"""Color classes: the cells of a grid in the ab plane (arXiv:1603.08511). NumPy only."""

import functools
from pathlib import Path

import numpy as np

BIN_WIDTH = 10.0  # Lab units; arXiv:1603.08511, 3.1
COUNT = 258  # bins
CELL = 4  # pixels; side of the squares of a network's input for which it predicts classes

_FILE = Path(__file__).parent / "ab_classes.npz"


def ab_bins() -> np.ndarray:
    """The cells of the ab grid that contain colors of sRGB.

    Returns:
      float32 (258, 2), their centers in Lab units, multiples of `BIN_WIDTH`.
    """
    return _stored()["bins"]


def prior() -> np.ndarray:
    """How often each bin occurs in photographs; docs/recipes.md says in which.

    Returns:
      float32 (258,), sum 1.
    """
    return _stored()["prior"]


def cell_means(planes: np.ndarray) -> np.ndarray:
    """The mean over each cell: (..., h, w, c) of whole cells -> (..., h / 4, w / 4, c)."""
    *outer, height, width, channels = planes.shape
    cells = (*outer, height // CELL, CELL, width // CELL, CELL, channels)
    return planes.reshape(cells).mean((-4, -2))


@functools.cache
def _stored() -> dict[str, np.ndarray]:
    with np.load(_FILE) as stored:
        return dict(stored)
