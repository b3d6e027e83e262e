"""Encodes colorized pixels in any format, with the metadata that the format can hold."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from tfcolor.images import containers, formats, metadata, provenance, strips

_HOLD_16_BITS = {"PNG", "TIFF"}
_HOLD_ALPHA = {"PNG", "TIFF", "WEBP", "GIF"}

# A JPEG segment has 64 KiB, including its length and name.
_JPEG_SEGMENT = 65_500


@dataclasses.dataclass(frozen=True)
class Notes:
    """Metadata to write beside the pixels.

    Attributes:
      exif: may be empty.
      xmp: a packet, or empty.
      dpi: pixels per inch along the width and the height, or None.
      synthetic: whether `xmp`, or a comment if a format has no XMP, calls the color synthetic.
    """

    exif: Image.Exif
    xmp: bytes
    dpi: tuple[float, float] | None
    synthetic: bool

    @classmethod
    def of(
        cls,
        exif: bytes,
        xmp: bytes,
        dpi: tuple[float, float] | None,
        shape: tuple[int, ...],
        synthetic: bool,
    ) -> Notes:
        """Metadata for pixels (h, w, ...) of that shape: with their size, stamped if synthetic."""
        height, width = shape[:2]
        stamped = provenance.stamp(xmp) if synthetic else xmp
        return cls(metadata.with_size(exif, width, height), stamped, dpi, synthetic)

    def exif_bytes(self) -> bytes:
        """The EXIF as a JPEG holds it; empty if there is none."""
        return self.exif.tobytes() if len(self.exif) else b""


def encode(
    file: BinaryIO, pixels: np.ndarray, alpha: np.ndarray | None, format: str, notes: Notes
) -> None:
    """Writes a photograph; rounds, puts on white or drops what the format cannot hold.

    Args:
      file: open for writing bytes, and empty.
      pixels: uint8 or uint16 (h, w, 3), sRGB.
      alpha: (h, w) of the same type, or None.
      format: Pillow's name.

    Raises:
      OSError: if the file cannot be written, or Pillow cannot encode it (then without errno).
      ValueError: if the format cannot hold the picture.
    """
    if alpha is not None and format not in _HOLD_ALPHA:
        pixels, alpha = strips.over_white(pixels, alpha), None
    if pixels.dtype == np.uint16 and format not in _HOLD_16_BITS:
        pixels = strips.to_8_bits(pixels)
        alpha = None if alpha is None else strips.to_8_bits(alpha)
    if format == "TIFF":
        containers.write_tiff(file, pixels, alpha, _tiff_tags(notes))
    elif pixels.dtype == np.uint16:
        containers.write_png(file, pixels, alpha, _png_chunks(notes))
    else:
        image = Image.fromarray(pixels)
        if alpha is not None:
            image.putalpha(Image.fromarray(alpha))
        options = formats.SAVE_OPTIONS.get(format, {}) | _save_options(notes, format)
        image.save(_Sink(file), format, **options)  # type: ignore[arg-type]


class _Sink:
    """A file without a descriptor; with one, Pillow would call a full disk a broken picture."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write
        self.flush = file.flush


def _save_options(notes: Notes, format: str) -> dict[str, Any]:
    exif, xmp = notes.exif_bytes(), notes.xmp
    if format == "JPEG":
        exif = exif if len(exif) <= _JPEG_SEGMENT else b""
        if len(xmp) > _JPEG_SEGMENT:
            xmp = provenance.stamp(b"") if notes.synthetic else b""
    options: dict[str, Any] = {"exif": exif, "xmp": xmp}
    if format == "GIF" and notes.synthetic:  # Pillow writes no XMP there.
        options["comment"] = provenance.REMARK
    if format == "PNG" and xmp:
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add(b"iTXt", _XMP_KEY + xmp)
    if notes.dpi:
        options["dpi"] = notes.dpi
    elif format == "BMP":
        options["dpi"] = (0, 0)  # unknown; Pillow would write 96
    return options


# Keyword, no compression, no language and no translation (PNG specification, iTXt).
_XMP_KEY = b"XML:com.adobe.xmp\0\0\0\0\0"


def _png_chunks(notes: Notes) -> list[tuple[bytes, bytes]]:
    chunks = []
    if notes.dpi:
        per_meter = [round(dpi / 0.0254) for dpi in notes.dpi]
        chunks.append((b"pHYs", struct.pack(">IIB", *per_meter, 1)))
    exif = notes.exif_bytes().removeprefix(b"Exif\0\0")
    if exif:
        chunks.append((b"eXIf", exif))
    if notes.xmp:
        chunks.append((b"iTXt", _XMP_KEY + notes.xmp))
    return chunks


def _tiff_tags(notes: Notes) -> TiffImagePlugin.ImageFileDirectory_v2:
    """The first directory of a TIFF file, without tags on how its pixels are stored."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in notes.exif:
        tags[tag] = notes.exif[tag]
    for tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if tag in notes.exif:
            tags[tag] = dict(notes.exif.get_ifd(tag))
    details = tags.get(ExifTags.IFD.Exif, {})
    if ExifTags.IFD.Interop in details:
        details[ExifTags.IFD.Interop] = notes.exif.get_ifd(ExifTags.IFD.Interop)
    if notes.xmp:
        tags[700] = notes.xmp
    if notes.dpi:
        tags[ExifTags.Base.XResolution], tags[ExifTags.Base.YResolution] = notes.dpi
        tags[ExifTags.Base.ResolutionUnit] = 2  # inches
    return tags
