"""What every source of photographs gives: cheap records, and how to load one."""

import dataclasses
import logging
from collections.abc import Callable

import tensorflow as tf

VALIDATION_ONE_IN = 20  # training photographs that are held back to choose by
MIN_SIDE = 16  # pixels; a smaller picture shows nothing to learn from

log = logging.getLogger(__name__)

Record = dict[str, tf.Tensor]
Example = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Photographs:
    """A fixed, ordered set of photographs.

    Attributes:
      source: what the user called it, for messages.
      records: finite dataset of dicts with "image_id" int64 () and what `load` needs (a path or
        encoded bytes, never pixels); in a fixed order.
      count: number of records, those that turn out broken included.
      load: record -> example {"rgb": uint8 (h, w, 3), "image_id": int64 ()}; a photograph that
        cannot be used has h = w = 0, and `skipped` says why.
      names: image_id -> file name, where there are files.
      skipped: file name -> reason, filled while photographs are loaded.
    """

    source: str
    records: tf.data.Dataset
    count: int
    load: Callable[[Record], Example]
    names: dict[int, str] = dataclasses.field(default_factory=dict)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)

    def take(self, count: int) -> "Photographs":
        """The first `count` photographs."""
        records, count = self.records.take(count), min(count, self.count)
        return dataclasses.replace(self, records=records, count=count)

    def examples(self) -> tf.data.Dataset:
        """Loaded examples in order, the unusable ones left out."""
        return self.records.map(self.load, num_parallel_calls=tf.data.AUTOTUNE).filter(is_usable)

    def name(self, image_id: int) -> str:
        """How to call a photograph in a message."""
        return self.names.get(image_id, str(image_id))

    def skip(self, name: str, reason: str) -> None:
        """Notes, once, that a photograph cannot be used."""
        if name not in self.skipped:
            self.skipped[name] = reason
            log.warning("skipped %s", reason)


def is_usable(example: Example) -> tf.Tensor:
    """Whether loading gave pixels; bool ()."""
    return tf.size(example["rgb"]) > 0
