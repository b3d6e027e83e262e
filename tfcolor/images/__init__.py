"""Reads and writes photograph files with all they hold: 16 bits, alpha, metadata, times.

Only NumPy and Pillow are always imported; libvips and readers of rare formats only when a file
needs them.
"""

from __future__ import annotations

import dataclasses
import io
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tfcolor.images import decoding, encoding, formats, searching, strips
from tfcolor.support import disk, errors

EXTENSIONS = searching.KNOWN


@dataclasses.dataclass(frozen=True, eq=False)
class Photograph:
    """Pixels and what their file says about them.

    Attributes:
      pixels: uint8 or uint16, gray (h, w) or sRGB (h, w, 3); upright.
      alpha: opacity in the type of `pixels`, (h, w); None if it has none.
      format: Pillow's name, such as "JPEG".
      exif: as a JPEG holds it, for the upright picture and without a thumbnail; may be empty.
      xmp: a packet of XMP; may be empty.
      dpi: pixels per inch along the width and the height, if known.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    exif: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None

    def with_pixels(self, pixels: np.ndarray) -> Photograph:
        """A copy with other pixels, such as in color; alpha must fit them."""
        return dataclasses.replace(self, pixels=pixels)

    def as_seen(self) -> np.ndarray:
        """The pixels to show on a screen: uint8 (h, w, 3), sRGB, transparent parts on white."""
        rgb = self.pixels
        if rgb.ndim == 2:
            rgb = np.repeat(rgb[..., None], 3, axis=-1)
        if self.alpha is not None:
            rgb = strips.over_white(rgb, self.alpha)
        return strips.to_8_bits(rgb) if rgb.dtype == np.uint16 else rgb


def read(source: str | os.PathLike[str] | BinaryIO, name: str | None = None) -> Photograph:
    """Reads a photograph with all its bits, and what its file says about it.

    The EXIF orientation is applied and an ICC profile is converted to sRGB (a broken one is
    ignored); of an animation or a file of many pages, the first picture is read.

    Args:
      source: a JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or JPEG 2000 file, with pillow-heif also HEIC,
        with pillow-jxl-plugin also JPEG XL; the content decides, not the suffix. A path, or a file
        open for reading bytes.
      name: its name in messages; the path by default.

    Raises:
      OSError: if the file cannot be opened.
      ValueError: if it is not a photograph, a camera's raw file, lacks pixels, has too many for
        Pillow's guard against decompression bombs (179 million), or has pixels beyond 16 bits.
        Damage that costs no pixels is logged as a warning.
    """
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return Photograph(**decoding.decode(file, name or str(source)))
    seekable = source if source.seekable() else io.BytesIO(source.read())
    return Photograph(**decoding.decode(seekable, name or "the photograph"))


def read_rgb(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a photograph as `Photograph.as_seen`: uint8 (h, w, 3), sRGB.

    Raises:
      OSError, ValueError: as `read`.
    """
    return read(path).as_seen()


def decode_rgb(encoded: bytes, name: str, enough: int | None = None) -> np.ndarray:
    """As `read_rgb`, from a file's content; see `decoding.decode` for `enough`.

    Raises:
      ValueError: as `read`.
    """
    return Photograph(**decoding.decode(io.BytesIO(encoded), name, enough)).as_seen()


def write(
    path: str | os.PathLike[str],
    photograph: Photograph,
    provenance: bool = True,
    times_of: str | os.PathLike[str] | None = None,
    sign: Callable[[Path, str], None] | None = None,
) -> None:
    """Writes a colorized photograph, complete or not at all.

    Args:
      path: ends in one of `formats.EXTENSIONS`, which gives the format; an existing file is
        replaced and a missing parent folder is made.
      photograph, provenance: as `encode`.
      times_of: a file from which the new one gets its times of change and access.
      sign: is called with the complete file, before it gets its name, and with its format.

    Raises:
      OSError: if the file cannot be written (`PermissionError`, a full disk ...); with `path`.
      ValueError: if the suffix is unknown, the pixels have another form, or the format cannot hold
        it.
    """
    path = Path(path)
    format = formats.format_of(path)
    _check(photograph)
    times = None if times_of is None else os.stat(times_of)
    with disk.replacing(path) as partial:
        with open(partial, "xb") as file:
            encode(file, photograph, format, provenance, str(path))
        if sign is not None:
            sign(partial, format)
        if times is not None:
            os.utime(partial, ns=(times.st_atime_ns, times.st_mtime_ns))


def encode(
    file: BinaryIO,
    photograph: Photograph,
    format: str,
    provenance: bool = True,
    name: str = "the photograph",
) -> None:
    """Writes a colorized photograph to an open file.

    PNG and TIFF keep 16 bits; for the others they are rounded to 8. PNG, WebP, TIFF and GIF keep
    alpha; the others get a white background. JPEG has quality 95 and full chroma, WebP is lossless.
    JPEG, PNG, WebP and TIFF get EXIF and XMP; JPEG, PNG, TIFF and BMP get the resolution. A JPEG
    holds 64 KiB of each: longer EXIF is dropped, longer XMP is replaced by the provenance.

    Args:
      file: open for writing bytes, and empty.
      photograph: its pixels are sRGB (h, w, 3).
      format: Pillow's name of one in `formats.FORMATS`.
      provenance: whether XMP, or a comment in GIF, says that the color is synthetic; BMP holds
        neither.
      name: its name in messages.

    Raises:
      OSError: if the file cannot be written.
      ValueError: if its pixels have another form, or the format cannot hold it.
    """
    _check(photograph)
    pixels = photograph.pixels
    notes = encoding.Notes.of(
        photograph.exif, photograph.xmp, photograph.dpi, pixels.shape[:2], synthetic=provenance
    )
    try:
        encoding.encode(file, pixels, photograph.alpha, format, notes)
    except (OSError, ValueError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the disk, not of the encoder
        raise errors.InputError(
            f"{name} cannot hold {pixels.shape} as {format} ({error}): use .png"
        ) from error


def _check(photograph: Photograph) -> None:
    pixels, alpha = photograph.pixels, photograph.alpha
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(
            f"pixels must be uint8 or uint16 (h, w, 3), got {pixels.dtype} {pixels.shape}"
        )
    if not pixels.size:
        raise ValueError("pixels must not be empty")
    if alpha is not None and alpha.shape != pixels.shape[:2]:
        raise ValueError(f"alpha is {alpha.shape} and pixels are {pixels.shape}")
    if alpha is not None and alpha.dtype != pixels.dtype:
        raise ValueError(f"alpha is {alpha.dtype} and pixels are {pixels.dtype}")
