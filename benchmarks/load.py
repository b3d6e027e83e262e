"""Do 10,000 requests of 32 clients all get their right answer while the server is killed?

The server is `tests/loopback.py` with a small network whose colors are known in closed form, so
that every answer can be checked. Half of the requests ask for planes and half for whole
photographs, of 77 sizes, half over REST and half over gRPC. When half of the requests are answered,
the server is killed with SIGKILL, and started again on the same ports a second later. Prints one
JSON line with the number of lost and of wrong answers, and the resident memory of the clients'
process in MB after each tenth of the requests. Exits with 1 if an answer was lost or wrong.
"""

import io
import json
import sys
import tempfile
import threading
import time
from concurrent import futures
from pathlib import Path

import click
import measure
import numpy as np
from PIL import Image

from tfcolor.colorizing import rendering
from tfcolor.serving import remote

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import conftest
import loopback
import served

TOLERANCE = 1.0  # levels of 255: rounding, and 16-bit PNGs of planes
PAUSE_S = 1.0  # in which there is no server
DEADLINE_S = 600.0  # of one request, on however busy a machine


class Waves:
    """The network that is served, computed here."""

    size, stride, takes_hints = 24, 8, False

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """See `runtimes.Network`."""
        return served.waves(l).astype(np.float32)


class Question:
    """A request, and how far its answer is from the right one, in levels of 255."""

    def __init__(self, index: int) -> None:
        height, width = 24 + index % 7, 30 + index % 11
        self._is_plane = index % 2 == 0
        if self._is_plane:
            rng = np.random.default_rng(index % 77)
            self._l = rng.uniform(-1, 1, (height, width)).astype(np.float32)
            self._right = served.waves(self._l) * 127
        else:
            rgb = conftest.colorful_photo(index % 77, height, width)
            file = io.BytesIO()
            Image.fromarray(rgb).save(file, "PNG")
            self._file = file.getvalue()
            self._right = rendering.colorize(rgb, Waves()).astype(int)

    def error(self, far: remote.Remote) -> float:
        """Asks; raises OSError where there is no answer."""
        if self._is_plane:
            answer = far(self._l) * 127
        else:
            (encoded,) = far.colorize([self._file], size=Waves.size)
            if isinstance(encoded, Exception):
                raise encoded
            answer = np.asarray(Image.open(io.BytesIO(encoded)))
        return float(np.abs(answer - self._right).max())


@click.command()
@click.option("--requests", default=10_000)
@click.option("--clients", default=32, help="Requests at once.")
def main(requests: int, clients: int) -> None:
    """Sends the requests and prints what became of them."""
    load = measure.load()
    questions = [Question(index) for index in range(2 * 77)]
    errors: list[float | None] = []  # None for a lost answer
    memory: list[int] = []
    lock = threading.Lock()
    with tempfile.TemporaryDirectory() as folder:
        model = served.save(Path(folder) / "1")
        with loopback.process(model) as server:
            ports = ("--grpc-port", server.grpc_port, "--rest-port", server.rest_port)
            nets = [remote.Remote(url, deadline_s=DEADLINE_S) for url in (server.rest, server.grpc)]
            half, over = threading.Event(), threading.Event()

            def ask(index: int) -> None:
                try:
                    error = questions[index % len(questions)].error(nets[index // 2 % 2])
                except OSError:
                    error = None
                with lock:
                    errors.append(error)
                    if len(errors) % max(requests // 10, 1) == 0:
                        memory.append(round(measure.resident_mb()))
                    if len(errors) >= requests // 2:
                        half.set()

            def restart() -> None:
                half.wait()
                server.popen.kill()
                server.popen.wait()
                time.sleep(PAUSE_S)
                with loopback.process(model, *ports):
                    over.wait()

            began = time.perf_counter()
            with futures.ThreadPoolExecutor(clients + 1) as pool:
                restarted = pool.submit(restart)
                try:
                    futures.wait([pool.submit(ask, index) for index in range(requests)])
                finally:
                    half.set()
                    over.set()
                restarted.result()
    wrong = sum(error is not None and error > TOLERANCE for error in errors)
    result = {
        "requests": requests,
        "clients": clients,
        "lost": errors.count(None),
        "wrong": wrong,
        "seconds": round(time.perf_counter() - began, 1),
        "client_resident_mb": memory,
        "device": measure.device(),
        "load_at_start": load,
    }
    print(json.dumps(result | {"versions": measure.versions("tensorflow", "grpcio")}))
    sys.exit(bool(result["lost"] or wrong))


if __name__ == "__main__":
    main()
