"""Plans which photograph becomes which file, and keeps results from overwriting anything."""

import functools
import glob
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from tfcolor.images import formats, searching
from tfcolor.support import disk, errors

SUFFIX = "-color"  # A result beside its photograph has it at the end of its name.
EXTRAS = ("compare", "gif", "layer", "certainty")  # what may be written beside a result
MOST_VARIANTS = 16

_EXTRA, _NUMBER = re.compile("-(compare|layer|certainty)$"), re.compile(r"-\d+$")


def plan(
    inputs: Sequence[str | Path],
    output: str | Path | None,
    suffix: str = SUFFIX,
    rest: searching.Leftovers | None = None,
) -> list[tuple[Path, Path]]:
    """Pairs each photograph with the file that it becomes.

    Args:
      inputs: files, folders and patterns such as "scans/**/*.tif"; a folder's tree is mirrored
        below the output folder.
      output: a name with a suffix of `formats.EXTENSIONS` for a single photograph, else a folder,
        where a photograph without such a suffix becomes a PNG. If not given, each result is
        beside its photograph, with `suffix` added to its name; results are not colorized again.
      suffix: see `output`.
      rest: gets what is in the folders and is not colorized.

    Returns:
      (source, target) for each photograph.

    Raises:
      ValueError: if an input is missing or holds no photograph, the output has a suffix that
        does not fit, or a target would overwrite a source.
    """
    found = [path for each in inputs for path in _matches(each)]
    rest = searching.Leftovers() if rest is None else rest
    find = functools.partial(_find, alone=len(found) == 1, rest=rest)
    if output is None:
        if not suffix or Path(f"a{suffix}").name != f"a{suffix}":
            raise errors.InputError(f"--suffix must be part of a file's name, got {suffix!r}")
        sources = [source for path in found for source in find(path)]
        pairs = _without_results([(source, _beside(source, suffix)) for source in sources])
    elif _names_photograph(output := Path(output), found):
        pairs = [(find(found[0])[0], output)]
    else:
        pairs = [pair for path in found for pair in _mirror(path, output, find)]
        rest.leave_out(output)
    unique = list(dict.fromkeys(pairs))  # a file may be named by itself and by its folder
    collisions(unique)
    return unique


def collisions(
    pairs: Sequence[tuple[Path, Path]],
    outputs: Callable[[Path], Iterable[Path]] = lambda target: [target],
) -> dict[tuple[Path, Path], str]:
    """Finds photographs that would be written over another's, such as of a.heic and a.jpg.

    Args:
      pairs: (source, target), from `plan`.
      outputs: all files that are written for a target.

    Returns:
      Why each of them cannot be written. If several share an output, the first that keeps its
      suffix is written, or else the first.

    Raises:
      ValueError: if an output is a photograph that is read.
    """
    read = {source.resolve() for source, _ in pairs}
    folds_case = functools.cache(disk.folds_case)
    seen: dict[str, dict[Path, Path]] = {}  # name in one case -> output -> source
    found: dict[tuple[Path, Path], str] = {}
    for source, target in sorted(pairs, key=lambda pair: pair[0].suffix != pair[1].suffix):
        for path in outputs(target):
            if path.resolve() in read:
                raise errors.InputError(f"{path} would be overwritten; give another output")
            alike = seen.setdefault(str(path).casefold(), {})
            if alike and (path in alike or folds_case(path.parent)):
                other = alike.get(path, next(iter(alike.values())))
                reason = f"{source} would become {path}, as {other} does; colorize it separately"
                found[source, target] = reason
            else:
                alike[path] = source
    return found


def outputs_of(
    target: Path, extras: Collection[str] = EXTRAS, variants: int = 1
) -> dict[str, Path]:
    """All files that are written for a photograph, by what they are.

    Args:
      target: the photograph in color, "result", which comes first.
      extras: of `EXTRAS`, those that are written beside it.
      variants: how many are written; those after the first are "2", "3" and so on.
    """
    suffix = target.suffix.lower()
    # A GIF of gray and color in turn has the name that a comparison of a GIF would have.
    compared = ".png" if "gif" in extras and suffix == ".gif" else target.suffix
    suffixes = {
        "compare": f"-compare{compared}",
        "gif": "-compare.gif",
        "layer": f"-layer{target.suffix if suffix in ('.tif', '.tiff') else '.png'}",
        "certainty": "-certainty.png",
    }
    named = {each: target.with_name(f"{target.stem}{suffixes[each]}") for each in extras}
    others = {str(number): variant(target, number) for number in range(2, variants + 1)}
    return {"result": target, **others, **named}


def check_variants(count: int) -> None:
    """Raises ValueError if there are too few or too many variants."""
    if not 1 <= count <= MOST_VARIANTS:
        raise errors.InputError(f"variants must be from 1 to {MOST_VARIANTS}, got {count}")


def variant(target: Path, number: int) -> Path:
    """The file of a variant of a photograph, NAME-1, NAME-2 and so on.

    Args:
      target: NAME, or NAME-1.
      number: from 1.
    """
    name = target.stem if number == 1 else target.stem.removesuffix("-1")
    return target.with_name(f"{name}-{number}{target.suffix}")


def _matches(path: str | Path) -> list[Path]:
    """The path, or the paths that match it as a pattern."""
    if os.path.exists(path) or not glob.has_magic(str(path)):
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


def _mirror(
    source: Path, output: Path, find: Callable[[Path], list[Path]]
) -> list[tuple[Path, Path]]:
    root = source if source.is_dir() else source.parent
    within = output.resolve()  # results of an earlier run may lie below the folder that is read
    return [
        (path, with_known_suffix(output / path.relative_to(root)))
        for path in find(source)
        if not source.is_dir() or within not in path.resolve().parents or within == root.resolve()
    ]


def _beside(source: Path, suffix: str) -> Path:
    return with_known_suffix(source.with_name(f"{source.stem}{suffix}{source.suffix}"))


def _without_results(pairs: list[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """The pairs whose source is not itself a result, made of another by an earlier run."""
    targets: dict[tuple[Path, str], list[Path]] = {}
    for _, target in pairs:
        targets.setdefault((target.parent, target.stem), []).append(target)

    def is_result(source: Path) -> bool:
        # Only the targets whose name this one goes on are asked: there may be a million others.
        kept = _EXTRA.sub("", source.stem)
        stems = {source.stem, kept, _NUMBER.sub("", kept)}
        near = [each for stem in stems for each in targets.get((source.parent, stem), ())]
        return any(source in _ever_written(target) for target in near)

    return [(source, target) for source, target in pairs if not is_result(source)]


def _ever_written(target: Path) -> set[Path]:
    """Everything that any options write for a photograph."""
    return {
        path
        for extras in (EXTRAS, [each for each in EXTRAS if each != "gif"])
        for name in (target, variant(target, 1))
        for path in outputs_of(name, extras, variants=MOST_VARIANTS).values()
    }


def _find(path: Path, alone: bool, rest: searching.Leftovers) -> list[Path]:
    """The photographs at a path; if one of several paths is missing, it fails when it is read."""
    if not alone and not os.path.exists(path):
        return [path]
    return searching.search(path, rest)


def with_known_suffix(path: Path) -> Path:
    """The path with a suffix that can be written."""
    suffix = path.suffix.lower()
    if suffix in formats.READ_ONLY:
        return path.with_suffix(formats.READ_ONLY[suffix])
    return path if suffix in formats.EXTENSIONS else Path(f"{path}.png")
