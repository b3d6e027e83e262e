"""Compares ways of preprocessing the lightness of photographs.

References:
  scikit-image's exposure module: `rescale_intensity`, `equalize_hist`, `equalize_adapthist`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from skimage import exposure

from tfcolor.analysis import measures, statistics

MAX_ADAPTIVE = 500  # photographs; adaptive equalization is slow, so it is measured on no more
CLIPPED = 1.0  # L*; a pixel this close to black or white counts as clipped

METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda l: l,
    "low contrast": lambda l: 50.0 + (l - 50.0) / 2.0,
    "contrast stretching": lambda l: exposure.rescale_intensity(
        l, in_range=tuple(np.percentile(l, (2, 98))), out_range=(0.0, 100.0)
    ),
    "histogram equalization": lambda l: exposure.equalize_hist(l) * 100.0,
    "adaptive equalization": lambda l: exposure.equalize_adapthist(l / 100.0) * 100.0,
}
SAMPLED = "adaptive equalization"


def apply(l: np.ndarray, method: str) -> np.ndarray:
    """Preprocesses the lightness of one photograph.

    Args:
      l: floating point (h, w), L* in [0, 100].
      method: one of `METHODS`.

    Returns:
      float64 (h, w) in [0, 100].
    """
    return METHODS[method](np.clip(l, 0.0, 100.0).astype(np.float64))


class Comparison:
    """What each method does to L*, photograph by photograph.

    Args:
      count: photographs in the set; adaptive equalization is measured on evenly spaced ones.
    """

    def __init__(self, count: int) -> None:
        self.every = -(-count // MAX_ADAPTIVE)
        self.seen = 0
        self.counts = dict.fromkeys(METHODS, 0)
        self.sums = {method: np.zeros(4) for method in METHODS}

    def add(self, measured: measures.Measures) -> None:
        """Adds a batch."""
        starts, l = measured.starts, measured.lab[:, 0]
        for place, sides in zip(starts, measured.batch.sides, strict=True):
            self._add_one(l[place : place + sides.prod()].reshape(sides))

    def _add_one(self, l: np.ndarray) -> None:
        for method in METHODS:
            if method == SAMPLED and self.seen % self.every:
                continue
            made = apply(l, method)
            clipped = np.mean((made <= CLIPPED) | (made >= 100.0 - CLIPPED))
            change = np.mean(np.abs(made - l))
            self.counts[method] += 1
            self.sums[method] += [made.mean(), made.std(), clipped, change]
        self.seen += 1

    def report(self) -> list[dict[str, Any]]:
        """One row per method: the number of photographs, and the averages over them of L*'s mean,
        standard deviation, share of clipped pixels and mean absolute change."""
        rows = []
        for method, sums in self.sums.items():
            means = map(statistics.shorten, sums / self.counts[method])
            names = ("mean", "std", "clipped", "change")
            rows.append(
                {
                    "method": method,
                    "photographs": self.counts[method],
                    **dict(zip(names, means, strict=True)),
                }
            )
        return rows
