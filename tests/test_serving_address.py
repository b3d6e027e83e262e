"""Addresses of models, what servers of another kind answer, and planes as PNGs."""

import contextlib
import http.server
import io
import threading

import cv2
import numpy as np
import pytest
from PIL import Image

from tfcolor.serving import addresses, remote

URL = "http://127.0.0.1:{}/v1/models/a"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """A short first contact, no variables of the user's own."""
    monkeypatch.setattr(remote, "CONNECT_S", 0.2)
    for name in (addresses.TOKEN, addresses.CA):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "url, scheme, netloc, prefix, name, version",
    [
        ("http://localhost:8501/v1/models/a", "http", "localhost:8501", "", "a", None),
        ("https://h/v1/models/a/versions/3/", "https", "h", "", "a", 3),
        ("https://h/colors/v1/models/a-b", "https", "h", "/colors", "a-b", None),
        ("grpc://h:8500", "grpc", "h:8500", "", "tfcolor-base", None),
        ("grpcs://[::1]:8500/a/12", "grpcs", "[::1]:8500", "", "a", 12),
    ],
)
def test_addresses_are_taken_apart_and_put_together(url, scheme, netloc, prefix, name, version):
    found = addresses.parse(url)
    assert (found.scheme, found.netloc, found.prefix) == (scheme, netloc, prefix)
    assert (found.name, found.version) == (name, version)
    assert addresses.parse(str(found)) == found
    assert found.is_grpc == scheme.startswith("grpc") and found.is_secure == scheme.endswith("s")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8501",
        "http://localhost:8501/v1/models/",
        "http://localhost:8501/v1/models/a:predict",
        "http://localhost:8501/v1/models/a/versions/new",
        "http://localhost:99999/v1/models/a",
        "http:///v1/models/a",
        "ftp://a/v1/models/b",
        "grpc://localhost",
        "grpc://localhost:8500/a/new",
        "grpc://localhost:8500/v1/models/a",
        "localhost:8500",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="a server must be like http://HOST:8501/v1/models/NAME"):
        addresses.parse(url)


@pytest.mark.parametrize("url", ["http://me:hidden@h/v1/models/a", "grpc://h:1/a?token=hidden"])
def test_passwords_in_addresses_are_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match="must have no user, password or query") as refused:
        addresses.parse(url)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    "host, is_local",
    [("localhost", True), ("127.0.0.1", True), ("127.3.2.1", True), ("[::1]", True)]
    + [("localhost.example.org", False), ("10.0.0.1", False), ("0.0.0.0", False)],
)
def test_this_machine_is_told_from_others(host, is_local):
    assert addresses.parse(f"grpc://{host}:1").is_local == is_local


@contextlib.contextmanager
def answering(status, content, **headers):
    """An HTTP server that answers everything so; gives the address and what was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            asked.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield URL.format(server.server_port), asked
        finally:
            server.shutdown()


@pytest.mark.parametrize("content", [b"<html>", b"[1]", b"{}", b'{"metadata": null}', b"\xff"])
def test_a_server_of_another_kind_is_named(content):
    with answering(200, content) as (url, _):
        with pytest.raises(OSError, match="does not speak TF Serving's REST; check --server"):
            remote.connect(url)


def test_refusals_of_another_kind_are_named_by_their_status():
    with answering(418, b"no JSON") as (url, _):
        with pytest.raises(OSError, match="refuses: 418"):
            remote.connect(url)


def test_nothing_follows_a_redirection(monkeypatch):
    monkeypatch.setenv(addresses.TOKEN, "letmein")
    with answering(200, b"{}") as (there, asked):
        with answering(302, b"", Location=there) as (url, _):
            with pytest.raises(OSError, match="refuses: 302"):
                remote.connect(url)
    assert not asked


def test_no_proxy_is_asked_for_this_machine(monkeypatch):
    with answering(418, b"") as (url, _), answering(200, b"{}") as (proxy, asked):
        monkeypatch.setenv("http_proxy", proxy.partition("/v1")[0])
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(OSError, match="refuses: 418"):
            remote.connect(url)
    assert not asked


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1/models/a", "grpc://127.0.0.1:1"])
def test_no_server_is_an_error_within_seconds(url):
    with pytest.raises(OSError, match=r"is not available \(.+\); start the server or check"):
        remote.connect(url)


def test_lightness_becomes_a_16_bit_png(rng):
    l = rng.uniform(-1, 1, (5, 9)).astype(np.float32)
    l[0, :2] = -1, 1
    with Image.open(io.BytesIO(remote.encode_l(l))) as image:
        assert image.format == "PNG" and image.mode == "I;16"
        np.testing.assert_array_equal(
            np.asarray(image), np.round((l.astype(np.float64) + 1) / 2 * 65535)
        )


def test_planes_of_color_are_read_from_one_png(rng):
    levels = rng.integers(0, 65536, (10, 7), dtype=np.uint16)
    ab = remote.decode_ab(cv2.imencode(".png", levels)[1].tobytes(), (5, 7))
    expected = np.stack([levels[:5], levels[5:]], -1) / 65535 * 2 - 1
    np.testing.assert_allclose(ab, expected, atol=1e-6)


def test_planes_of_another_form_are_refused(rng):
    gray8 = cv2.imencode(".png", np.zeros((10, 7), np.uint8))[1].tobytes()
    color = cv2.imencode(".png", np.zeros((10, 7, 3), np.uint16))[1].tobytes()
    small = cv2.imencode(".png", np.zeros((8, 7), np.uint16))[1].tobytes()
    for wrong in (b"", b"nothing", gray8, color, small):
        with pytest.raises(ValueError, match="not a 16-bit PNG of 7 x 10"):
            remote.decode_ab(wrong, (5, 7))
