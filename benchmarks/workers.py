"""How fast do one and two workers train, and do two go on when one of them is killed?

    python benchmarks/workers.py FOLDER

Trains the default recipe on the photographs of a folder with `tfcolor launch`, workers being
processes of this machine that share its cores: this shows what agreeing costs, not what more
machines bring. Then two workers train 300 steps, and one is killed halfway. Prints one JSON line;
exits with 1 if these steps were not all done.
"""

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

import tfcolor
from tfcolor.runtimes import workdirs

RATED = 60  # steps that a rate is measured with
KILLED = 300  # steps of the run that loses a worker
OPTIONS = (
    "--log-every 5 --checkpoint-every 25 --validate-every 100000 --set validation_limit=8"
).split()


def train(work: Path, source: Path, workers: int, steps: int, kill: bool = False) -> list[str]:
    """Trains; returns the logs of the workers."""
    ports = []
    for _ in range(workers):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    addresses = ",".join(f"127.0.0.1:{port}" for port in ports)
    program = "from tfcolor.cli import main; main.cli()"
    command = [sys.executable, "-c", program, "launch", "--workers", addresses, *OPTIONS]
    command += ["--data", str(source), "--steps", str(steps)]
    logs, launched = [work / f"log{index}" for index in range(workers)], []
    for index, log in enumerate(logs):
        own = ["--index", str(index), "--workdir", str(work / f"run{index}")]
        with open(log, "w") as file:
            launched.append(subprocess.Popen([*command, *own], stdout=file, stderr=file))
    while kill:
        time.sleep(0.5)
        if workdirs.steps_done(work / "run0") > steps / 2:
            (trained,) = re.findall(r"is process (\d+)", logs[-1].read_text())
            os.kill(int(trained), signal.SIGKILL)
            break
    for process in launched:
        process.wait()
    return [log.read_text() for log in logs]


def rate(run: Path) -> float:
    """Images per second in the first stage: the median of its metrics but the first."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    rates = [
        line["train/images_per_second"]
        for line in lines
        if "train/g_loss" in line and line["stage"] == lines[0]["stage"]
    ]
    return statistics.median(rates[1:])


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
def main(source: Path) -> None:
    """Measures on the photographs of SOURCE, a folder or a prepared set."""
    rates = {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as name:
            train(Path(name), source, workers, RATED)
            rates[workers] = round(rate(Path(name) / "run0"), 2)
    with tempfile.TemporaryDirectory() as name:
        began = time.monotonic()
        logs = train(Path(name), source, 2, KILLED, kill=True)
        seconds = time.monotonic() - began
        done = workdirs.steps_done(Path(name) / "run0")
    result = {
        "benchmark": "workers",
        "images_per_second": rates,
        "killed": {
            "steps": done,
            "seconds": round(seconds),
            "resumed_at": re.findall(r"resumed .* at step (\d+)", logs[0]),
            "restarts": [len(re.findall(r"; restart \d+ of", log)) for log in logs],
        },
        "cpus": os.cpu_count(),
        "tfcolor": tfcolor.__version__,
    }
    print(json.dumps(result))
    sys.exit(0 if done == KILLED else 1)


if __name__ == "__main__":
    main()
