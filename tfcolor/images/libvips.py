"""Reads PNG of 16 bits and TIFF through libvips.

Pillow reduces 16 bits to 8, and lets its TIFF library print warnings about files.
"""

from __future__ import annotations

import functools
import io
import logging
import os
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

_TYPES = {"uchar": np.uint8, "ushort": np.uint16}
_WIDE = ("short", "int", "uint")  # in which some programs store 16 bits


def read(file: BinaryIO, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray | None]:
    """Reads a PNG or TIFF file in sRGB, but not turned upright.

    Args:
      file: open, or bytes in an `io.BytesIO`.
      size: its sides, in any order, according to Pillow, whose guard against decompression bombs
        it passed.

    Returns:
      pixels: uint8 or uint16 as the file, gray (h, w) or sRGB (h, w, 3); an ICC profile is
        converted at that depth.
      alpha: (h, w) of the same type, or None.

    Raises:
      pyvips.Error: if the file is damaged; it is no `ValueError` and no `OSError`.
      ValueError: if it is of another size, its pixels are not whole numbers of 8 or 16 bits, or
        they have a number of channels that no photograph has.
    """
    vips = _libvips()
    image = vips.Image.new_from_source(
        _source(vips, file), "", access="sequential", fail_on="error"
    )
    if sorted(size) != sorted((image.width, image.height)):
        raise ValueError(f"its size is {image.width} x {image.height} or {size}")
    if image.format in _WIDE:
        image = vips.Image.new_from_source(_source(vips, file), "", fail_on="error")
        if image.min() < 0 or image.max() > np.iinfo(np.uint16).max:
            raise ValueError("its pixels are beyond 16 bits")
        image = image.cast("ushort")
    if image.format not in _TYPES:
        raise ValueError(f"its pixels are of type {image.format}, and not of 8 or 16 bits")
    channels = image.bands - image.hasalpha()
    if channels not in (1, 3, 4):
        raise ValueError(f"it has {channels} color channels")
    color = _to_srgb(vips, image.extract_band(0, n=channels))
    if channels == 1:
        color = color.extract_band(0)
    # A sequential file is read once, so that color and alpha go together.
    both = color.bandjoin(image.extract_band(channels)) if image.hasalpha() else color
    flat = np.frombuffer(both.cast(image.format).write_to_memory(), _TYPES[image.format])
    planes = flat.reshape(both.height, both.width, both.bands)
    pixels = planes[..., 0] if channels == 1 else planes[..., :3]
    alpha = np.ascontiguousarray(planes[..., -1]) if image.hasalpha() else None
    return np.ascontiguousarray(pixels), alpha


@functools.cache
def _libvips() -> ModuleType:
    import pyvips  # takes longer to import than the rest of this package; few files need it

    logging.getLogger("pyvips").setLevel(logging.ERROR)  # Errors are raised anyway.
    pyvips.cache_set_max(0)  # It would hold on to files and pixels.
    return pyvips


def _source(vips: ModuleType, file: BinaryIO) -> Any:
    try:
        descriptor = file.fileno()
    except (AttributeError, io.UnsupportedOperation):
        file.seek(0)
        return vips.Source.new_from_memory(file.read())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return vips.Source.new_from_descriptor(descriptor)


def _to_srgb(vips: ModuleType, color: Any) -> Any:
    """Gray, RGB or CMYK -> gray or sRGB; gray with a profile gives three channels."""
    depth = 8 * _TYPES[color.format]().itemsize
    if color.get_typeof("icc-profile-data"):
        try:
            return color.icc_transform("srgb", depth=depth, intent="perceptual", embedded=True)
        except vips.Error:  # a broken profile, or one for another color model, is ignored
            pass
    if color.bands == 4:
        return color.colourspace("srgb" if depth == 8 else "rgb16")
    return color
