"""Weights fetched from a server on this machine: right, wrong, cut off, and only once."""

import functools
import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from tfcolor.evaluation.features import inception_weights

CONTENT = bytes(range(256)) * 5000  # 1.28 MB: more than one chunk
RIGHT = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives CONTENT as /right.bin, half of it as /short.bin, else nothing; notes what is asked."""

    def __init__(self, asked, *arguments):
        self.asked = asked
        super().__init__(*arguments)

    def do_GET(self):  # noqa: N802
        self.asked.append(self.path)
        if self.path not in ("/right.bin", "/short.bin"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/right.bin" else CONTENT[: len(CONTENT) // 2])

    def log_message(self, *_):
        pass


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """A function: (name on a server, its SHA-256) ... -> content; what was asked; the cache."""
    asked = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(inception_weights, "read", lambda path: Path(path).read_bytes())
    with http.server.HTTPServer(("127.0.0.1", 0), functools.partial(Handler, asked)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{running.server_address[1]}"

        def find(*sources):
            named = tuple((f"{url}/{name}", sha256) for name, sha256 in sources)
            monkeypatch.setattr(inception_weights, "SOURCES", named)
            return inception_weights.find()

        yield find, asked, tmp_path / "tfcolor"
        running.shutdown()
        thread.join()


def test_a_file_is_fetched_once_into_the_cache(fetched):
    find, asked, cache = fetched
    for _ in range(2):
        assert find(("right.bin", RIGHT)) == CONTENT
    assert asked == ["/right.bin"]
    assert [path.name for path in cache.iterdir()] == ["right.bin"]


def test_a_damaged_cache_is_fetched_again(fetched):
    find, asked, cache = fetched
    cache.mkdir()
    (cache / "right.bin").write_bytes(CONTENT[:-1])
    assert find(("right.bin", RIGHT)) == CONTENT and asked == ["/right.bin"]


def test_the_next_address_is_tried_and_any_cached_one_will_do(fetched):
    find, asked, cache = fetched
    sources = [(f"{name}.bin", RIGHT) for name in ("none", "short", "right")]
    assert find(*sources) == CONTENT
    assert asked == ["/none.bin", "/short.bin", "/right.bin"]
    assert find(*sources) == CONTENT
    assert len(asked) == 3 and [path.name for path in cache.iterdir()] == ["right.bin"]


def test_every_reason_is_told_and_nothing_is_left(fetched):
    find, _, cache = fetched
    with pytest.raises(ValueError, match="--inception-weights PATH") as caught:
        find(("none.bin", RIGHT), ("short.bin", RIGHT), ("right.bin", "0" * 64))
    message = str(caught.value)
    assert "/none.bin: 404" in message and "/short.bin: " in message
    assert "/right.bin: SHA256 hash" in message and "\n" not in message
    assert not list(cache.iterdir())
