"""Classes of photographs by brightness alone: a shirt on a white background counts as snow."""

import numpy as np

DARK = 20.0  # L*; under it a pixel is dark
BRIGHT = 85.0  # L*; above it a pixel is bright

# The first rule that holds gives the class.
CLASSES = {
    "night": "mean L* under 30 and at least 40 % of the pixels dark (L* under 20)",
    "snow": "mean L* 65 or more and at least 30 % of the pixels bright (L* over 85)",
    "interior": "any other with a mean L* under 45",
    "day": "the rest",
}


def classify(lightness: np.ndarray, dark: np.ndarray, bright: np.ndarray) -> list[str]:
    """The class of each photograph, one of `CLASSES`.

    Args:
      lightness: mean L*, (m,).
      dark, bright: shares of pixels in [0, 1], (m,).
    """
    night = (lightness < 30) & (dark >= 0.4)
    snow = (lightness >= 65) & (bright >= 0.3)
    return np.select([night, snow, lightness < 45], list(CLASSES)[:3], "day").tolist()
