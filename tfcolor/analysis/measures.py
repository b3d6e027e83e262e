"""Measures pictures, and classifies them by brightness and as gray or sepia."""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from tfcolor.analysis import stream
from tfcolor.color import brightness, cielab, grayscale

NEUTRAL = 10.0  # Lab chroma; under it a pixel has hardly any color
LIGHTNESS_STEPS = 16  # steps of L*; a sepia photograph has a single color in each

SEPIA_SPREAD = 2.5  # Lab units; nine in ten of 90 photographs that we toned are under it
SEPIA_ONE_HUE = 0.95  # length of the mean of (a*, b*) over the mean chroma; 1 is one hue
SEPIA_HUES = (30.0, 110.0)  # degrees in the ab plane; red-brown to yellow
SEPIA_RULE = (
    f"mean chroma of min_chroma or more; the (a*, b*) of pixels lie within {SEPIA_SPREAD} Lab "
    f"units (root mean square) of the mean color of pixels as light, in {LIGHTNESS_STEPS} steps "
    f"of L*; their mean is at least {SEPIA_ONE_HUE} of the mean chroma, so that all lie on one "
    f"line from gray; and its hue is {SEPIA_HUES[0]:.0f} to {SEPIA_HUES[1]:.0f} degrees. A "
    "photograph that shows only brown things fits this rule too, and teaches as little color"
)


@dataclasses.dataclass(frozen=True)
class Measures:
    """Measures of a batch: m pictures with p pixels in all, one picture after another.

    Attributes:
      batch: the pictures.
      starts: int (m,), index of the first pixel of each picture.
      lab: float32 (p, 3).
      grays: float32 (methods, p), L* of gray made in each of `grayscale.METHODS`.
      lightness, contrast: float64 (m,), mean and standard deviation of L*.
      dark, bright: float64 (m,), shares of the pixels that are dark and bright.
      hue: float64 (m,), degrees, of the mean (a*, b*).
      one_hue: float64 (m,) in [0, 1]; the length of that mean over the mean chroma.
      tone_spread: float64 (m,), Lab units; see SEPIA_RULE.
    """

    batch: stream.Batch
    starts: np.ndarray
    lab: np.ndarray
    grays: np.ndarray
    lightness: np.ndarray
    contrast: np.ndarray
    dark: np.ndarray
    bright: np.ndarray
    hue: np.ndarray
    one_hue: np.ndarray
    tone_spread: np.ndarray

    def means(self, values: np.ndarray) -> np.ndarray:
        """The mean in each picture; (..., p) -> float64 (..., m)."""
        return _means(values, self.starts, self.batch.sides.prod(axis=1))

    def brightness(self) -> list[str]:
        """The class of each picture, one of `brightness.CLASSES`."""
        return brightness.classify(self.lightness, self.dark, self.bright)

    def is_gray(self, min_chroma: float) -> np.ndarray:
        """Whether each whole photograph is gray (training checks its square only); bool (m,)."""
        return self.batch.chroma < min_chroma

    def is_sepia(self, min_chroma: float) -> np.ndarray:
        """Whether each photograph is toned, by SEPIA_RULE; bool (m,)."""
        low, high = SEPIA_HUES
        brown = (self.hue >= low) & (self.hue <= high)
        one_line = (self.tone_spread <= SEPIA_SPREAD) & (self.one_hue >= SEPIA_ONE_HUE)
        return ~self.is_gray(min_chroma) & brown & one_line


@tf.function(autograph=False, jit_compile=True)
def _planes(rgb: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """uint8 (n, s, s, 3) -> lab float32 (n, s, s, 3), L* of grays float32 (methods, n, s, s)."""
    grays = [grayscale.lightness(grayscale.to_gray(rgb, name)) for name in grayscale.METHODS]
    return cielab.rgb_to_lab(rgb), tf.stack(grays)


def measure(batch: stream.Batch) -> Measures:
    """Measures the pictures of a batch."""
    lab, grays = (planes.numpy() for planes in _planes(batch.rgb))
    inside = batch.inside
    lab, grays = lab[inside], grays[:, inside]
    areas = batch.sides.prod(axis=1)
    starts = np.cumsum(areas) - areas
    means = functools.partial(_means, starts=starts, areas=areas)
    l, a, b = lab.T
    lightness, mean_a, mean_b = means(l), means(a), means(b)
    length = np.hypot(mean_a, mean_b)
    return Measures(
        batch=batch,
        starts=starts,
        lab=lab,
        grays=grays,
        lightness=lightness,
        contrast=np.sqrt(means((l - np.repeat(lightness, areas)) ** 2)),
        dark=means(l < brightness.DARK),
        bright=means(l > brightness.BRIGHT),
        hue=np.degrees(np.arctan2(mean_b, mean_a)) % 360,
        one_hue=length / np.maximum(means(np.hypot(a, b)), 1e-6),
        tone_spread=_tone_spread(lab, areas),
    )


def _means(values: np.ndarray, starts: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Means over the pixels of each of m pictures; (..., p) -> float64 (..., m)."""
    return np.add.reduceat(values, starts, axis=-1, dtype=np.float64) / areas


def _tone_spread(lab: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Root mean square distance of colors from the mean color of pixels of the same lightness.

    Args:
      lab: float32 (p, 3), the pixels of m pictures, one after another.
      areas: int (m,), number of pixels of each.

    Returns:
      float64 (m,), Lab units.
    """
    count = len(areas)
    step = np.clip(lab[:, 0] * (LIGHTNESS_STEPS / 100), 0, LIGHTNESS_STEPS - 1).astype(np.int64)
    cell = np.repeat(np.arange(count), areas) * LIGHTNESS_STEPS + step

    def sums(weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(cell, weights, count * LIGHTNESS_STEPS)

    pixels = np.maximum(sums(), 1)
    squares = sums((lab[:, 1:] ** 2).sum(axis=1))
    between = (sums(lab[:, 1]) ** 2 + sums(lab[:, 2]) ** 2) / pixels
    within = np.maximum(squares - between, 0).reshape(count, -1).sum(axis=1)
    return np.sqrt(within / areas)
