"""EXIF orientation: which way up a picture is stored, and turning it upright."""

from __future__ import annotations

import numpy as np

# Orientations by what turns the stored picture upright, in this order: exchange rows and columns,
# reverse the rows, reverse the columns. 1 and unknown values need nothing.
SIDEWAYS = frozenset({5, 6, 7, 8})
_UPSIDE_DOWN, _MIRRORED = {3, 4, 7, 8}, {2, 3, 6, 7}


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turns stored pixels, (h, w) or (h, w, 3), upright."""
    if orientation in SIDEWAYS:
        pixels = pixels.swapaxes(0, 1)
    if orientation in _UPSIDE_DOWN:
        pixels = pixels[::-1]
    if orientation in _MIRRORED:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
