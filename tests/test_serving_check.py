"""`tfcolor serving-check`, against `loopback`."""

import copy
import io

import loopback
import pytest
import served
from click.testing import CliRunner
from conftest import colorful_photo
from PIL import Image

import tfcolor
from tfcolor.cli import main
from tfcolor.serving import addresses, check, remote

BOTH = pytest.mark.parametrize("protocol", ["rest", "grpc"])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with loopback.Server(served.save(tmp_path_factory.mktemp("saved") / "1")) as running:
        yield running


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """A short first contact, no variables of the user's own."""
    monkeypatch.setattr(remote, "CONNECT_S", 0.2)
    for name in (addresses.TOKEN, addresses.CA):
        monkeypatch.delenv(name, raising=False)


def run(*arguments):
    return CliRunner().invoke(main.cli, ["serving-check", *map(str, arguments)])


@BOTH
def test_a_good_server_passes_with_the_bundled_photograph(server, protocol):
    done = run(getattr(server, protocol))
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == getattr(server, protocol)
    assert all(line.startswith("good  ") for line in lines[1:-1])
    assert lines[-1].startswith(f"to report this: tfcolor {tfcolor.__version__}, Python 3")
    assert "version 1 is AVAILABLE" in lines[1] and "serving_default, jpeg" in lines[2]
    assert " as PNG in " in lines[3] and " as JPEG in " in lines[4] and "L* 0." in lines[3]


def test_a_photograph_of_ones_own_is_sent(server, tmp_path):
    Image.fromarray(colorful_photo(3, 40, 30)).save(tmp_path / "mine.png")
    done = run(server.rest, tmp_path / "mine.png")
    assert done.exit_code == 0 and "mine.png as PNG" in done.output and "30 x 40" in done.output
    (tmp_path / "bad.png").write_bytes(b"no photograph")
    done = run(server.rest, tmp_path / "bad.png")
    assert done.exit_code == 2 and "bad.png is not a photograph" in done.output
    assert run(server.rest, tmp_path / "none.png").exit_code == 2


@BOTH
def test_a_model_that_is_none_of_ours_fails_with_a_line_for_each_deviation(protocol, tmp_path):
    with loopback.Server(served.save_other(tmp_path / "1")) as other:
        done = run(getattr(other, protocol))
    assert done.exit_code == 1
    for text in (
        "signature planes_png is missing",
        "input x is unknown",
        "output error is missing",
    ):
        assert text in done.output


@BOTH
def test_a_model_that_is_not_there_fails_with_one_line(server, protocol):
    done = run(getattr(server, protocol).replace("tfcolor-base", "nobody"))
    assert done.exit_code == 1 and "Servable not found" in done.output
    assert done.output.count("BAD ") == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1/models/a", "grpc://127.0.0.1:1"])
def test_no_server_fails_with_one_line(url):
    done = run(url)
    assert done.exit_code == 1 and "is not available" in done.output
    assert done.output.count("BAD ") == 1


def test_what_is_no_address_is_the_users_mistake():
    done = run("localhost:8500")
    assert done.exit_code == 2 and "a server must be like" in done.output


@pytest.mark.parametrize(
    "answer, said",
    [
        (Image.new("RGB", (30, 40), "gray"), "must be at most 1"),
        (Image.new("RGB", (29, 40), "gray"), "29 x 40, must be 30 x 40"),
        (b"no picture", "is not a photograph"),
        (ValueError("too many pixels"), "too many pixels"),
    ],
)
def test_photographs_that_come_back_wrong_are_told(server, answer, said, monkeypatch, tmp_path):
    Image.new("L", (30, 40), 200).save(tmp_path / "mine.png")
    if isinstance(answer, Image.Image):
        file = io.BytesIO()
        answer.save(file, "PNG")
        answer = file.getvalue()
    monkeypatch.setattr(remote.Remote, "colorize", lambda *_, **__: [answer])
    done = run(server.rest, tmp_path / "mine.png")
    assert done.exit_code == 1 and said in done.output and done.output.count("BAD ") == 2


def test_of_another_model_nothing_more_is_asked(server, monkeypatch):
    monkeypatch.setattr(check, "deviations", lambda told: iter(["one", "two"]))
    done = run(server.rest)
    assert done.exit_code == 1 and done.output.count("BAD ") == 2 and " ms" not in done.output


def test_the_contract_itself_has_no_deviation(server):
    assert not list(check.deviations(remote.Remote(server.rest).signatures()))


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda told: told.pop("jpeg"), "signature jpeg is missing"),
        (
            lambda told: told["rgb"]["inputs"].pop("size"),
            "signature rgb: input size is missing",
        ),
        (
            lambda told: told["planes"]["outputs"].update(more={}),
            "signature planes: output more is unknown",
        ),
        (
            lambda told: told["rgb"]["inputs"]["rgb"].update(dtype="DT_FLOAT"),
            "signature rgb: input rgb is DT_FLOAT (?, ?, ?, 3), must be DT_UINT8 (?, ?, ?, 3)",
        ),
        (
            lambda told: told["planes"]["inputs"]["l"]["tensor_shape"]["dim"][3].update(size="3"),
            "signature planes: input l is DT_FLOAT (?, ?, ?, 3), must be DT_FLOAT (?, ?, ?, 1)",
        ),
        (
            lambda told: told["jpeg"]["outputs"]["error"]["tensor_shape"].update(unknown_rank=True),
            "signature jpeg: output error is DT_STRING of any shape, must be DT_STRING (?)",
        ),
    ],
)
@BOTH
def test_each_deviation_from_the_contract_is_a_line(server, protocol, change, said):
    told = copy.deepcopy(remote.Remote(getattr(server, protocol)).signatures())
    change(told)
    assert list(check.deviations(told)) == [said]


def test_a_signature_beyond_the_contract_is_compared_where_it_is_known(server):
    told = remote.Remote(server.rest).signatures()
    assert not list(check.deviations({**told, "other": {}}))
    extra = list(check.deviations({**told, "raw": told["rgb"]}))
    assert extra == [
        f"signature raw: input {x} is unknown" for x in ("saturation", "size", "strength")
    ]
