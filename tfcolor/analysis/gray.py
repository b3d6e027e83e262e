"""Compares gray conversions by the L* of their results."""

from typing import Any

import numpy as np

from tfcolor.analysis import gallery, measures, statistics
from tfcolor.color import grayscale

EXAMPLES = 6


class Comparison:
    """How far each of `grayscale.METHODS` is from L*, over all pixels of reduced pictures.

    Attributes:
      lightness: method -> distribution of L*.
      gallery: the pictures in which the methods are farthest from L*.
    """

    def __init__(self) -> None:
        self.lightness = {
            method: statistics.Distribution(0, 100, 100) for method in grayscale.METHODS
        }
        self.distances = np.zeros(len(grayscale.METHODS))
        self.gallery = gallery.Gallery(EXAMPLES)

    def add(self, measured: measures.Measures) -> None:
        """Adds a batch."""
        for method, l in zip(grayscale.METHODS, measured.grays, strict=True):
            self.lightness[method].add(l)
        distances = measured.means(np.abs(measured.grays - measured.lab[:, 0]))
        self.distances += distances @ measured.batch.sides.prod(axis=1)
        for index, name in enumerate(measured.batch.names):
            farthest = float(distances[:, index].max())
            self.gallery.offer(-farthest, name, measured.batch.picture(index))

    def report(self) -> list[dict[str, Any]]:
        """One row per method: shift of the mean L*, standard deviation of L* over all pixels
        (spread), and mean absolute distance from the L* of the color photograph."""
        true = self.lightness["lstar"].mean
        return [
            {
                "method": method,
                "shift": statistics.shorten(each.mean - true),
                "spread": statistics.shorten(each.std),
                "distance": statistics.shorten(distance / each.count),
            }
            for (method, each), distance in zip(self.lightness.items(), self.distances, strict=True)
        ]
