"""Reduced photographs for the page, so that 100 MP need not be sent to the browser."""

import base64
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tfcolor import images, runtimes
from tfcolor.colorizing import marks, reduction, rendering, tone
from tfcolor.images import decoding, strips
from tfcolor.support import errors

MAX_SIDE = 1400  # pixels of the long side
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


def read(path: Path, max_megapixels: float) -> Preview:
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
    scale = min(MAX_SIDE / max(shape), 1)
    # A long strip is squeezed rather than made too small.
    size = [max(round(side * scale), reduction.MIN_SIDE) for side in reversed(shape)]
    pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    seen = strips.to_8_bits(pixels) if pixels.dtype == np.uint16 else pixels
    return Preview(seen, shape, tone.why_not_to_color(photograph))


def colored(
    net: runtimes.Network,
    preview: Preview,
    placed: Sequence[marks.Hint],
    size: int,
    strength: float,
    saturation: float,
) -> np.ndarray:
    """The preview in color, uint8 (h, w, 3); the arguments are those of `rendering.colorize`.

    Raises:
      ValueError: if a hint lies outside the photograph, or the photograph is too small.
    """
    marks.check(placed, preview.shape)
    here = [hint.scaled(preview.shape, preview.pixels.shape[:2]) for hint in placed]
    return rendering.colorize(
        preview.pixels, net, size=size, strength=strength, saturation=saturation, hints=here
    )


def marked(pixels: np.ndarray, preview: Preview, placed: Sequence[marks.Hint]) -> np.ndarray:
    """A colored preview with a numbered disc where each hint is; uint8 (h, w, 3)."""
    pixels, short = pixels.copy(), min(pixels.shape[:2])
    radius, line = max(short // 50, 4), max(short // 300, 1)
    for number, hint in enumerate(placed, start=1):
        y, x = marks.place_of(hint.x, hint.y, preview.pixels.shape, preview.shape)
        cv2.circle(pixels, (x, y), radius, hint.rgb, cv2.FILLED, cv2.LINE_AA)
        for color, width in (((0, 0, 0), 3 * line), ((255, 255, 255), line)):
            cv2.circle(pixels, (x, y), radius + line, color, width, cv2.LINE_AA)
            place, font = (x + 2 * radius, y + radius), cv2.FONT_HERSHEY_SIMPLEX
            cv2.putText(pixels, str(number), place, font, radius / 11, color, width, cv2.LINE_AA)
    return pixels


def place_of(x: int, y: int, preview: Preview) -> tuple[int, int]:
    """A pixel of the preview -> the pixel of the photograph at its center, as x, y."""
    height, width = preview.pixels.shape[:2]
    return (
        int((x + 0.5) * preview.shape[1] / width),
        int((y + 0.5) * preview.shape[0] / height),
    )


def saved(pixels: np.ndarray, folder: Path) -> Path:
    """uint8 (h, w) or (h, w, 3) -> a JPEG file in a folder.

    Gradio names files of pixels by their content, and writes over one that it is serving.
    """
    path = folder / "preview.jpg"
    path.write_bytes(_jpeg(pixels))
    return path


def data_url(pixels: np.ndarray) -> str:
    """uint8 (h, w) or (h, w, 3) -> a JPEG as a data URL."""
    return f"data:image/jpeg;base64,{base64.b64encode(_jpeg(pixels)).decode()}"


def _jpeg(pixels: np.ndarray) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=_QUALITY, subsampling="4:4:4")
    return encoded.getvalue()
