"""Crops squares from the photographs of the training stream; leaves out gray and broken ones."""

import functools
from collections.abc import Callable

import tensorflow as tf

from tfcolor import config
from tfcolor.color import cielab
from tfcolor.data import augment, photographs, quick

GROUP = 16  # photographs that one parallel call takes, one after the other
CHROMA_SAMPLES = 32  # pixels per side that are used to tell gray from color


# A record and three random numbers -> its square, and whether it can be used.
Way = Callable[[photographs.Record, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def crop(
    stream: tf.data.Dataset,
    photos: photographs.Photographs,
    settings: config.DataConfig,
    image_size: int,
    seed: int,
) -> tf.data.Dataset:
    """A random square of every photograph that can be used.

    Args:
      stream: endless, of (position int64 (), record).
      photos: where the records come from.
      settings: least side of a square, least chroma.
      image_size: side of the squares, pixels.
      seed: determines the square, together with the position.

    Returns:
      Dataset of {"rgb": uint8 (s, s, 3), "image_id": int64 (), "position": int64 (), "mirrored":
      bool (), "usable": True}, in the order of the stream. Mirroring is left to the batch.
    """
    shape, fraction = (image_size, image_size, 3), settings.crop_min_fraction

    def thorough(record: photographs.Record, draw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        example = photos.load(record)
        usable = photographs.is_usable(example)
        rgb = tf.cond(
            usable,
            lambda: augment.random_crop(example["rgb"], image_size, fraction, draw),
            lambda: tf.zeros(shape, tf.uint8),
        )
        return rgb, usable

    def fast(record: photographs.Record, draw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        encoded = photos.encoded(record)
        return tf.cond(
            quick.suits(encoded),
            lambda: (quick.random_square(encoded, image_size, fraction, draw), True),
            lambda: thorough(record, draw),
        )

    def square(way: Way, place: tf.Tensor, record: photographs.Record) -> photographs.Example:
        draw = tf.random.stateless_uniform((4,), seed_at(seed, place))
        rgb, usable = way(record, draw[:3])
        return {
            "rgb": tf.ensure_shape(rgb, shape),
            "image_id": record["image_id"],
            "position": place,
            "mirrored": draw[3] < 0.5,
            "usable": usable,
        }

    def separately(place: tf.Tensor, record: photographs.Record) -> tf.data.Dataset:
        # A photograph that fails the fast way is tried the thorough way, which reports the reason.
        one = tf.data.Dataset.from_tensors((place, record))
        quickly = one.map(functools.partial(square, fast)).ignore_errors()
        return quickly.concatenate(one.map(functools.partial(square, thorough))).take(1)

    def group(places: tf.Tensor, records: photographs.Record) -> tf.data.Dataset:
        # Graphs have no `try`, but datasets ignore errors: there is one for all photographs, and
        # one for each if any fails. One for each alone would take a quarter of the decoding's time.
        each = tf.data.Dataset.from_tensor_slices((places, records))
        together = each.map(functools.partial(square, fast)).batch(GROUP, drop_remainder=True)
        apart = each.flat_map(separately).batch(GROUP, drop_remainder=True)
        return together.ignore_errors().concatenate(apart).take(1)

    def look(squares: photographs.Example) -> photographs.Example:
        colored = mean_chroma(squares["rgb"]) >= settings.min_chroma
        return {**squares, "usable": squares["usable"] & colored}

    return (
        stream.batch(GROUP, drop_remainder=True)
        .interleave(group, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .map(look)
        .unbatch()
        .filter(lambda example: example["usable"])
    )


def mean_chroma(rgb: tf.Tensor) -> tf.Tensor:
    """Mean Lab chroma of photographs, from a grid of their pixels.

    Args:
      rgb: uint8 (..., h, w, 3).

    Returns:
      float32 (...), Lab units; under 4 a photograph looks gray.
    """
    step = tf.maximum(tf.reduce_max(tf.shape(rgb)[-3:-1]) // CHROMA_SAMPLES, 1)
    grid = tf.ensure_shape(rgb[..., ::step, ::step, :], [None] * (rgb.shape.rank - 1) + [3])
    ab = cielab.rgb_to_lab(grid)[..., 1:]
    return tf.reduce_mean(tf.norm(ab, axis=-1), axis=(-2, -1))


def seed_at(seed: int, position: tf.Tensor) -> tf.Tensor:
    """The seed of the photograph at a position of the stream; int64 (2,)."""
    # int64: the position counts past 2**31 in a long run.
    return tf.stack([tf.constant(seed, tf.int64), position])
