"""Does a damaged file ever crash, hang or fool tfcolor?

`mutations` damages small files of every format that is read. Each file is read and colorized with a
short side of 64 pixels by a process apart, which is restarted when it dies or takes more than
`HANG_S` for a file. A file must give a photograph of the size that reading it gives, or one line
that says why not, and leave nothing else.

With --saved-model the files are sent through the decoder of a SavedModel's graph instead.

Prints one JSON line; the exit status is 1 if there was a fault. A file can be made again by its
number: --start NUMBER --files 1 --keep FOLDER.
"""

import collections
import faulthandler
import io
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import mutations
from PIL import Image

HANG_S = 10.0
START_S = 120.0  # in which a process must be ready
MOST_PIXELS = 4_000_000  # of a picture; larger ones, which take seconds, are refused
MEMORY = 8 << 30  # bytes of address space of a process; libraries map much that they do not use
IN_GRAPH = {".jpg", ".png", ".bmp", ".gif"}  # what a SavedModel decodes


def work(files: dict[str, bytes], saved_model: bool, keep: Path | None) -> None:
    """Tries the files whose numbers come by standard input, and prints what became of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    attempt = _graph() if saved_model else _colorizer()
    print("ready", flush=True)
    for line in sys.stdin:
        name, content = mutations.mutated(int(line), files)
        if keep:
            (keep / f"{line.strip()}-{name}").write_bytes(content)
        faulthandler.dump_traceback_later(HANG_S / 2)
        with tempfile.TemporaryDirectory(prefix="tfcolor-fuzz-") as place:
            outcome, reached = attempt(name, content, Path(place))
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps([outcome, reached]), flush=True)


def _colorizer() -> Callable[[str, bytes, Path], tuple[str, bool]]:
    from tfcolor import images, runtimes
    from tfcolor.colorizing import folder, planning
    from tfcolor.images import decoding, libvips

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow warns from there, and refuses from twice it
    net = runtimes.load(threads=1)
    options = folder.FileOptions(size=64, overwrite=True, recolor=True)
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
            return (
                "refused" if is_line else "a reason of two lines",
                reason.decode() == encoded._DAMAGED,
            )
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
        self._errors = tempfile.TemporaryFile("w+")

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
        self._errors.seek(0)
        print(self._errors.read(), file=sys.stderr)
        return ("hang" if answer is None else f"crash, exit status {process.returncode}"), True

    def end(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _started(self) -> "subprocess.Popen[str]":
        self._errors.seek(0)
        self._errors.truncate()
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
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
        files = mutations.seeds(folder)
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
