"""Writes PNG of 16 bits and TIFF of 8 or 16, strip by strip: Pillow has no RGB of 16 bits."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from PIL import TiffImagePlugin

from tfcolor.images import strips


def write_png(
    file: BinaryIO,
    pixels: np.ndarray,
    alpha: np.ndarray | None,
    chunks: Iterable[tuple[bytes, bytes]],
) -> None:
    """Writes a PNG file of 16 bits a channel (PNG specification, W3C, third edition).

    Args:
      pixels: uint16 (h, w, 3).
      alpha: uint16 (h, w), or None.
      chunks: (name, body) of the chunks before the pixels.
    """
    height, width, _ = pixels.shape
    color_type = 2 if alpha is None else 6
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    file.write(b"\x89PNG\r\n\x1a\n")
    for name, body in [(b"IHDR", header), *chunks]:
        _write_chunk(file, name, body)
    compressor = zlib.compressobj()
    above = np.uint8(0)
    for strip in strips.joined(pixels, alpha):
        rows: np.ndarray = strip.astype(">u2").view(np.uint8).reshape(len(strip), -1)
        # Filter 2: every byte minus the byte above it.
        filtered: np.ndarray = np.full((len(rows), 1 + rows.shape[1]), 2, np.uint8)
        filtered[0, 1:] = rows[0] - above
        filtered[1:, 1:] = rows[1:] - rows[:-1]
        above = rows[-1]
        _write_chunk(file, b"IDAT", compressor.compress(filtered.data))
    _write_chunk(file, b"IDAT", compressor.flush())
    _write_chunk(file, b"IEND", b"")


def _write_chunk(file: BinaryIO, name: bytes, body: bytes) -> None:
    file.write(struct.pack(">I", len(body)) + name)
    file.write(body)
    file.write(struct.pack(">I", zlib.crc32(body, zlib.crc32(name))))


def write_tiff(
    file: BinaryIO,
    pixels: np.ndarray,
    alpha: np.ndarray | None,
    tags: TiffImagePlugin.ImageFileDirectory_v2,
) -> None:
    """Writes an uncompressed TIFF file (TIFF revision 6.0).

    Args:
      pixels: uint8 or uint16 (h, w, 3).
      alpha: (h, w) of the same type, or None.
      tags: entries of its directory; those on the layout of the pixels are added.

    Raises:
      ValueError: if the file would get too large for TIFF.
    """
    height, width, _ = pixels.shape
    channels = 3 if alpha is None else 4
    rows = [rows.stop - rows.start for rows in strips.row_slices(height, width)]
    lengths = np.array(rows) * (width * channels * pixels.itemsize)
    if lengths.sum() > 2**32 - 2**24:  # offsets have 32 bits; 16 MiB are for the directory
        raise ValueError("a TIFF file ends at 4 GiB")
    tags[256], tags[257] = width, height
    tags[258] = (8 * pixels.itemsize,) * channels
    tags[259] = 1  # no compression
    tags[262] = 2  # RGB
    tags[273] = tuple((lengths.cumsum() - lengths).tolist())  # Pillow adds the offset of the first.
    tags[277] = channels
    tags[278], tags[279] = rows[0], tuple(lengths.tolist())
    tags[284] = 1  # channels interleaved
    if alpha is not None:
        tags[338] = 2  # alpha that is not premultiplied
    file.write(struct.pack("<2sHI", b"II", 42, 8))
    file.write(tags.tobytes(8))
    for strip in strips.joined(pixels, alpha):
        file.write(strip.astype(strip.dtype.newbyteorder("<"), copy=False).tobytes())
