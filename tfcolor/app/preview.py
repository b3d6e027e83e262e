"""Reduced photographs for the page, so that 100 MP need not be sent to the browser."""

import dataclasses
import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tfcolor import images
from tfcolor.colorizing import reduction, tone
from tfcolor.images import decoding, strips
from tfcolor.support import errors

MAX_SIDE = 1600  # pixels of the long side
_QUALITY = 90  # of JPEGs on the page, which are without chroma subsampling


@dataclasses.dataclass(frozen=True, eq=False)
class Preview:
    """A reduced photograph.

    Attributes:
      pixels: uint8, gray (h, w) or sRGB (h, w, 3), the long side `MAX_SIDE` at the most.
      shape: height and width of the full photograph; hints are in its pixels.
      passed_over: why it is not to be colorized unless asked; see `tone.why_not_to_color`.
    """

    pixels: np.ndarray
    shape: tuple[int, int]
    passed_over: str | None = None


def check(path: Path, max_megapixels: float) -> None:
    """Checks the header of a file, before memory is taken for its pixels.

    Raises:
      OSError, ValueError: as `images.read`, if the header cannot be read; and if it has more pixels
        than `max_megapixels`.
    """
    megapixels = decoding.count_pixels(path) / 1e6
    if not megapixels:
        images.read(path, path.name)  # raises with the reason
    if megapixels > max_megapixels:
        raise errors.InputError(
            f"{path.name} has {megapixels:.4g} megapixels; this app takes {max_megapixels:g} "
            "(--max-megapixels)"
        )


def read(path: Path, max_megapixels: float, max_side: int = MAX_SIDE) -> Preview:
    """Reads a photograph and reduces it; transparent parts become white.

    Raises:
      OSError, ValueError: as `check` and `images.read`, and if it is too small to be colorized.
    """
    check(path, max_megapixels)
    photograph = images.read(path, path.name)
    pixels = photograph.pixels
    shape = (pixels.shape[0], pixels.shape[1])
    if min(shape) < reduction.MIN_SIDE:
        raise errors.InputError(
            f"{path.name} has {shape[1]} x {shape[0]} pixels; each side must have "
            f"{reduction.MIN_SIDE} or more"
        )
    if photograph.alpha is not None:
        color = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
        pixels = strips.over_white(color, photograph.alpha)
    pixels = reduced(pixels, max_side)
    seen = strips.to_8_bits(pixels) if pixels.dtype == np.uint16 else pixels
    return Preview(seen, shape, tone.why_not_to_color(photograph))


def reduced(pixels: np.ndarray, max_side: int) -> np.ndarray:
    """Pixels (h, w, ...) with a long side of at most that, and of a photograph's least size."""
    scale = min(max_side / max(pixels.shape[:2]), 1)
    # A long strip is squeezed rather than made too small.
    size = [max(round(side * scale), reduction.MIN_SIDE) for side in pixels.shape[1::-1]]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def jpeg(pixels: np.ndarray) -> bytes:
    """uint8 (h, w) or (h, w, 3) -> a JPEG file for the page."""
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=_QUALITY, subsampling="4:4:4")
    return encoded.getvalue()
