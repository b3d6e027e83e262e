"""How a photograph is brought to the size at which it is measured."""

import dataclasses
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfcolor.data import augment, photographs
from tfcolor.support import errors

NAMES = ("stretch-256", "center-256", "full")

_MEANS = "means of areas (linear where it is enlarged)"
_RESIZES = {
    "stretch": f"the whole photograph squeezed to a square, {_MEANS}",
    "center": f"the largest square in the middle, {_MEANS}",
    "full": "none",
}


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A way of resizing photographs for evaluation.

    Attributes:
      fit: "stretch", "center" or "full".
      image_size: side of the square, pixels; None for "full".
    """

    fit: str
    image_size: int | None = None

    @tf.autograph.experimental.do_not_convert
    def batches(self, photos: photographs.Photographs, batch_size: int) -> tf.data.Dataset:
        """Every usable photograph once, in order.

        Returns:
          Dataset of {"rgb": uint8 (n, h, w, 3), "image_id": int64 (n,), "size": int32 (n, 2), the
          photograph's own height and width}; n is 1 where photographs keep their size.
        """

        def prepare(example: photographs.Example) -> photographs.Example:
            size = tf.shape(example["rgb"])[:2]
            return {**example, "rgb": self.resize(example["rgb"]), "size": size}

        return (
            photos.examples()
            .map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
            .batch(batch_size if self.image_size else 1)
            .prefetch(tf.data.AUTOTUNE)
        )

    def resize(self, rgb: tf.Tensor) -> tf.Tensor:
        """A photograph at the size it is measured at; uint8 (h, w, 3)."""
        if self.image_size is None:
            return rgb
        resize = {"stretch": augment.stretch, "center": augment.center_crop}[self.fit]
        return resize(rgb, self.image_size)

    def describe(self, names: Sequence[str]) -> dict[str, Any]:
        """What a result must state, so that only results of the same protocol are compared."""
        listed = "\n".join(names).encode("utf-8", "surrogateescape")
        return {
            "protocol": self.fit if self.image_size is None else f"{self.fit}-{self.image_size}",
            "resize": _RESIZES[self.fit],
            "quantization": "8 bits, the photograph, the gray one that models see and their answer",
            "gray": "L* of the photograph as three equal channels",
            "photographs": len(names),
            "photographs_sha256": hashlib.sha256(listed).hexdigest(),
        }


@tf.autograph.experimental.do_not_convert
def forecast(
    how: Protocol, photos: photographs.Photographs, known: Collection[str]
) -> dict[str, Any]:
    """What `describe` will say of photographs once they were measured.

    Args:
      how: the protocol.
      photos: only if their names alone do not lead to what is known are they read, since those
        that cannot be read do not count.
      known: values of photographs_sha256 that are hoped for.
    """
    said: dict[str, Any] = {}
    for some in (photos.records, photos.examples()):
        ids = some.map(lambda each: each["image_id"]).as_numpy_iterator()
        said = how.describe([photos.name(int(image_id)) for image_id in ids])
        if set(known) <= {said["photographs_sha256"]}:
            break
    return said


def parse(name: str) -> Protocol:
    """The protocol of a name such as "center-256", "stretch-128" or "full".

    Raises:
      ValueError: if there is no such protocol.
    """
    if name == "full":
        return Protocol("full")
    found = re.fullmatch(r"(stretch|center)-([1-9]\d{0,4})", name)
    if not found:
        raise errors.InputError(
            f"protocol must be full, center-SIZE or stretch-SIZE, such as {NAMES[1]}, got {name}"
        )
    return Protocol(found[1], int(found[2]))


def names_of(photos: photographs.Photographs, batch: Mapping[str, tf.Tensor]) -> list[str]:
    """The names of the photographs of a batch."""
    return [photos.name(int(image_id)) for image_id in np.asarray(batch["image_id"])]
