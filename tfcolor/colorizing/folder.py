"""Photographs on disk -> colorized photographs on disk, several at a time."""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

from tfcolor import images, runtimes
from tfcolor.colorizing import choices, compare, marks, planning, rendering, tone
from tfcolor.images import credentials, decoding
from tfcolor.support import disk, errors

FAILURES = "failures.csv"
_COLUMNS = ("file", "reason")
MADE, THERE, FAILED = "made", "there already", "failed"  # what can become of a photograph
PIXELS_AT_ONCE = 100_000_000  # in all photographs in work: 10 bytes each, so about a gigabyte


@dataclasses.dataclass(frozen=True)
class FileOptions(rendering.Rendering):
    """How to colorize each photograph, and which files to write.

    Attributes:
      hints: see `rendering.colorize`.
      choices: a file of hints and options, or a folder that has one of some photographs; what it
        says goes before the options here.
      compare: "side" or "split" to also write NAME-compare beside the result.
      gif: whether to also write NAME-compare.gif, which alternates between gray and color.
      provenance: whether the file says that its color is synthetic.
      overwrite: whether results that exist already are replaced.
      recolor: whether photographs that have their color already are colorized, too.
      signer: signs each result, but no comparison; None for none.
    """

    hints: tuple[marks.Mark, ...] = ()
    choices: Path | None = None
    compare: str | None = None
    gif: bool = False
    provenance: bool = True
    overwrite: bool = False
    recolor: bool = False
    signer: credentials.Signer | None = None

    def outputs(self, target: Path) -> list[Path]:
        """All files that are written for a photograph, the result first."""
        return planning.outputs_of(target, self.compare is not None, self.gif)

    def chosen_for(self, source: Path, shape: tuple[int, int]) -> FileOptions:
        """The options for a photograph of that height and width, as chosen in its file, if any.

        Raises:
          ValueError: if the file holds no choices, or those of another photograph.
          OSError: if it cannot be read.
        """
        path = self.choices and choices.path_for(self.choices, source)
        if path is None:
            return self
        try:
            return dataclasses.replace(self, **choices.read(path).fit(shape))
        except errors.InputError as error:
            raise errors.InputError(naming(path, str(error))) from error


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a photograph; if nothing else, its result existed.

    Attributes:
      source, target: the photograph and its result.
      is_new: whether anything was written.
      passed_over: why it is not to be colorized; see `tone.why_not_to_color`.
      reason: why it failed; names its file.
      is_bad_input: whether it failed for what the user can mend.
      size: width and height of a new result, pixels.
      seconds: how long it took, from reading to writing.
    """

    source: Path
    target: Path
    is_new: bool = False
    passed_over: str | None = None
    reason: str | None = None
    is_bad_input: bool = False
    size: tuple[int, int] | None = None
    seconds: float = dataclasses.field(default=0.0, compare=False)

    @property
    def outcome(self) -> str:
        """In a word or two: `MADE`, `THERE`, `FAILED`, or why it was passed over."""
        if self.reason:
            return FAILED
        return self.passed_over or (MADE if self.is_new else THERE)


def colorize_files(
    net: runtimes.Network,
    pairs: Sequence[tuple[Path, Path]],
    options: FileOptions | None = None,
    workers: int | None = None,
    record: Callable[[Result], None] = lambda result: None,
) -> Iterator[Result]:
    """Colorizes photographs, as many at a time as there are cores.

    Args:
      net: from `runtimes.load`; with one thread per call if there are several workers.
      pairs: (source, target), from `planning.plan`.
      options: applied to each photograph.
      workers: photographs in work at a time; fewer where they are large.
      record: called with each result as soon as there is one, from any thread; it also gets those
        that are still made when the caller stops early.

    Yields:
      A result for each photograph as it ends; a failure does not stop the others.
    """
    options = options or FileOptions()
    collisions = planning.collisions(pairs, options.outputs)
    room = _Room(PIXELS_AT_ONCE)

    def work(source: Path, target: Path) -> Result:
        result = attempt(source, target)
        record(result)
        return result

    def attempt(source: Path, target: Path) -> Result:
        try:
            wanted = [
                path for path in options.outputs(target) if options.overwrite or not path.exists()
            ]
            if not wanted:
                return Result(source, target)
            with room.of(decoding.count_pixels(source)):
                return _colorize_file(net, source, target, options, wanted)
        except Exception as error:  # Any error concerns this photograph only.
            reason = naming(source, errors.of_photograph(error))
            is_bad_input = isinstance(error, errors.InputError)
            return Result(source, target, reason=reason, is_bad_input=is_bad_input)

    for pair, reason in collisions.items():
        record(collision := Result(*pair, reason=reason))
        yield collision
    apart = [pair for pair in pairs if pair not in collisions]
    pool = futures.ThreadPoolExecutor(workers or os.cpu_count(), "photograph")
    try:
        for done in futures.as_completed([pool.submit(work, *pair) for pair in apart]):
            yield done.result()
    finally:  # The caller may stop early.
        pool.shutdown(cancel_futures=True)


def write_failures(folder: Path, failed: Sequence[Result]) -> Path | None:
    """Lists failures in a file in a folder, or deletes the list of an earlier run.

    Returns:
      The file, with columns file and reason; None if nothing failed.

    Raises:
      OSError: if it cannot be written.
    """
    path = failures_path(folder)
    if not failed:
        path.unlink(missing_ok=True)
        return None
    lines = io.StringIO(newline="")
    rows = csv.writer(lines)
    rows.writerow(_COLUMNS)
    rows.writerows(sorted((str(each.source), each.reason) for each in failed))
    disk.write(path, lines.getvalue().encode(errors="surrogateescape"))
    return path


def failures_path(folder: Path) -> Path:
    """Where failures are listed in a folder, even if a file of the user has the usual name."""
    path = folder / FAILURES
    is_free = not path.exists() or _is_list(path)
    return path if is_free else folder / f"tfcolor-{FAILURES}"


def naming(path: Path, reason: str) -> str:
    """The reason of a failure, after the file's path unless it names the file already."""
    return reason if path.name in reason else f"{path}: {reason}"


def _colorize_file(
    net: runtimes.Network, source: Path, target: Path, options: FileOptions, wanted: Sequence[Path]
) -> Result:
    """Writes the wanted files of a photograph, unless it is passed over."""
    began = time.monotonic()
    photograph = images.read(source)
    if not options.recolor and (why := tone.why_not_to_color(photograph)):
        return Result(source, target, passed_over=why)
    options = options.chosen_for(source, photograph.pixels.shape[:2])
    color = options.render(photograph.pixels, net, options.hints)
    result, *others = options.outputs(target)
    for path in others:
        if path not in wanted:
            continue
        if options.gif and path == others[-1]:
            compare.write_gif(path, photograph.pixels, color)
        else:
            assert options.compare is not None
            pair = compare.PAIRS[options.compare](photograph.pixels, color)
            images.write(path, images.Photograph(pair), options.provenance)
    photograph = photograph.with_pixels(color)  # frees the pixels that were read
    if result in wanted:
        signer = options.signer
        sign = functools.partial(signer.sign, source=source) if signer else None
        images.write(result, photograph, options.provenance, source, sign)
    height, width = color.shape[:2]
    seconds = time.monotonic() - began
    return Result(source, target, is_new=True, size=(width, height), seconds=seconds)


class _Room:
    """Limits the pixels in work at a time; a larger photograph is worked on alone."""

    def __init__(self, pixels: int) -> None:
        self._most, self._used = pixels, 0
        self._changed = threading.Condition()

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + pixels <= self._most)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


def _is_list(path: Path) -> bool:
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        return next(csv.reader(file), None) == list(_COLUMNS)
