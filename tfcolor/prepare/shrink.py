"""Checks, reduces and encodes one photograph."""

import dataclasses
import io
from pathlib import Path

import numpy as np
from PIL import Image

from tfcolor import images
from tfcolor.images import decoding
from tfcolor.images.resizing import arrays
from tfcolor.prepare import fingerprint, set_options
from tfcolor.support import errors

THUMB_SIDE = 64  # pixels; the picture tells gray from color


@dataclasses.dataclass(frozen=True)
class Shrunk:
    """A photograph ready to be written, or why there is none.

    Attributes:
      jpeg: the encoded photograph; empty if it was dropped.
      thumb: uint8 (64, 64, 3).
      copy_key: `Fingerprint.to_text`.
      reason: why it was dropped, in words; empty if it was not.
      kind: "broken" or "tiny" if it was dropped.
    """

    jpeg: bytes = b""
    thumb: np.ndarray = dataclasses.field(
        default_factory=lambda: np.zeros((THUMB_SIDE, THUMB_SIDE, 3), np.uint8)
    )
    copy_key: str = ""
    reason: str = ""
    kind: str = ""


def shrink(stored: Path | bytes, name: str, settings: set_options.SetOptions) -> Shrunk:
    """Reads a photograph of any format and makes a small JPEG of it.

    A JPEG that is small enough, upright and in sRGB keeps its bytes, so that it does not lose
    quality.

    Args:
      stored: the file's path, or its bytes.
      name: its name in messages.
      settings: sizes and quality.
    """
    try:
        encoded = stored.read_bytes() if isinstance(stored, Path) else stored
        rgb = images.decode_rgb(encoded, name, enough=settings.short_side)
    except Exception as error:  # Any error concerns this photograph only.
        return Shrunk(reason=errors.of_photograph(error), kind="broken")
    height, width = rgb.shape[:2]
    if min(height, width) < settings.min_side:
        least = f"the least is {settings.min_side} on a side"
        return Shrunk(reason=f"{name}: {width} x {height} pixels; {least}", kind="tiny")
    image = Image.fromarray(rgb)
    thumb = image.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)
    scale = settings.short_side / min(height, width)
    if scale < 1 or not decoding.is_plain_jpeg(encoded):
        if scale < 1:
            size = max(round(height * scale), 1), max(round(width * scale), 1)
            image = Image.fromarray(np.rint(arrays.resize(rgb, *size)).astype(np.uint8))
        file = io.BytesIO()
        image.save(file, "JPEG", quality=settings.quality, subsampling="4:4:4")
        encoded = file.getvalue()
    return Shrunk(encoded, np.asarray(thumb), fingerprint.of(rgb).to_text())
