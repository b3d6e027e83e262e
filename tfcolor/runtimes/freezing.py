"""TensorFlow graphs with their weights as constants."""

from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.framework import convert_to_constants


def freeze(graph: tf.types.experimental.ConcreteFunction) -> Callable[..., tf.Tensor]:
    """A graph of one output with its current weights as constants.

    oneDNN then rearranges each kernel once instead of for every photograph, which takes as long as
    our own generator needs for one.
    """
    frozen = as_constants(graph)
    return lambda *inputs: frozen(*inputs)[0]


def as_constants(
    graph: tf.types.experimental.ConcreteFunction,
) -> tf.types.experimental.ConcreteFunction:
    """A graph with its variables as constants; TensorFlow has no public function for that."""
    return convert_to_constants.convert_variables_to_constants_v2(graph)
