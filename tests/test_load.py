"""Many clients at once: every reply is right, none is lost, also where the server is killed."""

import io
import threading
import time
from concurrent import futures

import loopback
import numpy as np
import pytest
import served
from conftest import colorful_photo
from PIL import Image

from tfcolor.colorizing import rendering
from tfcolor.serving import remote

pytestmark = pytest.mark.slow

CLIENTS = 8
REQUESTS = 72


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel with all signatures; not to be changed."""
    return served.save(tmp_path_factory.mktemp("saved") / "1")


def ask(far, index):
    """Planes or a photograph of its own size; gives the largest difference from what is right."""
    height, width = 24 + index % 7, 30 + index % 11
    if index % 2:
        l = np.random.default_rng(index).uniform(-1, 1, (height, width)).astype(np.float32)
        return np.abs(far(l) - served.waves(l)).max() * 127  # as levels
    rgb = colorful_photo(index, height, width)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    (answer,) = far.colorize([file.getvalue()], size=24)
    assert isinstance(answer, bytes), answer
    right = rendering.colorize(rgb, Waves()).astype(int)
    return np.abs(np.asarray(Image.open(io.BytesIO(answer))) - right).max()


class Waves:
    """The network that is served, here."""

    size, stride, takes_hints = 24, 8, False

    def __call__(self, l):
        return served.waves(l).astype(np.float32)


def ask_all(urls, answered):
    """All requests by several clients of both kinds; gives the differences, in order."""
    nets = [remote.Remote(url, deadline_s=300) for url in urls]  # a busy machine starts slowly

    def work(index):
        away = ask(nets[index % 4 // 2], index)  # photographs and planes to both
        answered.append(index)
        return away

    with futures.ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(work, range(REQUESTS)))


def test_every_reply_to_many_clients_is_right(saved):
    with loopback.Server(saved) as server:
        away = ask_all([server.rest, server.grpc], [])
        assert len(away) == REQUESTS and max(away) <= 1
        assert server.predictions == REQUESTS


def test_clients_finish_where_the_server_is_killed_and_started_again(saved):
    answered = []
    with loopback.process(saved, "--delay", 0.1) as first:
        ports = ("--grpc-port", first.grpc_port, "--rest-port", first.rest_port)

        def kill():
            while len(answered) < REQUESTS // 6 and not over.is_set():
                time.sleep(0.01)
            first.popen.kill()  # SIGKILL: no request is finished, no connection closed in order
            first.popen.wait()
            before = len(answered)
            with loopback.process(saved, *ports):
                over.wait()
            return before

        over = threading.Event()
        with futures.ThreadPoolExecutor(1) as pool:
            killed = pool.submit(kill)
            try:
                away = ask_all([first.rest, first.grpc], answered)
            finally:
                over.set()
        assert REQUESTS // 6 <= killed.result() < REQUESTS
    assert len(away) == REQUESTS and max(away) <= 1
