"""Formats of photograph files by suffix, and the search for photographs in folders."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from tfcolor.support import errors

FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}

EXTENSIONS = frozenset(FORMATS)

# Formats that are read but not written: the suffix of what a photograph becomes. HEIC and AVIF are
# as lossy as JPEG; the others may be lossless, and have 16 bits.
READ_ONLY = {
    **dict.fromkeys([".heic", ".heif", ".avif"], ".jpg"),
    **dict.fromkeys([".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".jxl"], ".png"),
}

# Only these are read: Pillow passes some others to external programs (EPS to Ghostscript).
READABLE = sorted(set(FORMATS.values()))

# Chroma is what this package makes: 4:2:0, the default of JPEG and of lossy WebP, would throw
# three quarters of it away.
SAVE_OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
}


log = logging.getLogger(__name__)


def format_of(path: Path) -> str:
    """Pillow's name of the format that a suffix stands for.

    Raises:
      ValueError: if the suffix is not in `EXTENSIONS`.
    """
    suffix = path.suffix.lower()
    if suffix not in EXTENSIONS:
        known = ", ".join(sorted(EXTENSIONS))
        raise errors.InputError(f"{path} must end in one of {known}, got {suffix!r}")
    return FORMATS[suffix]


def find(path: str | os.PathLike[str], extensions: frozenset[str] = EXTENSIONS) -> list[Path]:
    """Lists the photographs at a path.

    Args:
      path: a file, which is returned itself, or a folder, which is searched for files with a
        suffix in `extensions`; hidden files and folders are skipped.
      extensions: suffixes in lower case, with their dots.

    Returns:
      Paths that begin with `path`, sorted by their POSIX path relative to it.

    Raises:
      ValueError: if nothing is at `path` or the folder holds no photograph.
      OSError: if the folder cannot be read; of one below it, a warning is logged.
    """
    root = Path(path)
    photos = [
        file
        for file in files_at(root, _tell)
        if file == root or (file.suffix.lower() in extensions and os.path.isfile(file))
    ]
    if not photos:
        kinds = ", ".join(sorted(extensions))
        raise errors.InputError(f"{root} holds no photograph ({kinds}); give another folder")
    return photos


def _tell(error: OSError) -> None:
    log.warning("%s is passed over", errors.one_line(error))


def files_at(root: Path, closed: Callable[[OSError], None]) -> list[Path]:
    """Lists a file, or the files and links below a folder that are not hidden, sorted as by `find`.

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
