"""Recognizes formats of files by their first bytes, whatever their names are."""

from __future__ import annotations

from typing import BinaryIO

LENGTH = 64  # bytes of a file that tell what it is

# Pillow's names of formats, and one of our own: RAW, the data of a camera's sensor.
HEIF, AVIF, JPEG_2000, JPEG_XL, RAW = "HEIF", "AVIF", "JPEG2000", "JXL", "RAW"

_BEGINNINGS = [
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0\x10\0\0\0CR\2\0", RAW),  # Canon's CR2, which is a TIFF otherwise
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", JPEG_2000),
    (b"\xff\x4f\xff\x51", JPEG_2000),
    (b"\0\0\0\x0cJXL \r\n\x87\n", JPEG_XL),
    (b"\xff\x0a", JPEG_XL),
    (b"IIRO", RAW),  # Olympus
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\0", RAW),  # Panasonic
    (b"FUJIFILMCCD-RAW", RAW),
    (b"\0MRM", RAW),  # Minolta
    (b"FOVb", RAW),  # Sigma
    (b"II\x1a\0\0\0HEAPCCDR", RAW),  # Canon's CRW
]

# ISO 14496-12 and 23008-12: brands of files that hold a picture of the kind, or may do so.
_BRANDS = [
    ({b"avif", b"avis"}, AVIF),
    ({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}, HEIF),
    ({b"crx "}, RAW),  # Canon's CR3
]

# Sizes of BMP's second header: the two letters of the first may also begin a text.
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}


def head_of(file: BinaryIO) -> bytes:
    """The first `LENGTH` bytes of a file, which is left at its beginning."""
    file.seek(0)
    head = file.read(LENGTH)
    file.seek(0)
    return head


def kind_of(head: bytes) -> str | None:
    """Pillow's name of the format of a file with these first bytes, or `RAW`; None if unknown.

    A TIFF may still be a raw file; `tiff.photograph` raises if it is.
    """
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return _kind_of_media(head) if head[4:8] == b"ftyp" else None


def _kind_of_media(head: bytes) -> str | None:
    """The format of a file whose first box lists its brands."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[place : place + 4] for place in (8, *range(16, end - 3, 4))}
    for known, kind in _BRANDS:
        if brands & known:
            return kind
    return None
