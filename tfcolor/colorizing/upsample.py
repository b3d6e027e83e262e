"""Enlarges color planes of a small photograph to the size of the large one, along its edges.

The planes are enlarged bicubically and get fine detail from the large photograph's lightness: where
color follows lightness in the small one (by the slope of a guided filter), it follows the detail of
lightness in the large one.

References:
  Kopf et al. 2007, Joint bilateral upsampling; He, Sun, Tang 2010, Guided image filtering; He, Sun
  2015, Fast guided filter (arXiv:1505.00996).
"""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np

from tfcolor.images.resizing import arrays

RADIUS = 1  # pixels of the small photograph; the slope is found in a window of this radius
NOISE = 10.0  # L*²: a variance of lightness under which there is no edge to follow
_BLOCK = 32  # rows that are summed up at a time
TRUST = 0.5  # factor of the slope: color follows fine detail less than coarse detail


class Upsampler:
    """Computes rows of the large planes, one strip after the other; safe in several threads."""

    def __init__(self, l: np.ndarray, ab: np.ndarray, size: tuple[int, int]) -> None:
        """Prepares what all rows need.

        Args:
          l: float32 (h', w'), L* of the small photograph.
          ab: float32 (h', w', 2), in CIE units.
          size: height and width of the large one.
        """
        # If the network saw more pixels than the photograph has, its planes are reduced.
        height, width = (min(sides) for sides in zip(l.shape, size, strict=True))
        if (height, width) != l.shape:
            l, ab = (arrays.resize(plane, height, width) for plane in (l, ab))
        colors = cv2.split(ab)
        planes = np.stack([*colors, *_slopes(l, colors), l])  # (5, h', w')
        self._wide = np.empty((5, height, size[1]), np.float32)
        weights = _weights(size[1], width)
        for block, near in _bands(weights):
            self._wide[..., block] = planes[..., near] @ weights[block, near].T
        self._weights = _weights(size[0], height)

    def rows(self, rows: slice, lightness: np.ndarray) -> np.ndarray:
        """Some rows of the large planes.

        Args:
          rows: which rows.
          lightness: float32 (r, w), L* of those rows.

        Returns:
          a, b: float32 (2, r, w).
        """
        weights = self._weights[rows]
        planes = np.empty((5, *lightness.shape), np.float32)
        for block, near in _bands(weights):
            np.matmul(weights[block, near], self._wide[:, near], out=planes[:, block])
        ab, slopes, detail = planes[:2], planes[2:4], lightness - planes[4]
        slopes *= detail
        ab += slopes
        return ab


def _bands(weights: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Yields blocks of rows of a matrix, each with the few columns that it uses."""
    for top in range(0, len(weights), _BLOCK):
        block = slice(top, top + _BLOCK)
        used = np.flatnonzero(weights[block].any(axis=0))
        yield block, slice(int(used[0]), int(used[-1]) + 1)


def _slopes(l: np.ndarray, colors: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """How much each plane of color changes with L* around each pixel, times TRUST."""
    mean_l = _mean(l)
    variance = _mean(l * l) - mean_l * mean_l
    for plane in colors:  # one by one: NumPy is slow over a last axis of two
        covariance = _mean(l * plane) - mean_l * _mean(plane)
        yield TRUST * _mean(covariance / (variance + NOISE))


def _mean(plane: np.ndarray) -> np.ndarray:
    side = 2 * RADIUS + 1
    return cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)


@functools.lru_cache(maxsize=2)  # the two sides of a film's frames
def _weights(large: int, small: int) -> np.ndarray:
    """Bicubic (a = -1/2) enlargement of a row as a matrix, borders repeated; float32."""
    place = (np.arange(large) + 0.5) * small / large - 0.5
    first = np.floor(place).astype(int)
    weights: np.ndarray = np.zeros((large, small), np.float32)
    for tap in range(-1, 3):
        share = cubic(np.abs(place - first - tap), np)
        column = np.clip(first + tap, 0, small - 1)
        np.add.at(weights, (np.arange(large), column), share)
    return weights


def cubic(distance: Any, ops: Any) -> Any:
    """The weight of a pixel in bicubic interpolation with a = -1/2, by its distance in [0, 2].

    Args:
      distance: NumPy array or tensor.
      ops: `numpy` or `tensorflow`.
    """
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1.0
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4.0 * distance + 2.0
    return ops.where(distance <= 1.0, near, far)
