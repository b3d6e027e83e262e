"""Opens photograph files with Pillow: by content, without warnings, with readable errors."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from tfcolor.images import formats, signatures
from tfcolor.support import errors

logging.getLogger("PIL").setLevel(logging.CRITICAL)  # Errors are raised anyway.

# Python's filters of warnings are global: only one thread at a time may change them.
_WARNINGS = threading.RLock()


def open_image(file: BinaryIO, name: str) -> Image.Image:
    """Opens a photograph; Pillow reads its header only.

    Args:
      file: seekable.
      name: its name in messages.

    Raises:
      ValueError: if it is a raw file, or its format needs a library that is not installed.
      Exception: of any type, if Pillow cannot read its header.
    """
    head = signatures.head_of(file)
    if not head:
        raise errors.InputError(f"{name} is empty: copy it again")
    kind = signatures.kind_of(head)
    if kind == signatures.RAW:
        raise raw(name)
    _learn(kind, name)
    try:
        with quietly():
            return Image.open(file, formats=formats.READABLE if kind is None else [kind])
    except UnidentifiedImageError:
        if kind is None:
            raise
        # Pillow does not give the reason, but its reader of that format raises it.
        file.seek(0)
        with quietly():
            Image.OPEN[kind][0](file, "")
        raise


def guard(size: tuple[int, int]) -> None:
    """Raises DecompressionBombError above Pillow's limit of pixels."""
    most = Image.MAX_IMAGE_PIXELS
    if most is not None and size[0] * size[1] > 2 * most:
        raise Image.DecompressionBombError(f"{size[0]} x {size[1]} pixels")


def raw(name: str) -> errors.InputError:
    """The error of a raw file."""
    return errors.InputError(
        f"{name} is a camera's raw file: develop it and give the resulting TIFF or JPEG"
    )


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns any error that a decoder raises inside into a ValueError of one line.

    Args:
      name: of the photograph, for the message.
    """
    try:
        yield
    except errors.InputError:
        raise
    except UnidentifiedImageError as error:
        kinds = ", ".join(sorted([*formats.READABLE, "AVIF", "HEIC", "JPEG 2000", "JPEG XL"]))
        raise errors.InputError(
            f"{name} is not a photograph ({kinds}): convert it to PNG or JPEG"
        ) from error
    except Image.DecompressionBombError as error:
        raise errors.InputError(f"{name} has too many pixels: make it smaller") from error
    except MemoryError as error:
        raise errors.InputError(
            f"{name} takes more memory than there is: close other programs, or make it smaller"
        ) from error
    except Exception as error:  # Broken bytes can make a decoder raise anything.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise errors.InputError(
            f"{name} cannot be read ({reason}): copy it again or save it as an 8-bit PNG"
        ) from error


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Suppresses warnings, such as of scans over 89 million pixels or of EXIF that is cut off."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _learn(kind: str | None, name: str) -> None:
    """Registers the reader of a format that needs an optional library."""
    try:
        if kind == signatures.HEIF:
            import pillow_heif

            pillow_heif.register_heif_opener()
        elif kind == signatures.JPEG_XL:
            import pillow_jxl  # noqa: F401 - which registers itself
    except ImportError as error:
        called, extra = ("HEIC", "heic") if kind == signatures.HEIF else ("JPEG XL", "jxl")
        raise errors.InputError(
            f"{name} is a {called} photograph: pip install 'tfcolor[{extra}]', or save it as JPEG"
        ) from error
