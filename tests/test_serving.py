"""A network behind TF Serving's REST API, here played by a small server in its documented format.

The model is a real export, run by TensorFlow's loader; TF Serving's own program is not at hand.
"""

import contextlib
import http.server
import json
import threading

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from conftest import colorful_photo
from PIL import Image

from tfcolor import colorize, inference, photo, signatures
from tfcolor.cli import main
from tfcolor.models import unet
from tfcolor.serving import rest


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel of a small network with signature planes; not to be changed."""
    folder = tmp_path_factory.mktemp("saved") / "1"
    served = signatures.Served(unet.build(width=2, depth=3), 32, 8)
    tf.saved_model.save(served, str(folder), signatures={inference.PLANES: served.planes})
    return folder


@contextlib.contextmanager
def serving(saved, refusals=0):
    """A server on a free loopback port that says 503 so many times; gives the model's address."""
    planes = tf.saved_model.load(str(saved)).signatures[inference.PLANES]
    left = [refusals]

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, status, content):
            encoded = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def do_GET(self):
            if self.path == "/v1/models/other/metadata":
                self.answer(200, {"metadata": {"signature_def": {"signature_def": {}}}})
            elif self.path == "/v1/models/list/metadata":
                self.answer(200, ["no", "object"])
            elif self.path == "/v1/models/tiny/metadata":
                signature = {"planes": {"inputs": {"l": {"dtype": "DT_FLOAT"}}}}
                metadata = {"signature_def": {"signature_def": signature}}
                self.answer(200, {"metadata": metadata})
            else:
                self.answer(404, {"error": "Could not find any versions of model nobody"})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if left[0]:
                left[0] -= 1
                self.answer(503, {"error": "batching queue is full"})
                return
            assert self.path == "/v1/models/tiny:predict" and body["signature_name"] == "planes"
            ab = planes(l=tf.constant(body["inputs"]["l"], tf.float32))["ab"]
            self.answer(200, {"outputs": ab.numpy().tolist()})

        def log_message(self, *anything):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/models/tiny"
        finally:
            server.shutdown()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(rest, "PAUSE_S", 0.001)


def test_a_served_network_colors_as_the_saved_one_does(saved, tmp_path):
    Image.fromarray(colorful_photo(2, 50, 70)[..., 0]).save(tmp_path / "gray.png")
    with serving(saved) as url:
        arguments = [str(tmp_path / "gray.png"), "--size", "32"]
        for name, where in {"far": ["--server", url + "/"], "near": ["-m", str(saved)]}.items():
            command = ["colorize", *arguments, "-o", str(tmp_path / f"{name}.png"), *where]
            assert CliRunner().invoke(main.cli, command).exit_code == 0
    far, near = (photo.read_rgb(tmp_path / f"{name}.png").astype(int) for name in ("far", "near"))
    assert np.abs(far - near).max() <= 1


def test_a_busy_server_is_asked_again_and_one_that_stays_so_is_named(saved):
    l = np.zeros((32, 40), np.float32)
    with serving(saved, refusals=2) as url:
        assert colorize.load(url)(l).shape == (32, 40, 2)
    with serving(saved, refusals=99) as url:
        net = colorize.load(url)
        with pytest.raises(OSError, match="refuses: batching queue is full"):
            net(l)
    with pytest.raises(OSError, match="does not answer .*start the server or check --server"):
        net(l)


def test_what_is_no_model_of_ours_is_named(saved):
    with serving(saved) as url:
        with pytest.raises(OSError, match="refuses: Could not find any versions of model nobody"):
            colorize.load(url.replace("tiny", "nobody"))
        with pytest.raises(ValueError, match="has no signature planes"):
            colorize.load(url.replace("tiny", "other"))
        with pytest.raises(OSError, match="does not speak TF Serving's REST .*check --server"):
            colorize.load(url.replace("tiny", "list"))
    for address in ("http://localhost:8501", "ftp://a/v1/models/b"):
        with pytest.raises(ValueError, match="--server must be like"):
            rest.Served(address)


def test_model_and_server_do_not_go_together(saved, tmp_path):
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    command = [
        "colorize",
        str(tmp_path / "a.png"),
        "-m",
        str(saved),
        "--server",
        "http://x/v1/models/y",
    ]
    done = CliRunner().invoke(main.cli, command)
    assert done.exit_code == 2 and "give either --model or --server" in done.output
