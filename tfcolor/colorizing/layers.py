"""The color of a photograph alone, as a layer for a picture editor."""

import numpy as np

# The luma of the blend modes of editors, on levels with their gamma: W3C Compositing and Blending
# Level 1, "Non-separable blend modes".
_LUMA = np.array([0.3, 0.59, 0.11], np.float32)
_ROWS = 512  # at a time, so that large photographs take no more memory


def color_alone(color: np.ndarray) -> np.ndarray:
    """A layer that, in the blend mode Color over the gray photograph, gives its colors.

    Its luma is the same everywhere, so that it holds nothing but color; where that leaves no room
    for a strong one, the color is as strong as it can be.

    Args:
      color: uint8 or uint16 (h, w, 3), sRGB.

    Returns:
      The same shape and dtype; gray where there is no color.
    """
    most = np.iinfo(color.dtype).max
    layer = np.empty_like(color)
    for top in range(0, len(color), _ROWS):
        levels = color[top : top + _ROWS] / np.float32(most)
        difference = levels - (levels @ _LUMA)[..., None]
        farthest = np.abs(difference).max(-1, keepdims=True)
        share = np.minimum(1.0, 0.5 / np.maximum(farthest, 1e-6))
        layer[top : top + _ROWS] = np.rint((0.5 + share * difference) * most)
    return layer
