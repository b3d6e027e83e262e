"""Photograph files in and out with all they hold: 16 bits, alpha, EXIF, XMP, resolution, times.

Only NumPy and Pillow are imported; libvips and pillow-heif where a file needs them.
"""

from __future__ import annotations

import dataclasses
import io
import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tfcolor.images import decoding, encoding, metadata, photo
from tfcolor.images import provenance as origin

HEIC_EXTENSIONS = frozenset({".heic", ".heif"})  # read, with pillow-heif, and not written
EXTENSIONS = photo.EXTENSIONS | HEIC_EXTENSIONS


@dataclasses.dataclass(frozen=True, eq=False)
class Scan:
    """A photograph and what its file says about it.

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

    def emptied(self) -> Scan:
        """The same without its pixels: enough for `write`, and a large photograph is let go."""
        return dataclasses.replace(self, pixels=self.pixels[:0, :0].copy())


def read(source: str | os.PathLike[str] | BinaryIO, name: str | None = None) -> Scan:
    """Reads a photograph with all its bits, and what its file says about it.

    The EXIF orientation is applied and an ICC profile is converted to sRGB (a broken one is
    ignored); an animation or a file of many pages gives its first.

    Args:
      source: a JPEG, PNG, WebP, TIFF, BMP or GIF file, or with pillow-heif a HEIC file; the content
        decides, not the suffix. A path, or a file open for reading bytes.
      name: what to call it in messages; the path by default.

    Raises:
      OSError: if the file cannot be opened.
      ValueError: if it is not a photograph, is damaged, has too many pixels for Pillow's guard
        against decompression bombs (179 million), or has pixels beyond 16 bits.
    """
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return Scan(**decoding.decode(file, name or str(source)))
    seekable = source if source.seekable() else io.BytesIO(source.read())
    return Scan(**decoding.decode(seekable, name or "the photograph"))


def write(
    path: str | os.PathLike[str],
    pixels: np.ndarray,
    like: Scan,
    provenance: bool = True,
    times_of: str | os.PathLike[str] | None = None,
) -> None:
    """Writes a colorized photograph, complete or not at all.

    Args:
      path: ends in one of `photo.EXTENSIONS`, which gives the format; an existing file is replaced
        and a missing parent folder is made.
      pixels, like, provenance: as `encode`.
      times_of: a file whose times of change and access the new one is given.

    Raises:
      OSError: if the file cannot be written (`PermissionError`, a full disk ...); names `path`.
      ValueError: if the suffix is unknown, `pixels` has another form, or the format cannot hold it.
    """
    path = Path(path)
    format = photo.format_of(path)
    _check(pixels, like)
    with photo.replacing(path) as partial:
        with open(partial, "xb") as file:
            encode(file, pixels, like, format, provenance, str(path))
        if times_of is not None:
            times = os.stat(times_of)
            os.utime(partial, ns=(times.st_atime_ns, times.st_mtime_ns))


def encode(
    file: BinaryIO,
    pixels: np.ndarray,
    like: Scan,
    format: str,
    provenance: bool = True,
    name: str = "the photograph",
) -> None:
    """Writes a colorized photograph to an open file.

    PNG and TIFF keep 16 bits, the others get them rounded to 8. PNG, WebP, TIFF and GIF keep alpha,
    the others get white paper. JPEG is written at quality 95 with full chroma, WebP without loss.
    EXIF goes into JPEG, PNG, WebP and TIFF, XMP too, the resolution into JPEG, PNG, TIFF and BMP.
    A JPEG holds 64 KiB of each: longer EXIF is left out, and for longer XMP stands the provenance.

    Args:
      file: open for writing bytes, and empty.
      pixels: uint8 or uint16 (h, w, 3), sRGB.
      like: what was read; its pixels are not used.
      format: Pillow's name of one in `photo.FORMATS`.
      provenance: whether XMP is to say that the color is synthetic; in GIF a comment does, and
        BMP holds neither.
      name: what to call it in messages.

    Raises:
      OSError: if the file cannot be written.
      ValueError: if `pixels` has another form, or the format cannot hold it.
    """
    _check(pixels, like)
    exif = metadata.with_size(like.exif, pixels.shape[1], pixels.shape[0])
    xmp = origin.stamp(like.xmp) if provenance else like.xmp
    notes = encoding.Notes(exif, xmp, like.dpi, synthetic=provenance)
    try:
        encoding.encode(file, pixels, like.alpha, format, notes)
    except (OSError, ValueError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, and not the encoder
        raise ValueError(
            f"{name} cannot hold {pixels.shape} as {format} ({error}): use .png"
        ) from error


def _check(pixels: np.ndarray, like: Scan) -> None:
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(
            f"pixels must be uint8 or uint16 (h, w, 3), got {pixels.dtype} {pixels.shape}"
        )
    if not pixels.size:
        raise ValueError("pixels must not be empty")
    if like.alpha is not None and like.alpha.shape != pixels.shape[:2]:
        raise ValueError(f"alpha is {like.alpha.shape} and pixels are {pixels.shape}")
    if like.alpha is not None and like.alpha.dtype != pixels.dtype:
        raise ValueError(f"alpha is {like.alpha.dtype} and pixels are {pixels.dtype}")
