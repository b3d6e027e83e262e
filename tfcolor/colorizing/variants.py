"""Several plausible colorings of one photograph.

A variant tilts the distribution of colors in every cell in one direction of the ab plane, the same
for the whole picture: where the network is sure, nothing changes; where several colors are likely,
those in that direction gain. Such a picture agrees with itself, as the light of a day does.
"""

import math

import cv2
import numpy as np

from tfcolor import runtimes
from tfcolor.color import classes, constants
from tfcolor.colorizing import reduction

# 1 / Lab units. On validation photographs the best of four variants is then closer to the truth by
# 1.6 times what tints of the same mean CIEDE2000 gain; stronger tilts gain more, and tints as well.
TILT = 0.02
DIRECTIONS = 6  # of one strength; further variants are stronger
FIRST_ANGLE = 4.0  # radians; of variant 2 with seed 0
SEED_ANGLE = 2.399963229728653  # radians from seed to seed: the golden angle, which never repeats


def shift(
    network: runtimes.Network,
    l: np.ndarray,
    hints: np.ndarray | None,
    variant: int,
    seed: int = 0,
) -> np.ndarray:
    """What a variant adds to the colors of a network.

    Args:
      network: one that tells the probabilities of color classes.
      l, hints: see `reduction.class_probabilities`.
      variant: its number, from 2.
      seed: another one turns the directions.

    Returns:
      a*b* / 110, float32 (h, w, 2).

    Raises:
      ValueError: if the network tells no classes.
    """
    told, bins = reduction.class_probabilities(network, l, hints), classes.ab_bins()
    tilted = told * np.exp(bins @ _tilt(variant, seed))
    tilted /= tilted.sum(-1, keepdims=True)
    change = (tilted - told) @ bins / np.float32(constants.AB_SCALE)
    height, width = (side * classes.CELL for side in change.shape[:2])
    whole = cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR)
    whole = whole[: l.shape[0], : l.shape[1]]
    return whole if hints is None else whole * (1 - hints[..., 2:])  # hints keep their colors


def _tilt(variant: int, seed: int) -> np.ndarray:
    """The direction of a variant and its strength, 1 / Lab units; float32 (2,).

    Three directions are 120 degrees apart, the next three lie between them.
    """
    ring, number = divmod(variant - 2, DIRECTIONS)
    angle = FIRST_ANGLE + seed * SEED_ANGLE
    angle += 2 * math.pi * (number / 3 + number // 3 / DIRECTIONS)
    strength = TILT * (1 + ring / 2)
    return np.array([math.cos(angle), math.sin(angle)], np.float32) * np.float32(strength)
