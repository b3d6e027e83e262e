"""Photographs on disk -> colorized photographs on disk, several at a time."""

import csv
import dataclasses
import glob
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

from tfcolor import images, runtimes
from tfcolor.colorizing import compare, local_hints, rendering
from tfcolor.images import decoding, formats
from tfcolor.support import errors

FAILURES = "failures.csv"
_COLUMNS = ("file", "reason")
IGNORES_CASE = sys.platform in ("win32", "darwin")  # a.JPG and a.jpg are one file there
PIXELS_AT_ONCE = 100_000_000  # of all photographs in work: 10 bytes each, so about a gigabyte


@dataclasses.dataclass(frozen=True)
class FileOptions(rendering.Rendering):
    """How to colorize each photograph, and which files to write.

    Attributes:
      hints: see `rendering.colorize`.
      compare: "side" or "split" to also write NAME-compare beside the result.
      gif: whether to also write NAME-compare.gif, which alternates between gray and color.
      provenance: whether the file says that its color is synthetic.
      overwrite: whether results that exist already are replaced.
    """

    hints: tuple[local_hints.Hint, ...] = ()
    compare: str | None = None
    gif: bool = False
    provenance: bool = True
    overwrite: bool = False

    def outputs(self, target: Path) -> list[Path]:
        """All files that are written for a photograph, the result first."""
        stem = target.with_name(f"{target.stem}-compare")
        pictures = [stem.with_name(stem.name + target.suffix)] if self.compare else []
        turns = [stem.with_name(f"{stem.name}.gif")] if self.gif else []
        return [target, *pictures, *turns]


@dataclasses.dataclass(frozen=True)
class Result:
    """The outcome for a photograph: newly written, left as it existed, or failed for a reason."""

    source: Path
    target: Path
    is_new: bool = False
    reason: str | None = None


def plan(
    inputs: Sequence[str | Path], output: str | Path | None, suffix: str = "-color"
) -> list[tuple[Path, Path]]:
    """Pairs each photograph with the file that it becomes.

    Args:
      inputs: files, folders and patterns such as "scans/**/*.tif"; a folder's tree is mirrored
        below the output folder.
      output: a name with a suffix of `formats.EXTENSIONS` for a single photograph, else a folder,
        where a photograph without such a suffix becomes a PNG. If not given, each result is
        beside its photograph, with `suffix` added to its name; results are not colorized again.
      suffix: see `output`.

    Returns:
      (source, target) for each photograph.

    Raises:
      ValueError: if an input is missing or holds no photograph, the output has a suffix that
        does not fit, a target would overwrite its own source, or two photographs would have the
        same target.
    """
    found = [path for each in inputs for path in _matches(each)]
    alone = len(found) == 1
    if output is None:
        if not suffix or "/" in suffix:
            raise errors.InputError(f"--suffix must be part of a file's name, got {suffix!r}")
        sources = [source for path in found for source in _find(path, alone)]
        pairs = _without_results([(source, _beside(source, suffix)) for source in sources])
    elif _names_photograph(output := Path(output), found):
        pairs = [(_find(found[0], alone)[0], output)]
    else:
        pairs = [pair for path in found for pair in _mirror(path, output, alone)]
    unique = list(dict.fromkeys(pairs))  # a file may be named by itself and by its folder
    check(unique)
    return unique


def check(pairs: Sequence[tuple[Path, Path]], options: FileOptions | None = None) -> None:
    """Checks that no file would be written twice, or over a photograph that is read.

    Raises:
      ValueError: if one would; the message names the files.
    """
    options = options or FileOptions()
    read = {source.resolve() for source, _ in pairs}
    sources: dict[str, Path] = {}
    for source, target in pairs:
        for path in options.outputs(target):
            name = str(path).casefold() if IGNORES_CASE else str(path)
            if path.resolve() in read:
                raise errors.InputError(f"{path} would be overwritten; give another output")
            if name in sources:
                raise errors.InputError(
                    f"{sources[name]} and {source} would both become {path}; colorize them apart"
                )
            sources[name] = source


def colorize_files(
    net: runtimes.Network,
    pairs: Sequence[tuple[Path, Path]],
    options: FileOptions | None = None,
    workers: int | None = None,
) -> Iterator[Result]:
    """Colorizes photographs, as many at a time as there are cores.

    Args:
      net: from `runtimes.load`; with one thread per call if there are several workers.
      pairs: (source, target), from `plan`.
      options: applied to each photograph.
      workers: photographs in work at a time; fewer where they are large.

    Yields:
      A result for each photograph as it ends; a failure does not stop the others.
    """
    options = options or FileOptions()
    check(pairs, options)
    room = _Room(PIXELS_AT_ONCE)

    def work(source: Path, target: Path) -> Result:
        wanted = [
            path for path in options.outputs(target) if options.overwrite or not path.exists()
        ]
        if not wanted:
            return Result(source, target)
        try:
            with room.of(decoding.count_pixels(source)):
                _colorize_file(net, source, target, options, wanted)
        except Exception as error:  # of any kind, it concerns this photograph only
            return Result(source, target, reason=naming(source, errors.one_line(error)))
        return Result(source, target, is_new=True)

    pool = futures.ThreadPoolExecutor(workers or os.cpu_count(), "photograph")
    try:
        for done in futures.as_completed([pool.submit(work, *pair) for pair in pairs]):
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
    path = folder / FAILURES
    if path.exists() and not _is_list(path):  # the user's own
        path = folder / f"tfcolor-{FAILURES}"
    if not failed:
        path.unlink(missing_ok=True)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        rows.writerows(sorted((str(each.source), each.reason) for each in failed))
    return path


def naming(path: Path, reason: str) -> str:
    """The reason of a failure, after the file's path unless it names the file already."""
    return reason if path.name in reason else f"{path}: {reason}"


def _colorize_file(
    net: runtimes.Network, source: Path, target: Path, options: FileOptions, wanted: Sequence[Path]
) -> None:
    """Writes the wanted files of a photograph."""
    photograph = images.read(source)
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
        images.write(result, photograph, options.provenance, times_of=source)


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


def _matches(path: str | Path) -> list[Path]:
    """The path, or the paths that match it as a pattern."""
    if Path(path).exists() or not glob.has_magic(str(path)):
        return [Path(path)]
    found = sorted(glob.glob(str(path), recursive=True))
    if not found:
        raise errors.InputError(f"{path} fits no file; check the pattern")
    return [Path(each) for each in found]


def _names_photograph(output: Path, found: Sequence[Path]) -> bool:
    """Whether the output is the file of one photograph, and not a folder."""
    many = len(found) > 1 or found[0].is_dir()
    named = output.suffix.lower() in formats.EXTENSIONS and not output.is_dir()
    if many and named:
        raise errors.InputError(f"{output} names one file, for many photographs; give a folder")
    if not many and output.suffix and not (named or output.is_dir()):
        raise errors.InputError(
            f"{output} must end in one of {', '.join(sorted(formats.EXTENSIONS))}"
        )
    return named


def _mirror(source: Path, output: Path, alone: bool) -> list[tuple[Path, Path]]:
    root = source if source.is_dir() else source.parent
    within = output.resolve()  # results of an earlier run may lie below the folder that is read
    return [
        (path, with_known_suffix(output / path.relative_to(root)))
        for path in _find(source, alone)
        if not source.is_dir() or within not in path.resolve().parents or within == root.resolve()
    ]


def _beside(source: Path, suffix: str) -> Path:
    return with_known_suffix(source.with_name(f"{source.stem}{suffix}{source.suffix}"))


def _without_results(pairs: list[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """The pairs whose source is not itself a result, made of another by an earlier run."""
    all_of_them = FileOptions(compare="side", gif=True)
    made = {path for _, target in pairs for path in all_of_them.outputs(target)}
    return [(source, target) for source, target in pairs if source not in made]


def _find(path: Path, alone: bool) -> list[Path]:
    """The photographs at a path; if one of several paths is missing, it fails when it is read."""
    if not alone and not path.exists():
        return [path]
    return formats.find(path, images.EXTENSIONS)


def with_known_suffix(path: Path) -> Path:
    """The path with a suffix that can be written."""
    if path.suffix.lower() in images.HEIC_EXTENSIONS:  # read, but not written
        return path.with_suffix(".jpg")
    return path if path.suffix.lower() in formats.EXTENSIONS else Path(f"{path}.png")
