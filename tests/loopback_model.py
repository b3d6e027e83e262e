"""The SavedModel behind `loopback`, run by TensorFlow's C++ loader and session."""

from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

WARM_UP = "assets.extra/tf_serving_warmup_requests"

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class RefusedError(Exception):
    """An answer that is an error, for both protocols."""

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code


class Model:
    """A SavedModel in a session, and what it says of its signatures."""

    def __init__(self, path):
        path = Path(path)
        if not (path / "saved_model.pb").is_file():
            path = max((p for p in path.glob("*/") if p.name.isdigit()), key=lambda p: int(p.name))
        self.version = int(path.name) if path.name.isdigit() else 1
        with tf.Graph().as_default():
            self._session = tf.compat.v1.Session()
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(path))
        self.signatures = {
            name: each for name, each in meta.signature_def.items() if not name.startswith("__")
        }
        if (path / WARM_UP).is_file():
            self._warm_up(path / WARM_UP)

    def _warm_up(self, path):
        """Runs the requests that come with a model, as TF Serving does before it listens."""
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            inputs = {name: tf.make_ndarray(each) for name, each in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)

    def signature(self, name):
        """The SignatureDef; the default one where no name is given."""
        name = name or "serving_default"
        if name not in self.signatures:
            reason = f'Serving signature name: "{name}" not found in signature def'
            raise RefusedError(grpc.StatusCode.FAILED_PRECONDITION, reason)
        return self.signatures[name]

    def run(self, signature, inputs):
        """Arrays by the names of inputs -> arrays by the names of outputs."""
        expected = self.signature(signature)
        given = {name: tf.make_ndarray(each) for name, each in expected.defaults.items()} | inputs
        if given.keys() != expected.inputs.keys():
            reason = f"inputs must be {sorted(expected.inputs)}, got {sorted(given)}"
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, reason)
        if len({np.shape(value)[:1] for value in given.values()}) != 1:
            reason = "Batching session Run() input tensors must have equal 0th-dimension size"
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, reason)
        feeds = {expected.inputs[name].name: value for name, value in given.items()}
        try:
            return self._session.run({k: o.name for k, o in expected.outputs.items()}, feeds)
        except tf.errors.OpError as error:
            raise RefusedError(_CODES[error.error_code], error.message) from error
        except (ValueError, TypeError) as error:  # a shape or dtype that cannot be fed
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from error
