"""Resizes photographs and planes in NumPy, which is the definition.

Each side is resized by a matrix of weights: a sample of a reduced side is the mean of what it
covers; one of an enlarged side is interpolated linearly between the two nearest. Nothing is rounded
to levels, so that `tensors` and `web/src/taps.ts` differ only by the rounding of floats.
"""

import numpy as np

_STRIP = 65_536  # numbers converted to float32 at a time, so that they stay in the cache
_ROWS = 8  # at most, of the result at a time: with more, most weights would be zeros


def resize(planes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes planes.

    Args:
      planes: (h, w) or (h, w, c) of any dtype, such as a photograph of 8 or 16 bits.
      height, width: of the result.

    Returns:
      float32 (height, width) or (height, width, c), in the units of `planes`.
    """
    large = planes.reshape(*planes.shape[:2], -1)
    rows = _resize_columns(large.reshape(len(large), -1), height)
    columns = rows.reshape(height, *large.shape[1:]).transpose(1, 2, 0)  # (w, c, height)
    small = _resize_columns(columns.reshape(len(columns), -1), width)
    small = small.reshape(width, -1, height).transpose(2, 0, 1)
    return np.ascontiguousarray(small).reshape(height, width, *planes.shape[2:])


def matrix(length: int, new_length: int) -> np.ndarray:
    """The weight of each sample of a side in each sample of its new length.

    Returns:
      float64 (new_length, length); rows add up to 1.
    """
    return _weights(length, new_length, np.arange(new_length)[:, None], np.arange(length))


def _weights(length: int, new_length: int, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Entries of `matrix` at these rows and columns; zeros for columns beyond it."""
    scale = length / new_length
    if new_length < length:
        start = row * scale
        covered = np.minimum(column + 1, start + scale) - np.maximum(column, start)
        return np.maximum(covered, 0) / scale
    center = np.clip((row + 0.5) * scale - 0.5, 0, length - 1)  # ends are repeated
    return np.maximum(1 - np.abs(column - center), 0)


def _resize_columns(plane: np.ndarray, new_length: int) -> np.ndarray:
    """`matrix` @ plane (h, w) of any dtype -> float32 (new_length, w).

    It computes a few rows at a time, with the few columns of the matrix that they use.
    """
    length, width = plane.shape
    scale = length / new_length
    count = min(max(int(_STRIP / (scale * width)), 1), _ROWS)
    rows = np.arange(-(-new_length // count))[:, None] * count + np.arange(count)
    first = np.maximum((rows[:, 0] + 0.5) * scale - max(scale, 1) / 2, 0).astype(int)
    near = np.arange(int(count * scale) + 3)
    weights = _weights(length, new_length, rows[..., None], first[:, None, None] + near)
    weights = weights.astype(np.float32)
    resized = np.empty((new_length, width), np.float32)
    strip = np.empty((len(near), width), np.float32)
    for top, start, share in zip(rows[:, 0], first, weights, strict=True):
        used = strip[: min(len(near), length - start)]
        used[:] = plane[start : start + len(used)]
        part = resized[top : top + count]
        np.matmul(share[: len(part), : len(used)], used, out=part)
    return resized
