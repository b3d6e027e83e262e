"""A Dask cluster on loopback: a scheduler and workers as processes of their own."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dask import distributed

from tfcolor.cli import beam_options

RUNNER = f"--runner={beam_options.DASK}"


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Starts one; its files are in the folder.

    Yields:
      The scheduler's address, and the workers' processes: one thread each, and nothing starts a
      killed one again.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, where = f"tcp://127.0.0.1:{port}", ["--local-directory", str(folder)]
    quiet = ["--no-dashboard", "--host", "127.0.0.1"]
    started: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> None:
            program = [sys.executable, "-m", "dask", *arguments, *quiet]
            log = stack.enter_context(open(folder / f"{len(started)}.log", "wb"))
            started.append(subprocess.Popen(program, cwd=folder, stdout=log, stderr=log))

        try:
            start("scheduler", "--port", str(port))
            for _ in range(workers):
                start("worker", address, "--nthreads", "1", "--no-nanny", *where)
            _wait(address, workers)
            yield address, started[1:]
        finally:
            with contextlib.suppress(ValueError):
                distributed.default_client().close()  # Beam leaves it open
            for process in started:
                process.kill()
                process.wait()


def _wait(address: str, workers: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), distributed.Client(address, timeout="2s") as client:
            client.wait_for_workers(workers, timeout=60)
            return
        time.sleep(0.2)
    raise TimeoutError(address)
