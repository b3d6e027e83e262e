"""Options for preparing a set."""

import dataclasses
import fnmatch
from collections.abc import Iterable

from tfcolor.config import checks
from tfcolor.support import errors


@dataclasses.dataclass(frozen=True)
class SetOptions:
    """How photographs are prepared; a set that was begun keeps its options."""

    short_side: int = 288  # pixels; larger photographs are reduced, smaller ones stay as they are
    quality: int = 90  # the JPEGs', 1 to 100; without chroma subsampling
    min_side: int = 64  # pixels; photographs with a smaller short side are dropped as tiny
    min_chroma: float = 4.0  # photographs with a lower mean Lab chroma are dropped as gray
    part_size: int = 1000  # photographs in a shard, those dropped included
    # How often photographs count in the training part, by a pattern of their names; the last one
    # that fits holds. Those that count 0 times are in the validation part neither.
    times: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        checks.positive(self, "short_side", "min_side", "part_size")
        checks.not_negative(self, "min_chroma")
        if not 1 <= self.quality <= 100:
            raise errors.InputError(f"quality must be 1 to 100, got {self.quality}")
        for pattern, count in self.times:
            if count < 0:
                raise errors.InputError(f"times must be 0 or more, got {count} for {pattern}")

    def times_of(self, split: str, name: str) -> int:
        """How often a photograph of that name counts in a part of the set."""
        fitting = [n for pattern, n in self.times if fnmatch.fnmatchcase(name, pattern)]
        if split == "test" or not fitting:
            return 1
        return fitting[-1] if split == "train" else min(fitting[-1], 1)

    def require_names(self, names: Iterable[str]) -> None:
        """Raises ValueError if a pattern of `times` fits none of these names."""
        known = list(names)
        for pattern, _ in self.times:
            if not any(fnmatch.fnmatchcase(name, pattern) for name in known):
                first = f"; the first is {min(known)!r}" if known else ", since they have none"
                raise errors.InputError(
                    f"no photograph for training has a name like {pattern!r}{first}"
                )
