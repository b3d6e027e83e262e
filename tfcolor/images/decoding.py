"""Decodes photograph files of any kind to upright pixels in sRGB, and their metadata."""

from __future__ import annotations

import functools
import io
import logging
import math
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from tfcolor.images import (
    formats,
    libvips,
    metadata,
    opening,
    orientation,
    profiles,
    repairs,
    signatures,
    strips,
    tiff,
)
from tfcolor.support import errors

log = logging.getLogger(__name__)

Planes = tuple[np.ndarray, np.ndarray | None]  # pixels and alpha, as they are stored


def decode(file: BinaryIO, name: str, enough: int | None = None) -> dict[str, Any]:
    """Reads a photograph; damage that costs no pixels is logged.

    Args:
      file: seekable.
      name: its name in messages.
      enough: pixels of the short side that suffice; a JPEG with twice as many or more is decoded
        at a half, a quarter or an eighth of its size.

    Returns:
      The attributes of a `Photograph`, by name.

    Raises:
      ValueError: as `images.read`.
    """
    with opening.explained(name):
        try:
            decoded = _decode(file, name, enough)
            if decoded["format"] != "JPEG" or not _lacks_end(file):
                return decoded
            raise ValueError("image file is truncated")  # Decoders make up the missing pixels.
        except (errors.InputError, MemoryError):
            raise
        except Exception:  # Broken bytes can make a decoder raise anything.
            repaired = repairs.repair(file)
            if repaired is None:
                raise
        whole, damage = repaired
        decoded = _decode(whole, name, enough)
    _warn(name, damage)
    return decoded


@functools.lru_cache(maxsize=10_000)  # Training reads a photograph once an epoch.
def _warn(name: str, damage: str) -> None:
    log.warning("%s %s", name, damage)


def count_pixels(path: Path) -> int:
    """Number of pixels of a photograph, from its header; 0 if that cannot be read."""
    try:
        with open(path, "rb") as file, opening.quietly():
            if _is_tiff(file):
                width, height = tiff.photograph(file, str(path)).size
            else:
                with opening.open_image(file, str(path)) as image:
                    width, height = image.size
            return width * height
    except Exception:  # Reading the whole file will raise the reason.
        return 0


def is_plain_jpeg(encoded: bytes) -> bool:
    """Whether a file is a JPEG whose pixels any program shows correctly: upright, sRGB or gray."""
    if repairs.lacks_end(encoded):
        return False
    with Image.open(io.BytesIO(encoded), formats=formats.READABLE) as image:
        if image.format != "JPEG" or image.mode not in ("L", "RGB"):
            return False
        profile = image.info.get("icc_profile", b"").replace(b"\0", b"")  # it may be UTF-16
        return (b"sRGB" in profile or not profile) and metadata.of_image(image).orientation == 1


def apply_profile(rgb: np.ndarray, encoded: bytes) -> np.ndarray:
    """Converts pixels to sRGB that were decoded without the ICC profile of their file.

    Args:
      rgb: uint8 (h, w, 3), in the file's own color space; may be reduced or cropped.
      encoded: the file, or the beginning of it with the profile.

    Returns:
      uint8 (h, w, 3), sRGB; unchanged if the profile is broken.
    """
    with Image.open(io.BytesIO(encoded), formats=formats.READABLE) as image:
        profile = image.info.get("icc_profile", b"")
    return np.array(profiles.to_srgb(Image.fromarray(rgb), profile))


def _is_tiff(file: BinaryIO) -> bool:
    return signatures.kind_of(signatures.head_of(file)) == "TIFF"


def _lacks_end(file: BinaryIO) -> bool:
    file.seek(0)
    return repairs.lacks_end(file.read())


def _decode(file: BinaryIO, name: str, enough: int | None) -> dict[str, Any]:
    (pixels, alpha), notes = _tiff(file, name) if _is_tiff(file) else _other(file, name, enough)
    return {
        "pixels": orientation.turn_upright(pixels, notes.orientation),
        "alpha": None if alpha is None else orientation.turn_upright(alpha, notes.orientation),
        **notes.upright(),
    }


def _tiff(file: BinaryIO, name: str) -> tuple[Planes, metadata.Metadata]:
    """The stored pixels of a TIFF, and its metadata."""
    with opening.quietly():
        page = tiff.photograph(file, name)
        notes = page.notes()
    opening.guard(page.size)
    if page.is_color_in_planes:
        raise ValueError("its channels, of CIELAB or YCbCr, are stored as planes")
    if not page.is_for_pillow:
        return libvips.read(file, page.size, page), notes
    with opening.open_image(file, name) as image:
        with opening.quietly():  # Pillow warns of EXIF that is cut off when it reads the pixels.
            image.seek(page.number)
            image.load()
        return _planes(image), notes.after_turning()


def _other(file: BinaryIO, name: str, enough: int | None) -> tuple[Planes, metadata.Metadata]:
    """The stored pixels of any other file, and its metadata."""
    head = signatures.head_of(file)
    with opening.open_image(file, name) as image:
        if enough:
            scale = enough / min(image.size)
            image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
        is_profiled = image.format == "PNG" and "icc_profile" in image.info
        if is_profiled and not profiles.is_sound(image.info["icc_profile"]):
            _warn(name, repairs.without(["iCCP"]))
        size, gamma = image.size, profiles.gamma_of(image)
        planes = None if _is_for_libvips(image, head) else _planes(image)
        with opening.quietly():
            notes = metadata.of_image(image)
    del image  # with the pixels that Pillow decodes to find EXIF after them
    pixels, alpha = planes or libvips.read(file, size)
    return (pixels if gamma is None else profiles.gamma_to_srgb(pixels, gamma), alpha), notes


def _is_for_libvips(image: Image.Image, head: bytes) -> bool:
    """Whether a PNG is one that Pillow would read with fewer bits, or without its alpha."""
    # PNG specification: IHDR is always the first chunk, the depth its ninth byte.
    bits = head[24] if image.format == "PNG" else 8
    # Pillow scales gray of 1, 2 or 4 bits to 8, but not the level that is transparent.
    return bits == 16 or (bits < 8 and image.mode in ("1", "L") and "transparency" in image.info)


def _planes(image: Image.Image) -> Planes:
    """Decodes an open image: pixels uint8 (h, w) or (h, w, 3), alpha uint8 (h, w) or None.

    Gray of 16 bits stays uint16.
    """
    image.load()
    if image.mode == "I;16":
        return np.array(image), None
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        raise ValueError(f"its pixels are of type {image.mode}")
    width, height = image.size
    profile = image.info.get("icc_profile")
    gray = _is_gray(image, profile)
    pixels: np.ndarray = np.empty((height, width) if gray else (height, width, 3), np.uint8)
    alpha: np.ndarray | None = None
    if image.has_transparency_data:
        alpha = np.empty((height, width), np.uint8)
    for rows in strips.row_slices(height, width):
        strip = image.crop((0, rows.start, width, rows.stop))
        if alpha is not None:
            strip = strip.convert("RGBA")
            alpha[rows] = strip.getchannel("A")
        if strip.mode not in ("L", "RGB", "CMYK"):  # modes that ICC profiles are for
            strip = strip.convert("L" if gray else "RGB")
        pixels[rows] = profiles.to_srgb(strip, profile).convert("L" if gray else "RGB")
    return pixels, alpha


def _is_gray(image: Image.Image, profile: bytes | None) -> bool:
    if image.mode == "P" and not profile:
        palette: np.ndarray = np.reshape(image.getpalette() or [], (-1, 3))
        return bool((palette == palette[:, :1]).all())
    return image.mode in ("1", "L", "LA", "La")
