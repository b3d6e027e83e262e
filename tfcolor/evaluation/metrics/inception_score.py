"""Inception Score of a set of photographs (arXiv:1606.03498), from the logits of a classifier.

It does not depend on the truth: state the truth's own score beside it. Logits are arrays from any
network, which the name of a figure must state.
"""

import dataclasses

import numpy as np

from tfcolor.support import errors

SPLITS = 10


@dataclasses.dataclass(frozen=True)
class InceptionScore:
    """Mean and standard deviation (divisor n) of the score over splits."""

    mean: float
    std: float


class Accumulator:
    """Accumulates the score of photographs; keeps sums of each split and no photograph.

    Photograph i belongs to split i mod `splits`. Other programs use contiguous splits, most of them
    after a shuffle; for shuffled photographs one division is as good as the other.
    """

    def __init__(self, splits: int = SPLITS) -> None:
        self._counts: np.ndarray = np.zeros(splits, np.int64)
        self._probabilities: np.ndarray = np.zeros((splits, 0))  # sum of p
        self._negentropies: np.ndarray = np.zeros(splits)  # sum of Σ p log p

    def add(self, logits: np.ndarray) -> None:
        """Adds a batch of logits (n, c).

        Raises:
          ValueError: if it is not (n, c), or c differs from the batches before.
        """
        logits = np.asarray(logits, np.float64)
        if logits.ndim != 2:
            raise ValueError(f"logits must be (n, c), got shape {logits.shape}")
        splits, classes = len(self._counts), logits.shape[1]
        if not self._counts.any():
            self._probabilities = np.zeros((splits, classes))
        if classes != self._probabilities.shape[1]:
            raise ValueError(
                f"class counts must be equal, got {self._probabilities.shape[1]} and {classes}"
            )
        shifted = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        p = np.exp(log_p)
        places = (self._counts.sum() + np.arange(len(logits))) % splits
        np.add.at(self._counts, places, 1)
        np.add.at(self._probabilities, places, p)
        np.add.at(self._negentropies, places, (p * log_p).sum(axis=1))

    def result(self) -> InceptionScore:
        """The score so far, over the splits.

        Raises:
          ValueError: if there are fewer photographs than splits.
        """
        scores = self.scores()
        return InceptionScore(float(scores.mean()), float(scores.std()))

    def scores(self) -> np.ndarray:
        """The score of each split: exp of the mean divergence of p from the mean p.

        Returns:
          float64 (splits,), from 1 (all photographs alike, or nothing recognized) to the number of
          classes.

        Raises:
          ValueError: if there are fewer photographs than splits.
        """
        if not self._counts.all():
            raise errors.InputError(
                f"the score needs a photograph a split, got {self._counts.sum()} photographs "
                f"for {len(self._counts)} splits"
            )
        q = self._probabilities / self._counts[:, None]
        logs = np.log(q, out=np.zeros_like(q), where=q > 0)  # 0 log 0 is 0
        return np.exp(self._negentropies / self._counts - (q * logs).sum(axis=1))
