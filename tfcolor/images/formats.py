"""Formats of photograph files by suffix."""

from __future__ import annotations

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
