"""Small photographs of every format that is read, and damaged files that are made of them.

Bytes of the header or the body are replaced, removed, repeated or cut off, or the ends of two files
are joined. Half of the files get right checksums again (the CRCs of a PNG's chunks, and the stream
of its pixels), so that decoders go on. The number of a file says what it is.
"""

import io
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfcolor import images

HEADER = 200  # bytes at the beginning, which mutations of the header are in
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
PNG = b"\x89PNG\r\n\x1a\n"


def seeds(folder: Path | None) -> dict[str, bytes]:
    """Small photographs of every format, by a name with its suffix."""
    y, x = np.mgrid[:40, :56]
    rgb = np.stack([4 * x, 6 * y, 2 * (x + y)], -1).astype(np.uint8)
    color = Image.fromarray(rgb)
    alpha = color.copy()
    alpha.putalpha(Image.fromarray((5 * y).astype(np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = 6
    made: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "plain.jpg": (color, {"exif": exif}),
        "gray.jpg": (color.convert("L"), {}),
        "progressive.jpg": (color, {"progressive": True, "quality": 60}),
        "cmyk.jpg": (color.convert("CMYK"), {}),
        "plain.png": (color, {"exif": exif}),
        "alpha.png": (alpha, {}),
        "palette.png": (color.quantize(16), {"transparency": 3}),
        "bits.png": (color.convert("1"), {}),
        "deep.png": (Image.fromarray(rgb[..., 0].astype(np.uint16) * 257), {}),
        "lossy.webp": (color, {"exif": exif.tobytes()}),
        "lossless.webp": (alpha, {"lossless": True}),
        "plain.bmp": (color, {}),
        "palette.bmp": (color.quantize(16), {}),
        "plain.gif": (color.quantize(32), {}),
        "plain.avif": (color, {}),
        "plain.jp2": (color, {}),
        "gray.tif": (color.convert("L"), {}),
        "lzw.tif": (alpha, {"compression": "tiff_lzw"}),
        "jpeg.tif": (color, {"compression": "jpeg"}),
        "fax.tif": (color.convert("1"), {"compression": "group4"}),
        "cmyk.tif": (color.convert("CMYK"), {"compression": "tiff_adobe_deflate"}),
        "big.tif": (color, {"big_tiff": True}),
        "deep.tif": (Image.fromarray(rgb[..., 1].astype(np.uint16) * 257), {}),
    }
    found = {}
    for name, (image, options) in made.items():
        file = io.BytesIO()
        image.save(file, Image.registered_extensions()[Path(name).suffix], **options)
        found[name] = file.getvalue()
    for path in sorted(folder.iterdir()) if folder else ():
        if path.suffix.lower() in images.EXTENSIONS:
            found[path.name] = path.read_bytes()
    return found


def mutated(number: int, files: dict[str, bytes]) -> tuple[str, bytes]:
    """The file of a number: a name and its bytes."""
    rng = random.Random(number)
    name = rng.choice(sorted(files))
    if files[name].startswith(PNG) and rng.random() < 0.5:
        return name, _png(rng, files[name])
    content = bytearray(files[name])
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        rng.choice(MUTATIONS)(rng, content, rng.random() < 0.5)
    if rng.random() < 0.05:
        other = files[rng.choice(sorted(files))]
        content[rng.randrange(len(content) + 1) :] = other[rng.randrange(len(other)) :]
    whole = bytes(content)
    return name, _with_checksums(whole) if rng.random() < 0.5 else whole


def _place(rng: random.Random, content: bytearray, in_header: bool) -> int:
    end = min(HEADER, len(content)) if in_header else len(content)
    return rng.randrange(max(end, 1))


def _flip(rng: random.Random, content: bytearray, in_header: bool) -> None:
    place = _place(rng, content, in_header)
    content[place : place + 1] = bytes([rng.randrange(256)])


def _number(rng: random.Random, content: bytearray, in_header: bool) -> None:
    place, size = _place(rng, content, in_header), rng.choice((1, 2, 4))
    value = rng.choice(INTERESTING) & (256**size - 1)
    content[place : place + size] = value.to_bytes(size, rng.choice(("little", "big")))


def _remove(rng: random.Random, content: bytearray, in_header: bool) -> None:
    place = _place(rng, content, in_header)
    del content[place : place + rng.choice((1, 2, 4, 50))]


def _repeat(rng: random.Random, content: bytearray, in_header: bool) -> None:
    place = _place(rng, content, in_header)
    content[place:place] = content[place : place + rng.choice((1, 2, 4, 50))]


def _cut(rng: random.Random, content: bytearray, in_header: bool) -> None:
    if rng.random() < 0.2:  # rarely, since most of a file is gone then
        del content[_place(rng, content, in_header) :]


Mutation = Callable[[random.Random, bytearray, bool], None]
MUTATIONS: tuple[Mutation, ...] = (_flip, _flip, _number, _number, _remove, _repeat, _cut)


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Types and data of a PNG's chunks, as far as they can be told apart."""
    found, place = [], len(PNG)
    while place + 8 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        if place + 12 + length > len(content):
            break
        kind = content[place + 4 : place + 8]
        found.append((kind, content[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def _joined(chunks: list[tuple[bytes, bytes]]) -> bytes:
    parts = [PNG]
    for kind, data in chunks:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        parts += [len(data).to_bytes(4, "big"), kind, data, crc]
    return b"".join(parts)


def _with_checksums(content: bytes) -> bytes:
    """The file with right CRCs, if it is a PNG whose chunks can be told apart."""
    chunks = _chunks(content) if content.startswith(PNG) else []
    return _joined(chunks) if chunks else content


def _png(rng: random.Random, content: bytes) -> bytes:
    """A PNG with a mutation inside a chunk, or inside what the stream of pixels unpacks to."""
    chunks = _chunks(content)
    index = rng.randrange(len(chunks))
    kind, data = chunks[index]
    is_stream = kind == b"IDAT"
    changed = bytearray(zlib.decompress(data) if is_stream else data)
    for _ in range(rng.choice((1, 2, 8))):
        rng.choice(MUTATIONS)(rng, changed, rng.random() < 0.5)
    chunks[index] = (kind, zlib.compress(bytes(changed)) if is_stream else bytes(changed))
    return _joined(chunks)
