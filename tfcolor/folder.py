"""Photographs on disk -> colorized photographs on disk, several at a time."""

import csv
import dataclasses
import glob
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfcolor import colorize, compare, errors, network, photo, scans
from tfcolor import hints as corrections
from tfcolor.scans import decoding

FAILURES = "failures.csv"
PIXELS_AT_ONCE = 100_000_000  # of all photographs in work: 10 bytes each, so about a gigabyte


@dataclasses.dataclass(frozen=True)
class Options:
    """What is done to each photograph; see `colorize.colorize`.

    Attributes:
      compare: "side" or "split" to write NAME-compare beside the result, too.
      gif: whether to write NAME.gif, gray and color by turns, too.
      provenance: whether the file says that its color is synthetic.
      overwrite: whether results that are there already are made again.
    """

    size: int | None = None
    strength: float = 1.0
    saturation: float = 1.0
    hints: tuple[corrections.Hint, ...] = ()
    compare: str | None = None
    gif: bool = False
    provenance: bool = True
    overwrite: bool = False

    def of_colors(self) -> dict[str, Any]:
        """Those that `colorize.colorize` takes."""
        return {name: getattr(self, name) for name in ("size", "strength", "saturation", "hints")}


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a photograph: written, there already, or failed for a reason."""

    source: Path
    target: Path
    is_new: bool = False
    reason: str | None = None


def plan(
    inputs: Sequence[str | Path], output: str | Path | None, suffix: str = "-color"
) -> list[tuple[Path, Path]]:
    """Which file becomes which.

    Args:
      inputs: files, folders and patterns such as "scans/**/*.tif"; a folder's tree is mirrored
        below the output folder.
      output: a name with a suffix of `photo.EXTENSIONS` for a single photograph, else a folder,
        where a photograph without such a suffix becomes a PNG. If not given, each result stands
        beside its photograph, with `suffix` added to its name, and those are not colorized again.
      suffix: see there.

    Returns:
      (source, target) for each photograph.

    Raises:
      ValueError: if an input is missing or holds no photograph, the output has a suffix that
        does not fit, a target would overwrite its own source, or two photographs would have the
        same target.
    """
    found = [path for each in inputs for path in _matches(each)]
    if output is None:
        if not suffix or "/" in suffix:
            raise ValueError(f"--suffix must be part of a file's name, got {suffix!r}")
        pairs = [pair for path in found for pair in _beside(path, suffix)]
    elif _names_photograph(output := Path(output), found):
        pairs = [(_find(found[0])[0], output)]
    else:
        pairs = [pair for path in found for pair in _mirror(path, output)]
    sources: dict[Path, Path] = {}
    for source, target in pairs:
        if target.resolve() == source.resolve():
            raise ValueError(f"{source} would be overwritten; give another output")
        if target in sources:
            raise ValueError(
                f"{sources[target]} and {source} would both become {target}; colorize them apart"
            )
        sources[target] = source
    return pairs


def colorize_files(
    net: network.Network,
    pairs: Sequence[tuple[Path, Path]],
    options: Options | None = None,
    workers: int | None = None,
) -> Iterator[Result]:
    """Colorizes photographs, as many at a time as there are cores.

    Args:
      net: from `colorize.load`; with one thread a call where there are several workers.
      pairs: (source, target), from `plan`.
      options: what is done to each.
      workers: photographs in work at a time; fewer where they are large.

    Yields:
      A result for each photograph as it ends; a failure does not stop the others.
    """
    options = options or Options()
    room = _Room(PIXELS_AT_ONCE)

    def work(source: Path, target: Path) -> Result:
        if target.exists() and not options.overwrite:
            return Result(source, target)
        try:
            with room.of(decoding.count_pixels(source)):
                _colorize_file(net, source, target, options)
        except (OSError, ValueError, MemoryError) as error:
            return Result(source, target, reason=naming(source, errors.one_line(error)))
        return Result(source, target, is_new=True)

    pool = futures.ThreadPoolExecutor(workers or os.cpu_count(), "photograph")
    try:
        for done in futures.as_completed([pool.submit(work, *pair) for pair in pairs]):
            yield done.result()
    finally:  # The user may have enough of it.
        pool.shutdown(cancel_futures=True)


def write_failures(folder: Path, failed: Sequence[Result]) -> Path | None:
    """Lists in a folder what failed, or takes away the list of a run before.

    Returns:
      The list, with columns file and reason; None where nothing failed.
    """
    path = folder / FAILURES
    if not failed:
        path.unlink(missing_ok=True)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "reason"))
        rows.writerows(sorted((str(each.source), each.reason) for each in failed))
    return path


def naming(path: Path, reason: str) -> str:
    """The reason of a failure with the name of its file, where it has not said it."""
    return reason if path.name in reason else f"{path}: {reason}"


def _colorize_file(net: network.Network, source: Path, target: Path, options: Options) -> None:
    scan = scans.read(source)
    colored = colorize.colorize(net, scan.pixels, **options.of_colors())
    if options.compare:
        pair = compare.PAIRS[options.compare](scan.pixels, colored)
        name = f"{target.stem}-compare{target.suffix}"
        scans.write(target.with_name(name), pair, scans.Scan(pair[:0]), options.provenance)
    if options.gif:
        compare.write_gif(target.with_suffix(".gif"), scan.pixels, colored)
    scan = scan.emptied()  # a large photograph is written in the memory that this sets free
    # Last: where it is, a rerun takes all of it as done.
    scans.write(target, colored, scan, options.provenance, times_of=source)


class _Room:
    """Lets so many pixels in at a time, or one photograph that is larger."""

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


def _matches(path: str | Path) -> list[Path]:
    """The path, or what fits it as a pattern."""
    if Path(path).exists() or not glob.has_magic(str(path)):
        return [Path(path)]
    found = sorted(glob.glob(str(path), recursive=True))
    if not found:
        raise ValueError(f"{path} fits no file; check the pattern")
    return [Path(each) for each in found]


def _names_photograph(output: Path, found: Sequence[Path]) -> bool:
    """Whether the output is the file of one photograph, and not a folder."""
    many = len(found) > 1 or found[0].is_dir()
    named = output.suffix.lower() in photo.EXTENSIONS and not output.is_dir()
    if many and named:
        raise ValueError(f"{output} names one file, for many photographs; give a folder")
    if not many and output.suffix and not (named or output.is_dir()):
        raise ValueError(f"{output} must end in one of {', '.join(sorted(photo.EXTENSIONS))}")
    return named


def _mirror(source: Path, output: Path) -> list[tuple[Path, Path]]:
    root = source if source.is_dir() else source.parent
    return [(path, _with_known_suffix(output / path.relative_to(root))) for path in _find(source)]


def _beside(source: Path, suffix: str) -> list[tuple[Path, Path]]:
    paths = _find(source)
    made = [path for path in paths if path.stem.endswith((suffix, f"{suffix}-compare"))]
    # One that is named is wanted, whatever it is called.
    paths = paths if source.is_file() else [path for path in paths if path not in made]
    return [
        (path, _with_known_suffix(path.with_name(f"{path.stem}{suffix}{path.suffix}")))
        for path in paths
    ]


def _find(path: Path) -> list[Path]:
    return photo.find(path, scans.EXTENSIONS)


def _with_known_suffix(path: Path) -> Path:
    if path.suffix.lower() in scans.HEIC_EXTENSIONS:  # read, but not written
        return path.with_suffix(".jpg")
    return path if path.suffix.lower() in photo.EXTENSIONS else Path(f"{path}.png")
