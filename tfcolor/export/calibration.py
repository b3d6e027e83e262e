"""Fits the temperature with which the probabilities of color classes are what they say.

Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv:1706.04599), section 4.2.
"""

from collections.abc import Iterable

import keras
import numpy as np
from scipy import optimize, special

from tfcolor.color import cielab, classes, constants, quantize
from tfcolor.colorizing import graphs

CELLS = 1000  # drawn from each batch of photographs
RANGE = (0.25, 4.0)  # of temperatures


def fit(generator: keras.Model, batches: Iterable[np.ndarray], uniform_share: float) -> float:
    """The temperature for a generator, see `quantize.probabilities`.

    Args:
      generator: one that returns "logits" at stride 4.
      batches: color photographs that it was not trained on, uint8 (n, h, w, 3), sides multiples of
        its stride.
      uniform_share: the value used in its training, see `quantize.bin_weights`.
    """
    rng = np.random.default_rng(0)
    logits, found = [], []
    for rgb in batches:
        l, ab = cielab.rgb_to_planes(rgb)
        truth = classes.cell_means(ab.numpy()).reshape(-1, 2) * constants.AB_SCALE
        drawn = rng.choice(len(truth), min(CELLS, len(truth)), replace=False)
        told = graphs.ask(generator, l)["logits"].numpy().reshape(-1, classes.COUNT)
        logits.append(told[drawn])
        found.append(_nearest(truth[drawn]))
    return temperature(np.concatenate(logits), np.concatenate(found), uniform_share)


def temperature(logits: np.ndarray, truth: np.ndarray, uniform_share: float) -> float:
    """The temperature at which the true classes are most likely.

    Args:
      logits: (n, 258), of a network trained with rebalanced classes.
      truth: index of the true class of each, int (n,).
      uniform_share: see `quantize.bin_weights`.
    """
    counted = logits.astype(np.float64) - np.log(quantize.bin_weights(uniform_share))
    rows: np.ndarray = np.arange(len(truth))

    def surprise(calibration: float) -> float:
        return -float(special.log_softmax(counted / calibration, -1)[rows, truth].mean())

    return float(optimize.minimize_scalar(surprise, bounds=RANGE, method="bounded").x)


def _nearest(ab: np.ndarray) -> np.ndarray:
    """The class whose center is the nearest to each color (n, 2) in Lab units; int (n,)."""
    bins = classes.ab_bins()
    return np.argmin((bins**2).sum(-1) - 2 * ab @ bins.T, axis=-1)
