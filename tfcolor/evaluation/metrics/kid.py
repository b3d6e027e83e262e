"""Kernel distance between the features of two sets of photographs (KID, arXiv:1801.01401).

Features are arrays from any network, which the name of a figure must state.
"""

import dataclasses

import numpy as np

from tfcolor.support import errors

CAPACITY = 10_000  # photographs; 82 MB of 2,048 features in float32
SUBSETS = 100
SUBSET_SIZE = 1000  # photographs
SEED = 2020  # as torch-fidelity's, so that figures can be compared


@dataclasses.dataclass(frozen=True)
class KernelDistance:
    """Mean and standard deviation (divisor n) of the distance over subsets."""

    mean: float
    std: float


class Reservoir:
    """Collects features of a set: all of them, or a uniform sample of `capacity`.

    Sets of equal size keep the same photographs if the seeds are equal.
    """

    def __init__(self, capacity: int = CAPACITY, seed: int = SEED) -> None:
        self._capacity = capacity
        self._random = np.random.RandomState(seed)
        self._count = 0
        self._kept: list[np.ndarray] = []

    def add(self, features: np.ndarray) -> None:
        """Adds a batch of features (n, d).

        Raises:
          ValueError: if it is not (n, d), or d differs from the batches before.
        """
        features = np.asarray(features)
        if features.ndim != 2:
            raise ValueError(f"features must be (n, d), got shape {features.shape}")
        for row in features:
            if self._kept and row.shape != self._kept[0].shape:
                raise ValueError(
                    f"feature sizes must be equal, got {len(self._kept[0])} and {len(row)}"
                )
            self._count += 1
            if len(self._kept) < self._capacity:
                self._kept.append(row.copy())
                continue
            # Every photograph so far is kept with equal chance (Vitter 1985, algorithm R).
            place = self._random.randint(self._count)
            if place < self._capacity:
                self._kept[place] = row.copy()

    def result(self) -> np.ndarray:
        """The kept features; (m, d) with m at most `capacity`, of the dtype that was added.

        Raises:
          ValueError: if nothing was added.
        """
        if not self._kept:
            raise errors.InputError("no photograph was added")
        return np.stack(self._kept)


def mmd2(real: np.ndarray, fake: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy, kernel (x·y / d + 1)³.

    Args:
      real, fake: features (m, d) and (n, d), m and n >= 2.

    Returns:
      An estimate whose mean is 0 for equal distributions; it can be a little negative.

    Raises:
      ValueError: if the feature sizes differ, or a set has fewer than two photographs.
    """
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"feature sizes must be equal, got {real.shape[1]} and {fake.shape[1]}")
    if min(len(real), len(fake)) < 2:
        raise errors.InputError(
            f"a distance needs at least 2 photographs, got {len(real)}, {len(fake)}"
        )
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    return float(_mean_of_pairs(real) + _mean_of_pairs(fake) - 2.0 * _kernel(real, fake).mean())


def kernel_distance(
    real: np.ndarray,
    fake: np.ndarray,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
    seed: int = SEED,
) -> KernelDistance:
    """KID: `mmd2` of random subsets, in float64.

    Args:
      real, fake: features (m, d) and (n, d).
      subsets: number of subsets, each drawn without repetition from all photographs.
      subset_size: photographs of each set in a subset.
      seed: of the draw; torch-fidelity draws the same subsets from the same seed.

    Returns:
      Mean and deviation, in units of the kernel; lower is better.

    Raises:
      ValueError: if the feature sizes differ, or a set has fewer photographs than a subset.
    """
    fewest = min(len(real), len(fake))
    if fewest < subset_size:
        raise errors.InputError(
            f"subset_size must be at most the {fewest} photographs, got {subset_size}"
        )
    random = np.random.RandomState(seed)
    distances = []
    for _ in range(subsets):
        chosen = [random.choice(len(rows), subset_size, replace=False) for rows in (real, fake)]
        distances.append(mmd2(real[chosen[0]], fake[chosen[1]]))
    return KernelDistance(float(np.mean(distances)), float(np.std(distances)))


class KernelSums:
    """Sums of the kernel over groups of photographs, any of which can be left out at no cost."""

    def __init__(self, real: np.ndarray, fake: np.ndarray, groups: np.ndarray) -> None:
        """Takes features (n, d) of two sets, and the group of each photograph in both, int (n,)."""
        member = np.eye(int(groups.max()) + 1)[groups]  # (n, groups)
        real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
        self._counts = member.sum(axis=0)
        # Sums over pairs of different photographs.
        self._within = np.zeros((len(self._counts),) * 2)
        for features in (real, fake):
            kernel = _kernel(features, features)
            self._within += member.T @ kernel @ member - np.diag(np.diagonal(kernel) @ member)
        self._across = member.T @ _kernel(real, fake) @ member

    def mmd2_without(self, group: int | None) -> float:
        """`mmd2` without the photographs of a group; of all photographs for None."""
        kept = np.arange(len(self._counts)) != (-1 if group is None else group)
        count = self._counts[kept].sum()
        within = self._within[np.ix_(kept, kept)].sum() / (count * (count - 1))
        return float(within - 2.0 * self._across[np.ix_(kept, kept)].sum() / count**2)


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1.0) ** 3


def _mean_of_pairs(x: np.ndarray) -> float:
    """Mean of the kernel over pairs of different photographs, as pairs of one would bias it."""
    kernel = _kernel(x, x)
    return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))
