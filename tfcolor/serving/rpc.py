"""TF Serving's gRPC API, by the stubs of tensorflow-serving-api (extra `serving`).

Its messages contain TensorFlow's, so that importing this imports TensorFlow, which takes seconds.

Reference:
  https://github.com/tensorflow/serving/tree/master/tensorflow_serving/apis
"""

import os
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its log would repeat errors that are raised

import grpc
from google.protobuf import json_format
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tfcolor.serving import addresses, contract

# A request is tried again after these: no server, a full queue, a limit of a proxy (429 in REST).
_LATER = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
_NOT_LET_IN = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
_FIELDS = {"string": "string_val", "int32": "int_val", "float32": "float_val"}
_OPTIONS = {
    "grpc.max_receive_message_length": -1,  # the default of 4 MB is less than a large photograph
    "grpc.max_send_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": 500,
    "grpc.max_reconnect_backoff_ms": 2_000,  # the default of 2 minutes is longer than a restart
}


class Rpc:
    """A `remote.Transport` over one gRPC channel."""

    def __init__(self, address: addresses.Address) -> None:
        """Does not connect yet.

        Raises:
          ValueError: if the token or the certificates cannot be used.
        """
        options = list((_OPTIONS | {"grpc.enable_http_proxy": int(not address.is_local)}).items())
        if address.is_secure:
            credentials = grpc.ssl_channel_credentials(addresses.authorities()[1])
            channel = grpc.secure_channel(address.netloc, credentials, options)
        else:
            channel = grpc.insecure_channel(address.netloc, options)
        token = addresses.token(address)
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._spec = model_pb2.ModelSpec(name=address.name)
        if address.version is not None:
            self._spec.version.value = address.version

    def status(self, timeout_s: float) -> list[dict[str, Any]]:
        """One row per version: "version", "state", "status", in protocol buffers' JSON form."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=self._spec)
        answer = self._ask(self._models.GetModelStatus, request, timeout_s)
        told = json_format.MessageToDict(answer, preserving_proto_field_name=True)
        return told.get("model_version_status", [])

    def signatures(self, timeout_s: float) -> dict[str, dict[str, Any]]:
        """The SignatureDefs in protocol buffers' JSON form."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=self._spec, metadata_field=["signature_def"]
        )
        answer = self._ask(self._predictions.GetModelMetadata, request, timeout_s)
        found = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(found)
        told = json_format.MessageToDict(found, preserving_proto_field_name=True)
        return told.get("signature_def", {})

    def predict(
        self, signature: str, inputs: Mapping[str, Sequence[Any]], timeout_s: float
    ) -> dict[str, list[bytes]]:
        """Runs a signature; see `remote.Transport`."""
        expected = contract.ALL[signature]
        request = predict_pb2.PredictRequest(model_spec=self._spec)
        request.model_spec.signature_name = signature
        for name, values in inputs.items():
            request.inputs[name].CopyFrom(_tensor(expected.inputs[name], values))
        answer = self._ask(self._predictions.Predict, request, timeout_s)
        return {name: list(answer.outputs[name].string_val) for name in expected.outputs}

    def _ask(self, method: Any, request: Any, timeout_s: float) -> Any:
        try:
            return method(request, timeout=timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _failure(error.code(), error.details() or error.code().name) from error


def _tensor(expected: contract.Tensor, values: Sequence[Any]) -> tensor_pb2.TensorProto:
    """A tensor (n,) of the dtype of the contract."""
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DataType.Value(expected.enum))
    tensor.tensor_shape.dim.add(size=len(values))
    getattr(tensor, _FIELDS[expected.dtype]).extend(values)
    return tensor


def _failure(code: grpc.StatusCode, reason: str) -> OSError:
    """The error of `remote.Transport` for a gRPC error."""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return TimeoutError()
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return OSError("does not speak TF Serving's gRPC; check --server")
    # gRPC reports a server as unavailable if its certificate is not trusted.
    if "CERTIFICATE_VERIFY_FAILED" in reason or "not in peer certificate" in reason:
        return ssl.SSLCertVerificationError(reason)
    if code in _LATER:
        return ConnectionError(reason)
    return PermissionError(reason) if code in _NOT_LET_IN else OSError(reason)
