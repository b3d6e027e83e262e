"""A small SavedModel as `tfcolor export` writes it, whose colors are known in closed form."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfcolor.export import signatures


def waves(l):
    """l (h, w) -> ab (h, w, 2): what the network of `save` computes."""
    return 0.3 * np.stack([np.sin(3 * l), np.cos(2 * l)], -1)


def save(folder):
    """Writes that network with all signatures; gives the folder."""
    l = keras.Input((None, None, 1))
    ab = 0.3 * ops.concatenate([ops.sin(3 * l), ops.cos(2 * l)], -1)
    served = signatures.ServedModule(keras.Model(l, {"ab": ab}), image_size=32, stride=8)
    tf.saved_model.save(served, str(folder), signatures=served.signatures())
    return folder


def told(l, hints):
    """What the network of `save_hinted` computes: a hint as it is, where it is sure; (h, w, 2)."""
    return waves(l) * (1 - hints[..., 2:]) + hints[..., :2] * hints[..., 2:]


def save_hinted(folder):
    """Writes one that takes hints and knows classes, with all signatures; gives the folder."""
    l, hints = keras.Input((None, None, 1), name="l"), keras.Input((None, None, 3), name="hints")
    ab = 0.3 * ops.concatenate([ops.sin(3 * l), ops.cos(2 * l)], -1)
    ab = ab * (1 - hints[..., 2:]) + hints[..., :2] * hints[..., 2:]
    logits = ops.repeat(ops.average_pool(l, 4, 4), 258, axis=-1) * np.linspace(
        -1, 1, 258, dtype=np.float32
    )
    generator = keras.Model({"l": l, "hints": hints}, {"ab": ab, "logits": logits})
    served = signatures.ServedModule(generator, 32, 8, probabilities=ops.softmax)
    tf.saved_model.save(served, str(folder), signatures=served.signatures())
    return folder


def save_other(folder):
    """Writes a model that is none of ours; gives the folder."""
    other = tf.Module()
    double = tf.function(lambda x: {"y": 2 * x}, input_signature=[tf.TensorSpec((None,))])
    tf.saved_model.save(other, str(folder), signatures={"serving_default": double})
    return folder
