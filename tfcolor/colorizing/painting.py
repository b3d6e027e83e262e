"""Joins a photograph with color at the network's size, strip by strip."""

import functools
import os
from concurrent import futures

import numpy as np

from tfcolor.color import cielab_numpy, constants
from tfcolor.colorizing import reduction, upsample
from tfcolor.support import errors

_STRIP = 262_144  # pixels; smaller strips cost more calls, larger ones leave the cache
_FEW = 8  # strips, 2 MP; photographs with no more are painted by one thread


def paint(
    pixels: np.ndarray, l: np.ndarray, ab: np.ndarray, strength: float = 1, saturation: float = 1
) -> np.ndarray:
    """Joins a photograph's own lightness with color of a smaller size.

    Args:
      pixels: uint8 or uint16, gray (h, w) or sRGB (h, w, 3).
      l: float32 (h', w'), the reduced photograph's L* / 50 - 1.
      ab: float32 (h', w', 2), its colors, a*b* / 110.
      strength: 1 for these colors only, 0 for the photograph's own (a gray one has none), and
        between them a mixture.
      saturation: factor of the chroma of these colors.

    Returns:
      (h, w, 3) of the dtype of `pixels`. Its lightness is the photograph's up to rounding to the
      dtype; colors outside of sRGB lose chroma.

    Raises:
      ValueError: if strength or saturation is out of range; see `check`.
    """
    check(strength, saturation)
    height, width = pixels.shape[:2]
    scaled = ab * np.float32(constants.AB_SCALE * strength * saturation)
    large = upsample.Upsampler((l + 1) * constants.L_SCALE, scaled, (height, width))
    own = 1 - strength if pixels.ndim == 3 else 0
    painted = np.empty((height, width, 3), pixels.dtype)

    def paint_rows(rows: slice) -> None:
        strip = pixels[rows]
        luminance, lightness = cielab_numpy.tones(strip)
        colors = large.rows(rows, lightness)
        if own:
            lab = cielab_numpy.rgb_to_lab(strip)
            colors += np.float32(own) * np.moveaxis(lab[..., 1:], -1, 0)
        cielab_numpy.compose(luminance, lightness, colors, painted[rows])

    count = max(_STRIP // width, 1)
    strips = [slice(top, min(top + count, height)) for top in range(0, height, count)]
    # For a small photograph, threads would lose more time waiting for each other than they save.
    spread = map if len(strips) <= _FEW else _threads().map
    for _ in spread(paint_rows, strips):
        pass
    return painted


def check(strength: float, saturation: float) -> None:
    """Raises ValueError if strength is not in [0, 1], or saturation not in [0, 100]."""
    if not 0 <= strength <= 1:
        raise errors.InputError(f"strength must be from 0 to 1, got {strength}")
    if not 0 <= saturation <= reduction.MAX_SATURATION:
        raise errors.InputError(
            f"saturation must be from 0 to {reduction.MAX_SATURATION:g}, got {saturation}"
        )


@functools.cache
def _threads() -> futures.ThreadPoolExecutor:
    """Threads shared by all photographs in work; NumPy computes without Python's lock."""
    return futures.ThreadPoolExecutor(os.cpu_count(), "paint")
