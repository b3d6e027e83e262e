"""Photographs -> batches: endless and random for training, finite and fixed for evaluation."""

import tensorflow as tf

from tfcolor import config
from tfcolor.color import cielab
from tfcolor.data import augment, film, photographs, squares
from tfcolor.models import random_hints
from tfcolor.support import errors


@tf.autograph.experimental.do_not_convert
def train_batches(
    photos: photographs.Photographs,
    settings: config.DataConfig,
    image_size: int,
    batch_size: int,
    seed: int,
    position: int = 0,
    shard: tuple[int, int] = (1, 0),
) -> tf.data.Dataset:
    """Endless random batches; seed and position determine every one of them.

    The stream visits each photograph once per epoch, in a new order each time. A photograph's
    place in the stream is its position; a run that is resumed at a position gets the batches that
    it would have had. Call `require_usable` first: if no photograph can be used, the first batch
    never comes.

    Args:
      photos: the training photographs.
      settings: crops, films, hints, the limit of chroma, and the shuffle buffer.
      image_size: side of the square crops, pixels.
      batch_size: photographs in a batch.
      seed: of order, crops, flips, films and hints.
      position: where to begin, in photographs of the endless stream.
      shard: (count, index) of the workers that share the stream: every count-th photograph.

    Returns:
      Dataset of {"l": float32 (n, s, s, 1), "ab": float32 (n, s, s, 2), "image_id": int64 (n,),
      "position": int64 (n,)}, planes in [-1, 1]; with "hints", float32 (n, s, s, 3), if the
      settings ask for some.
    """

    def expose(example: photographs.Example) -> photographs.Example:
        seeds = tf.random.split(squares.seed_at(seed, example["position"]), 2)
        on_film = tf.random.stateless_uniform((), seeds[0]) < settings.film
        rgb = example["rgb"]
        seen = tf.cond(on_film, lambda: film.simulate(rgb, seeds[1]), lambda: rgb)
        return {**example, "seen": seen}

    def draw(example: photographs.Example) -> photographs.Example:
        seed_of_hints = tf.random.split(squares.seed_at(seed, example["position"]), 3)[2]
        return {
            **example,
            "draws": tf.random.stateless_uniform((random_hints.DRAWS,), seed_of_hints),
        }

    def convert(batch: photographs.Example) -> photographs.Example:
        l, ab = _mirrored_planes(batch["rgb"], batch["mirrored"])
        if "seen" in batch:
            seen = tf.ensure_shape(batch["seen"], batch["rgb"].shape)
            l, _ = _mirrored_planes(seen, batch["mirrored"])
        planes = {"l": l, "ab": ab}
        if "draws" in batch:
            planes["hints"] = _hints(ab, settings.hints, batch["draws"])
        return {**planes, "image_id": batch["image_id"], "position": batch["position"]}

    stream = _endless(photos, settings.shuffle_buffer, seed, position).shard(*shard)
    crops = squares.crop(stream, photos, settings, image_size, seed)
    if settings.film:
        crops = crops.map(expose, num_parallel_calls=tf.data.AUTOTUNE)
    if settings.hints:
        crops = crops.map(draw, num_parallel_calls=tf.data.AUTOTUNE)
    return (
        crops.batch(batch_size, drop_remainder=True)
        .map(convert, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def require_usable(photos: photographs.Photographs, settings: config.DataConfig) -> None:
    """Checks that there is at least one photograph to train on.

    Raises:
      ValueError: if all are gray, broken or too small.
    """
    gray = 0
    for example in photos.examples():
        if squares.mean_chroma(example["rgb"]) >= settings.min_chroma:
            return
        gray += 1
    raise errors.InputError(
        f"nothing to train on in {photos.source}: {gray} gray, {len(photos.skipped)} broken or "
        "too small; training needs color photographs"
    )


@tf.autograph.experimental.do_not_convert
def eval_batches(
    photos: photographs.Photographs, image_size: int, batch_size: int
) -> tf.data.Dataset:
    """Every usable photograph once, in order, its center square at the wanted size.

    Returns:
      Dataset of {"rgb": uint8 (n, s, s, 3), "image_id": int64 (n,)}; the last batch may be
      smaller.
    """
    return (
        photos.examples()
        .map(
            lambda example: {**example, "rgb": augment.center_crop(example["rgb"], image_size)},
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .batch(batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )


# Compiled into one pass over memory; a dozen ops with one pass each take four times as long.
planes = tf.function(cielab.rgb_to_planes, autograph=False, jit_compile=True)


_hints = tf.function(random_hints.give, autograph=False, jit_compile=True)


@tf.function(autograph=False, jit_compile=True)
def _mirrored_planes(rgb: tf.Tensor, mirrored: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return cielab.rgb_to_planes(augment.mirror(rgb, mirrored))


def _endless(
    photos: photographs.Photographs, shuffle_buffer: int, seed: int, position: int
) -> tf.data.Dataset:
    """Endless pairs (position int64 (), record), from `position` on."""
    first_epoch, first_place = divmod(position, photos.count)

    def epoch_records(epoch: tf.Tensor) -> tf.data.Dataset:
        # The order of an epoch depends on the seed and the epoch alone, not on what came before.
        start = tf.where(epoch == first_epoch, tf.constant(first_place, tf.int64), 0)
        records = photos.store.shuffled(seed, epoch, start, shuffle_buffer)
        return records.enumerate(start=epoch * photos.count + start)

    return tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(epoch_records)
