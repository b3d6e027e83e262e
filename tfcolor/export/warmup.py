"""Warm-up requests, which TF Serving runs before it accepts others, since the first ones are slow.

It reads them from `assets.extra` of a SavedModel, as records of its own protocol buffers, which
come with the extra `serving`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from tfcolor.serving import contract, remote

NAME = "tf_serving_warmup_requests"  # the name that TF Serving looks for
MISSING = "no warm-up requests were written: pip install 'tfcolor[serving]' and export again"

PHOTOGRAPH = (800, 1200)  # height and width, about 1 MP
ASPECTS = ((1, 1), (3, 4), (4, 3), (2, 3), (3, 2))  # rows to columns of most cameras


def write(folder: Path, size: int, takes_hints: bool = False) -> bool:
    """Writes the requests to a folder, unless the extra `serving` is missing.

    Args:
      folder: `assets.extra` of a SavedModel with all signatures of the contract.
      size: short side that its network is meant to see, pixels.
      takes_hints: whether the model also has the signatures with hints.

    Returns:
      Whether they were written.
    """
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        return False
    with tf.io.TFRecordWriter(str(folder / NAME)) as records:
        for signature, inputs in requests(size, takes_hints):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "tfcolor"
            request.model_spec.signature_name = signature
            for name, values in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
            log = prediction_log_pb2.PredictLog(request=request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            records.write(record.SerializeToString())
    return True


def requests(size: int, takes_hints: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields signatures with inputs by name; only the sizes of the pictures matter."""
    photograph = _encoded(".jpg", _slope(*PHOTOGRAPH, np.uint8))
    # Older servers do not fill in defaults of inputs that are left out.
    rendering = {
        name: np.array([each.default], each.dtype)
        for name, each in contract.SIGNATURES["jpeg"].inputs.items()
        if each.default is not None
    }
    for signature in ("serving_default", "jpeg"):
        yield signature, {"image_bytes": np.array([photograph], object), **rendering}
    for rows, columns in ASPECTS:
        height, width = (size * side // min(rows, columns) for side in (rows, columns))
        lightness = _encoded(".png", _slope(height, width, np.uint16))
        yield "planes_png", {"l_bytes": np.array([lightness], object)}
        if takes_hints:
            hints = _encoded(".png", np.zeros((3 * height, width), np.uint16))
            inputs = {"l_bytes": lightness, "hints_bytes": hints}
            yield remote.HINTED, {name: np.array([each], object) for name, each in inputs.items()}


def _slope(height: int, width: int, dtype: type) -> np.ndarray:
    """A picture with a gradient from black to white."""
    return np.tile(np.linspace(0, np.iinfo(dtype).max, width).astype(dtype), (height, 1))


def _encoded(suffix: str, picture: np.ndarray) -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()
