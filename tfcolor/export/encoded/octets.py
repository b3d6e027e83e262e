"""Reads bytes of a file, and numbers encoded in them, in TensorFlow ops that cannot fail."""

import tensorflow as tf


def cut(file: tf.Tensor, place: tf.Tensor | int, count: tf.Tensor | int) -> tf.Tensor:
    """Bytes of a file, string (); fewer than `count` at its end.

    Args:
      file: string ().
      place: index of the first byte, int64 (); may be beyond the end.
      count: int64 ().
    """
    # A place beyond the end is an error of substr, the end itself is not.
    inside = tf.clip_by_value(tf.cast(place, tf.int64), 0, length(file))
    return tf.strings.substr(file, inside, tf.cast(count, tf.int64))


def at(file: tf.Tensor, place: tf.Tensor | int, count: int) -> tf.Tensor:
    """Bytes of a file as numbers, int64 (count,) in [0, 255]; zeros beyond the end."""
    found = tf.cast(tf.io.decode_raw(cut(file, place, count), tf.uint8), tf.int64)
    return tf.ensure_shape(tf.pad(found, [[0, count - tf.size(found)]]), (count,))


def length(file: tf.Tensor) -> tf.Tensor:
    """How many bytes a file has; int64 ()."""
    return tf.cast(tf.strings.length(file), tf.int64)


def big(octets: tf.Tensor) -> tf.Tensor:
    """Decodes a big-endian number: bytes int64 (..., count) -> (...)."""
    weights = [256**power for power in reversed(range(octets.shape[-1]))]
    return tf.reduce_sum(octets * tf.constant(weights, tf.int64), -1)


def little(octets: tf.Tensor) -> tf.Tensor:
    """Decodes a little-endian number, as `big`."""
    return big(octets[..., ::-1])


def begins(octets: tf.Tensor, text: bytes) -> tf.Tensor:
    """Whether bytes int64 (count,) begin with a text; bool ()."""
    return tf.reduce_all(octets[: len(text)] == tf.constant(list(text), tf.int64))
