"""Clients of TF Serving, against `loopback`: the program itself is not at hand."""

import io
import socket
import subprocess
import threading

import loopback
import numpy as np
import pytest
import served
from click.testing import CliRunner
from conftest import colorful_photo
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tfcolor import images, runtimes
from tfcolor.cli import main
from tfcolor.colorizing import rendering
from tfcolor.serving import addresses, remote

BOTH = pytest.mark.parametrize("protocol", ["rest", "grpc"])
SEVERAL = ((40, 56), (33, 20), (64, 64), (90, 31), (20, 40))  # of photographs, pixels


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel with all signatures; not to be changed."""
    return served.save(tmp_path_factory.mktemp("saved") / "1")


@pytest.fixture(scope="module")
def model(saved):
    """The same, opened for servers."""
    return loopback.Model(saved)


@pytest.fixture(scope="module")
def server(model):
    with loopback.Server(model) as running:
        yield running


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A key and a certificate of this machine, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext {names}"
    )
    subprocess.run(
        [*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    return {"cert": cert, "key": key}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """No pauses, no variables of the user's own."""
    monkeypatch.setattr(remote, "PAUSE_S", 0.001)
    monkeypatch.setattr(remote, "LONGEST_PAUSE_S", 0.01)
    monkeypatch.setattr(remote, "CONNECT_S", 0.5)
    for name in (addresses.TOKEN, addresses.CA, "TFCOLOR_MODEL"):
        monkeypatch.delenv(name, raising=False)


def ramp(height=24, width=40):
    return np.linspace(-1, 1, height * width, dtype=np.float32).reshape(height, width)


def encoded(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


def decoded(file):
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image), image.format


def photographs():
    return [colorful_photo(seed, *size) for seed, size in enumerate(SEVERAL)]


@BOTH
def test_a_served_network_gives_the_colors_that_it_computes(server, protocol):
    l = ramp()
    far = remote.connect(getattr(server, protocol))
    assert far.size == 32  # as the network in this process; colors depend on it
    ab = far(l)
    assert ab.dtype == np.float32
    np.testing.assert_allclose(ab, served.waves(l), atol=5e-5)  # 16 bits: steps of 3e-5


@pytest.mark.slow
def test_a_served_network_is_told_of_hints_where_it_takes_them(server, tmp_path):
    l, hints = ramp(), np.zeros((24, 40, 3), np.float32)
    hints[5:9, 7:12] = 0.7, -0.4, 0.6
    with loopback.Server(served.save_hinted(tmp_path / "1")) as running:
        for protocol in ("rest", "grpc"):
            assert not remote.connect(getattr(server, protocol)).takes_hints
            far = remote.connect(getattr(running, protocol))
            assert far.takes_hints
            np.testing.assert_allclose(far(l, hints), served.told(l, hints), atol=5e-5)
            np.testing.assert_allclose(far(l), served.waves(l), atol=5e-5)
            done = CliRunner().invoke(main.cli, ["serving-check", getattr(running, protocol)])
            assert done.exit_code == 0 and "64 x 64 with a hint in" in done.output
            assert "hinted_planes, hinted_planes_png, classes" in done.output
        # As TensorFlow's C++ loader runs the signatures that take no files.
        shown = {"l": l[None, ..., None], "hints": hints[None]}
        ab = running.model.run("hinted_planes", shown)["ab"][0]
        np.testing.assert_allclose(ab, served.told(l, hints), atol=1e-5)
        classes = running.model.run("classes", shown)["probabilities"]
        assert classes.shape == (1, 6, 10, 258)


@BOTH
def test_colorizing_with_a_server_equals_the_saved_model(server, saved, protocol, tmp_path):
    Image.fromarray(colorful_photo(2, 50, 70)[..., 0]).save(tmp_path / "gray.png")
    where = {"far": ["--server", getattr(server, protocol) + "/"], "near": ["-m", str(saved)]}
    for name, option in where.items():
        target = ["-o", str(tmp_path / f"{name}.png")]
        command = ["colorize", str(tmp_path / "gray.png"), "--size", "32", *target, *option]
        done = CliRunner().invoke(main.cli, command)
        assert done.exit_code == 0, done.output
    far, near = (images.read_rgb(tmp_path / f"{name}.png").astype(int) for name in where)
    assert np.abs(far - near).max() <= 1
    assert np.ptp(far, -1).max() > 20  # in color


@BOTH
def test_files_come_back_as_python_colorizes_them(server, saved, protocol):
    near, far = runtimes.load(saved), remote.connect(getattr(server, protocol))
    look = {"size": 24, "strength": 0.8, "saturation": 1.3}
    files = [encoded(rgb) for rgb in photographs()]
    for rgb, png, jpeg in zip(
        photographs(),
        far.colorize(files, **look),
        far.colorize(files, **look, jpeg=True),
        strict=True,
    ):
        expected = rendering.colorize(rgb, near, **look).astype(int)
        (from_png, png_format), (from_jpeg, jpeg_format) = decoded(png), decoded(jpeg)
        assert (png_format, jpeg_format) == ("PNG", "JPEG")
        assert np.abs(from_png - expected).max() <= 1
        assert np.abs(from_jpeg - expected).mean() < 3


@BOTH
def test_many_files_go_in_several_requests_and_come_back_in_their_order(
    model, protocol, monkeypatch
):
    monkeypatch.setattr(remote, "CHUNK_FILES", 2)
    files = [encoded(rgb) for rgb in photographs()]
    with loopback.Server(model) as server:
        results = remote.connect(getattr(server, protocol)).colorize(files)
        assert server.predictions == 1 + 3  # the first is for the card
    assert [decoded(each)[0].shape[:2] for each in results] == list(SEVERAL)


@given(st.lists(st.integers(0, 12)))
def test_requests_are_bounded_and_nothing_is_lost(lengths):
    files = [bytes(length) for length in lengths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "CHUNK_FILES", 3)
        patch.setattr(remote, "CHUNK_BYTES", 10)
        made = list(remote.chunks(files))
    assert [file for chunk in made for file in chunk] == files
    assert all(0 < len(chunk) <= 3 for chunk in made)
    assert all(sum(map(len, chunk)) <= 10 for chunk in made if len(chunk) > 1)


@BOTH
def test_a_broken_photograph_fails_alone(server, protocol):
    good = encoded(colorful_photo(1, 30, 44))
    files = [good, b"no photograph", good[: len(good) // 2], good]
    first, unknown, cut, last = remote.connect(getattr(server, protocol)).colorize(files)
    assert first == last and decoded(first)[0].shape == (30, 44, 3)
    for failed in (unknown, cut):
        assert isinstance(failed, ValueError) and str(failed) and "\n" not in str(failed)


@BOTH
def test_a_request_that_fails_is_the_error_of_each_of_its_files(model, protocol, monkeypatch):
    monkeypatch.setattr(remote, "CHUNK_FILES", 2)
    with loopback.Server(model) as server:
        far = remote.Remote(getattr(server, protocol), deadline_s=0.2)
    results = far.colorize([b"a", b"b", b"c"])
    assert len(results) == 3
    assert all(isinstance(each, OSError) and "is not available" in str(each) for each in results)


@BOTH
def test_a_busy_server_is_asked_again(model, protocol):
    with loopback.Server(model, fail_first=2) as server:
        assert remote.connect(getattr(server, protocol))(ramp()).shape == (24, 40, 2)
        assert server.predictions == 2 + 2  # the card, and the planes


@BOTH
def test_a_server_that_stays_busy_is_named_and_then_tried_once_a_request(model, protocol):
    with loopback.Server(model, fail_first=10**6) as server:
        far = remote.Remote(getattr(server, protocol), deadline_s=0.3)
        with pytest.raises(OSError, match=r"is not available \(The batch .* is full\); start the"):
            far(ramp())
        before = server.predictions
        assert before > 2
        with pytest.raises(OSError, match="is not available"):
            far(ramp())
        assert server.predictions == before + 1


@BOTH
def test_a_request_ends_at_its_deadline_and_is_not_computed_twice(model, protocol):
    with loopback.Server(model, delay=1) as server:
        far = remote.Remote(getattr(server, protocol), timeout_s=0.2)
        with pytest.raises(TimeoutError, match=r"gave no answer within 0\.2 s"):
            far(ramp())
        assert server.predictions == 1


@BOTH
def test_encrypted_servers_are_asked_where_their_certificate_is_trusted(
    model, pair, protocol, monkeypatch, tmp_path
):
    with loopback.Server(model, **pair) as server:
        url = getattr(server, protocol)
        assert url.startswith(f"{dict(rest='https', grpc='grpcs')[protocol]}://")
        with pytest.raises(OSError, match=r"certificate that is not trusted .*TFCOLOR_SERVER_CA"):
            remote.connect(url)
        monkeypatch.setenv(addresses.CA, str(pair["cert"]))
        assert remote.connect(url)(ramp()).shape == (24, 40, 2)
        with pytest.raises(OSError, match="is not available"):  # the port speaks TLS alone
            remote.connect(url.replace("s://", "://"))
    (tmp_path / "no.pem").write_text("no certificate")
    for path in (tmp_path / "no.pem", tmp_path / "missing.pem"):
        monkeypatch.setenv(addresses.CA, str(path))
        with pytest.raises(ValueError, match=r"TFCOLOR_SERVER_CA must name a PEM file .*\.pem"):
            remote.Remote(url)


@BOTH
def test_a_server_that_wants_a_token_gets_it_from_the_environment(model, protocol, monkeypatch):
    with loopback.Server(model, token="letmein") as server:
        url = getattr(server, protocol)
        with pytest.raises(OSError, match=r"denies access .*set TFCOLOR_SERVER_TOKEN"):
            remote.connect(url)
        monkeypatch.setenv(addresses.TOKEN, "wrong")
        with pytest.raises(OSError, match="denies access") as refused:
            remote.connect(url)
        assert "wrong" not in str(refused.value).replace("no or a wrong token", "")
        monkeypatch.setenv(addresses.TOKEN, "letmein\n")
        assert remote.connect(url)(ramp()).shape == (24, 40, 2)


@pytest.mark.parametrize("secret", ["two words", "a\x00b", "t\u00f6ken"])
def test_a_token_that_cannot_be_sent_is_refused_without_its_text(secret, monkeypatch):
    monkeypatch.setattr("os.environ", {addresses.TOKEN: secret})
    with pytest.raises(ValueError, match="TFCOLOR_SERVER_TOKEN must be one word") as refused:
        remote.check("http://localhost:1/v1/models/a")
    assert secret not in str(refused.value)


@pytest.mark.parametrize("url", ["http://example.org/v1/models/a", "grpc://10.0.0.1:8500"])
def test_no_token_goes_unencrypted_to_another_machine(url, monkeypatch):
    remote.check(url)
    monkeypatch.setenv(addresses.TOKEN, "letmein")
    with pytest.raises(ValueError, match=r"is not sent to .* unencrypted; use \w+s://") as refused:
        remote.check(url)
    assert "letmein" not in str(refused.value)
    remote.check(url.replace("://", "s://"))


@BOTH
def test_what_is_no_model_of_ours_is_named(server, protocol, tmp_path):
    url = getattr(server, protocol)
    for missing in (
        url.replace("tfcolor-base", "nobody"),
        url + {"rest": "/versions/9"}.get(protocol, "/9"),
    ):
        with pytest.raises(OSError, match="refuses: Servable not found"):
            remote.connect(missing)
    version = {"rest": "/versions/1"}.get(protocol, "/1")
    assert remote.connect(url + version)(ramp()).shape == (24, 40, 2)
    with loopback.Server(served.save_other(tmp_path / "1")) as other:
        with pytest.raises(ValueError, match="has no signature planes_png; serve a model made by"):
            remote.connect(getattr(other, protocol))


def test_a_server_of_something_else_is_told_and_its_control_characters_are_not_printed(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"\x1b[2J\x00 no HTTP\r\n")

        threading.Thread(target=answer, daemon=True).start()
        port = listening.getsockname()[1]
        with pytest.raises(OSError, match="does not speak TF Serving's REST; check --server"):
            remote.connect(f"http://127.0.0.1:{port}/v1/models/a")
    far = remote.Remote("http://127.0.0.1:1/v1/models/a")
    assert str(far._explained(OSError("\x1b[2J\x00bad"), 1.0)).endswith("refuses: [2J bad")


def test_model_and_server_do_not_go_together(saved, tmp_path):
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    where = ["-m", str(saved), "--server", "http://x/v1/models/y"]
    done = CliRunner().invoke(main.cli, ["colorize", str(tmp_path / "a.png"), *where])
    assert done.exit_code == 2 and "give either --model or --server" in done.output


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'tfcolor\[serving\]'"):
        remote.check("grpc://localhost:8500")
