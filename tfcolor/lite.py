"""TFLite files as colorizers, run by the interpreter that TensorFlow brings."""

import warnings
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfcolor import inference

STRIDE = 32  # what sides must be multiples of in every network of ours


def load(path: str | Path, image_size: int = 192) -> inference.Colorizer:
    """The colorizer in a TFLite file of planes: l (1, h, w, 1) to ab (1, h, w, 2), both in [-1, 1].

    Args:
      path: the file; float32 in and out.
      image_size: short side that a network of any size sees, pixels; one of a fixed size is
        shown that.

    Returns:
      A function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3).

    Raises:
      ValueError: if it is no TFLite file, or not of planes.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its move to a package of its own
            interpreter = tf.lite.Interpreter(model_path=str(path))
        (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    except ValueError as error:
        raise ValueError(f"{path} is no TFLite file of a colorizer ({error})") from error
    height, width = source["shape_signature"][1:3]
    if source["shape_signature"][-1] != 1 or target["shape_signature"][-1] != 2:
        raise ValueError(f"{path} does not turn l (1, h, w, 1) into ab (1, h, w, 2)")

    def generator(l: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        size = l.shape[1:3] if height < 0 else (height, width)
        interpreter.resize_tensor_input(source["index"], (1, *size, 1))
        interpreter.allocate_tensors()
        interpreter.set_tensor(source["index"], tf.image.resize(l, size, antialias=True))
        interpreter.invoke()
        ab = tf.constant(interpreter.get_tensor(target["index"]))
        return {"ab": tf.image.resize(ab, l.shape[1:3], method="bicubic", antialias=True)}

    def colorize(rgb: np.ndarray) -> np.ndarray:
        one_by_one = [
            inference.colorize_rgb(generator, tf.constant(each[None]), image_size, STRIDE)
            for each in rgb
        ]
        return np.concatenate(one_by_one)

    return colorize
