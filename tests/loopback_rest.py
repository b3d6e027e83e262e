"""TF Serving's REST format, for `loopback`.

Reference:
  https://www.tensorflow.org/tfx/serving/api_rest
  https://github.com/tensorflow/serving/blob/master/tensorflow_serving/util/json_tensor.cc
"""

import base64
import http.server
import json
import re

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from loopback_model import RefusedError

_HTTP = {  # statuses of gRPC codes; others are 500
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.FAILED_PRECONDITION: 412,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
_PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+))?(?P<verb>:predict|/metadata|)"
)


class Rest(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # connections that wait; 5 else, too few for many clients
    context = None

    def finish_request(self, request, client_address):
        """Encrypts in the thread of the connection, which may be slow or fail."""
        try:
            if not self.context:
                super().finish_request(request, client_address)
                return
            with self.context.wrap_socket(request, server_side=True) as encrypted:
                super().finish_request(encrypted, client_address)
        except OSError:  # the client has gone, or does not trust the certificate
            pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    serving = None

    def do_GET(self):  # noqa: N802
        self._answer(None)

    def do_POST(self):  # noqa: N802
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body):
        try:
            status, content = 200, self._answered(body)
        except RefusedError as refused:
            status, content = _HTTP.get(refused.code, 500), {"error": str(refused)}
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def _answered(self, body):
        self.serving.admit(self.headers["Authorization"])
        path = _PATH.fullmatch(self.path)
        if not path or (path["verb"] == ":predict") == (body is None):
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"Malformed request: {self.path}")
        version = path["version"]
        self.serving.find(path["name"], None if version is None else int(version))
        if path["verb"] == ":predict":
            return self._predicted(body)
        if path["verb"] == "":
            return _as_json(self.serving.status())
        spec = {"name": path["name"], "signature_name": "", "version": version or "1"}
        metadata = {"signature_def": _as_json(self.serving.metadata())}
        return {"model_spec": spec, "metadata": metadata}

    def _predicted(self, body):
        try:
            asked = json.loads(body)
            name = asked.get("signature_name", "")
            expected = self.serving.model.signature(name).inputs
            in_rows = "instances" in asked
            inputs = (_from_rows if in_rows else _from_columns)(asked, expected)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"JSON Parse error: {error!r}"
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, reason) from error
        outputs = self.serving.predict(name, inputs)
        columns = {key: _plain(value, key.endswith("_bytes")) for key, value in outputs.items()}
        if not in_rows:
            alone = len(columns) == 1  # then its name is left out
            return {"outputs": next(iter(columns.values())) if alone else columns}
        if len(columns) == 1:
            return {"predictions": next(iter(columns.values()))}
        rows = zip(*columns.values(), strict=True)
        return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}

    def log_message(self, *_):
        pass


def _from_rows(asked, expected):
    """Inputs of the row format: a list of objects, or of values where there is one input."""
    rows = asked["instances"]
    if len(expected) == 1:
        (name,) = expected
        rows = [row if isinstance(row, dict) and name in row else {name: row} for row in rows]
    for index, row in enumerate(rows):
        if row.keys() != expected.keys():
            raise ValueError(f"element {index}: keys must be equal to: {','.join(expected)}")
    return {name: _array([row[name] for row in rows], info) for name, info in expected.items()}


def _from_columns(asked, expected):
    """Inputs of the columnar format: an object, or a value where there is one input."""
    columns = asked["inputs"]
    if len(expected) == 1 and not (isinstance(columns, dict) and columns.keys() == expected.keys()):
        (name,) = expected
        columns = {name: columns}
    return {name: _array(columns[name], info) for name, info in expected.items()}


def _array(value, info):
    dtype = tf.dtypes.as_dtype(info.dtype)
    return np.array(_raw(value), object if dtype == tf.string else dtype.as_numpy_dtype)


def _raw(value):
    """JSON to what an array is made of: base64 objects and text become bytes."""
    if isinstance(value, dict):
        return base64.b64decode(value["b64"], validate=True)
    if isinstance(value, list):
        return [_raw(each) for each in value]
    return value.encode() if isinstance(value, str) else value


def _plain(value, is_binary):
    """An array to JSON; bytes in base64 where the name of the output ends in _bytes."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.tolist()
    if isinstance(value, np.ndarray):
        return [_plain(each, is_binary) for each in value]
    return {"b64": base64.b64encode(value).decode()} if is_binary else value.decode()


def _as_json(message):
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
