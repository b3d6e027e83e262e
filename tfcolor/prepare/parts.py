"""A part of the photographs: its records in one file, and its entries in another."""

import dataclasses
import json
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfcolor.data import photographs, squares
from tfcolor.prepare import set_options, shrink
from tfcolor.support import disk

FEATURES = tfds.features.FeaturesDict(
    {
        "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
        "image/filename": tfds.features.Text(),
        "image/id": tfds.features.Scalar(np.int64),
    }
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """What is known of a photograph after it was read.

    Attributes:
      name: file name, or the id within a set.
      kind: "kept", "broken", "tiny" or "gray"; in `finish` also "duplicate" or "leak".
      reason: why it was dropped; empty if it was kept.
      copy_key: `Fingerprint.to_text`; empty if nothing could be read.
    """

    name: str
    kind: str
    reason: str
    copy_key: str


@dataclasses.dataclass(frozen=True)
class Part:
    """Which photographs of a split are a part, and where it is kept until the set is complete."""

    folder: Path
    split: str
    index: int
    size: int

    @property
    def records(self) -> Path:
        """TFRecords of the photographs kept."""
        return self.folder / f"{self.split}-{self.index:05d}.tfrecord"

    @property
    def rows(self) -> Path:
        """File with a JSON list for each photograph; written last, as a sign that all is done."""
        return self.folder / f"{self.split}-{self.index:05d}.json"

    def read_rows(self) -> list[Entry]:
        """The entries of all photographs, in order."""
        return [Entry(*row) for row in json.loads(self.rows.read_text(encoding="utf-8"))]


def make(
    part: Part, photos: photographs.Photographs, settings: set_options.SetOptions, workers: int
) -> Iterator[int]:
    """Makes a part; yields 1 for every photograph. A part that is done is left as it is.

    Args:
      part: which one.
      photos: all photographs of the split, in their fixed order.
      settings: sizes and quality.
      workers: threads that decode and encode.
    """
    if part.rows.exists():
        yield from (1 for _ in part.read_rows())
        return
    records = photos.stretch(part.index * part.size, part.size).records.as_numpy_iterator()

    def one(record: dict) -> tuple[int, str, shrink.Shrunk]:
        image_id = int(record["image_id"])
        name = photos.name(image_id)
        return image_id, name, shrink.shrink(photographs.stored(record), name, settings)

    seen: list[tuple[int, str, shrink.Shrunk]] = []
    with futures.ThreadPoolExecutor(workers) as pool:
        for result in pool.map(one, records):
            seen.append(result)
            yield 1
    thumbs = tf.constant(np.stack([shrunk.thumb for _, _, shrunk in seen]))
    chroma = squares.mean_chroma(thumbs).numpy()
    rows = []
    with disk.replacing(part.records) as partial, tf.io.TFRecordWriter(str(partial)) as writer:
        for (image_id, name, shrunk), colored in zip(seen, chroma, strict=True):
            kind, reason = shrunk.kind or "kept", shrunk.reason
            if kind == "kept" and colored < settings.min_chroma:
                kind, reason = "gray", f"{name}: mean chroma {colored:.1f}"
            rows.append(Entry(name, kind, reason, shrunk.copy_key))
            if kind == "kept":
                file_name = name.encode("utf-8", "surrogateescape")  # it need not be UTF-8
                example = {"image": shrunk.jpeg, "image/filename": file_name, "image/id": image_id}
                writer.write(FEATURES.serialize_example(FEATURES.encode_example(example)))
    disk.write(part.rows, json.dumps([dataclasses.astuple(row) for row in rows]))
