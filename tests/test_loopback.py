"""The server of these tests answers as TF Serving is documented to."""

import base64
import json
import urllib.error
import urllib.request

import grpc
import loopback
import loopback_model
import numpy as np
import pytest
import served
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, prediction_service_pb2_grpc

from tfcolor.serving import remote

L = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)
WHOLE = {"b64": base64.b64encode(remote.encode_l(L)).decode()}
LOOK = {"size": 0, "strength": 1.0, "saturation": 1.0}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel with all signatures; not to be changed."""
    return served.save(tmp_path_factory.mktemp("saved") / "1")


@pytest.fixture(scope="module")
def server(saved):
    with loopback.Server(saved) as running:
        yield running


def ask(url, body=None):
    """The status and the JSON of an answer."""
    request = urllib.request.Request(url, body and json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_status_and_metadata_have_the_documented_form(server):
    _, status = ask(server.rest)
    (version,) = status["model_version_status"]
    assert (version["version"], version["state"]) == ("1", "AVAILABLE")
    code, told = ask(server.rest + "/versions/1/metadata")
    assert code == 200 and told["model_spec"]["name"] == "tfcolor-base"
    signatures = told["metadata"]["signature_def"]["signature_def"]
    assert signatures["planes"]["inputs"]["l"]["dtype"] == "DT_FLOAT"
    assert signatures["planes"]["inputs"]["l"]["tensor_shape"]["dim"][3]["size"] == "1"


def test_rows_and_columns_give_the_same(server):
    rows = {"signature_name": "planes_png", "instances": [{"l_bytes": WHOLE}]}
    bare = {"signature_name": "planes_png", "instances": [WHOLE]}
    columns = {"signature_name": "planes_png", "inputs": {"l_bytes": [WHOLE]}}
    answers = [ask(server.rest + ":predict", body) for body in (rows, bare, columns)]
    (alone,) = answers[0][1]["predictions"]
    assert answers[1][1]["predictions"] == answers[2][1]["outputs"] == [alone]
    ab = remote.decode_ab(base64.b64decode(alone["b64"]), L.shape)
    np.testing.assert_allclose(ab, served.waves(L), atol=5e-5)


def test_several_outputs_have_their_names_and_only_bytes_are_base64(server):
    broken = {"image_bytes": {"b64": "bm90aGluZw=="}, **LOOK}
    _, told = ask(server.rest + ":predict", {"instances": [broken]})
    (row,) = told["predictions"]
    assert row["png_bytes"] == {"b64": ""} and isinstance(row["error"], str) and row["error"]


@pytest.mark.parametrize(
    "path, body, status",
    [
        ("/versions/7", None, 404),
        ("/other", None, 404),
        (":predict", {"instances": [{"image_bytes": WHOLE}]}, 400),  # every input must be given
        (":predict", {"inputs": {"image_bytes": [WHOLE]}}, 400),
        (":predict", {"inputs": {"image_bytes": [WHOLE] * 2, **{k: [0] for k in LOOK}}}, 400),
        (":predict", {"nothing": []}, 400),
        (":predict", {"signature_name": "nothing", "instances": [1]}, 412),
        (":predict", {"signature_name": "planes", "instances": [[[["a"]]]]}, 400),
    ],
)
def test_what_is_wrong_with_a_request_is_told(server, path, body, status):
    code, told = ask(server.rest + path, body)
    assert code == status and told["error"]


def test_defaults_are_filled_in_with_grpc(server):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "tfcolor-base"
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([remote.encode_l(L)]))
    with grpc.insecure_channel(server.grpc.split("/")[2]) as channel:
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        answer = predict(request)
        assert list(answer.outputs["error"].string_val) == [b""]
        request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([b"a", b"b"]))
        with pytest.raises(grpc.RpcError, match="equal 0th-dimension size"):
            predict(request)


def test_the_requests_that_come_with_a_model_are_run_before_it_is_served(tmp_path, saved):
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.signature_name = "planes_png"
    folder = tmp_path / "1"
    folder.mkdir()
    for name in ("saved_model.pb", "variables"):
        (folder / name).symlink_to(saved / name)
    (folder / "assets.extra").mkdir()
    path = folder / loopback_model.WARM_UP
    for content in (remote.encode_l(L), b"no PNG"):
        request.inputs["l_bytes"].CopyFrom(tf.make_tensor_proto([content]))
        with tf.io.TFRecordWriter(str(path)) as records:
            records.write(log.SerializeToString())
        if content == b"no PNG":
            with pytest.raises(loopback_model.RefusedError):
                loopback.Model(folder)
        else:
            loopback.Model(folder)
