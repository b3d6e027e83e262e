"""Photograph files to 8-bit sRGB pixels and back.

Only NumPy and Pillow are imported: the command line answers before TensorFlow is loaded.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from tfcolor.images import profiles

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

# Reading is held to these: Pillow hands some others to outside programs (EPS to Ghostscript).
READABLE = sorted(set(FORMATS.values()))

# Chroma is what this package makes: 4:2:0, the default of JPEG and of lossy WebP, would throw
# three quarters of it away.
SAVE_OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
}

# EXIF orientation -> what turns the stored picture upright; 1 and unknown values need nothing.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_rgb(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a photograph as it is meant to be seen.

    The EXIF orientation is applied, an ICC profile is converted to sRGB (a broken one is ignored),
    transparent pixels are laid over white, 16-bit gray is scaled to 8 bits, and an animation
    gives its first frame.

    Args:
      path: a JPEG, PNG, WebP, BMP, GIF or TIFF file; the content decides, not the suffix.

    Returns:
      rgb: uint8 (h, w, 3), sRGB.

    Raises:
      OSError: if the file cannot be opened (`FileNotFoundError`, `PermissionError` ...).
      ValueError: if it is not a photograph, is damaged, has too many pixels for Pillow's guard
        against decompression bombs, or has pixels beyond 16 bits.
    """
    with open(path, "rb") as file:
        return decode_rgb(file, str(path))


def decode_rgb(file: BinaryIO, name: str, enough: int | None = None) -> np.ndarray:
    """The same for an open file, or bytes in an `io.BytesIO`.

    Args:
      file: the encoded photograph.
      name: what to call it in messages.
      enough: pixels of the short side that will do; a JPEG with twice as many or more is decoded
        at a half, a quarter or an eighth of its size.

    Returns:
      rgb: uint8 (h, w, 3), sRGB.

    Raises:
      ValueError: as `read_rgb`.
    """
    with explained(name), Image.open(file, formats=READABLE) as image:
        if enough:
            scale = enough / min(image.size)
            image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
        image.load()
        return np.array(_to_srgb(_turn_upright(image)))


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns whatever a decoder raises inside into a ValueError of one line.

    Args:
      name: what to call the photograph.
    """
    try:
        yield
    except UnidentifiedImageError as error:
        kinds = ", ".join(READABLE)
        raise ValueError(
            f"{name} is not a photograph ({kinds}): convert it to PNG or JPEG"
        ) from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} has too many pixels: make it smaller") from error
    except Exception as error:  # A decoder fails with whatever the broken bytes lead it to.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{name} cannot be read ({reason}): copy it again or save it as an 8-bit PNG"
        ) from error


def is_plain_jpeg(encoded: bytes) -> bool:
    """Whether a file is a JPEG whose pixels any program shows rightly: upright, sRGB or gray."""
    with Image.open(io.BytesIO(encoded), formats=READABLE) as image:
        if image.format != "JPEG" or image.mode not in ("L", "RGB"):
            return False
        profile = image.info.get("icc_profile", b"").replace(b"\0", b"")  # it may be UTF-16
        return (b"sRGB" in profile or not profile) and orientation(image) not in _UPRIGHT


def apply_profile(rgb: np.ndarray, encoded: bytes) -> np.ndarray:
    """Pixels that were decoded without the ICC profile of their file, as they are meant to be seen.

    Args:
      rgb: uint8 (h, w, 3), in the file's own color space; reduced or cropped at will.
      encoded: the file, or the beginning of it with the profile.

    Returns:
      uint8 (h, w, 3), sRGB; unchanged where the profile is broken.
    """
    with Image.open(io.BytesIO(encoded), formats=READABLE) as image:
        profile = image.info.get("icc_profile", b"")
    return np.array(profiles.to_srgb(Image.fromarray(rgb), profile))


def format_of(path: Path) -> str:
    """The format, by Pillow's name, that a suffix asks for.

    Raises:
      ValueError: if the suffix is not in `EXTENSIONS`.
    """
    suffix = path.suffix.lower()
    if suffix not in EXTENSIONS:
        known = ", ".join(sorted(EXTENSIONS))
        raise ValueError(f"{path} must end in one of {known}, got {suffix!r}")
    return FORMATS[suffix]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a hidden name beside `path` to write to, and `path` what was written, if all went well.

    Raises:
      OSError: what was raised inside, of the same number but naming `path`.
    """
    # A short random name: a long `path.name` leaves no room for a suffix of our own.
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        # The error number picks the subclass; the user knows `path`, not the temporary name.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def find(path: str | os.PathLike[str], extensions: frozenset[str] = EXTENSIONS) -> list[Path]:
    """Lists the photographs at a path.

    Args:
      path: a file, which gives itself, or a folder, which gives every file below it with a suffix
        in `extensions`; hidden files and folders are skipped.
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
        raise ValueError(f"{root} is neither a file nor a folder; check the path")
    photos = []
    for folder, subfolders, names in os.walk(root):
        # In place: os.walk then stays out of hidden folders such as .git.
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        photos += [Path(folder, name) for name in names if not name.startswith(".")]
    photos = [photo for photo in photos if photo.suffix.lower() in extensions and photo.is_file()]
    if not photos:
        kinds = ", ".join(sorted(extensions))
        raise ValueError(f"{root} holds no photograph ({kinds}); give another folder")
    return sorted(photos, key=lambda photo: photo.relative_to(root).as_posix())


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of an open image, 1 to 8; 1 where it is broken or none."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # Broken EXIF says nothing about the pixels, which are good.
        return 1


def _turn_upright(image: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def _to_srgb(image: Image.Image) -> Image.Image:
    """Any mode of Pillow -> mode RGB in sRGB, over white where it is transparent."""
    profile = image.info.get("icc_profile")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _scale_to_8_bits(image)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    if image.mode not in ("L", "RGB", "CMYK"):  # what ICC profiles are made for
        image = image.convert("RGB")
    image = profiles.to_srgb(image, profile).convert("RGB")
    if alpha is None:
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=alpha)
    return paper


def _scale_to_8_bits(image: Image.Image) -> Image.Image:
    """16-bit gray -> mode L; Pillow's own conversion clips everything above 255 to white."""
    gray = np.asarray(image)
    if image.mode == "F" or gray.min() < 0 or gray.max() > 65535:
        raise ValueError("its pixels are beyond 16 bits")
    # 65535 / 255 = 257; half of it is added to round to the nearest.
    return Image.fromarray(((gray.astype(np.int64) + 128) // 257).astype(np.uint8))
