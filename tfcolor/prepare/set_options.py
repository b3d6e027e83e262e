"""Options for preparing a set."""

import dataclasses

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

    def __post_init__(self) -> None:
        checks.positive(self, "short_side", "min_side", "part_size")
        checks.not_negative(self, "min_chroma")
        if not 1 <= self.quality <= 100:
            raise errors.InputError(f"quality must be 1 to 100, got {self.quality}")
