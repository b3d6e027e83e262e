"""Repairs damage that costs no pixels, and that other viewers ignore."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from PIL import Image

from tfcolor.images import libvips, opening, signatures

_END_OF_JPEG = b"\xff\xd9"
_SCAN = b"\xda"  # second byte of the marker before a scan's pixels

# PNG specification: set in the first letter of a name, which is then lower-case, if the chunk is
# optional ("ancillary").
_ANCILLARY = 0x20
_PNG_START = 33  # bytes of the signature and the first chunk, IHDR
_PIXELS = b"\0\0\0\0IDAT"  # where Pillow stops reading the header
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}  # limited in size each, and all together
_FRAMES = {b"fcTL", b"fdAT"}  # frames of an animation; each depends on the ones before
_MOST_CHUNKS = 1000  # optional ones in a file that is repaired


def repair(file: BinaryIO) -> tuple[io.BytesIO, str] | None:
    """Repairs a photograph's file at which a decoder has failed.

    Args:
      file: seekable.

    Returns:
      The repaired file, and a description of the damage that continues a sentence after the file's
      name; None if it cannot be repaired.
    """
    kind = signatures.kind_of(signatures.head_of(file))
    if kind == "JPEG":
        return _jpeg(file.read())
    return _png(file.read()) if kind == "PNG" else None


def lacks_end(encoded: bytes) -> bool:
    """Whether a JPEG file has no end marker after its first scan begins."""
    place = 2
    # ITU-T T.81, B.1.1: a marker, which 0xff can precede, and the length of its segment.
    while encoded[place : place + 1] == b"\xff" and encoded[place + 1 : place + 2] != _SCAN:
        is_filled = encoded[place + 1 : place + 2] == b"\xff"
        place += 1 if is_filled else 2 + int.from_bytes(encoded[place + 2 : place + 4], "big")
    return encoded.find(_END_OF_JPEG, place) < 0


def _jpeg(encoded: bytes) -> tuple[io.BytesIO, str] | None:
    """Adds the end marker, if only that is missing."""
    if encoded.endswith(_END_OF_JPEG):
        return None
    # Recovered files can be filled up with zeros. The first byte of the marker may be there.
    cut = encoded.rstrip(b"\0").rstrip(b"\xff")
    if not _has_all_pixels(cut):
        return None
    return io.BytesIO(cut + _END_OF_JPEG), "has no end marker, but has all its pixels"


def _has_all_pixels(cut: bytes) -> bool:
    """Whether a JPEG without its end marker shows the same picture whatever bytes follow."""
    if not libvips.is_whole_jpeg(cut + _END_OF_JPEG):  # This misses the last row of blocks.
        return False
    pictures = []
    for octet in (b"\0", b"\x7f"):
        longer = io.BytesIO(cut + 64 * octet + _END_OF_JPEG)
        with opening.quietly(), Image.open(longer, formats=["JPEG"]) as image:
            pictures.append(image.tobytes())
    return pictures[0] == pictures[1]


def _png(encoded: bytes) -> tuple[io.BytesIO, str] | None:
    """Removes the optional chunks that cannot be read."""
    start, chunks = encoded[:_PNG_START], list(_chunks(encoded))
    if sum(_is_ancillary(chunk) for chunk in chunks) > _MOST_CHUNKS:
        return None
    palette = b"".join(chunk for chunk in chunks if chunk[4:8] == b"PLTE")
    are_kept = [
        not _is_ancillary(chunk) or _is_readable(start + palette + chunk) for chunk in chunks
    ]
    if all(are_kept):
        are_kept = [chunk[4:8] not in _TEXTS for chunk in chunks]
    kept = list(itertools.compress(chunks, are_kept))
    left_out = {chunk[4:8] for chunk, is_kept in zip(chunks, are_kept, strict=True) if not is_kept}
    names = [name.decode("ascii", "backslashreplace") for name in left_out - _FRAMES]
    return (io.BytesIO(start + b"".join(kept)), without(names)) if names else None


def without(chunks: Iterable[str]) -> str:
    """Describes a PNG file that is read without the chunks of these names."""
    return f"is read without its damaged or too long {', '.join(sorted(chunks))}"


def _chunks(encoded: bytes) -> Iterator[bytes]:
    """The chunks of a PNG file after the first, each with its length, name and checksum."""
    place = _PNG_START
    while place + 8 <= len(encoded):
        end = place + 12 + int.from_bytes(encoded[place : place + 4], "big")
        yield encoded[place:end]
        place = end


def _is_ancillary(chunk: bytes) -> bool:
    return bool(chunk[4] & _ANCILLARY)


def _is_readable(start: bytes) -> bool:
    """Whether Pillow can read a PNG file, up to its pixels, that begins with these bytes."""
    try:
        with opening.quietly(), Image.open(io.BytesIO(start + _PIXELS), formats=["PNG"]):
            return True
    except Exception:  # Broken bytes can make a decoder raise anything.
        return False
