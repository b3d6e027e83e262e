"""A set of photographs from any source: cheap records, and loading of a record's photograph."""

import dataclasses
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfcolor import images
from tfcolor.data import reading
from tfcolor.support import errors

VALIDATION_ONE_IN = 20  # One in so many training photographs is held out for validation.
MIN_SIDE = 16  # pixels; a smaller picture shows nothing to learn from

log = logging.getLogger(__name__)

Record = reading.Record
Example = dict[str, tf.Tensor]


class NoPartError(errors.InputError):
    """A source is sound, but a part of it does not exist or holds no photograph."""


@dataclasses.dataclass(frozen=True)
class Photographs:
    """A fixed, ordered set of photographs.

    Attributes:
      source: what the user called it, for messages.
      store: of records, dicts with "image_id" int64 () and either the "path" of a file or its
        "bytes", string (), never pixels; broken photographs have records, too.
      names: image_id -> file name, where there are files.
      skipped: file name -> reason, filled while photographs are loaded.
    """

    source: str
    store: reading.Store
    names: dict[int, str] = dataclasses.field(default_factory=dict)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of records."""
        return self.store.count

    @property
    def records(self) -> tf.data.Dataset:
        """All records in their fixed order."""
        return self.store.records()

    def encoded(self, record: Record) -> tf.Tensor:
        """The encoded photograph of a record, string (); the op fails if its file is unreadable."""
        return record["bytes"] if "bytes" in record else tf.io.read_file(record["path"])

    def load(self, record: Record) -> Example:
        """A record's photograph, any format and mode that `images` reads.

        Returns:
          {"rgb": uint8 (h, w, 3), "image_id": int64 ()}; a photograph that cannot be used has
          h = w = 0, and `skipped` says why.
        """
        stored = record["bytes"] if "bytes" in record else record["path"]

        def pixels(stored: bytes, image_id: int) -> np.ndarray:
            try:
                return self._read(stored, image_id, "path" in record)
            except Exception as error:  # Any error concerns this photograph only.
                self.skip(self.name(int(image_id)), errors.of_photograph(error))
                return np.zeros((0, 0, 3), np.uint8)

        rgb = tf.numpy_function(pixels, [stored, record["image_id"]], tf.uint8, stateful=False)
        return {"rgb": tf.ensure_shape(rgb, (None, None, 3)), "image_id": record["image_id"]}

    def _read(self, stored: bytes, image_id: int, is_path: bool) -> np.ndarray:
        if is_path:
            name = os.fsdecode(stored)  # names need not be UTF-8
            rgb = images.read_rgb(name)
        else:
            name = f"{self.source} {self.name(int(image_id))}"
            rgb = images.decode_rgb(stored, name)
        height, width = rgb.shape[:2]
        if min(height, width) < MIN_SIDE:
            least = f"{MIN_SIDE} x {MIN_SIDE}"
            raise errors.InputError(f"{name}: {width} x {height} pixels; the least is {least}")
        return rgb

    def stretch(self, start: int, count: int) -> "Photographs":
        """`count` photographs from index `start` on, or fewer if there are no more."""
        return dataclasses.replace(self, store=self.store.stretch(start, count))

    def take(self, count: int) -> "Photographs":
        """The first `count` photographs."""
        return self.stretch(0, count)

    def scattered(self) -> "Photographs":
        """The same photographs ordered by id, a hash, which is independent of file names' order.

        A TFDS set is left as it is; it was shuffled when it was written.
        """
        return dataclasses.replace(self, store=self.store.scattered())

    def sample(self, count: int) -> "Photographs":
        """`count` scattered photographs, or all if there are fewer; always the same ones."""
        return self.scattered().take(count)

    @tf.autograph.experimental.do_not_convert
    def examples(self) -> tf.data.Dataset:
        """Loaded examples in order, the unusable ones left out."""
        return self.records.map(self.load, num_parallel_calls=tf.data.AUTOTUNE).filter(is_usable)

    def name(self, image_id: int) -> str:
        """The name of a photograph in messages."""
        return self.names.get(image_id, str(image_id))

    def skip(self, name: str, reason: str) -> None:
        """Notes, once, that a photograph cannot be used."""
        if name not in self.skipped:
            self.skipped[name] = reason
            log.warning("skipped %s", reason)


def stored(record: Mapping[str, Any]) -> Path | bytes:
    """The path or the bytes of a record's photograph; the record has NumPy's types."""
    return record["bytes"] if "bytes" in record else Path(os.fsdecode(record["path"]))


def is_usable(example: Example) -> tf.Tensor:
    """Whether loading gave pixels; bool ()."""
    return tf.size(example["rgb"]) > 0
