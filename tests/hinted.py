"""A network of the kind that takes colors of places, its weights drawn so that hints matter."""

import keras
import numpy as np

from tfcolor.color import quantize
from tfcolor.export import lite_onnx
from tfcolor.models import folding, hintnet
from tfcolor.runtimes import lite

SIZE = 64
CALIBRATION = 1.3


def generator():
    """As it is exported; hints change its colors."""
    made = hintnet.build()
    rng = np.random.default_rng(0)
    for name in ("hint_entry", "refine_change", "bins"):
        kernel = made.get_layer(name).kernel
        kernel.assign(rng.normal(0, 0.2, kernel.shape).astype(np.float32))
    return folding.fold(made)


def write_plain(path):
    """A network of one input as a LiteRT file, lightness through a convolution; its path."""
    keras.utils.set_random_seed(0)
    l = keras.Input((None, None, 1))
    ab = keras.layers.Conv2D(2, 9, padding="same", activation="tanh")(l)
    path.write_bytes(lite_onnx.to_lite(keras.Model(l, {"ab": ab}), "float32"))
    lite.add_card(path, SIZE, 32)
    return path


def probabilities(logits):
    return quantize.probabilities(logits, 0.5, CALIBRATION)


def planes(height=SIZE, width=96):
    """Lightness (h, w), and hints (h, w, 3) in a tenth of the places."""
    rng = np.random.default_rng(1)
    l = rng.uniform(-1, 1, (height, width)).astype(np.float32)
    mask = (rng.uniform(size=(height, width, 1)) < 0.1).astype(np.float32)
    ab = rng.uniform(-0.7, 0.7, (height, width, 2)).astype(np.float32)
    return l, np.concatenate([ab * mask, mask], -1)


def expected(model, l, hints=None):
    """What Keras makes of both: {"ab": (h, w, 2), "logits": (h / 4, w / 4, 258)}."""
    shown = l[None, ..., None] if hints is None else {"l": l[None, ..., None], "hints": hints[None]}
    return {name: plane[0].numpy() for name, plane in model(shown, training=False).items()}
