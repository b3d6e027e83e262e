"""Does a damaged file ever crash, hang or fool tfcolor?

Mutates small files of every format that is read: bytes of the header or the body are replaced,
removed, repeated or cut off, or the ends of two files are joined. Half of the files get right
checksums again (the CRCs of a PNG's chunks, and the stream of its pixels), so that decoders go on.
Each file is read and colorized with a short side of 64 pixels by a process apart, which is
restarted when it dies or takes more than `HANG_S` for a file. A file must give a photograph of the
size that reading it gives, or one line that says why not, and leave nothing else.

With --saved-model the files are sent through the decoder of a SavedModel's graph instead.

Prints one JSON line; the exit status is 1 if there was a fault. A file can be made again by its
number: --start NUMBER --files 1 --keep FOLDER.
"""

import collections
import io
import json
import os
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

HANG_S = 10.0
START_S = 120.0  # in which a process must be ready
MEMORY = 8 << 30  # bytes of address space of a process; libraries map much that they do not use
HEADER = 200  # bytes at the beginning, which mutations of the header are in
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
PNG = b"\x89PNG\r\n\x1a\n"
KNOWN = {
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
    ".avif",
    ".heic",
    ".jp2",
}
IN_GRAPH = {".jpg", ".png", ".bmp", ".gif"}  # what a SavedModel decodes


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
        if path.suffix.lower() in KNOWN:
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


def work(files: dict[str, bytes], saved_model: bool, keep: Path | None) -> None:
    """Tries the files whose numbers come by standard input, and prints what became of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    attempt = _graph() if saved_model else _colorizer()
    print("ready", flush=True)
    for line in sys.stdin:
        name, content = mutated(int(line), files)
        if keep:
            (keep / f"{line.strip()}-{name}").write_bytes(content)
        with tempfile.TemporaryDirectory(prefix="tfcolor-fuzz-") as place:
            outcome, reached = attempt(name, content, Path(place))
        print(json.dumps([outcome, reached]), flush=True)


def _colorizer() -> Callable[[str, bytes, Path], tuple[str, bool]]:
    from tfcolor import images, runtimes
    from tfcolor.colorizing import folder, planning
    from tfcolor.images import decoding, libvips

    net = runtimes.load(threads=1)
    options = folder.FileOptions(size=64, overwrite=True)
    reached = False

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal reached
            reached = True
            return function(*arguments, **named)

        return call

    decoding._planes = watched(decoding._planes)
    libvips.read = watched(libvips.read)

    def attempt(name: str, content: bytes, place: Path) -> tuple[str, bool]:
        nonlocal reached
        reached = False
        source = place / name
        source.write_bytes(content)
        target = planning.with_known_suffix(place / f"out{source.suffix}")
        (result,) = folder.colorize_files(net, [(source, target)], options, workers=1)
        beside = {path.name for path in place.iterdir()} - {source.name, target.name}
        if beside:
            return f"left {sorted(beside)}", reached
        if result.reason is not None:
            if target.exists():
                return "failed, and wrote a file", reached
            return "refused" if "\n" not in result.reason else "a reason of two lines", reached
        made, read = images.read(target).pixels.shape, images.read(source).pixels.shape
        is_right = made[:2] == read[:2]
        return "colorized" if is_right else f"{made} instead of {read}", reached

    return attempt


def _graph() -> Callable[[str, bytes, Path], tuple[str, bool]]:
    import tensorflow as tf

    from tfcolor.export import encoded

    def gray(rgb: Any, *_: Any) -> Any:
        return rgb

    asked = tf.function(
        lambda files: encoded.colorize_files(
            gray, files, tf.constant([64]), tf.constant([1.0]), tf.constant([1.0]), "png"
        ),
        input_signature=[tf.TensorSpec((None,), tf.string)],
    )

    asked(tf.constant([b""]))  # which makes the graph

    def attempt(name: str, content: bytes, place: Path) -> tuple[str, bool]:
        del name, place
        made, reasons = asked(tf.constant([content]))
        reason = bytes(reasons.numpy()[0])
        if reason:
            is_line = b"\n" not in reason
            return "refused" if is_line else "a reason of two lines", reason == encoded._DAMAGED
        with Image.open(io.BytesIO(bytes(made.numpy()[0]))) as image:
            image.load()
            size = sorted(image.size)
        try:
            with Image.open(io.BytesIO(content)) as image:
                right = sorted(image.size)
        except Exception:  # Pillow refuses what TensorFlow reads.
            return "colorized", True
        return "colorized" if size == right else f"{size} instead of {right}", True

    return attempt


class Worker:
    """A process that tries files, and is replaced when it dies or hangs."""

    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    def attempt(self, number: int) -> tuple[str, bool]:
        """What became of a file, and whether the decoding of its pixels was reached."""
        process = self._process or self._started()
        assert process.stdin is not None
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        answer = self._answer(process, HANG_S)
        if answer:
            outcome, reached = json.loads(answer)
            return outcome, reached
        self.end()
        return ("hang" if answer is None else f"crash, exit status {process.returncode}"), True

    def end(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _started(self) -> "subprocess.Popen[str]":
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if not self._answer(self._process, START_S):
            raise SystemExit("the process that tries the files does not start")
        return self._process

    @staticmethod
    def _answer(process: "subprocess.Popen[str]", within_s: float) -> str | None:
        """A line; empty where the process has ended, None after the time."""
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], within_s)
        if not ready:
            return None
        line = process.stdout.readline()
        if not line:
            process.wait()
        return line


@click.command()
@click.option("--files", "count", default=100_000)
@click.option("--start", default=0, help="Number of the first file.")
@click.option("--seeds", "folder", type=click.Path(exists=True, path_type=Path), help="More seeds.")
@click.option("--saved-model", is_flag=True, help="Through the decoder of a SavedModel.")
@click.option("--keep", type=click.Path(path_type=Path), help="Where to write the files.")
@click.option("--worker", is_flag=True, hidden=True)
def main(
    count: int,
    start: int,
    folder: Path | None,
    saved_model: bool,
    keep: Path | None,
    worker: bool,
) -> None:
    """Tries mutated files."""
    if worker:
        files = seeds(folder)
        if saved_model:
            files = {name: file for name, file in files.items() if Path(name).suffix in IN_GRAPH}
        work(files, saved_model, keep)
        return
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
    arguments = ["--saved-model"] if saved_model else []
    for flag, path in (("--seeds", folder), ("--keep", keep)):
        arguments += [flag, str(path)] if path else []
    tester = Worker(arguments)
    outcomes: collections.Counter[str] = collections.Counter()
    faults: dict[int, str] = {}
    decoded = 0
    tester.attempt(start)  # which starts the process
    began = time.monotonic()
    for number in range(start, start + count):
        outcome, reached = tester.attempt(number)
        decoded += reached
        outcomes[outcome if outcome in ("colorized", "refused") else "fault"] += 1
        if outcome not in ("colorized", "refused"):
            faults[number] = outcome
            print(f"{number}: {outcome}", file=sys.stderr)
    seconds = time.monotonic() - began
    tester.end()
    print(
        json.dumps(
            {
                "files": count,
                **outcomes,
                "reached_pixels": round(decoded / count, 3),
                "files_per_second": round(count / seconds, 1),
                "faults": faults,
                "load_now": os.getloadavg()[0],
            }
        )
    )
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
