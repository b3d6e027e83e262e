"""Pictures that another program colorized, as a row of a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfcolor import images
from tfcolor.colorizing import planning
from tfcolor.data import photographs
from tfcolor.evaluation import protocol, scores
from tfcolor.support import errors

SAME_ASPECT = 0.02  # relative difference of aspect ratios that rounding of sides may cause


class Pictures:
    """A painter that reads pictures from a folder, named as the photographs but for the suffix."""

    def __init__(
        self,
        folder: Path,
        paths: Sequence[Path],
        photos: photographs.Photographs,
        how: protocol.Protocol,
    ) -> None:
        """Finds the picture of every photograph among the files of the folder.

        Raises:
          ValueError: if a photograph has none, or two.
        """
        self.folder, self._photos, self._how = folder, photos, how
        self._paths: dict[str, Path] = {}
        for path in paths:
            stem = path.relative_to(folder).with_suffix("").as_posix()
            if stem in self._paths:
                raise errors.InputError(
                    f"{self._paths[stem]} and {path} are of one photograph; keep one"
                )
            self._paths[stem] = path
        self._require_all()

    def __call__(self, gray: np.ndarray, batch: scores.Batch) -> np.ndarray:
        """The pictures of a batch of `Protocol.batches`; uint8 (n, h, w, 3).

        Raises:
          ValueError: if one is broken or has another shape than its photograph.
        """
        names = protocol.names_of(self._photos, batch)
        sizes = np.asarray(batch["size"])
        painted = [self._read(name, size) for name, size in zip(names, sizes, strict=True)]
        return np.stack(painted)

    def describe(self) -> dict[str, Any]:
        """The pictures' description in the record, with their formats, since some lose color."""
        suffixes = sorted({path.suffix.lower().lstrip(".") for path in self._paths.values()})
        return {"pictures": str(self.folder), "formats": suffixes}

    def _read(self, name: str, size: np.ndarray) -> np.ndarray:
        path = self._path(name)
        assert path is not None  # all were there
        rgb = images.read_rgb(path)
        side = self._how.image_size
        height, width = rgb.shape[:2]
        if side and (height, width) == (side, side):
            return rgb
        same = abs(height / width * size[1] / size[0] - 1) <= SAME_ASPECT
        if not same or (side is None and (height, width) != tuple(size)):
            at = f" or at {side} x {side}" if side else ""
            raise errors.InputError(
                f"{path} is {width} x {height} and its photograph {size[1]} x {size[0]}; "
                f"give it at the photograph's own size{at}"
            )
        return self._how.resize(tf.constant(rgb)).numpy()

    def _path(self, name: str) -> Path | None:
        """The picture of a photograph: NAME-color before NAME, which may be the photograph."""
        stem = _stem(name)
        return self._paths.get(f"{stem}{planning.SUFFIX}") or self._paths.get(stem)

    @tf.autograph.experimental.do_not_convert
    def _require_all(self) -> None:
        ids = [int(record["image_id"]) for record in self._photos.records.as_numpy_iterator()]
        missing = [i for i in ids if self._path(self._photos.name(i)) is None]
        without = self._photos.records.filter(
            lambda r: tf.reduce_any(r["image_id"] == tf.constant(missing, tf.int64))
        )
        # A broken photograph needs no picture.
        for example in without.map(self._photos.load).filter(photographs.is_usable).take(1):
            name = self._photos.name(int(example["image_id"]))
            raise errors.InputError(
                f"{self.folder} has no picture of {name}; every row is measured on the same "
                "photographs: add the picture, or measure on the photographs it has"
            )


def _stem(name: str) -> str:
    return Path(name).with_suffix("").as_posix()
