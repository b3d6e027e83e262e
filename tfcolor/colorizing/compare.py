"""Before and after in one picture."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tfcolor.images import strips
from tfcolor.support import disk

_LINE = 300  # the line between the halves is the short side / 300 wide
_GIF_SIDE = 800  # pixels; GIF files of larger pictures are too big
_GIF_MS = 1200  # milliseconds that each of the two pictures is shown


def side_by_side(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Both pictures, side by side.

    Args:
      before: uint8 or uint16, gray (h, w) or sRGB (h, w, 3).
      after: (h, w, 3) of the same dtype.

    Returns:
      (h, w + line + w, 3) of the dtype.
    """
    line, width = _line(after), after.shape[1]
    together = np.empty((len(after), 2 * width + line.shape[1], 3), after.dtype)
    together[:, :width] = _in_color(before)
    together[:, width:-width] = line
    together[:, -width:] = after
    return together


def split(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The left half of `before` and the right half of `after`; (h, w, 3)."""
    line, middle = _line(after), after.shape[1] // 2
    together = after.copy()
    together[:, :middle] = _in_color(before[:, :middle])
    together[:, middle - line.shape[1] // 2 :][:, : line.shape[1]] = line
    return together


PAIRS = {"side": side_by_side, "split": split}


def write_gif(path: Path, before: np.ndarray, after: np.ndarray) -> None:
    """Writes a GIF that alternates between both pictures, reduced to `_GIF_SIDE`."""
    with disk.replacing(path) as partial:
        first, second = (_small(picture) for picture in (before, after))
        first.save(partial, "GIF", save_all=True, append_images=[second], duration=_GIF_MS, loop=0)


def _in_color(pixels: np.ndarray) -> np.ndarray:
    """Color (h, w, 3) as it is; gray as (h, w, 1), which broadcasts to that."""
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _line(after: np.ndarray) -> np.ndarray:
    """A white vertical line, as high as the picture."""
    height, width = after.shape[:2]
    thickness = max(round(min(height, width) / _LINE), 1)
    return np.full((height, thickness, 3), np.iinfo(after.dtype).max, after.dtype)


def _small(pixels: np.ndarray) -> Image.Image:
    scale = min(_GIF_SIDE / max(pixels.shape[:2]), 1)
    size = [max(round(side * scale), 1) for side in (pixels.shape[1], pixels.shape[0])]
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if small.dtype == np.uint16:
        small = strips.to_8_bits(small)
    return Image.fromarray(small).convert("RGB")
