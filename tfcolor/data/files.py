"""Photographs from image files: a folder, or a list of files."""

import hashlib
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from tfcolor.data import photographs, reading
from tfcolor.images import searching


def from_folder(folder: str | Path, part: str = "all") -> photographs.Photographs:
    """The photographs below a folder, in order of their relative path.

    Args:
      folder: searched recursively; see `searching.search`.
      part: "train", "validation" (about one in 20, by a hash of the file's name, so that a
        photograph stays in its part whatever else is added) or "all".

    Raises:
      ValueError: if the folder is missing or holds no photograph in that part.
    """
    folder = Path(folder)
    paths, names = _of_part(folder, part)
    if not paths:
        raise photographs.NoPartError(
            f"{folder} has no photograph in its {part} part; add photographs or give another folder"
        )
    return from_paths(str(folder), paths, names)


def from_folders(folders: Sequence[str | Path], part: str = "all") -> photographs.Photographs:
    """The photographs below several folders as one set; see `from_folder`.

    A photograph's name begins with the name of its folder, so that files of the same name stay
    apart; a second folder of the same name is called NAME-2. A photograph belongs to the same part
    as in its own folder.

    Raises:
      ValueError: if a folder is missing, or none holds a photograph in that part.
    """
    paths: list[Path] = []
    names: list[str] = []
    taken: list[str] = []
    for folder in map(Path, folders):
        name = folder.resolve().name
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        called = next(each for each in itertools.chain([name], numbered) if each not in taken)
        taken.append(called)
        ours, relative = _of_part(folder, part)
        paths += ours
        names += [f"{called}/{name}" for name in relative]
    source = " + ".join(map(str, folders))
    if not paths:
        raise photographs.NoPartError(
            f"{source} have no photograph in their {part} part; add photographs"
        )
    return from_paths(source, paths, names)


def from_paths(source: str, paths: Sequence[Path], names: Sequence[str]) -> photographs.Photographs:
    """Photographs from files of any format that `images` reads.

    Args:
      source: what to call the set in messages.
      paths: the files, in order.
      names: a unique name for each; the image id is made from it.
    """
    ids = [image_id(name) for name in names]
    table = reading.Table(
        {
            "path": tf.constant([os.fsencode(path) for path in paths]),
            "image_id": tf.constant(ids, tf.int64),
        }
    )
    return photographs.Photographs(source, table, names=dict(zip(ids, names, strict=True)))


def _of_part(folder: Path, part: str) -> tuple[list[Path], list[str]]:
    """The files of a part, in order, and their paths below the folder."""
    paths = searching.search(folder)
    if part != "all":
        paths = [path for path in paths if is_validation(path.name) == (part == "validation")]
    return paths, [path.relative_to(folder).as_posix() for path in paths]


def image_id(name: str) -> int:
    """A stable id, 0 <= id < 2**63, from a photograph's name."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def is_validation(file_name: str) -> bool:
    """Whether a file of that name (without its folder) is in the validation part."""
    return image_id(file_name) % photographs.VALIDATION_ONE_IN == 0
