"""Files to download from the app, the same as `tfcolor colorize` writes."""

import dataclasses
import itertools
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tfcolor import runtimes
from tfcolor.colorizing import folder, marks, planning

ARCHIVE = "tfcolor.zip"


def write(
    net: runtimes.Network,
    sources: Sequence[Path],
    place: Path,
    options: folder.FileOptions,
    placed: Mapping[Path, tuple[marks.Hint, ...]],
    progress: Callable[[int, int], None],
) -> tuple[Path | None, list[str]]:
    """Colorizes photographs in full size.

    Args:
      net: see `folder.colorize_files`.
      sources: one photograph or more.
      place: an empty folder.
      options: applied to all photographs.
      placed: photograph -> its hints, if it has any.
      progress: called with the number of photographs done and the total.

    Returns:
      The file of a single photograph, a zip archive of several, or None if all failed; and a
      line for each photograph that failed or was passed over.
    """
    pairs = list(zip(sources, targets(sources, place), strict=True))
    made, failures = [], []
    for count, result in enumerate(_colorize(net, pairs, options, placed), start=1):
        progress(count, len(pairs))
        if result.reason:
            failures.append(result.reason.replace(str(result.source), result.source.name))
        elif result.passed_over:
            failures.append(f"{result.source.name} is {result.passed_over}")
        else:
            made.append(result.target)
    if not made or len(sources) == 1:
        return made[0] if made else None, sorted(failures)
    return _zipped(sorted(made), place / ARCHIVE), sorted(failures)


def targets(sources: Sequence[Path], place: Path) -> list[Path]:
    """A path NAME-color.SUFFIX in a folder for each photograph, numbered where names repeat.

    A format that can only be read gets another suffix; see `planning.with_known_suffix`.
    """
    made: list[Path] = []
    for source in sources:
        for number in itertools.chain([""], (f"-{count}" for count in itertools.count(2))):
            name = f"{source.stem}-color{number}{source.suffix}"
            target = planning.with_known_suffix(place / name)
            # An archive may be opened on Windows or macOS, where A and a are the same name.
            if target.name.lower() not in (each.name.lower() for each in made):
                break
        made.append(target)
    return made


def _colorize(
    net: runtimes.Network,
    pairs: Sequence[tuple[Path, Path]],
    options: folder.FileOptions,
    placed: Mapping[Path, tuple[marks.Hint, ...]],
) -> Iterator[folder.Result]:
    plain = [pair for pair in pairs if not placed.get(pair[0])]
    yield from folder.colorize_files(net, plain, options)
    for source, target in pairs:
        if placed.get(source):
            own = dataclasses.replace(options, hints=placed[source])
            yield from folder.colorize_files(net, [(source, target)], own)


def _zipped(paths: Sequence[Path], archive: Path) -> Path:
    """Moves files into an archive without compression, which would not make them smaller."""
    with zipfile.ZipFile(archive, "w", strict_timestamps=False) as file:
        for path in paths:
            file.write(path, path.name)
            path.unlink()
    return archive
