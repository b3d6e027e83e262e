"""Files with a fault that every viewer looks past, since all pixels are there."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from PIL import Image

from tfcolor.images import libvips, opening, signatures

_END_OF_JPEG = b"\xff\xd9"

# PNG specification: the lower-case letter that begins the name of a chunk which can be left out.
_ANCILLARY = 0x20
_PNG_START = 33  # bytes of the signature and the first chunk, IHDR
_PIXELS = b"\0\0\0\0IDAT"  # where Pillow's reading of a header ends
_FRAMES = {b"fcTL", b"fdAT"}  # of an animation, which count one another
_MOST_CHUNKS = 1000  # that are looked into


def mend(file: BinaryIO) -> tuple[io.BytesIO, str] | None:
    """A photograph's file without the fault that a decoder has stopped at.

    Args:
      file: seekable.

    Returns:
      The whole file, and what was wrong with it, as words that go on from its name; None if
      nothing can be mended.
    """
    kind = signatures.kind_of(signatures.head_of(file))
    if kind == "JPEG":
        return _jpeg(file.read())
    return _png(file.read()) if kind == "PNG" else None


def _jpeg(encoded: bytes) -> tuple[io.BytesIO, str] | None:
    """With its end, if that alone is missing and no pixel."""
    cut = encoded.rstrip(b"\xff")  # of the end, its first byte may be there
    if encoded.endswith(_END_OF_JPEG) or not _has_all_pixels(cut):
        return None
    return io.BytesIO(cut + _END_OF_JPEG), "lacks its end, but no pixels"


def _has_all_pixels(cut: bytes) -> bool:
    """Whether a JPEG without its end is the same picture whatever would come next."""
    if not libvips.is_whole_jpeg(cut + _END_OF_JPEG):  # It overlooks the last row of blocks.
        return False
    pictures = []
    for octet in (b"\0", b"\x7f"):
        longer = io.BytesIO(cut + 64 * octet + _END_OF_JPEG)
        with opening.quietly(), Image.open(longer, formats=["JPEG"]) as image:
            pictures.append(image.tobytes())
    return pictures[0] == pictures[1]


def _png(encoded: bytes) -> tuple[io.BytesIO, str] | None:
    """Without the chunks that can be left out and cannot be read."""
    start, chunks = encoded[:_PNG_START], list(_chunks(encoded))
    if sum(_is_ancillary(chunk) for chunk in chunks) > _MOST_CHUNKS:
        return None
    palette = b"".join(chunk for chunk in chunks if chunk[4:8] == b"PLTE")
    are_kept = [
        not _is_ancillary(chunk) or _is_readable(start + palette + chunk) for chunk in chunks
    ]
    kept = list(itertools.compress(chunks, are_kept))
    left_out = {chunk[4:8] for chunk, is_kept in zip(chunks, are_kept, strict=True) if not is_kept}
    names = [name.decode("ascii", "backslashreplace") for name in left_out - _FRAMES]
    return (io.BytesIO(start + b"".join(kept)), without(names)) if names else None


def without(chunks: Iterable[str]) -> str:
    """What to say of a PNG file whose chunks of these names cannot be read."""
    return f"is read without its {', '.join(sorted(chunks))}, damaged or too long"


def _chunks(encoded: bytes) -> Iterator[bytes]:
    """The chunks of a PNG file behind the first, each whole: length, name, body, checksum."""
    place = _PNG_START
    while place + 8 <= len(encoded):
        end = place + 12 + int.from_bytes(encoded[place : place + 4], "big")
        yield encoded[place:end]
        place = end


def _is_ancillary(chunk: bytes) -> bool:
    return bool(chunk[4] & _ANCILLARY)


def _is_readable(start: bytes) -> bool:
    """Whether Pillow reads a PNG file up to its pixels that begins so."""
    try:
        with opening.quietly(), Image.open(io.BytesIO(start + _PIXELS), formats=["PNG"]):
            return True
    except Exception:  # of whatever kind: it is the last chunk's
        return False
