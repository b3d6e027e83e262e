"""`tfcolor launch`."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from types import FrameType

import click

from tfcolor.cli import options
from tfcolor.support import errors

PAUSE_S = 5.0  # before a restart
FINAL = (0, 2, options.INTERRUPTED)  # exit codes after which a restart would not help

log = logging.getLogger(__name__)


@click.command(
    short_help="Train on several machines, and go on when a worker is lost.",
    context_settings={"ignore_unknown_options": True},
    epilog="Example: tfcolor launch --index 0 --workers 10.0.0.1:12345,10.0.0.2:12345 "
    "--data ~/Pictures --workdir runs/mine",
)
@click.option(
    "--workers",
    metavar="HOST:PORT,...",
    required=True,
    help="Addresses of all machines, the same everywhere.",
)
@click.option("--index", type=click.IntRange(0), required=True, help="This machine's, from 0.")
@click.option(
    "--restarts",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Start the training again so many times.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF TRAIN]...")
@click.pass_context
def launch(
    context: click.Context, workers: str, index: int, restarts: int, arguments: tuple[str, ...]
) -> None:
    """Train on several machines: run this on each, with the options of `tfcolor train`.

    The training runs in a process of its own. When it is killed or loses another worker, it is
    started again and goes on from the last checkpoint. Ctrl-C stops it on all machines.
    """
    addresses = workers.split(",")
    for address in addresses:
        if not re.fullmatch(r"[^\s:,]+:\d+", address):
            raise errors.InputError(f"--workers takes HOST:PORT,HOST:PORT,..., got {workers}")
    if index >= len(addresses):
        raise errors.InputError(f"--index must be 0 to {len(addresses) - 1}, got {index}")
    task = {"type": "worker", "index": index}
    environment = {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}
    code = _Supervised(arguments, environment).run(restarts)
    context.exit(128 - code if code < 0 else code)  # as a shell reports signals


class _Supervised:
    """A training that is started again when it fails; SIGINT and SIGTERM are passed on to it."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        program = "from tfcolor.cli import main; main.train_main()"
        self._command = [sys.executable, "-c", program, *arguments]
        self._environment = {**os.environ, **environment}
        self._stopped = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, restarts: int) -> int:
        """The exit code of the last try."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        for restart in range(restarts + 1):
            # Of a session of its own: it gets Ctrl-C from here, and once.
            self._process = subprocess.Popen(
                self._command, env=self._environment, start_new_session=True
            )
            log.info("training is process %d", self._process.pid)
            code = self._process.wait()
            if code in FINAL or self._stopped.is_set():
                return code
            if restart < restarts:
                log.warning(
                    "training ended with code %d; restart %d of %d", code, restart + 1, restarts
                )
                if self._stopped.wait(PAUSE_S):
                    return options.INTERRUPTED
        return code

    def _stop(self, number: int, _: FrameType | None) -> None:
        self._stopped.set()
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
