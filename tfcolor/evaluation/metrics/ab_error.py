"""Error in the a*b* plane alone (Zhang et al., arXiv:1603.08511)."""

import functools

import numpy as np
import tensorflow as tf

from tfcolor.color import cielab, classes

THRESHOLD = 150.0  # Lab units, up to which the accuracy is integrated, as published
# Uncapped, the rarest colors count 6 million times: a handful of pixels would decide the figure.
MAX_RARITY = 100.0


def ab_error(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Mean Euclidean distance between colors in the a*b* plane.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), Lab units, >= 0; lower is better. Gray has the truth's mean chroma.
    """
    return tf.reduce_mean(_distance(truth, fake), axis=(1, 2))


def ab_auc(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Area under the curve of accuracy: the share of pixels whose ab error is under t, for t from
    0 to `THRESHOLD`.

    It is computed in closed form, as the mean of max(0, 1 - error / `THRESHOLD`). The paper sums
    over 151 whole thresholds, which is within 0.4 of it.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), percent; higher is better. Gray itself scores about 90.
    """
    return tf.reduce_mean(_accuracy(truth, fake), axis=(1, 2))


def ab_auc_rebalanced(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """`ab_auc` with pixels weighted by the rarity of the truth's color, so that gray gains little.

    The mean over a set is weighted by `rarity`: then all pixels of the set are weighted alike.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), percent; higher is better.
    """
    weights = _rarity(truth)
    weighed = tf.reduce_sum(weights * _accuracy(truth, fake), axis=(1, 2))
    return weighed / tf.reduce_sum(weights, axis=(1, 2))


def rarity(truth: tf.Tensor) -> tf.Tensor:
    """Mean weight of the pixels of photographs: 1 / probability of their color (3.2, lambda = 0),
    `MAX_RARITY` at most.

    Args:
      truth: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), 0.02 to `MAX_RARITY`; about 1 on average over many photographs.
    """
    return tf.reduce_mean(_rarity(truth), axis=(1, 2))


def _distance(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    return tf.norm(cielab.rgb_to_lab(truth)[..., 1:] - cielab.rgb_to_lab(fake)[..., 1:], axis=-1)


def _accuracy(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    return 100.0 * tf.maximum(1.0 - _distance(truth, fake) / THRESHOLD, 0.0)


def _rarity(truth: tf.Tensor) -> tf.Tensor:
    """(n, h, w, 3) -> float32 (n, h, w)."""
    table = _rarities()
    middle = len(table) // 2
    cell = tf.cast(tf.round(cielab.rgb_to_lab(truth)[..., 1:] / classes.BIN_WIDTH), tf.int32)
    index = (cell[..., 0] + middle) * len(table) + cell[..., 1] + middle
    return tf.gather(tf.constant(table.reshape(-1)), index)


@functools.cache
def _rarities() -> np.ndarray:
    """1 / (bins x probability) of the cells of a square around gray, capped; float32 (m, m)."""
    bins, prior = classes.ab_bins(), classes.prior()
    cells = np.round(bins / classes.BIN_WIDTH).astype(int)
    reach = int(np.abs(cells).max()) + 1
    table: np.ndarray = np.full((2 * reach + 1, 2 * reach + 1), MAX_RARITY, np.float32)
    table[tuple((cells + reach).T)] = np.minimum(1.0 / (len(bins) * prior), MAX_RARITY)
    return table
