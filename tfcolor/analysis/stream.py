"""Photographs -> batches of reduced pictures, with measures of the full photographs."""

import dataclasses
import zlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tfcolor.data import photographs, squares
from tfcolor.evaluation.metrics import colorfulness

SIDE = 128  # pixels; the longest side of a reduced picture
BATCH_SIZE = 32  # pictures; the planes of a batch take 25 MB


@dataclasses.dataclass(frozen=True)
class Batch:
    """Reduced pictures, each in the upper left corner of a square.

    Attributes:
      rgb: uint8 (n, s, s, 3), s = SIDE; 0 outside of the picture. The last pictures of the last
        batch may be empty, so that n is always the same; the other attributes leave them out.
      names: a name for each picture, as text that can be encoded.
      sides: int (m, 2), m <= n, height and width of the reduced pictures.
      full_sides: int (m, 2), height and width of the photographs.
      chroma: float32 (m,), mean Lab chroma of the photographs.
      colorfulness: float32 (m,), of the reduced pictures.
    """

    rgb: np.ndarray
    names: list[str]
    sides: np.ndarray
    full_sides: np.ndarray
    chroma: np.ndarray
    colorfulness: np.ndarray

    @property
    def inside(self) -> np.ndarray:
        """Mask of the pixels that are no padding; bool (n, s, s)."""
        places = np.arange(self.rgb.shape[1])
        inside = np.zeros(self.rgb.shape[:3], bool)
        rows = places[None, :, None] < self.sides[:, 0, None, None]
        columns = places[None, None] < self.sides[:, 1, None, None]
        inside[: len(self.names)] = rows & columns
        return inside

    def picture(self, index: int) -> np.ndarray:
        """One picture without its padding; uint8 (h, w, 3)."""
        height, width = self.sides[index]
        return self.rgb[index, :height, :width]


def stream(photos: photographs.Photographs, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
    """Every usable photograph once, in order, reduced by averaging to SIDE pixels or less."""
    # Only a few photographs are decoded at a time, since large ones take much memory.
    pictures = photos.examples().map(_reduce, num_parallel_calls=tf.data.AUTOTUNE)
    for batch in pictures.batch(batch_size).prefetch(2).as_numpy_iterator():
        empty = batch_size - len(batch["rgb"])
        names = [photos.name(int(image_id)) for image_id in batch.pop("image_id")]
        batch["rgb"] = np.pad(batch["rgb"], ((0, empty), (0, 0), (0, 0), (0, 0)))
        # File names need not be UTF-8; pages and figures must be.
        yield Batch(names=[n.encode("utf-8", "replace").decode() for n in names], **batch)


def scatter(name: str) -> float:
    """A hash of a photograph's name in [0, 1), independent of what the photograph shows."""
    return zlib.crc32(name.encode()) / 2**32


@tf.autograph.experimental.do_not_convert
def _reduce(example: photographs.Example) -> dict[str, tf.Tensor]:
    rgb = example["rgb"]
    full_sides = tf.shape(rgb)[:2]
    scale = tf.minimum(1.0, SIDE / tf.cast(tf.reduce_max(full_sides), tf.float32))
    sides = tf.cast(tf.round(tf.cast(full_sides, tf.float32) * scale), tf.int32)
    sides = tf.clip_by_value(sides, 1, SIDE)
    reduced = tf.image.resize(rgb, sides, method="area")
    reduced = tf.cast(tf.round(tf.clip_by_value(reduced, 0.0, 255.0)), tf.uint8)
    reduced = tf.ensure_shape(reduced, (None, None, 3))
    around = tf.image.pad_to_bounding_box(reduced, 0, 0, SIDE, SIDE)
    return {
        "rgb": tf.ensure_shape(around, (SIDE, SIDE, 3)),
        "image_id": example["image_id"],
        "sides": sides,
        "full_sides": full_sides,
        "chroma": squares.mean_chroma(rgb),
        "colorfulness": colorfulness.colorfulness(reduced[tf.newaxis])[0],
    }
