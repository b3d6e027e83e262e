"""Fetching from a server on this machine: right, wrong, cut off, and only once."""

import functools
import hashlib
import http.server
import threading

import pytest

from tfcolor.evaluation.features import fetch

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
def server():
    """The address of a server, and a list of what it was asked for."""
    asked = []
    with http.server.HTTPServer(("127.0.0.1", 0), functools.partial(Handler, asked)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", asked
        running.shutdown()
        thread.join()


def test_a_file_is_fetched_once(server, tmp_path, capsys):
    url, asked = server
    sources = [fetch.Source(f"{url}/right.bin", RIGHT)]
    path = fetch.fetch(sources, tmp_path / "new" / "folder")
    assert path == tmp_path / "new/folder/right.bin" and path.read_bytes() == CONTENT
    assert fetch.fetch(sources, path.parent) == path
    assert asked == ["/right.bin"]
    assert capsys.readouterr().err == f"fetching {url}/right.bin\n"


def test_a_damaged_cache_is_fetched_again(server, tmp_path):
    url, asked = server
    (tmp_path / "right.bin").write_bytes(CONTENT[:-1])
    path = fetch.fetch([fetch.Source(f"{url}/right.bin", RIGHT)], tmp_path)
    assert path.read_bytes() == CONTENT and asked == ["/right.bin"]


def test_the_next_address_is_tried_and_any_cached_one_will_do(server, tmp_path):
    url, asked = server
    sources = [fetch.Source(f"{url}/{name}.bin", RIGHT) for name in ("none", "short", "right")]
    assert fetch.fetch(sources, tmp_path).read_bytes() == CONTENT
    assert asked == ["/none.bin", "/short.bin", "/right.bin"]
    assert fetch.fetch(sources, tmp_path).name == "right.bin"
    assert len(asked) == 3 and [path.name for path in tmp_path.iterdir()] == ["right.bin"]


def test_every_reason_is_told_and_nothing_is_left(server, tmp_path):
    url, _ = server
    sources = [
        fetch.Source(f"{url}/none.bin", RIGHT),
        fetch.Source(f"{url}/short.bin", RIGHT),
        fetch.Source(f"{url}/right.bin", "0" * 64),
        fetch.Source("http://127.0.0.1:1/refused.bin", RIGHT),
    ]
    with pytest.raises(OSError) as caught:
        fetch.fetch(sources, tmp_path)
    message = str(caught.value)
    assert "/none.bin: HTTP Error 404" in message
    assert f"/short.bin: cut off after {len(CONTENT) // 2} of {len(CONTENT)} bytes" in message
    assert f"/right.bin: SHA-256 is {RIGHT}, must be {'0' * 64}" in message
    assert "/refused.bin: [Errno" in message and "\n" not in message
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told(server, tmp_path):
    url, _ = server
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        fetch.fetch([fetch.Source(f"{url}/right.bin", RIGHT)], tmp_path / "file")


def test_the_cache_lies_where_the_desktop_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert fetch.cache_folder() == tmp_path / "tfcolor"
    monkeypatch.setenv("HOME", str(tmp_path))
    for unusable in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", unusable)
        assert fetch.cache_folder() == tmp_path / ".cache" / "tfcolor"
