"""Metadata of photograph files: EXIF, XMP and resolution."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from PIL import ExifTags, Image, JpegImagePlugin

from tfcolor.images import orientation, provenance

# Tags of TIFF's first directory on how the pixels were stored, which are wrong for the new file, as
# it gets its own: sizes, bits, strips, tiles, compression, JPEG tables, palette, Photoshop's layers
# and thumbnail, and content credentials (52545), which are signed for the old pixels. XMP (700) and
# the ICC profile (34675) are handled separately.
LAYOUT = frozenset(
    [*range(254, 267), 273, *range(277, 282), *range(284, 285), *range(288, 294), 301]
    + [*range(317, 348), *range(512, 533), 700, 34377, 34675, 37724, 52545]
)

_SIDES = (ExifTags.Base.XResolution, ExifTags.Base.YResolution)
_RESOLUTION = {*_SIDES, ExifTags.Base.ResolutionUnit}


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What a file says about its stored pixels.

    Attributes:
      format: Pillow's name.
      exif: empty if there is none or it is broken.
      xmp: a packet; may be empty.
      density: pixels per inch along the stored width and height; empty if unknown.
    """

    format: str
    exif: Image.Exif
    xmp: bytes = b""
    density: Sequence[Any] = ()

    @property
    def orientation(self) -> int:
        """The EXIF orientation of the stored pixels, 1 to 8; 1 if it is broken or missing."""
        try:
            return self.exif.get(ExifTags.Base.Orientation, 1)
        except Exception:  # Broken EXIF says nothing about the pixels, which are good.
            return 1

    @property
    def is_sideways(self) -> bool:
        """Whether turning the pixels upright swaps width and height."""
        return self.orientation in orientation.SIDEWAYS

    def upright(self) -> dict[str, Any]:
        """The attributes of a `Photograph` other than its pixels, once these are upright."""
        return {
            "format": self.format,
            "dpi": _dpi(self.density, self.is_sideways),
            "exif": _upright_exif(self.exif),  # after "dpi", since it changes the orientation
            "xmp": provenance.upright(self.xmp),
        }

    def after_turning(self) -> Metadata:
        """The metadata once a decoder has turned the pixels upright."""
        density = self.density[::-1] if self.is_sideways else self.density
        exif = Image.Exif()
        exif.load(self.exif.tobytes())
        exif.pop(ExifTags.Base.Orientation, None)
        return dataclasses.replace(self, exif=exif, density=density)


def of_image(image: Image.Image) -> Metadata:
    """The metadata of an image that Pillow has opened."""
    xmp = image.info.get("xmp")
    return Metadata(
        # An MPO is a JPEG that is followed by more pictures.
        format="JPEG" if image.format == "MPO" else str(image.format),
        exif=_exif_in(image),
        xmp=xmp if isinstance(xmp, bytes) else b"",
        density=image.info.get("dpi", ()) if _tells_resolution(image) else (),
    )


def _exif_in(image: Image.Image) -> Image.Exif:
    try:
        return image.getexif()
    except Exception:  # Broken EXIF says nothing about the pixels, which are good.
        return Image.Exif()


def _upright_exif(exif: Image.Exif) -> bytes:
    """Adapts EXIF to pixels that are upright and in sRGB.

    The orientation becomes 1; tags on how the pixels were stored, and the gray thumbnail, are
    dropped.

    Returns:
      The directory after `Exif\\0\\0`, as JPEG holds it; empty if there is none or it is broken.
    """
    try:
        for tag in LAYOUT.intersection(exif):
            del exif[tag]
        if ExifTags.Base.Orientation in exif:
            exif[ExifTags.Base.Orientation] = 1
        if not _is_sound_resolution(exif):
            for tag in _RESOLUTION.intersection(exif):
                del exif[tag]
        details = _details(exif)
        if ExifTags.Base.ColorSpace in details:
            details[ExifTags.Base.ColorSpace] = 1  # sRGB
        _keep_letters(exif)
        return exif.tobytes() if len(exif) else b""
    except Exception:  # Broken EXIF says nothing about the pixels, which are good.
        return b""


def _is_sound_resolution(exif: Image.Exif) -> bool:
    """Whether libtiff opens a TIFF with the resolution that EXIF tells, if it tells one."""
    try:
        # TIFF 6.0: the unit is 1, none; 2, the inch; or 3, the centimeter.
        unit = exif.get(ExifTags.Base.ResolutionUnit, 2)
        return unit in (1, 2, 3) and all(float(exif.get(side, 1)) > 0 for side in _SIDES)
    except Exception:  # Broken EXIF holds values of any type.
        return False


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


def _dpi(density: Sequence[Any], sideways: bool) -> tuple[float, float] | None:
    """Pixels per inch along the width and height of the upright picture; None if implausible."""
    try:
        # PNG stores pixels per meter: 300 comes back as 299.9994.
        across, down = (round(float(per_inch), 2) for per_inch in density)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not (0.51 < across <= 65535 and 0.51 < down <= 65535):  # the whole range of a JPEG
        return None
    return (down, across) if sideways else (across, down)


def _tells_resolution(image: Image.Image) -> bool:
    """Whether the file does: Pillow makes up 72 for a JPEG that has EXIF."""
    # What Pillow calls an MPO is of this class, too.
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return True
    # JFIF 1.02: 0 is a ratio of the sides, 1 is inches, 2 is centimeters.
    if image.info.get("jfif_unit") in (1, 2):
        return True
    return {ExifTags.Base.XResolution, ExifTags.Base.ResolutionUnit} <= set(_exif_in(image))


def _details(exif: Image.Exif) -> dict[int, Any]:
    """The second directory, with the camera's settings; changes to it are kept."""
    # If there is none, `get_ifd` would make an empty one, which Pillow writes.
    return exif.get_ifd(ExifTags.IFD.Exif) if ExifTags.IFD.Exif in exif else {}


def _keep_letters(exif: Image.Exif) -> None:
    """Makes bytes of the texts that are not ASCII."""
    for directory in (exif, _details(exif)):
        for tag in list(directory):
            directory[tag] = letters(directory[tag])


def letters(value: Any) -> Any:
    """A value of EXIF as Pillow writes it whole: it reads texts as Latin-1, and writes `?`."""
    is_beyond = isinstance(value, str) and not value.isascii()
    return value.encode("latin-1") if is_beyond else value
