"""Motion between two pictures: optical flow there and back, and values along it."""

import cv2
import numpy as np


def flow(first: np.ndarray, second: np.ndarray, preset: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of a picture are in another one, by dense inverse search.

    Kroeger et al. 2016, arXiv:1603.03590.

    Args:
      first, second: L*, float32 (h, w) in [0, 100].
      preset: of `cv2.DISOpticalFlow`.

    Returns:
      (x, y) in the second picture of each pixel of the first, float32 (h, w, 2), pixels; how far
      the flow back from there misses the pixel, float32 (h, w), pixels.
    """
    search = cv2.DISOpticalFlow.create(preset)
    still = np.zeros((*first.shape, 2), np.float32)
    ours, theirs = levels(first), levels(second)
    there, back = search.calc(ours, theirs, still.copy()), search.calc(theirs, ours, still)
    where = places(first) + there
    missed = there + take(back, where)
    return where, np.hypot(missed[..., 0], missed[..., 1])


def levels(lightness: np.ndarray) -> np.ndarray:
    """L* as uint8."""
    return np.rint(np.clip(lightness, 0, 100) * np.float32(2.55)).astype(np.uint8)


def places(plane: np.ndarray) -> np.ndarray:
    """(x, y) of each pixel of a plane, float32 (h, w, 2)."""
    height, width = plane.shape[:2]
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def take(plane: np.ndarray, where: np.ndarray, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """A plane's values at places (x, y), between pixels by linear interpolation."""
    # OpenCV's types do not know that one map with both coordinates needs no second one.
    return cv2.remap(plane, where, None, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[call-overload]


def within(where: np.ndarray) -> np.ndarray:
    """Which places lie inside a plane of their own height and width; bool (h, w)."""
    height, width = where.shape[:2]
    x, y = where[..., 0], where[..., 1]
    return (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
