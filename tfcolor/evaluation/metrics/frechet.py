"""Fréchet distance between the features of two sets of photographs (FID, arXiv:1706.08500).

Features are arrays from any network, which the name of a figure must state;
`tfcolor.evaluation.features.extractors` has ours.
"""

import dataclasses

import numpy as np

from tfcolor.support import errors


@dataclasses.dataclass(frozen=True)
class FeatureStats:
    """Mean and covariance of the features of a set.

    `mu` float64 (d,), `sigma` float64 (d, d) with divisor n - 1, `count` photographs n >= 2, None
    if they come from a file that does not say.
    """

    mu: np.ndarray
    sigma: np.ndarray
    count: int | None = None


class Accumulator:
    """Accumulates statistics of features; keeps (d, d) float64 and no photograph."""

    def __init__(self) -> None:
        self._count = 0
        self._mu: np.ndarray = np.zeros(0)
        self._scatter: np.ndarray = np.zeros((0, 0))  # sum of the outer products about the mean

    def add(self, features: np.ndarray) -> None:
        """Adds a batch of features (n, d).

        Raises:
          ValueError: if it is not (n, d), or d differs from the batches before.
        """
        features = np.asarray(features, np.float64)
        if features.ndim != 2:
            raise ValueError(f"features must be (n, d), got shape {features.shape}")
        n, size = features.shape
        if n == 0:
            return
        if not self._count:
            self._mu, self._scatter = np.zeros(size), np.zeros((size, size))
        _require_equal(len(self._mu), size)
        # Products are about the means: raw ones would cancel (Chan, Golub and LeVeque 1979).
        mu = features.mean(axis=0)
        centered, shift = features - mu, mu - self._mu
        total = self._count + n
        self._scatter += centered.T @ centered
        self._scatter += np.outer(shift, shift) * (self._count * n / total)
        self._mu = self._mu + shift * (n / total)
        self._count = total

    def result(self) -> FeatureStats:
        """The statistics of everything so far.

        Raises:
          ValueError: for fewer than two photographs.
        """
        if self._count < 2:
            raise errors.InputError(f"statistics need at least 2 photographs, got {self._count}")
        return FeatureStats(self._mu.copy(), self._scatter / (self._count - 1), self._count)


@dataclasses.dataclass(frozen=True)
class Spread:
    """Statistics in a form that is fast to compare: `mu` (d,), `root` A (k, d), AᵀA = sigma."""

    mu: np.ndarray
    root: np.ndarray

    def distance(self, other: "Spread") -> float:
        """The Fréchet distance; see `frechet_distance`."""
        _require_equal(len(self.mu), len(other.mu))
        roots = np.linalg.svd(self.root @ other.root.T, compute_uv=False)
        difference = self.mu - other.mu
        traces = float(np.sum(self.root**2) + np.sum(other.root**2))
        distance = difference @ difference + traces - 2.0 * roots.sum()
        return max(float(distance), 0.0)  # rounding can leave a tiny negative


def spread_of(features: np.ndarray) -> Spread:
    """The `Spread` of features (n, d), n >= 2; skips their covariance, and so is faster."""
    features = np.asarray(features, np.float64)
    mu = features.mean(axis=0)
    root = (features - mu) / np.sqrt(len(features) - 1)
    return Spread(mu, root if len(root) <= len(mu) else np.asarray(np.linalg.qr(root, mode="r")))


def frechet_distance(real: FeatureStats, fake: FeatureStats) -> float:
    """Squared Fréchet distance between two Gaussians: |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½).

    The trace of the root is the sum of the singular values of A1 A2ᵀ, where S = AᵀA: exact even for
    fewer photographs than features, and without an imaginary part that has to be dropped.

    Args:
      real, fake: statistics of equal size d.

    Returns:
      A distance in squared feature units, >= 0; lower is better.

    Raises:
      ValueError: if the feature sizes differ.
    """
    _require_equal(len(real.mu), len(fake.mu))
    return Spread(real.mu, _root(real.sigma)).distance(Spread(fake.mu, _root(fake.sigma)))


def _root(sigma: np.ndarray) -> np.ndarray:
    """A (rank, d) with AᵀA = sigma."""
    values, vectors = np.linalg.eigh(sigma)
    # Directions without variance come out as rounding noise, which the root would magnify.
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    return (vectors[:, kept] * np.sqrt(values[kept])).T


def _require_equal(size: int, other: int) -> None:
    if size != other:
        raise ValueError(f"feature sizes must be equal, got {size} and {other}")
