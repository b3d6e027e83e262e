"""Compiles functions of batches of pictures where that pays."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

MIN_PIXELS = 96 * 96  # Smaller pictures take less time than compiling does.
FILL = 4  # photographs; batches are filled to its multiples, so that few shapes are compiled


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function of pictures rgb (n, h, w, 3), and scalars, by XLA.

    It is several times as fast, but compiling takes seconds for each shape: so batches are filled
    up, and single or small pictures, which come in many sizes, are left to the plain function.

    Args:
      function: returns tensors (n, ...), in any structure, each photograph's from its own pixels.
    """
    fast = tf.function(function, autograph=False, jit_compile=True)
    plain = tf.function(function, autograph=False, reduce_retracing=True)

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        tensors = [tf.convert_to_tensor(each) for each in arguments]
        count, height, width, _ = tensors[0].shape
        if count == 1 or height * width < MIN_PIXELS:
            return plain(*tensors)
        filled = fast(*(each if each.shape.rank == 0 else _fill(each) for each in tensors))
        return tf.nest.map_structure(lambda each: each[:count], filled)

    return call


def _fill(rgb: tf.Tensor) -> tf.Tensor:
    """A batch with its last photograph repeated up to a multiple of `FILL`."""
    return tf.concat([rgb, tf.repeat(rgb[-1:], -len(rgb) % FILL, axis=0)], 0)
