"""Photographs -> batches: endless and random for training, finite and fixed for evaluation."""

import tensorflow as tf

from tfcolor import color, config
from tfcolor.data import augment, film, photographs, quick

DEFAULT_SEED = 87654321  # of a graph where no seed was set
CHROMA_SAMPLES = 32  # pixels a side looked at to tell gray from color


def train_batches(
    photos: photographs.Photographs,
    settings: config.DataConfig,
    image_size: int,
    batch_size: int,
    seed: int,
    position: int = 0,
    shard: tuple[int, int] = (1, 0),
) -> tf.data.Dataset:
    """Endless random batches; seed and position fix every one of them.

    The stream visits each photograph once an epoch, in an order drawn anew each time. A
    photograph's place in the stream is its position; a run that has seen all before `position`
    goes on from there with the batches it would have had. Ask `require_usable` first: where no
    photograph can be used, the first batch never comes.

    Args:
      photos: the training photographs.
      settings: limits, shuffle buffer.
      image_size: side of the square crops, pixels.
      batch_size: photographs in a batch.
      seed: of order, crops, flips and films.
      position: where to begin, in photographs of the endless stream.
      shard: (count, index) of the workers that share the stream: every count-th photograph.

    Returns:
      Dataset of {"l": float32 (n, s, s, 1), "ab": float32 (n, s, s, 2), "image_id": int64 (n,),
      "position": int64 (n,)}, planes in [-1, 1].
    """

    square = (image_size, image_size, 3)

    def quick_crop(place: tf.Tensor, record: photographs.Record) -> photographs.Example:
        draw = _draw(seed, place)
        encoded, fraction = photos.encoded(record), settings.crop_min_fraction
        rgb = quick.random_square(encoded, image_size, fraction, draw[:3])
        rgb = augment.random_flip(rgb, draw[3])
        return {"rgb": rgb, "image_id": record["image_id"], "position": place}

    def thorough_crop(place: tf.Tensor, record: photographs.Record) -> photographs.Example:
        draw = _draw(seed, place)
        example = photos.load(record)

        def usable() -> tf.Tensor:
            fraction = settings.crop_min_fraction
            rgb = augment.random_crop(example["rgb"], image_size, fraction, draw[:3])
            return augment.random_flip(rgb, draw[3])

        rgb = tf.cond(photographs.is_usable(example), usable, lambda: example["rgb"])
        return {**example, "rgb": rgb, "position": place}

    def crop(place: tf.Tensor, record: photographs.Record) -> tf.data.Dataset:
        # What fails the quick way is tried the thorough way, which can say what is wrong with it.
        one = tf.data.Dataset.from_tensors((place, record))
        return one.map(quick_crop).ignore_errors().concatenate(one.map(thorough_crop)).take(1)

    def is_colored(example: photographs.Example) -> tf.Tensor:
        return mean_chroma(tf.ensure_shape(example["rgb"], square)) >= settings.min_chroma

    def expose(example: photographs.Example) -> photographs.Example:
        rgb = tf.ensure_shape(example["rgb"], square)
        seeds = tf.random.split(_seed(seed, example["position"]), 2)
        on_film = tf.random.stateless_uniform((), seeds[0]) < settings.film
        seen = tf.cond(on_film, lambda: film.simulate(rgb, seeds[1]), lambda: rgb)
        return {**example, "seen": seen}

    def convert(batch: photographs.Example) -> photographs.Example:
        l, ab = planes(tf.ensure_shape(batch["rgb"], (batch_size, *square)))
        if "seen" in batch:
            l, _ = planes(tf.ensure_shape(batch["seen"], (batch_size, *square)))
        return {"l": l, "ab": ab, "image_id": batch["image_id"], "position": batch["position"]}

    crops = (
        _endless(photos, settings.shuffle_buffer, seed, position)
        .shard(*shard)
        .interleave(crop, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .filter(photographs.is_usable)
        .filter(is_colored)
    )
    if settings.film:
        crops = crops.map(expose, num_parallel_calls=tf.data.AUTOTUNE)
    return (
        crops.batch(batch_size, drop_remainder=True)
        .map(convert, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def require_usable(photos: photographs.Photographs, settings: config.DataConfig) -> None:
    """Looks for one photograph to train on.

    Raises:
      ValueError: if all are gray, broken or too small.
    """
    gray = 0
    for example in photos.examples():
        if mean_chroma(example["rgb"]) >= settings.min_chroma:
            return
        gray += 1
    raise ValueError(
        f"nothing to train on in {photos.source}: {gray} gray, {len(photos.skipped)} broken or "
        "too small; training needs color photographs"
    )


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


def mean_chroma(rgb: tf.Tensor) -> tf.Tensor:
    """Mean Lab chroma of photographs, from a grid of their pixels.

    Args:
      rgb: uint8 (..., h, w, 3).

    Returns:
      float32 (...), Lab units; under 4 a photograph looks gray.
    """
    step = tf.maximum(tf.reduce_max(tf.shape(rgb)[-3:-1]) // CHROMA_SAMPLES, 1)
    grid = tf.ensure_shape(rgb[..., ::step, ::step, :], [None] * (rgb.shape.rank - 1) + [3])
    ab = color.rgb_to_lab(grid)[..., 1:]
    return tf.reduce_mean(tf.norm(ab, axis=-1), axis=(-2, -1))


# Compiled: the passes over memory that a dozen ops would make take four times as long.
planes = tf.function(color.rgb_to_planes, jit_compile=True)


def _draw(seed: int, place: tf.Tensor) -> tf.Tensor:
    """The random numbers of the photograph at a place of the stream; float32 (4,) in [0, 1)."""
    return tf.random.stateless_uniform((4,), _seed(seed, place))


def _seed(seed: int, place: tf.Tensor) -> tf.Tensor:
    """The seed of the photograph at a place of the stream; int64 (2,)."""
    # int64: the position counts past 2**31 in a long run.
    return tf.stack([tf.constant(seed, tf.int64), place])


def _endless(
    photos: photographs.Photographs, shuffle_buffer: int, seed: int, position: int
) -> tf.data.Dataset:
    """(position int64 (), record) for ever, from `position` on."""
    first_epoch = position // photos.count

    def epoch_records(epoch: tf.Tensor) -> tf.data.Dataset:
        # The order of an epoch depends on the seed and the epoch alone, not on what came before.
        # Nor on the seed that the program around may have set: this graph gets TensorFlow's own.
        tf.compat.v1.set_random_seed(DEFAULT_SEED)
        order = tf.cast(seed, tf.int64) * 1_000_003 + epoch
        buffer = min(photos.count, shuffle_buffer)
        return photos.records.shuffle(buffer, seed=order).enumerate(start=epoch * photos.count)

    endless = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(epoch_records)
    return endless.skip(position - first_epoch * photos.count)
