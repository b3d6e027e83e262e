"""Stores of records, in memory or in the shards of a TFDS set, and the orders of reading them."""

import dataclasses
from collections.abc import Callable
from typing import Protocol

import numpy as np
import tensorflow as tf

DEFAULT_SEED = 87654321  # TensorFlow's for a graph without a seed
BLOCK = 256  # records that are looked up in one call: one by one takes four times as long
SHARDS_AT_ONCE = 256  # shards that are read in turns; each has an open file and a buffer of 256 kB

Record = dict[str, tf.Tensor]


class Store(Protocol):
    """A fixed number of records in a fixed order."""

    @property
    def count(self) -> int:
        """Number of records."""

    def records(self) -> tf.data.Dataset:
        """All records in their order."""

    def shuffled(
        self, seed: int, epoch: tf.Tensor, start: tf.Tensor, buffer: int
    ) -> tf.data.Dataset:
        """The records of an epoch in an order that depends on seed and epoch only.

        Args:
          seed, epoch: what the order is drawn from; epoch is int64 ().
          start: number of records to skip at the beginning; int64 ().
          buffer: encoded photographs that may be held.
        """

    def stretch(self, start: int, count: int) -> "Store":
        """`count` records from index `start` on, or fewer if there are no more."""

    def scattered(self) -> "Store":
        """The same records in an order that is independent of file names."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Records in memory, each of which can be read at any time.

    Attributes:
      columns: "image_id" int64 (n,) and "path" or "bytes", string (n,).
    """

    columns: dict[str, tf.Tensor]

    @property
    def count(self) -> int:
        """Number of records."""
        return len(self.columns["image_id"])

    def records(self) -> tf.data.Dataset:
        """All records in their order."""
        return tf.data.Dataset.from_tensor_slices(self.columns)

    def shuffled(
        self, seed: int, epoch: tf.Tensor, start: tf.Tensor, buffer: int
    ) -> tf.data.Dataset:
        """A permutation of all; see `Store`. It is computed place by place, never as a whole."""
        key = tf.stack([tf.constant(seed, tf.int64), epoch])
        last = tf.constant(self.count - 1, tf.int64)

        def look_up(places: tf.Tensor) -> Record:
            rows = tf.random.experimental.index_shuffle(places, key, last)
            return {name: tf.gather(column, rows) for name, column in self.columns.items()}

        return tf.data.Dataset.range(start, self.count).batch(BLOCK).map(look_up).unbatch()

    def stretch(self, start: int, count: int) -> "Table":
        """`count` records from index `start` on, or fewer if there are no more."""
        end = start + count
        return Table({name: column[start:end] for name, column in self.columns.items()})

    def scattered(self) -> "Table":
        """The same records in order of their ids, which are hashes."""
        order = tf.argsort(self.columns["image_id"], stable=True)
        return Table({name: tf.gather(column, order) for name, column in self.columns.items()})


@dataclasses.dataclass(frozen=True)
class Shard:
    """A range of the records of one file."""

    file: str
    skip: int
    take: int


@dataclasses.dataclass(frozen=True)
class Shards:
    """Records of a TFDS set, which can only be read one after the other.

    Attributes:
      shards: in order; none is empty.
      open: a file's name, string () -> dataset of its serialized records.
      parse: a serialized record and its number, int64 () -> the record.
      first: the first record's number.
    """

    shards: tuple[Shard, ...]
    open: Callable[[tf.Tensor], tf.data.Dataset]
    parse: Callable[[tf.Tensor, tf.Tensor], Record]
    first: int = 0

    @property
    def count(self) -> int:
        """Number of records."""
        return sum(shard.take for shard in self.shards)

    def records(self) -> tf.data.Dataset:
        """All records in their order."""
        return self._parsed(self._table().flat_map(self._numbered))

    def shuffled(
        self, seed: int, epoch: tf.Tensor, start: tf.Tensor, buffer: int
    ) -> tf.data.Dataset:
        """An order that is random in three ways; see `Store`.

        The shards are shuffled, many of them are read in turns, and their records are shuffled in
        the buffer. Records that are skipped at the beginning are read all the same.
        """
        # The order must not depend on a global seed that the caller has set: this graph gets
        # TensorFlow's default.
        tf.compat.v1.set_random_seed(DEFAULT_SEED)
        order = tf.cast(seed, tf.int64) * 1_000_003 + epoch
        mixed = (
            self._table()
            .shuffle(len(self.shards), seed=order)
            .interleave(self._numbered, cycle_length=min(len(self.shards), SHARDS_AT_ONCE))
            .shuffle(min(self.count, buffer), seed=order)
        )
        return self._parsed(mixed.skip(start))

    def stretch(self, start: int, count: int) -> "Shards":
        """`count` records from index `start` on, or fewer at the end; other shards stay unread."""
        wanted: list[Shard] = []
        first = self.first
        for shard in self.shards:
            begin, end = max(start, 0), min(start + count, shard.take)
            if begin < end:
                first = first if wanted else first + begin
                wanted.append(Shard(shard.file, shard.skip + begin, end - begin))
            elif not wanted:
                first += shard.take
            start -= shard.take
        return dataclasses.replace(self, shards=tuple(wanted), first=first)

    def scattered(self) -> "Shards":
        """The same records in the same order: TFDS shuffles a set when it writes it."""
        return self

    def _table(self) -> tf.data.Dataset:
        """{"file": string (), "skip", "take", "first": int64 ()}; "first" numbers the records."""
        skips, takes = (
            np.array([getattr(shard, name) for shard in self.shards], np.int64)
            for name in ("skip", "take")
        )
        files = [shard.file for shard in self.shards]
        return tf.data.Dataset.from_tensor_slices(
            {
                "file": files,
                "skip": skips,
                "take": takes,
                "first": self.first + np.cumsum(takes) - takes,
            }
        )

    def _numbered(self, shard: dict[str, tf.Tensor]) -> tf.data.Dataset:
        records = self.open(shard["file"]).skip(shard["skip"]).take(shard["take"])
        return records.enumerate(start=shard["first"])

    def _parsed(self, numbered: tf.data.Dataset) -> tf.data.Dataset:
        return numbered.map(
            lambda number, record: self.parse(record, number), num_parallel_calls=tf.data.AUTOTUNE
        )
