"""Does work that is killed at random moments leave anything corrupt, or lose what was done?

Starts a command, kills it with SIGKILL at a random moment, looks at what it left, and starts it
again, which resumes, until it was killed so many times; then lets it finish and compares the result
with that of a run without kills. Every second kill waits until the command has a file of its output
open for writing (other than locks and TensorBoard's events, which are always open). Commands run as
forks of this process, which has imported their modules, so that most moments are moments of work.

Prints one JSON line: of each command the kills, how many of them found a file open for writing, and
what was wrong; the exit status is 1 if anything was. Linux only, since it reads /proc.
"""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import measure
from killed_tasks import FaultError, Task, make_inputs, tasks

from tfcolor.cli import main as commands
from tfcolor.export import saved_model  # noqa: F401 - imported once, before the forks
from tfcolor.prepare import run as prepare_run  # noqa: F401
from tfcolor.support import disk
from tfcolor.training import loop  # noqa: F401
from tfcolor.video import run as video_run  # noqa: F401

POLL_S = 0.001
FORK = multiprocessing.get_context("fork")
ALWAYS_OPEN = (disk.LOCK, "tfevents")


def _run(arguments: list[str], log: Path) -> None:
    """The command, in a fork."""
    os.setsid()
    with open(log, "ab", buffering=0) as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        commands.cli(arguments, prog_name="tfcolor")


def _in_fork(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns, without any state of TensorFlow's left in this process.

    Raises:
      FaultError: as the function.
    """

    def call(pipe: Any) -> None:
        try:
            pipe.send((True, function(*arguments)))
        except FaultError as error:
            pipe.send((False, str(error)))

    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=call, args=(theirs,))
    process.start()
    theirs.close()
    went_well, value = ours.recv()
    process.join()
    if not went_well:
        raise FaultError(value)
    return value


def _is_writing(pid: int, out: Path) -> bool:
    """Whether a process has a file of the output open for writing."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                name = os.readlink(entry.path)
                if not name.startswith(str(out)) or any(each in name for each in ALWAYS_OPEN):
                    continue
                flags = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text().split()[3]
                if int(flags, 8) & os.O_ACCMODE:
                    return True
    return False


def _kill(process: Any, out: Path, after_s: float, while_writing: bool) -> bool | None:
    """Kills a process; whether it was writing, or None if it came to its end before."""
    end = time.monotonic() + after_s
    while process.is_alive():
        writing = _is_writing(process.pid, out)
        if time.monotonic() >= end and (writing or not while_writing):
            os.killpg(process.pid, 9)
            process.join()
            return writing if process.exitcode == -9 else None
        time.sleep(POLL_S)
    return None


def measured(task: Task, kills: int, work: Path, rng: random.Random) -> dict[str, Any]:
    """Kills a command and gives what became of it."""
    out, right, log = work / "out", work / "right", work / "log"
    right.mkdir()
    began = time.monotonic()
    process = FORK.Process(target=_run, args=(task.arguments(right), log))
    process.start()
    process.join()
    seconds = time.monotonic() - began
    if process.exitcode:
        raise SystemExit(f"the command fails without kills, too:\n{log.read_text()}")
    done = writing = finished = kept = 0
    wrong: list[str] = []
    out.mkdir()
    while done < kills:
        process = FORK.Process(target=_run, args=(task.arguments(out), log))
        process.start()
        while process.is_alive() and os.getpgid(process.pid) != process.pid:
            time.sleep(POLL_S)  # until it has a group of its own
        at_write = _kill(process, out, rng.uniform(0, seconds), while_writing=done % 2 == 0)
        try:
            if at_write is None:  # it came to its end
                finished += 1
                if process.exitcode:
                    raise FaultError(f"exit status {process.exitcode}: {_last_line(log)}")
                _in_fork(task.compare, out, right)
                kept = 0
                shutil.rmtree(out)
                out.mkdir()
                continue
            done += 1
            writing += at_write
            print(f"\r{done} of {kills} kills", end="", file=sys.stderr)
            now = _in_fork(task.inspect, out, right)
            if now < kept:
                raise FaultError(f"{now} where there were {kept} before")
            kept = now
        except FaultError as error:
            wrong.append(str(error))
            shutil.rmtree(out)
            out.mkdir()
            kept = 0
    partials = sum(1 for path in out.rglob("*.partial"))
    return {
        "kills": done,
        "while_writing": writing,
        "ends": finished,
        "seconds_without_kills": round(seconds, 1),
        "partial_files_left": partials,
        "wrong": wrong,
    }


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


@click.command()
@click.option("--task", "only", multiple=True, help="Of colorize, video, prepare, train, export.")
@click.option("--kills", help="Of each command; 100, and 30 of train and export, if not given.")
@click.option("--seed", default=0)
def main(only: tuple[str, ...], kills: str | None, seed: int) -> None:
    """Kills commands at random moments."""
    result: dict[str, Any] = {}
    for name in only or ("colorize", "video", "prepare", "train", "export"):
        with tempfile.TemporaryDirectory(prefix="tfcolor-kills-") as place:
            work = Path(place)
            make_inputs(work)
            count = int(kills or (30 if name in ("train", "export") else 100))
            task = tasks(work)[name]
            result[name] = measured(task, count, work, random.Random(seed))
            print(f"\n{name} {json.dumps(result[name])}", file=sys.stderr)
    print(json.dumps(result | {"device": measure.device()}))
    sys.exit(any(row["wrong"] for row in result.values()))


if __name__ == "__main__":
    main()
