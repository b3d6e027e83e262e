"""Finds the photograph among the pages of a TIFF file, and reads its directory.

Pillow opens only TIFFs whose pixels it can decode. Directories are read here of every TIFF.

References:
  TIFF revision 6.0 and its technical notes; BigTIFF (https://libtiff.gitlab.io); DNG 1.7.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2 as Directory

from tfcolor.images import metadata, opening

_MOST_PAGES = 100  # searched for one that is not reduced; also subdirectories of a page

# Tags, by their names in the specifications.
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS = 254, 255, 256, 257, 258
_COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANES, _SUB_DIRECTORIES = 259, 262, 277, 284, 330
_EXTRA_SAMPLES, _COEFFICIENTS, _SUBSAMPLING, _REFERENCE = 338, 529, 530, 532
_XMP, _DNG_VERSION = 700, 50706

# Values of PhotometricInterpretation, and their numbers of color channels.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
_CHANNELS = {RGB: 3, CMYK: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}  # all others have 1
_RAW_KINDS = {32803, 34892}  # a mosaic of colored sensors; linear sensor data

_JPEG_COMPRESSIONS = {6, 7}
_OPACITIES = {1, 2}  # kinds of extra samples: alpha, premultiplied or not; 0 is unspecified


@dataclasses.dataclass(frozen=True)
class Page:
    """The page of a TIFF file that is its photograph.

    Attributes:
      file: the TIFF.
      head: its first 16 bytes.
      number: its index among the pages.
      tags: its directory.
    """

    file: BinaryIO
    head: bytes
    number: int
    tags: Directory

    def values(self, tag: int, default: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The values of a tag; `default` if it is missing."""
        with opening.quietly():  # Pillow decodes a tag when it is asked for.
            found = self.tags.get(tag, default)
        return tuple(found) if isinstance(found, (tuple, list)) else (found,)

    def number_of(self, tag: int, default: int = 0) -> int:
        """The integer of a tag; `default` if it is missing or something else."""
        found = self.values(tag, (default,))
        return found[0] if found and isinstance(found[0], int) else default

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the stored picture; 0 if unknown."""
        return self.number_of(_WIDTH), self.number_of(_HEIGHT)

    @property
    def photometric(self) -> int | None:
        """The kind of the channels, such as `RGB`; None if unknown."""
        return self.number_of(_PHOTOMETRIC) if _PHOTOMETRIC in self.tags else None

    @property
    def bits(self) -> int:
        """The most bits of a channel."""
        return max(self.values(_BITS, (1,)))

    @property
    def channels(self) -> int:
        """Number of channels of the color; 1 for a palette."""
        return _CHANNELS.get(self.photometric or 0, 1)

    @property
    def extra_samples(self) -> int:
        """Number of channels in addition to those of the color."""
        return max(0, self.number_of(_SAMPLES, 1) - self.channels)

    @property
    def alpha(self) -> int | None:
        """Index of the extra sample that is alpha; None if none is."""
        # If the kind of a single one is not stated, all programs take it for alpha.
        guess = (2,) if self.extra_samples == 1 and self.photometric != CMYK else ()
        kinds = self.values(_EXTRA_SAMPLES, guess)[: self.extra_samples]
        return next((place for place, kind in enumerate(kinds) if kind in _OPACITIES), None)

    @property
    def is_for_pillow(self) -> bool:
        """Whether Pillow decodes it, since libvips cannot or would misread it."""
        if self.photometric == YCBCR:
            return self.number_of(_COMPRESSION) in _JPEG_COMPRESSIONS
        if self.photometric == CIELAB:
            return not self.extra_samples and self.bits == 8
        return self.photometric not in (*_CHANNELS, WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE)

    @property
    def is_gray_in_planes(self) -> bool:
        """Whether it is gray with more channels, each stored as a plane."""
        is_gray = self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)
        return is_gray and self.extra_samples > 0 and self.number_of(_PLANES) == 2

    @property
    def is_color_in_planes(self) -> bool:
        """Whether its colors must be converted, and each channel is stored as a plane."""
        # Neither Pillow nor libvips 8.18 reads them, nor do they say so.
        return self.photometric in (YCBCR, CIELAB, ICCLAB) and self.number_of(_PLANES) == 2

    def without_meaning(self) -> BinaryIO:
        """A copy of the file whose channels are labeled as a kind that libvips does not know."""
        self.file.seek(0)
        relabeled = bytearray(self.file.read())
        short = struct.Struct("<H" if self.head[:1] == b"I" else ">H")
        length, start, value = (20, 8, 12) if 43 in self.head[2:4] else (12, 2, 8)
        for entry in range(self.tags.offset + start, len(relabeled), length):
            if short.unpack_from(relabeled, entry) == (_PHOTOMETRIC,):
                short.pack_into(relabeled, entry + value, ICCLAB)
                break
        return io.BytesIO(relabeled)

    @property
    def is_subsampled(self) -> bool:
        """Whether it is YCbCr with subsampled chroma."""
        subsampling = self.values(_SUBSAMPLING, (2, 2))  # the default of TIFF 6.0
        return self.photometric == YCBCR and tuple(subsampling) != (1, 1)

    def from_ycbcr(self) -> tuple[list[list[float]], list[float]]:
        """A matrix (3, 3) and an offset (3,) that make RGB in 0..255 of YCbCr of 8 bits.

        TIFF 6.0, section 21.
        """
        red, green, blue = map(float, self.values(_COEFFICIENTS, (0.299, 0.587, 0.114)))
        ranges = self.values(_REFERENCE, (0, 255, 128, 255, 128, 255))
        black, white = ([float(each) for each in ranges[start::2]] for start in (0, 1))
        most = (255, 127, 127)
        y, cb, cr = (top / (w - b) for top, b, w in zip(most, black, white, strict=True))
        from_blue, from_red = cb * (2 - 2 * blue), cr * (2 - 2 * red)
        matrix = [
            [y, 0.0, from_red],
            [y, -from_blue * blue / green, -from_red * red / green],
            [y, from_blue, 0.0],
        ]
        offset = [-sum(m * b for m, b in zip(row, black, strict=True)) for row in matrix]
        return matrix, offset

    def notes(self) -> metadata.Metadata:
        """The metadata in the directory."""
        xmp = self.tags.get(_XMP, b"")
        return metadata.Metadata(
            "TIFF", self._exif(), xmp if isinstance(xmp, bytes) else b"", self._density()
        )

    def _density(self) -> tuple[Any, ...]:
        tags = ExifTags.Base.XResolution, ExifTags.Base.YResolution
        unit = {2: 1, 3: 2.54}.get(self.number_of(ExifTags.Base.ResolutionUnit, 2))  # per inch, cm
        if unit is None or not all(tag in self.tags for tag in tags):
            return ()
        return tuple(self.tags[tag] * unit for tag in tags)

    def _exif(self) -> Image.Exif:
        """The directory and its subdirectories as EXIF; a BigTIFF's become those of a TIFF."""
        exif, whole = Image.Exif(), Image.Exif()
        try:
            for tag, value in _plain(self.tags).items():
                exif[tag] = value
            for tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                if tag in exif:
                    exif[tag] = self._below(exif[tag], tag)
            whole.load(exif.tobytes())
        except Exception:  # Broken EXIF says nothing about the pixels, which are good.
            return Image.Exif()
        return whole

    def _below(self, offset: int, group: int) -> dict[int, Any]:
        """The subdirectory at an offset, with the one on interoperability in it."""
        found = _plain(_directory(self.file, self.head, offset, group))
        interop = ExifTags.IFD.Interop
        if interop in found:
            found[interop] = _plain(_directory(self.file, self.head, found[interop], interop))
        return found


def photograph(file: BinaryIO, name: str) -> Page:
    """Finds the first page of a TIFF file that is neither a reduced picture nor a mask.

    Args:
      file: seekable.
      name: its name in messages.

    Raises:
      ValueError: if it is a raw file, has no pages, or only reduced pictures of its photograph.
    """
    file.seek(0)
    head = file.read(16)
    first = None
    for number, tags in enumerate(itertools.islice(_pages(file, head), _MOST_PAGES)):
        page = Page(file, head, number, tags)
        below = [
            Page(file, head, number, _directory(file, head, offset))
            for offset in page.values(_SUB_DIRECTORIES)[:_MOST_PAGES]
        ]
        if any(_is_raw(each) for each in (page, *below)):
            raise opening.raw(name)
        if not _is_beside(page):
            return page
        if any(not _is_beside(each) for each in below):
            raise ValueError("its pages are only reduced pictures of its photograph")
        first = first or page
    if first is None:
        raise ValueError("it has no page")
    return first  # Some programs mark a single picture as reduced.


def _is_raw(page: Page) -> bool:
    return _DNG_VERSION in page.tags or page.photometric in _RAW_KINDS


def _is_beside(page: Page) -> bool:
    """Whether it is a reduced picture or a mask."""
    return bool(page.number_of(_NEW_SUBFILE_TYPE) & 5) or page.number_of(_SUBFILE_TYPE) == 2


def _pages(file: BinaryIO, head: bytes) -> Iterator[Directory]:
    seen = {0}
    offset = _empty(head).next
    while offset not in seen:
        seen.add(offset)
        tags = _directory(file, head, offset)
        yield tags
        offset = tags.next or 0


def _directory(file: BinaryIO, head: bytes, offset: int, group: int | None = None) -> Directory:
    tags = _empty(head, group)
    file.seek(offset)
    tags.load(file)
    return tags


def _empty(head: bytes, group: int | None = None) -> Directory:
    """A directory without tags, with the file's byte order and size of offsets."""
    is_big = 43 in head[2:4]
    # Pillow 12 takes a big-endian BigTIFF for a TIFF: it gets the header of a little-endian one,
    # and the byte order separately.
    header = b"II+\0" + head[4:16] if is_big else head[:8]
    return Directory(header, head[:2], group)


def _plain(tags: Directory) -> dict[int, Any]:
    """The tags that are still true for other pixels, with texts as Pillow writes them whole."""
    found = {tag: tags[tag] for tag in tags if tag not in metadata.LAYOUT}
    return {tag: metadata.letters(value) for tag, value in found.items()}
