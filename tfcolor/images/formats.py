"""Formats of photograph files by suffix, and the search for photographs in folders."""

from __future__ import annotations

import os
from pathlib import Path

from tfcolor.support import errors

FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}

EXTENSIONS = frozenset(FORMATS)

# Only these are read: Pillow passes some others to external programs (EPS to Ghostscript).
READABLE = sorted(set(FORMATS.values()))

# Chroma is what this package makes: 4:2:0, the default of JPEG and of lossy WebP, would throw
# three quarters of it away.
SAVE_OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
}


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
    """
    root = Path(path)
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise errors.InputError(f"{root} is neither a file nor a folder; check the path")
    photos = []
    for folder, subfolders, names in os.walk(root):
        # In place: os.walk then stays out of hidden folders such as .git.
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        photos += [Path(folder, name) for name in names if not name.startswith(".")]
    photos = [photo for photo in photos if photo.suffix.lower() in extensions and photo.is_file()]
    if not photos:
        kinds = ", ".join(sorted(extensions))
        raise errors.InputError(f"{root} holds no photograph ({kinds}); give another folder")
    return sorted(photos, key=lambda photo: photo.relative_to(root).as_posix())
