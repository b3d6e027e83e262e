"""Keeps a bounded number of pictures out of many."""

import bisect
import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, order=True)
class Picture:
    """A picture with the name of its photograph; pictures order by key, then by name."""

    key: float
    name: str
    rgb: np.ndarray = dataclasses.field(compare=False)  # uint8 (h, w, 3)


class Gallery:
    """The pictures with the smallest keys, in whatever order they are offered.

    With a hash as the key, they are a random sample; with a measure, those that have least of it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.pictures: list[Picture] = []

    def offer(self, key: float, name: str, rgb: np.ndarray) -> None:
        """Keeps a copy of the picture if it is among the `size` with the smallest keys."""
        if len(self.pictures) == self.size and (key, name) > self._last():
            return
        bisect.insort(self.pictures, Picture(key, name, rgb.copy()))
        del self.pictures[self.size :]

    def _last(self) -> tuple[float, str]:
        return self.pictures[-1].key, self.pictures[-1].name
