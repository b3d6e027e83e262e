"""How fast are the clients of TF Serving, by REST and gRPC, with planes and whole photographs?

The server is `tests/loopback.py`, which runs the SavedModel in TensorFlow's session as TF Serving
does, but in Python: the figures compare ways of requests, and are not TF Serving's own. It shares
its cores with the clients. One client and several at once send requests for some seconds. Prints
one JSON line with milliseconds per request and photographs per second.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent import futures
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import click
import measure

from tfcolor import images
from tfcolor.colorizing import reduction
from tfcolor.serving import remote

ROOT = Path(__file__).parents[1]
SAMPLE = Path(str(resources.files("tfcolor"))) / "data" / "samples" / "01f824264783f58d.jpg"
WARM_UP_CALLS = 3


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--photograph", default=SAMPLE, type=click.Path(exists=True, path_type=Path))
@click.option("--seconds", default=10.0, help="That each way is asked.")
@click.option("--clients", default=4, help="At once, beside one alone.")
def main(model: Path, photograph: Path, seconds: float, clients: int) -> None:
    """Measures MODEL, a SavedModel or a folder of versions."""
    load = measure.load()
    rgb = images.read_rgb(photograph)
    result: dict[str, Any] = {"photograph": [rgb.shape[1], rgb.shape[0]], "clients": clients}
    command = [sys.executable, str(ROOT / "tests/loopback.py"), str(model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            urls = json.loads(server.stdout.readline())
            for protocol in ("rest", "grpc"):
                far = remote.connect(urls[protocol])
                for name, call in _calls(far, photograph.read_bytes(), rgb).items():
                    for _ in range(WARM_UP_CALLS):
                        call()
                    for count in (1, clients):
                        result[f"{protocol}_{name}_{count}"] = _measured(call, count, seconds)
        finally:
            server.kill()
    result |= {"device": measure.device(), "load_at_start": load}
    names = ("tfcolor", "tensorflow", "grpcio")
    print(json.dumps(result | {"versions": {name: metadata.version(name) for name in names}}))


def _calls(far: remote.Remote, file: bytes, rgb: Any) -> dict[str, Callable[[], object]]:
    """The kinds of requests: color planes of the small size, or the whole photograph as a file."""
    l = reduction.reduce(rgb, far.size)

    def photograph(jpeg: bool) -> object:
        (answer,) = far.colorize([file], jpeg=jpeg)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return {
        "planes_png": lambda: far(l),
        "serving_default": lambda: photograph(jpeg=False),
        "jpeg": lambda: photograph(jpeg=True),
    }


def _measured(call: Callable[[], object], clients: int, seconds: float) -> dict[str, float]:
    """Measures requests from several threads."""
    end = time.perf_counter() + seconds

    def ask(_: int) -> list[float]:
        took = []
        while (began := time.perf_counter()) < end:
            call()
            took.append(1000 * (time.perf_counter() - began))
        return took

    began = time.perf_counter()
    with futures.ThreadPoolExecutor(clients) as pool:
        took = [each for several in pool.map(ask, range(clients)) for each in several]
    rate = len(took) / (time.perf_counter() - began)
    p95 = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return {
        "median_ms": round(statistics.median(took), 1),
        "p95_ms": round(p95, 1),
        "per_s": round(rate, 2),
    }


if __name__ == "__main__":
    main()
