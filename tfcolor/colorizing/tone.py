"""Tells photographs in color from gray and toned ones.

The paper and the chemicals of a black-and-white photograph may give it a tone (sepia, selenium,
cyanotype, yellowed paper), but all that is equally light in it has the same color. So a photograph
is in color if some of it differs from the color that most pixels of its lightness have.
"""

import numpy as np

from tfcolor import images
from tfcolor.color import cielab_numpy
from tfcolor.images import provenance
from tfcolor.images.resizing import arrays

# Chosen on 1,200 photographs that were labelled by eye; see benchmarks/in_color.py.
SIDE = 96  # pixels; the photograph is averaged to a square of them, so that noise does not count
GROUPS = 24  # how many groups the pixels are parted into by their lightness
SHARE = 0.3  # percent of the pixels that must differ: a flower is enough, a speck is not
DIFFERENCE = 7.0  # Lab units across the tone
ALONG = 2.0  # Differences along the tone, as of uneven yellowing, count so many times less.

IN_COLOR, COLORIZED = "in color already", "colorized already"

ENOUGH = 8 * SIDE  # pixels of the short side; of a larger photograph some rows and columns do


def is_in_color(pixels: np.ndarray) -> bool:
    """Whether a photograph has colors, and not just one tone.

    Args:
      pixels: uint8 or uint16, gray (h, w) or sRGB (h, w, 3).
    """
    return difference(pixels) > DIFFERENCE


def difference(pixels: np.ndarray) -> float:
    """How far the colors of a photograph are from one tone, see `is_in_color`; Lab units.

    All but `SHARE` percent of the photograph differ less. The same is in `graphs.toning` and
    `web/src/tone.ts`.
    """
    small = _averaged(pixels)
    return 0.0 if small is None else _from_its_tone(small)


def why_not_to_color(photograph: images.Photograph) -> str | None:
    """`IN_COLOR`, or `COLORIZED` for a result of tfcolor; None if a photograph is gray or toned.

    Results say so in their metadata, however dull they are.
    """
    small = _averaged(photograph.pixels)
    if small is None:
        return None
    if provenance.is_synthetic(photograph.xmp):
        return COLORIZED
    return IN_COLOR if _from_its_tone(small) > DIFFERENCE else None


def _averaged(pixels: np.ndarray) -> np.ndarray | None:
    """A photograph as uint16 (SIDE, SIDE, 3); None if it has no color at all."""
    if pixels.ndim == 2:
        return None
    step = max(min(pixels.shape[:2]) // ENOUGH, 1)
    small = arrays.resize(pixels[::step, ::step], SIDE, SIDE)
    if not np.ptp(small, axis=-1).any():
        return None
    return np.rint(small * (65535 / np.iinfo(pixels.dtype).max)).astype(np.uint16)


def _from_its_tone(small: np.ndarray) -> float:
    lab = cielab_numpy.rgb_to_lab(small).reshape(-1, 3)
    lightness, ab = lab[:, 0], lab[:, 1:]
    groups = np.array_split(np.argsort(lightness, kind="stable"), GROUPS)
    middle = [lightness[group].mean() for group in groups]
    usual = np.array([np.median(ab[group], axis=0) for group in groups])
    off = ab - np.stack([np.interp(lightness, middle, each) for each in usual.T], axis=-1)
    tone = ab.mean(axis=0)
    tone /= max(float(np.linalg.norm(tone)), 1e-6)
    along, across = off @ tone, off @ np.array([-tone[1], tone[0]])
    differences = np.hypot(across, along / ALONG)
    return float(np.percentile(differences, 100 - SHARE))
