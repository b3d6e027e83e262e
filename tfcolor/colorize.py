"""Photographs on disk -> colorized photographs on disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tfcolor import errors, inference, photo

MIN_SIDE = 8  # pixels; in less than that there is nothing to recognize


def plan(inputs: Sequence[str | Path], output: str | Path) -> list[tuple[Path, Path]]:
    """Which file becomes which.

    Args:
      inputs: files and folders; a folder's tree is mirrored below the output folder.
      output: a name with a suffix of `photo.EXTENSIONS` for a single photograph, else a folder,
        where a photograph without such a suffix becomes a PNG.

    Returns:
      (source, target) for each photograph.

    Raises:
      ValueError: if an input is missing or holds no photograph, the output has a suffix that
        does not fit, a target would overwrite its own source, or two photographs would have the
        same target.
    """
    output = Path(output)
    many = len(inputs) > 1 or Path(inputs[0]).is_dir()
    names_photograph = output.suffix.lower() in photo.EXTENSIONS and not output.is_dir()
    if many and names_photograph:
        raise ValueError(f"{output} names one file, for many photographs; give a folder")
    if not many and output.suffix and not (names_photograph or output.is_dir()):
        raise ValueError(f"{output} must end in one of {', '.join(sorted(photo.EXTENSIONS))}")
    if names_photograph:
        pairs = [(photo.find(inputs[0])[0], output)]
    else:
        pairs = [pair for source in inputs for pair in _mirror(Path(source), output)]
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
    colorizer: inference.Colorizer, pairs: Sequence[tuple[Path, Path]]
) -> Iterator[tuple[Path, str | None]]:
    """Colorizes photographs one after the other.

    Args:
      colorizer: from `inference.load`.
      pairs: (source, target), from `plan`.

    Yields:
      (target, None) for each photograph written, (source, reason) for each that failed; the
      others go on.
    """
    for source, target in pairs:
        try:
            photo.write_rgb(target, colorize(colorizer, photo.read_rgb(source), str(source)))
        except (OSError, ValueError) as error:
            yield source, errors.one_line(error)
        else:
            yield target, None


def colorize(colorizer: inference.Colorizer, rgb: np.ndarray, name: str = "photo") -> np.ndarray:
    """One photograph, colorized; its L* is kept.

    Args:
      colorizer: from `inference.load`.
      rgb: uint8 (h, w, 3); its colors, if it has any, are ignored.
      name: for the message of an error.

    Returns:
      uint8 (h, w, 3).

    Raises:
      ValueError: if a side is under `MIN_SIDE`.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise ValueError(
            f"{name}: {width} x {height} pixels are too few to colorize; give a photograph of at "
            f"least {MIN_SIDE} x {MIN_SIDE}"
        )
    return colorizer(rgb[None])[0]


def _mirror(source: Path, output: Path) -> list[tuple[Path, Path]]:
    root = source if source.is_dir() else source.parent
    targets = [(path, output / path.relative_to(root)) for path in photo.find(source)]
    return [
        (path, target if target.suffix.lower() in photo.EXTENSIONS else Path(f"{target}.png"))
        for path, target in targets
    ]
