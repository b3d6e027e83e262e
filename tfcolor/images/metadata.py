"""Metadata of photograph files: EXIF, XMP and resolution."""

from __future__ import annotations

from typing import Any

from PIL import ExifTags, Image, JpegImagePlugin, TiffImagePlugin

from tfcolor.images import provenance

# Tags of TIFF's first directory on how the pixels were stored, which are wrong for the new file, as
# it gets its own: sizes, bits, strips, tiles, compression, JPEG tables, palette, and Photoshop's
# layers and thumbnail. XMP (700) and the ICC profile (34675) are handled separately.
_LAYOUT = frozenset(
    [*range(254, 267), 273, *range(277, 282), *range(284, 285), *range(288, 294), 301]
    + [*range(317, 348), *range(512, 533), 700, 34377, 34675, 37724]
)


def exif_of(image: Image.Image) -> bytes:
    """EXIF of an open image, adapted to its pixels being upright and in sRGB.

    The orientation becomes 1; tags on how the pixels were stored, and the gray thumbnail, are
    dropped.

    Returns:
      The directory after `Exif\\0\\0`, as JPEG holds it; empty if there is none or it is broken.
    """
    try:
        exif = image.getexif()
        for tag in _LAYOUT.intersection(exif):
            del exif[tag]
        if ExifTags.Base.Orientation in exif:
            exif[ExifTags.Base.Orientation] = 1
        details = _details(exif)
        if ExifTags.Base.ColorSpace in details:
            details[ExifTags.Base.ColorSpace] = 1  # sRGB
        _keep_letters(exif)
        return exif.tobytes() if len(exif) else b""
    except Exception:  # Broken EXIF says nothing about the pixels, which are good.
        return b""


def with_size(exif: bytes, width: int, height: int) -> Image.Exif:
    """EXIF in which the picture's size, if it is there, is set to the given one."""
    fitted = Image.Exif()
    fitted.load(exif)
    details = _details(fitted)
    if ExifTags.Base.ExifImageWidth in details:
        details[ExifTags.Base.ExifImageWidth] = width
    if ExifTags.Base.ExifImageHeight in details:
        details[ExifTags.Base.ExifImageHeight] = height
    _keep_letters(fitted)
    return fitted


def xmp_of(image: Image.Image) -> bytes:
    """The XMP packet of an open image, adapted to upright pixels; empty if none."""
    xmp = image.info.get("xmp") or b""
    return provenance.upright(xmp) if isinstance(xmp, bytes) else b""


def dpi_of(image: Image.Image, sideways: bool) -> tuple[float, float] | None:
    """Pixels per inch along the width and the height of an open image, once it is upright.

    Args:
      sideways: whether turning it upright swaps the two.
    """
    try:
        density = image.info["dpi"] if _tells_resolution(image) else ()
        # PNG stores pixels per meter: 300 comes back as 299.9994.
        across, down = (round(float(per_inch), 2) for per_inch in density)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if not (0.51 < across <= 65535 and 0.51 < down <= 65535):  # the whole range of a JPEG
        return None
    return (down, across) if sideways else (across, down)


def _tells_resolution(image: Image.Image) -> bool:
    """Whether the file has a resolution; else Pillow reports 1 (TIFF), or 72 (JPEG with EXIF)."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return {ExifTags.Base.XResolution, ExifTags.Base.YResolution} <= set(image.tag_v2)
    # What Pillow calls an MPO is of this class, too.
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return True
    # JFIF 1.02: 0 is a ratio of the sides, 1 is inches, 2 is centimeters.
    if image.info.get("jfif_unit") in (1, 2):
        return True
    try:
        return {ExifTags.Base.XResolution, ExifTags.Base.ResolutionUnit} <= set(image.getexif())
    except Exception:  # Broken EXIF says nothing about the pixels, which are good.
        return False


def _details(exif: Image.Exif) -> dict[int, Any]:
    """The second directory, with the camera's settings; changes to it are kept."""
    # If there is none, `get_ifd` would make an empty one, which Pillow writes.
    return exif.get_ifd(ExifTags.IFD.Exif) if ExifTags.IFD.Exif in exif else {}


def _keep_letters(exif: Image.Exif) -> None:
    """Turns texts that are not ASCII into bytes: Pillow reads them as Latin-1, but writes `?`."""
    for directory in (exif, _details(exif)):
        for tag in list(directory):
            text = directory[tag]
            if isinstance(text, str) and not text.isascii():
                directory[tag] = text.encode("latin-1")
