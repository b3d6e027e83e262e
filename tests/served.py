"""A small SavedModel as `tfcolor export` writes it, whose colors are known in closed form."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfcolor import signatures


def waves(l):
    """l (h, w) -> ab (h, w, 2): what the network of `save` computes."""
    return 0.3 * np.stack([np.sin(3 * l), np.cos(2 * l)], -1)


def save(folder):
    """Writes that network with all signatures; gives the folder."""
    l = keras.Input((None, None, 1))
    ab = 0.3 * ops.concatenate([ops.sin(3 * l), ops.cos(2 * l)], -1)
    served = signatures.Served(keras.Model(l, {"ab": ab}), image_size=32, stride=8)
    tf.saved_model.save(served, str(folder), signatures=served.signatures())
    return folder


def save_other(folder):
    """Writes a model that is none of ours; gives the folder."""
    other = tf.Module()
    double = tf.function(lambda x: {"y": 2 * x}, input_signature=[tf.TensorSpec((None,))])
    tf.saved_model.save(other, str(folder), signatures={"serving_default": double})
    return folder
