"""Do `colorize` and `prepare` finish on a Dask cluster that loses a worker, and how fast are they?

    python benchmarks/cluster.py PHOTOGRAPHS --count 2000

Starts a scheduler and workers, processes of their own on loopback with one thread each, takes some
photographs of a folder and damages every fortieth. Measures `colorize` with one and with two
workers; then colorizes and prepares all with two, of which one is killed halfway, and compares the
photographs done, the failures and the set with those of one machine without Beam. Prints one JSON
line. Exits with 1 if a photograph is missing, was made twice, or differs.
"""

import csv
import filecmp
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import tensorflow as tf

import tfcolor
from tfcolor import images
from tfcolor.images import searching

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import dask_cluster

DAMAGED = 40  # every so manyth photograph
RATED = 0.2  # share of the photographs that a rate is measured with
PARTITION = 20  # photographs that a worker takes at a time
ROUNDING = 2  # levels; sums of another order, decoded from JPEG
PART = 100  # photographs in a shard of a set


def command(*arguments: object) -> subprocess.Popen[bytes]:
    """Starts a command of tfcolor."""
    program = [sys.executable, "-c", "from tfcolor.cli import main; main.cli()"]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*program, *map(str, arguments)], **silent)


def on_cluster(
    work: Path,
    workers: int,
    arguments: list[object],
    partition: int,
    lost: Callable[[], bool] | None = None,
) -> float:
    """Seconds that a command takes; `lost` says when to kill a worker."""
    folder = Path(tempfile.mkdtemp(dir=work))
    with dask_cluster.cluster(folder, workers) as (address, processes):
        options = [f"--dask_client_address={address}", f"--dask_partition_size={partition}"]
        flags = [part for option in options for part in ("--beam-option", option)]
        began = time.monotonic()
        running = command(*arguments, "--runner", "DaskRunner", *flags)
        while lost and not lost():
            if running.poll() is not None:
                raise RuntimeError("the command ended before a worker was killed")
            time.sleep(0.05)
        if lost:
            processes[0].kill()
        running.wait()
        return time.monotonic() - began


def results(folder: Path) -> dict[str, os.stat_result]:
    """The colorized photographs in a folder, by name."""
    return {path.name: path.stat() for path in folder.glob("*.jpg")}


def apart(one: Path, other: Path) -> int:
    """The largest difference of two photographs, levels."""
    first, second = (images.read_rgb(path).astype(int) for path in (one, other))
    return int(np.abs(first - second).max())


def failures(folder: Path) -> list[str]:
    """The names of the photographs that failed."""
    with open(folder / "failures.csv", newline="") as file:
        return sorted(Path(row["file"]).name for row in csv.DictReader(file))


def records(folder: Path) -> dict[str, list[tf.train.Example]]:
    """The records in a set's files, by file name."""
    return {
        path.name: [
            tf.train.Example.FromString(record)
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        ]
        for path in folder.glob("*.tfrecord-*")
    }


@click.command()
@click.argument("photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=2000, show_default=True)
def main(photographs: Path, count: int) -> None:
    """Measures with COUNT photographs of a folder."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (given := work / "given").mkdir()
        (few := work / "few").mkdir()
        found = [path for path in searching.search(photographs) if path.suffix == ".jpg"]
        for index, path in enumerate(random.Random(0).sample(found, count)):
            copy = given / f"{index:05d}.jpg"
            shutil.copyfile(path, copy)
            if index < RATED * count:
                shutil.copyfile(path, few / copy.name)
            if index % DAMAGED == DAMAGED - 1:
                copy.write_bytes(copy.read_bytes()[:500])
        rates = {
            workers: len(results(few))
            / on_cluster(
                work,
                workers,
                ["colorize", few, "-o", work / f"few{workers}", "--recolor"],
                PARTITION,
            )
            for workers in (1, 2)
        }
        colorize, colored = ["colorize", given, "--recolor", "-o"], work / "colored"
        before: dict[str, os.stat_result] = {}

        def half_colored() -> bool:
            before.update(results(colored))
            return len(before) > count / 2

        seconds = on_cluster(work, 2, [*colorize, colored], PARTITION, half_colored)
        command(*colorize, work / "alone").wait()
        made, alone = results(colored), results(work / "alone")
        differing = filecmp.cmpfiles(colored, work / "alone", alone, shallow=False)[1]
        most = max([apart(colored / each, work / "alone" / each) for each in differing], default=0)
        twice = [each for each, stat in before.items() if stat != made.get(each)]

        prepare = ["prepare", "--part-size", PART, given]

        def half_prepared() -> bool:
            return len(list((work / "set").rglob("train-*.json"))) > count / PART / 2

        prepared = on_cluster(work, 2, [*prepare, work / "set"], 1, half_prepared)
        command(*prepare, work / "alone-set").wait()
        same_set = records(work / "set") == records(work / "alone-set")
        killed = {
            "made": len(made),
            "missing": len(alone.keys() - made.keys()),
            "made_twice": len(twice),
            "other_bytes": len(differing),
            "largest_difference": most,
            "failed": len(failures(colored)),
        }
        is_right = (
            made.keys() == alone.keys()
            and most <= ROUNDING
            and not twice
            and failures(colored) == failures(work / "alone")
            and same_set
        )
        result = {
            "benchmark": "cluster",
            "photographs": count,
            "per_second": {workers: round(rate, 2) for workers, rate in rates.items()},
            "killed": killed,
            "seconds": {"colorize": round(seconds, 1), "prepare": round(prepared, 1)},
            "same_set": same_set,
            "right": is_right,
            "cpus": os.cpu_count(),
            "tfcolor": tfcolor.__version__,
        }
    print(json.dumps(result))
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
