"""Searches folders for photographs by content, and records the files that are none."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tfcolor.images import formats, opening, signatures, tiff
from tfcolor.support import errors

KNOWN = formats.EXTENSIONS | frozenset(formats.READ_ONLY)

log = logging.getLogger(__name__)


@dataclasses.dataclass
class Leftovers:
    """Files in searched folders that are no photographs, and folders that cannot be read.

    Attributes:
      files: of other kinds, such as raw files.
      folders: why each could not be read, with its path.
    """

    files: set[Path] = dataclasses.field(default_factory=set)
    folders: list[OSError] = dataclasses.field(default_factory=list)

    def leave_out(self, folder: Path) -> None:
        """Forgets the files of a folder, which were made and not given."""
        within = folder.resolve()
        self.files = {path for path in self.files if within not in path.resolve().parents}

    def describe(self) -> str:
        """The files by their suffixes, such as "3 files passed over: 2 .psd, 1 .cr2"."""
        kinds = Counter(
            "link to a folder" if path.is_dir() else path.suffix.lower() or "without suffix"
            for path in self.files
        )
        ordered = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
        files = "file" if len(self.files) == 1 else "files"
        told = ", ".join(f"{count} {kind}" for kind, count in ordered)
        return f"{len(self.files)} {files} passed over: {told}"


def search(path: str | os.PathLike[str], rest: Leftovers | None = None) -> list[Path]:
    """Lists the photographs at a path: by suffix, or by content if the suffix tells nothing.

    Args:
      path: a file, which is returned itself, or a folder; hidden files and folders are skipped.
      rest: gets the other files of the folder, and the folders that cannot be read; if not given,
        a warning is logged for each such folder.

    Returns:
      Paths that begin with `path`, sorted by their POSIX path relative to it.

    Raises:
      ValueError: if nothing is at `path` or the folder holds no photograph.
      OSError: if the folder cannot be read.
    """
    if rest is None:
        rest = Leftovers()
        photos = search(path, rest)
        for error in rest.folders:
            log.warning("%s is passed over", errors.one_line(error))
        return photos
    root, photos = Path(path), []
    for file in _files_at(root, rest.folders.append):
        if file == root or _is_photograph(file):
            photos.append(file)
        else:
            rest.files.add(file)
    if not photos:
        kinds = ", ".join(sorted(KNOWN))
        others = f"; {rest.describe()}" if rest.files else ""
        others += "".join(f"; {errors.one_line(error)}" for error in rest.folders)
        raise errors.InputError(
            f"{root} holds no photograph ({kinds}){others}; give another folder"
        )
    return photos


def by_name(folder: Path) -> dict[str, list[Path]]:
    """The pictures in a folder, but not below it, by their names without the suffix."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in KNOWN and path.is_file():
            found.setdefault(path.stem, []).append(path)
    return found


def _is_photograph(path: Path) -> bool:
    is_known = path.suffix.lower() in KNOWN
    try:
        if path.exists():
            return path.is_file() and (is_known or _is_one_inside(path))
    except OSError:
        pass
    return is_known  # Reading it will raise the reason, such as of a link that leads nowhere.


def _is_one_inside(path: Path) -> bool:
    """Whether the content of a file is that of a photograph."""
    with open(path, "rb") as file:
        kind = signatures.kind_of(signatures.head_of(file))
        if kind != "TIFF":
            return kind not in (None, signatures.RAW)
        try:
            with opening.quietly():
                tiff.photograph(file, str(path))
        except Exception:  # Broken bytes can raise anything; raw files are TIFFs, too.
            return False
        return True


def _files_at(root: Path, closed: Callable[[OSError], None]) -> list[Path]:
    """Lists a file, or the files and links below a folder that are not hidden, sorted.

    Args:
      root: the file or folder.
      closed: called for each folder below `root` that cannot be read.

    Raises:
      ValueError: if nothing is at `root`.
      OSError: if `root` cannot be read.
    """
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise errors.InputError(f"{root} is neither a file nor a folder; check the path")

    def fail(error: OSError) -> None:
        if Path(error.filename) == root:
            raise error
        closed(error)

    files = []
    for folder, subfolders, names in os.walk(root, onerror=fail):
        # In place: os.walk then stays out of hidden folders such as .git.
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        files += [Path(folder, name) for name in names + links if not name.startswith(".")]
    return sorted(files, key=lambda file: file.relative_to(root).as_posix())
