"""Statistics of a set of photographs, accumulated batch by batch in constant memory."""

import dataclasses
from typing import Any

import numpy as np

from tfcolor.analysis import gallery, measures, stream
from tfcolor.color import brightness

DIGITS = 4  # decimals of the figures in reports
MAX_NAMES = 100  # listed of the gray, the sepia and the skipped photographs
DULL = 15.0  # colorfulness; under it a photograph is not even slightly colorful
IMAGE_SIZES = (512, 256, 128, 64)  # pixels; candidates for training
AB_LIMIT = 110  # Lab units; no color of sRGB is farther along a* or b*
AB_BINS = 110  # along a* or b*, each 2 Lab units wide


class Distribution:
    """Counts in bins of one width, with the sums that a mean and a standard deviation need.

    Values outside of [low, high] count in the outer bins; mean, std, min and max are exact.
    """

    def __init__(self, low: float, high: float, bins: int) -> None:
        self.edges = np.linspace(low, high, bins + 1)
        self.counts: np.ndarray = np.zeros(bins, np.int64)
        self.sum = self.squares = 0.0
        self.min, self.max = np.inf, -np.inf

    def add(self, values: np.ndarray) -> None:
        """Counts values of any shape."""
        low, high, bins = self.edges[0], self.edges[-1], len(self.counts)
        places = ((np.asarray(values, np.float64).ravel() - low) * (bins / (high - low))).astype(
            np.int64
        )
        self.counts += np.bincount(np.clip(places, 0, bins - 1), minlength=bins)
        self.sum += float(np.sum(values, dtype=np.float64))
        self.squares += float(np.sum(np.square(values, dtype=np.float64)))
        self.min, self.max = min(self.min, np.min(values)), max(self.max, np.max(values))

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Mean of the values themselves, not of the bins."""
        return self.sum / self.count

    @property
    def std(self) -> float:
        """Standard deviation of the values themselves, divisor n."""
        return float(np.sqrt(max(self.squares / self.count - self.mean**2, 0.0)))

    def quantile(self, share: float) -> float:
        """The value below which a share in [0, 1] of the values lies, interpolated in the bins."""
        value = float(
            np.interp(share * self.count, np.concatenate([[0], self.counts.cumsum()]), self.edges)
        )
        return min(max(value, float(self.min)), float(self.max))

    def share_under(self, value: float) -> float:
        """The share of values below a value, interpolated in the bins."""
        below = np.concatenate([[0], self.counts.cumsum()])
        return float(np.interp(value, self.edges, below)) / self.count

    def report(self) -> dict[str, Any]:
        """The figures and the histogram, as a JSON object."""
        figures = {
            "mean": self.mean,
            "std": self.std,
            "min": float(self.min),
            "p5": self.quantile(0.05),
            "median": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "max": float(self.max),
        }
        # Trailing zeros are cut off: small photographs leave most bins of the sides empty.
        counts = np.trim_zeros(self.counts, "b").tolist()
        bins = {"low": self.edges[0], "bin_width": self.edges[1] - self.edges[0], "counts": counts}
        return {name: shorten(value) for name, value in figures.items()} | bins


def shorten(value: float) -> float:
    """Rounds a figure to DIGITS decimals."""
    return round(float(value), DIGITS) + 0.0  # turns -0.0 into 0.0


@dataclasses.dataclass
class Sample:
    """Photographs of one kind: their count, the first names and some pictures."""

    gallery: gallery.Gallery
    count: int = 0
    names: list[str] = dataclasses.field(default_factory=list)

    def add(self, name: str, rgb: np.ndarray) -> None:
        """Adds a photograph."""
        self.count += 1
        if len(self.names) < MAX_NAMES:
            self.names.append(name)
        self.gallery.offer(stream.scatter(name), name, rgb)


class Statistics:
    """Statistics of the photographs as they are, without any preprocessing.

    Attributes:
      photographs: name -> distribution over photographs.
      pixels: "l", "a", "b" -> distribution over the pixels of the reduced pictures.
      density: int64 (AB_BINS, AB_BINS), pixels by a*, then b*.
      sizes: int64 (80, 80), photographs by log2 of width, then height, from 4 to 14.
      brightness: class -> the photographs in it.
      gray, sepia: the gray and the sepia photographs.
      contact: random pictures for the contact sheet.
      typical: the one picture that preprocessing is shown on.
    """

    def __init__(self, min_chroma: float) -> None:
        self.min_chroma = min_chroma
        self.photographs = {
            "luminance": Distribution(0, 100, 100),
            "contrast": Distribution(0, 50, 100),
            "colorfulness": Distribution(0, 200, 200),
            "chroma": Distribution(0, 100, 200),
            "short_side": Distribution(0, 8192, 8192),
            "aspect": Distribution(0, 4, 200),
        }
        self.pixels = {
            "l": Distribution(0, 100, 100),
            "a": Distribution(-AB_LIMIT, AB_LIMIT, AB_BINS),
            "b": Distribution(-AB_LIMIT, AB_LIMIT, AB_BINS),
        }
        self.density: np.ndarray = np.zeros((AB_BINS, AB_BINS), np.int64)
        self.sizes: np.ndarray = np.zeros((80, 80), np.int64)
        self.neutral = 0
        self.brightness = {name: Sample(gallery.Gallery(8)) for name in brightness.CLASSES}
        self.gray, self.sepia = Sample(gallery.Gallery(16)), Sample(gallery.Gallery(16))
        self.contact, self.typical = gallery.Gallery(60), gallery.Gallery(1)

    @property
    def usable(self) -> int:
        """Number of photographs that could be read."""
        return self.photographs["luminance"].count

    def add(self, measured: measures.Measures) -> None:
        """Adds a batch."""
        sides: np.ndarray = measured.batch.full_sides.astype(np.float64)
        values = {
            "luminance": measured.lightness,
            "contrast": measured.contrast,
            "colorfulness": measured.batch.colorfulness,
            "chroma": measured.batch.chroma,
            "short_side": sides.min(axis=1),
            "aspect": sides[:, 1] / sides[:, 0],
        }
        for name, distribution in self.photographs.items():
            distribution.add(values[name])
        for name, plane in zip(self.pixels, measured.lab.T, strict=True):
            self.pixels[name].add(plane)
        ab = measured.lab[:, 1:]
        self.neutral += int(np.sum(np.hypot(*ab.T) < measures.NEUTRAL))
        self.density += _cells(ab, -AB_LIMIT, AB_LIMIT, AB_BINS)
        self.sizes += _cells(np.log2(sides[:, ::-1]), 4, 14, 80)
        self._sort(measured)

    def _sort(self, measured: measures.Measures) -> None:
        gray, sepia = measured.is_gray(self.min_chroma), measured.is_sepia(self.min_chroma)
        # The example picture of the figures is of medium lightness and contrast, and colorful.
        odd = (
            np.abs(measured.lightness - 50) / 10
            + np.abs(measured.contrast - 18) / 5
            + np.abs(measured.batch.colorfulness - 60) / 20
        )
        for index, (name, kind) in enumerate(
            zip(measured.batch.names, measured.brightness(), strict=True)
        ):
            rgb = measured.batch.picture(index)
            self.brightness[kind].add(name, rgb)
            self.contact.offer(stream.scatter(name), name, rgb)
            self.typical.offer(float(odd[index]), name, rgb)
            for found, is_kind in ((self.gray, gray), (self.sepia, sepia)):
                if is_kind[index]:
                    found.add(name, rgb)

    def report(self) -> dict[str, Any]:
        """The statistics as a JSON object."""
        pixels = self.pixels["l"].count
        sides = self.photographs["short_side"]
        dull = self.photographs["colorfulness"].share_under(DULL)
        return {
            "photographs": {name: each.report() for name, each in self.photographs.items()},
            "pixels": {name: each.report() for name, each in self.pixels.items()}
            | {"count": pixels, "neutral_share": shorten(self.neutral / pixels)},
            "large_enough": {
                str(size): shorten(1.0 - sides.share_under(size)) for size in IMAGE_SIZES
            },
            "dull_share": shorten(dull),
            "brightness": {
                name: {"count": found.count, "share": shorten(found.count / self.usable)}
                for name, found in self.brightness.items()
            },
            "gray": {"count": self.gray.count, "names": self.gray.names},
            "sepia": {"count": self.sepia.count, "names": self.sepia.names},
        }


def _cells(points: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """How many points (p, 2) are in each cell of a square; int64 (bins, bins)."""
    places = np.clip((points - low) * (bins / (high - low)), 0, bins - 1).astype(np.int64)
    cells = places[:, 0] * bins + places[:, 1]
    return np.bincount(cells, minlength=bins * bins).reshape(bins, bins)
