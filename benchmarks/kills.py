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
import dataclasses
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import click
import measure
import numpy as np
import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from tfcolor.cli import main as commands
from tfcolor.data import samples
from tfcolor.export import saved_model  # noqa: F401 - imported once, before the forks
from tfcolor.prepare import run as prepare_run  # noqa: F401
from tfcolor.runtimes import workdirs
from tfcolor.support import disk
from tfcolor.training import loop  # noqa: F401
from tfcolor.video import run as video_run  # noqa: F401

POLL_S = 0.001
FORK = multiprocessing.get_context("fork")
ALWAYS_OPEN = (disk.LOCK, "tfevents")
TRAIN = (
    "--recipe pix2pix --image-size 32 --batch-size 4 --steps 60 --log-every 5 "
    "--checkpoint-every 5 --validate-every 20 --set width=2 --set depth=2 --set gan_weight=0 "
    "--set validation_limit=4"
).split()


class FaultError(Exception):
    """What a kill must not cause."""


@dataclasses.dataclass(frozen=True)
class Task:
    """A command that is killed.

    Attributes:
      arguments: (output folder) -> those of `tfcolor`.
      inspect: (output folder, that of a run without kills) -> what a later `inspect` must not find
        to be less; called after every kill, raises `FaultError`.
      compare: (output folder, that of a run without kills); called at the end, raises `FaultError`.
    """

    arguments: Callable[[Path], list[str]]
    inspect: Callable[[Path, Path], int]
    compare: Callable[[Path, Path], None]


def main_tasks(inputs: Path) -> dict[str, Task]:
    """The commands, with what they leave."""
    photographs, film = inputs / "photographs", inputs / "film.mp4"
    return {
        "colorize": Task(
            lambda out: ["colorize", str(photographs), "-o", str(out / "color")],
            _whole_photographs,
            lambda out, right: _require_same(out / "color", right / "color"),
        ),
        "video": Task(
            lambda out: ["video", str(film), "-o", str(out / "color.mp4")],
            lambda out, right: len(list(out.glob(".color.mp4.parts/[0-9]*.nut"))),
            _require_same_film,
        ),
        "prepare": Task(
            lambda out: ["prepare", str(photographs), str(out / "set"), "--part-size", "8"],
            lambda out, right: len(list(out.rglob("*.npz"))),
            _require_same_set,
        ),
        "train": Task(
            lambda out: ["train", *TRAIN, "--data", "samples", "--workdir", str(out / "run")],
            _whole_checkpoints,
            _require_same_weights,
        ),
        "export": Task(
            lambda out: ["export", "bundled", str(out / "model")],
            _whole_versions,
            lambda out, right: None,  # compared after every kill
        ),
    }


def _whole_photographs(out: Path, right: Path) -> int:
    done = [path for path in out.glob("color/*") if not path.name.startswith(".")]
    for path in done:
        if path.read_bytes() != (right / "color" / path.name).read_bytes():
            raise FaultError(f"{path.name} is not what it should be")
    return len(done)


def _whole_checkpoints(out: Path, right: Path) -> int:
    steps = [0]
    for folder in (workdirs.LAST, workdirs.BEST):
        for path in workdirs.checkpoints(out / "run" / folder):
            try:
                saved = tf.train.load_checkpoint(str(path))
                for name in saved.get_variable_to_shape_map():
                    saved.get_tensor(name)
            except Exception as error:
                raise FaultError(f"{path.name} cannot be read: {error}") from error
            if folder == workdirs.LAST:
                steps.append(int(path.name.removeprefix("step-")))
    return max(steps)


def _whole_versions(out: Path, right: Path) -> int:
    """Whether each version that TF Serving would load has all its files."""
    versions = [path for path in out.glob("model/*") if path.name.isdigit()]
    for version in versions:
        if _sizes(version) != _sizes(right / "model" / "1"):
            raise FaultError(f"version {version.name} is incomplete")
        try:
            loader_impl.parse_saved_model(str(version))
        except OSError as error:
            raise FaultError(f"version {version.name} cannot be read: {error}") from error
    return len(versions)


def _sizes(folder: Path) -> dict[str, int]:
    """The files of a version and their sizes, 0 for those that differ from export to export."""
    return {
        str(path.relative_to(folder)): 0 if path.suffix == ".pb" else path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


def _require_same(out: Path, right: Path) -> None:
    made, expected = (
        {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }
        for folder in (out, right)
    )
    if made != expected:
        raise FaultError(f"{sorted(made.items() ^ expected.items())[:3]} differ")


def _require_same_film(out: Path, right: Path) -> None:
    def frames(folder: Path) -> tuple[list[float], np.ndarray]:
        with av.open(str(folder / "color.mp4")) as container:
            decoded = [(each.time, each.to_ndarray(format="gray")) for each in container.decode(0)]
        return [time_ for time_, _ in decoded], np.stack([picture for _, picture in decoded])

    (times, pictures), (expected_times, expected) = frames(out), frames(right)
    if times != expected_times:
        raise FaultError(f"{len(times)} of {len(expected_times)} frames, or other times")
    if np.abs(pictures.astype(int) - expected).mean() > 1:  # x264 is not always exact itself
        raise FaultError("other frames")


def _require_same_set(out: Path, right: Path) -> None:
    def photographs(folder: Path) -> list[str]:
        files = sorted((folder / "set").rglob("*.tfrecord*"))
        records = [bytes(each) for f in files for each in _records(f)]
        return sorted(hashlib.sha256(record).hexdigest() for record in records)

    if photographs(out) != photographs(right):
        raise FaultError("other photographs in the set")


def _records(path: Path) -> Iterator[bytes]:
    yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()


def _require_same_weights(out: Path, right: Path) -> None:
    def weights(folder: Path) -> dict[str, np.ndarray]:
        newest = workdirs.checkpoints(folder / "run" / workdirs.LAST)[-1]
        saved = tf.train.load_checkpoint(str(newest))
        names = [name for name in saved.get_variable_to_shape_map() if "generator" in name]
        return {name: saved.get_tensor(name) for name in names}

    made, expected = weights(out), weights(right)
    for name, value in expected.items():
        if value.dtype.kind == "f" and not np.allclose(made[name], value, atol=1e-5):
            raise FaultError(f"{name} differs by {np.abs(made[name] - value).max():.2g}")


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


def _make_inputs(folder: Path) -> None:
    (folder / "photographs").mkdir()
    for path in sorted(samples.FOLDER.glob("*.jpg"))[:48]:
        shutil.copy(path, folder / "photographs")
    rng = np.random.default_rng(0)
    with av.open(str(folder / "film.mp4"), "w") as made:
        stream = made.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        wide = rng.integers(0, 256, (15, 120), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        for index in range(300):
            rgb = np.repeat(wide[:, index : index + 160, None], 3, axis=-1)
            made.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb))))
        made.mux(stream.encode(None))


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
            _make_inputs(work)
            count = int(kills or (30 if name in ("train", "export") else 100))
            task = main_tasks(work)[name]
            result[name] = measured(task, count, work, random.Random(seed))
            print(name, json.dumps(result[name]), file=sys.stderr)
    print(json.dumps(result | {"device": measure.device()}))
    sys.exit(any(row["wrong"] for row in result.values()))


if __name__ == "__main__":
    main()
