"""Decodes photograph files of any kind to upright pixels in sRGB, and their metadata."""

from __future__ import annotations

import contextlib
import io
import math
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from tfcolor.images import formats, libvips, metadata, orientation, profiles, strips
from tfcolor.support import errors

# ISO 14496-12 and 23008-12: brands of files that may hold an HEVC picture.
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}

# TIFF revision 6.0: gray from white or black, RGB, palette, CMYK. libvips misreads Lab and YCbCr.
_PLAIN_TIFF = {0, 1, 2, 3, 5}

# Python's filters of warnings are global: only one thread at a time may change them.
_WARNINGS = threading.Lock()


def decode(file: BinaryIO, name: str, enough: int | None = None) -> dict[str, Any]:
    """Reads a photograph.

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
    head = _head(file)
    kinds = _formats(head, name)
    with explained(name):
        with _quietly():
            image = Image.open(file, formats=kinds)
        with image:
            if enough:
                scale = enough / min(image.size)
                image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
            size = image.size
            planes = None if _is_for_libvips(image, head) else _decode(image)
            stored, beside = _beside(image)
        del image  # with the pixels that Pillow decodes to find EXIF after them
        pixels, alpha = planes or libvips.read(file, size)
        beside["pixels"] = orientation.turn_upright(pixels, stored)
        beside["alpha"] = None if alpha is None else orientation.turn_upright(alpha, stored)
        return beside


def count_pixels(path: Path) -> int:
    """Number of pixels of a photograph, from its header; 0 if that cannot be read."""
    try:
        with open(path, "rb") as file:
            kinds = _formats(_head(file), str(path))
            with _quietly(), Image.open(file, formats=kinds) as image:
                return image.width * image.height
    except Exception:  # Reading the whole file will raise the reason.
        return 0


def is_plain_jpeg(encoded: bytes) -> bool:
    """Whether a file is a JPEG whose pixels any program shows correctly: upright, sRGB or gray."""
    with Image.open(io.BytesIO(encoded), formats=formats.READABLE) as image:
        if image.format != "JPEG" or image.mode not in ("L", "RGB"):
            return False
        profile = image.info.get("icc_profile", b"").replace(b"\0", b"")  # it may be UTF-16
        return (b"sRGB" in profile or not profile) and orientation.of(image) == 1


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


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns any error that a decoder raises inside into a ValueError of one line.

    Args:
      name: of the photograph, for the message.
    """
    try:
        yield
    except UnidentifiedImageError as error:
        kinds = ", ".join(formats.READABLE)
        raise errors.InputError(
            f"{name} is not a photograph ({kinds}): convert it to PNG or JPEG"
        ) from error
    except Image.DecompressionBombError as error:
        raise errors.InputError(f"{name} has too many pixels: make it smaller") from error
    except Exception as error:  # Broken bytes can make a decoder raise anything.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise errors.InputError(
            f"{name} cannot be read ({reason}): copy it again or save it as an 8-bit PNG"
        ) from error


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(32)
    file.seek(0)
    return head


def _formats(head: bytes, name: str) -> list[str]:
    """The formats that Pillow is to try, from the first bytes of a file."""
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        _learn_heic(name)
        return [*formats.READABLE, "HEIF"]
    return formats.READABLE


def _learn_heic(name: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise errors.InputError(
            f"{name} is a HEIC photograph: pip install 'tfcolor[heic]', or save it as JPEG"
        ) from error
    pillow_heif.register_heif_opener()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Suppresses warnings, such as of scans over 89 million pixels or of EXIF that is cut off."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_for_libvips(image: Image.Image, head: bytes) -> bool:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) in _PLAIN_TIFF
    # PNG specification: IHDR is always the first chunk, the depth its ninth byte.
    return image.format == "PNG" and head[24] == 16


def _beside(image: Image.Image) -> tuple[int, dict[str, Any]]:
    """The EXIF orientation of an open image, and a `Photograph`'s attributes except its planes."""
    with _quietly():
        stored = orientation.of(image)
        return stored, {
            # An MPO is a JPEG that is followed by more pictures.
            "format": "JPEG" if image.format == "MPO" else image.format,
            "exif": metadata.exif_of(image),
            "xmp": metadata.xmp_of(image),
            "dpi": metadata.dpi_of(image, sideways=stored in orientation.SIDEWAYS),
        }


def _decode(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """An image of 8 bits -> pixels uint8 (h, w) or (h, w, 3), alpha uint8 (h, w) or None."""
    # Pillow reads a TIFF's EXIF with its pixels, and warns if it is cut off.
    with _quietly() if image.format == "TIFF" else contextlib.nullcontext():
        image.load()
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        raise errors.InputError(f"its pixels are of type {image.mode}")
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
