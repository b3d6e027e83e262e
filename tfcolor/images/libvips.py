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

from tfcolor.images import tiff

_TYPES = {"uchar": np.uint8, "ushort": np.uint16}
_BITS = (1, 2, 4, 8, 16, 32, 64)
_WIDE = ("short", "int", "uint")  # in which some programs store 16 bits


def read(
    file: BinaryIO, size: tuple[int, int], page: tiff.Page | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Reads a PNG or TIFF file in sRGB, but not turned upright.

    Args:
      file: open, or bytes in an `io.BytesIO`.
      size: its sides, in any order, as its header says, which passed the guard against
        decompression bombs.
      page: which picture of a TIFF, and what its channels are.

    Returns:
      pixels: uint8 or uint16 as the file, gray (h, w) or sRGB (h, w, 3); an ICC profile is
        converted at that depth.
      alpha: (h, w) of the same type, or None.

    Raises:
      ValueError: if the file is damaged or compressed in a way that libvips was built without, is
        of another size, its pixels are not whole numbers of 8 or 16 bits, or they have a number of
        channels that no photograph has.
      MemoryError: if there is too little memory.
    """
    vips = _libvips()
    try:
        color, alpha = _color_and_alpha(vips, _open(vips, file, size, page), page)
        # A sequential file is read once, so that color and alpha go together.
        both = color if alpha is None else color.bandjoin(alpha)
        flat = np.frombuffer(both.write_to_memory(), _TYPES[both.format])
    except vips.Error as error:
        reason = _reason(error)
        raise (MemoryError if "out of memory" in reason else ValueError)(reason) from error
    planes = flat.reshape(both.height, both.width, both.bands)
    pixels = planes[..., 0] if color.bands == 1 else planes[..., :3]
    apart = None if alpha is None else np.ascontiguousarray(planes[..., -1])
    return np.ascontiguousarray(pixels), apart


def is_whole_jpeg(encoded: bytes) -> bool:
    """Whether a JPEG is decoded without a warning; one that lacks pixels is not."""
    vips = _libvips()
    try:
        vips.Image.new_from_buffer(encoded, "", access="sequential", fail_on="warning").avg()
    except vips.Error:
        return False
    return True


def _open(vips: ModuleType, file: BinaryIO, size: tuple[int, int], page: tiff.Page | None) -> Any:
    """The stored picture; 16 bits that are stored in more are cast to 16."""
    options: dict[str, Any] = {"fail_on": "error"}
    if page is not None:
        options["page"] = page.number
        if page.bits not in _BITS:
            raise ValueError(f"its pixels have {page.bits} bits, and not 8 or 16")
        if page.is_gray_in_planes:  # libvips 8.18 takes the rows of one plane for those of all.
            file = page.without_meaning()
    image = vips.Image.new_from_source(_source(vips, file), "", access="sequential", **options)
    if sorted(size) != sorted((image.width, image.height)):
        raise ValueError(f"its size is {image.width} x {image.height} or {size}")
    if image.format in _WIDE and image.interpretation != "labs":
        image = vips.Image.new_from_source(_source(vips, file), "", **options)
        if image.min() < 0 or image.max() > np.iinfo(np.uint16).max:
            raise ValueError("its pixels are beyond 16 bits")
        image = image.cast("ushort")
    return image


def _color_and_alpha(vips: ModuleType, image: Any, page: tiff.Page | None) -> tuple[Any, Any]:
    """Gray or sRGB, and opacity or None; both of 8 or both of 16 bits."""
    if page is None:
        channels = image.bands - image.hasalpha()
        place = 0 if image.hasalpha() else None
    else:
        channels = 3 if page.is_subsampled else image.bands - page.extra_samples
        place = page.alpha
    if channels not in (1, 3, 4):
        raise ValueError(f"it has {channels} color channels")
    alpha = None if place is None else image.extract_band(channels + place)
    color = image.extract_band(0, n=channels)
    if image.format not in _TYPES and image.interpretation != "labs":
        raise ValueError(f"its pixels are of type {image.format}, and not of 8 or 16 bits")
    if page is not None and page.photometric in (tiff.CIELAB, tiff.ICCLAB):
        color = _lab_to_srgb(color)
        return color, None if alpha is None else _whole(alpha).cast(color.format)
    if page is not None and page.photometric == tiff.YCBCR and not page.is_subsampled:
        matrix, offset = page.from_ycbcr()
        color = (color.recomb(matrix) + offset).rint().cast("uchar").copy(interpretation="srgb")
    if page is not None and page.is_gray_in_planes and page.photometric == tiff.WHITE_IS_ZERO:
        color = color.invert()
    color = _to_srgb(vips, color)
    if channels == 1:
        color = color.extract_band(0)
    return color.cast(image.format), alpha


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


def _lab_to_srgb(color: Any) -> Any:
    """CIE L*a*b* under D50, as libtiff and ICC have it, to sRGB; CIELAB comes in 16 bits."""
    if color.interpretation == "labs":
        lab, depth = color.colourspace("lab"), 16
    else:  # ICCLAB, TIFF technical note 4: L* up to 255 or 0xff00, and a*b* from -128
        depth = 8 * _TYPES[color.format]().itemsize
        one = 1 if depth == 8 else 256
        lab = color.linear([100 / 255 / one, 1 / one, 1 / one], [0, -128, -128])
        lab = lab.copy(interpretation="lab")
    return lab.icc_export(output_profile="srgb", pcs="lab", depth=depth, intent="perceptual")


def _whole(alpha: Any) -> Any:
    """Makes the upper half of 16 bits positive, which libvips reads as negative beside Lab."""
    return (alpha < 0).ifthenelse(alpha + 65536, alpha)


def _reason(error: Exception) -> str:
    """What libvips says, once: below a general line, it names the part that found the fault."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line.partition(": ")[2] or line for line in lines[1:] or lines]
    return "; ".join(dict.fromkeys(told))


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
