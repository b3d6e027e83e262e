"""Figures of all pictures of a row together, from a network's features; and their realism."""

import dataclasses
import functools

import numpy as np

from tfcolor.evaluation import scores
from tfcolor.evaluation.features import extractors
from tfcolor.evaluation.metrics import frechet, inception_score, kid

GROUPS = 10  # Each group of photographs is left out in turn.
SUBSETS = 20  # The kernel distance is their mean; 100 take minutes, and have the same mean.
FEW = 3000  # photographs; the kernel of all their pairs still fits into memory
TOGETHER = 64  # batches per sum of outer products, each of which passes over megabytes
NEAREST = 5  # photographs that realism compares with
REALISM = "realism"


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of a set: of all its pictures, and without each of `GROUPS` groups, (groups,)."""

    value: float
    without: np.ndarray


class SetFigures:
    """An observer that collects a network's features of the color photographs of every row.

    It keeps sums, and the features of at most `kid.CAPACITY` photographs per row.
    """

    def __init__(self, network: extractors.Extractor, min_chroma: float) -> None:
        """`min_chroma` tells gray photographs, which are left out, from color."""
        self._network, self._min_chroma = network, min_chroma
        self._rows: dict[str, _Seen] = {}

    def __call__(self, row: str, batch: scores.Batch, fake: np.ndarray) -> None:
        """Adds the pictures of a batch."""
        has_color = scores.mean_chroma(batch["rgb"]).numpy() >= self._min_chroma
        pooled, logits = self._network.extract(fake[has_color])
        self._rows.setdefault(row, _Seen()).add(pooled, logits)

    def result(self) -> dict[str, dict[str, Figure]]:
        """The distances of every row from the row "truth", and its score; leaves out figures that
        need more photographs than there are."""
        return {name: self._figures(seen) for name, seen in self._rows.items()}

    def realism(self) -> dict[str, np.ndarray]:
        """Row -> how near each picture is to real photographs of other things; float32 (count,).

        It is the mean distance of a photograph's features from those of the `NEAREST` others,
        divided by that distance for its colorization: 1 is as near as the photograph itself, less
        is farther. Only for color photographs, and only if the features of all could be kept.
        """
        real = self._rows[scores.TRUTH].kept.result()
        if len(real) <= NEAREST or len(real) == kid.CAPACITY:
            return {}
        own = _distance_of_others(real, real)
        return {
            name: own / np.maximum(_distance_of_others(seen.kept.result(), real), 1e-12)
            for name, seen in self._rows.items()
        }

    def _figures(self, seen: "_Seen") -> dict[str, Figure]:
        found = {}
        network, count = self._network, len(seen.kept.result())
        if count >= 2 * GROUPS:
            found[network.distance] = self._frechet(seen)
            found[network.kernel] = _kernel(
                self._rows[scores.TRUTH].kept.result(), seen.kept.result()
            )
        if count >= inception_score.SPLITS:
            splits = seen.classes.scores()
            # Means of all splits but one, so that the jackknife gives the error of the mean.
            parts = (splits.sum() - splits) / (len(splits) - 1)
            found[network.score] = Figure(float(splits.mean()), parts)
        return found

    def _frechet(self, seen: "_Seen") -> Figure:
        """The distance of all pictures, and without groups of those that were kept."""
        kept = seen.kept.result()
        real, fake = self._parts_of_truth, _leave_out(kept)
        whole, *parts = (real[group].distance(fake[group]) for group in real)
        if len(kept) < kid.CAPACITY:  # all were kept
            return Figure(whole, np.array(parts))
        truth = self._rows[scores.TRUTH].statistics()
        return Figure(frechet.frechet_distance(truth, seen.statistics()), np.array(parts))

    @functools.cached_property
    def _parts_of_truth(self) -> dict[int | None, frechet.Spread]:
        return _leave_out(self._rows[scores.TRUTH].kept.result())


@dataclasses.dataclass
class _Seen:
    """Features and classes of the pictures of a row."""

    kept: kid.Reservoir = dataclasses.field(default_factory=kid.Reservoir)
    classes: inception_score.Accumulator = dataclasses.field(
        default_factory=inception_score.Accumulator
    )
    _all: frechet.Accumulator = dataclasses.field(default_factory=frechet.Accumulator)
    _pending: list[np.ndarray] = dataclasses.field(default_factory=list)

    def add(self, pooled: np.ndarray, logits: np.ndarray) -> None:
        """Adds a batch."""
        self.kept.add(pooled)
        self.classes.add(logits)
        self._pending.append(pooled)
        if len(self._pending) == TOGETHER:
            self._flush()

    def statistics(self) -> frechet.FeatureStats:
        """Statistics of all pictures."""
        self._flush()
        return self._all.result()

    def _flush(self) -> None:
        self._all.add(np.concatenate(self._pending))
        self._pending = [self._pending[0][:0]]


def _kernel(real: np.ndarray, fake: np.ndarray) -> Figure:
    """The mean over subsets, and values without each group from the first `FEW` photographs."""
    size = min(kid.SUBSET_SIZE, len(real))
    # Subsets of as many photographs as there are would all be the same one.
    distance = kid.kernel_distance(real, fake, SUBSETS if size < len(real) else 1, size)
    sums = kid.KernelSums(real[:FEW], fake[:FEW], _groups(min(FEW, len(real))))
    return Figure(distance.mean, np.array([sums.mmd2_without(group) for group in range(GROUPS)]))


def _leave_out(kept: np.ndarray) -> dict[int | None, frechet.Spread]:
    """Statistics of all photographs (None), and without each group."""
    groups = _groups(len(kept))
    return {group: frechet.spread_of(kept[groups != group]) for group in (None, *range(GROUPS))}


def _groups(count: int) -> np.ndarray:
    """The group of each photograph."""
    groups: np.ndarray = np.arange(count)
    return groups % GROUPS


def _distance_of_others(pooled: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Mean distance of each from the nearest of the others in `real`; (n, d) -> float32 (n,)."""
    found: np.ndarray = np.empty(len(pooled), np.float32)
    squares = (real.astype(np.float64) ** 2).sum(axis=1)
    for start in range(0, len(pooled), 256):
        chunk: np.ndarray = pooled[start : start + 256].astype(np.float64)
        square = squares - 2.0 * chunk @ real.T + (chunk**2).sum(axis=1, keepdims=True)
        square[np.arange(len(chunk)), start + np.arange(len(chunk))] = np.inf  # its own truth
        nearest = np.partition(square, NEAREST, axis=1)[:, :NEAREST]
        found[start : start + 256] = np.sqrt(np.maximum(nearest, 0.0)).mean(axis=1)
    return found
