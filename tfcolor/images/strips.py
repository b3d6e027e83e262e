"""Processes pixels strip by strip, so that a large photograph is not in memory twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_PIXELS = 2**21  # in a strip


def row_slices(height: int, width: int) -> Iterator[slice]:
    """Slices of rows from top to bottom, all but the last of the same length."""
    rows = max(1, _PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def joined(pixels: np.ndarray, alpha: np.ndarray | None) -> Iterator[np.ndarray]:
    """Pixels (h, w, 3), and alpha (h, w) if any -> strips (rows, w, 3 or 4)."""
    for rows in row_slices(*pixels.shape[:2]):
        yield pixels[rows] if alpha is None else np.dstack([pixels[rows], alpha[rows]])


def to_8_bits(pixels: np.ndarray) -> np.ndarray:
    """uint16 (h, w, ...) -> uint8, rounded to the nearest."""
    rounded = np.empty(pixels.shape, np.uint8)
    for rows in row_slices(*pixels.shape[:2]):
        # 65535 / 255 = 257; half of it is added to round to the nearest.
        rounded[rows] = (pixels[rows].astype(np.uint32) + 128) // 257
    return rounded


def over_white(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(h, w, 3) with opacity (h, w) of the same type -> (h, w, 3) on white."""
    paper = np.empty_like(pixels)
    white = np.uint32(np.iinfo(pixels.dtype).max)
    for rows in row_slices(*alpha.shape):
        opacity: np.ndarray = alpha[rows, :, None].astype(np.uint32)
        # At most 65535 * 65535 + 32767, which 32 bits hold.
        light = pixels[rows] * opacity + white * (white - opacity)
        paper[rows] = (light + white // 2) // white
    return paper
