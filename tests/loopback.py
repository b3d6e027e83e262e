"""A server in the place of TF Serving: the official gRPC services and the documented REST format.

TF Serving's own program is not needed to test against it. What it answers comes from the SavedModel
itself, run by TensorFlow's C++ loader and session, and warmed up by the requests that come with it;
nothing of tfcolor is imported. It serves this machine alone.

As a program; when it listens it prints one line of JSON, {"grpc_port": 1, "rest_port": 2,
"grpc": "grpc://...", "rest": "http://..."}, and it runs until it is ended:

  python tests/loopback.py MODEL [--name NAME] [--grpc-port N] [--rest-port N] [--token TOKEN]
                           [--cert PEM --key PEM] [--delay SECONDS] [--fail-first N]

MODEL is a SavedModel, or a folder of versions of which the highest is served. Port 0 is any that is
free. --cert and --key encrypt both (TF Serving does so with gRPC alone, a proxy with REST), --token
refuses who does not send it, --delay makes each prediction wait, --fail-first answers so many
predictions with "unavailable".

In Python: `with Server(MODEL, ...) as server:`, where MODEL may be an open `Model`, has
`server.rest` and `server.grpc`, addresses as `tfcolor colorize --server` takes them. `with
process(MODEL, ...) as server:` is the same in a process of its own, `server.popen`.

It is as strict as TF Serving: with REST every input must be given (defaults of a signature are
filled in with gRPC alone), and all inputs must have the same first dimension, as is wanted with
--enable_batching.
"""

import argparse
import contextlib
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import types
from concurrent import futures
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import grpc
import tensorflow as tf
from loopback_model import Model, RefusedError
from loopback_rest import Handler, Rest
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

HOST = "127.0.0.1"
THREADS = 16


class Server:
    """Serves a model over both protocols while it is entered."""

    def __init__(
        self,
        model,
        *,
        name="tfcolor-base",
        grpc_port=0,
        rest_port=0,
        cert=None,
        key=None,
        token=None,
        delay=0.0,
        fail_first=0,
    ):
        self.name, self._token, self._delay, self._failures = name, token, delay, fail_first
        self._lock = threading.Lock()
        self.predictions = 0  # that were asked for, refused ones too
        self.model = model if isinstance(model, Model) else Model(model)  # which may be shared
        self._grpc = grpc.server(
            futures.ThreadPoolExecutor(THREADS),
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )
        services = _Services(self)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(services, self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(services, self._grpc)
        self._rest = Rest((HOST, rest_port), type("Of", (Handler,), {"serving": self}))
        self.rest_port = self._rest.server_port
        where = f"{HOST}:{grpc_port}"
        if cert:
            pair = Path(key).read_bytes(), Path(cert).read_bytes()
            credentials = grpc.ssl_server_credentials([pair])
            self.grpc_port = self._grpc.add_secure_port(where, credentials)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            self._rest.context = context
        else:
            self.grpc_port = self._grpc.add_insecure_port(where)
        s = "s" if cert else ""
        self.rest = f"http{s}://{HOST}:{self.rest_port}/v1/models/{name}"
        self.grpc = f"grpc{s}://{HOST}:{self.grpc_port}/{name}"

    def __enter__(self):
        self._grpc.start()
        threading.Thread(target=self._rest.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._grpc.stop(None).wait()
        self._rest.shutdown()
        self._rest.server_close()

    def admit(self, authorization):
        """Refuses who does not send the token."""
        if self._token and authorization != f"Bearer {self._token}":
            raise RefusedError(grpc.StatusCode.UNAUTHENTICATED, "no or a wrong token")

    def find(self, name, version):
        """Refuses models and versions that are not there; version None is the newest."""
        if name != self.name or version not in (None, self.model.version):
            which = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            reason = f"Servable not found for request: {which}"
            raise RefusedError(grpc.StatusCode.NOT_FOUND, reason)

    def predict(self, signature, inputs):
        """Runs the model, or what the options say."""
        with self._lock:
            self.predictions += 1
            self._failures -= 1
            fails = self._failures >= 0
        if fails:
            reason = "The batch scheduling queue to which this task was submitted is full"
            raise RefusedError(grpc.StatusCode.UNAVAILABLE, reason)
        time.sleep(self._delay)
        return self.model.run(signature, inputs)

    def status(self):
        """Of the one version, GetModelStatusResponse."""
        available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
        return get_model_status_pb2.GetModelStatusResponse(
            model_version_status=[{"version": self.model.version, "state": available, "status": {}}]
        )

    def metadata(self):
        """Of all signatures, SignatureDefMap."""
        return get_model_metadata_pb2.SignatureDefMap(signature_def=self.model.signatures)


class _Services(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    """The gRPC services; methods are named as in the protocol."""

    def __init__(self, serving):
        self._serving = serving

    @contextlib.contextmanager
    def _asked(self, request, context):
        try:
            self._serving.admit(dict(context.invocation_metadata()).get("authorization"))
            spec = request.model_spec
            self._serving.find(spec.name, spec.version.value if spec.HasField("version") else None)
            yield
        except RefusedError as refused:
            context.abort(refused.code, str(refused))

    def Predict(self, request, context):  # noqa: N802
        with self._asked(request, context):
            inputs = {name: tf.make_ndarray(each) for name, each in request.inputs.items()}
            outputs = self._serving.predict(request.model_spec.signature_name, inputs)
        made = {name: tf.make_tensor_proto(value) for name, value in outputs.items()}
        return predict_pb2.PredictResponse(outputs=made, model_spec=request.model_spec)

    def GetModelMetadata(self, request, context):  # noqa: N802
        with self._asked(request, context):
            answer = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=request.model_spec)
            answer.metadata["signature_def"].Pack(self._serving.metadata())
            return answer

    def GetModelStatus(self, request, context):  # noqa: N802
        with self._asked(request, context):
            return self._serving.status()


@contextlib.contextmanager
def process(model, *options):
    """The server as a process of its own, ended at the end if it is not yet; options as strings."""
    command = [sys.executable, __file__, str(model), *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as popen:
        try:
            line = popen.stdout.readline()
            if not line:
                raise OSError(f"the loopback server ended with {popen.wait()}")
            yield types.SimpleNamespace(popen=popen, **json.loads(line))
        finally:
            popen.kill()


def main():
    parser = argparse.ArgumentParser(description="A server in the place of TF Serving.")
    parser.add_argument("model")
    parser.add_argument("--name", default="tfcolor-base")
    parser.add_argument("--grpc-port", type=int, default=0)
    parser.add_argument("--rest-port", type=int, default=0)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--token")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--fail-first", type=int, default=0)
    options = vars(parser.parse_args())
    with Server(options.pop("model"), **options) as server:
        told = {name: getattr(server, name) for name in ("grpc_port", "rest_port", "grpc", "rest")}
        print(json.dumps(told), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
