"""Do time and memory of the commands grow as they should, from 1,000 to 100,000 photographs?

Makes small synthetic JPEGs, and runs `prepare`, `analyze`, `evaluate` and `colorize` on them, each
with a network input so small that what surrounds the network counts. Targets: processor time
proportional to the number of photographs, memory flat. Prints one JSON line for each number.

    python benchmarks/growth.py --count 1000 --count 10000
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

import tfcolor
from tfcolor.runtimes import bundled, lite

SIDE = 64  # of the photographs, pixels
SEEN = 96  # side at which they are evaluated, the smallest for which its metrics are compiled
PER_FOLDER = 1000


def make(folder: Path, count: int) -> None:
    """Writes photographs of smooth random colors, no two alike."""
    rng = np.random.default_rng(0)
    for index in range(count):
        if index % PER_FOLDER == 0:
            (place := folder / f"{index // PER_FOLDER:03d}").mkdir()
        coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        encoded = io.BytesIO()
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(encoded, "JPEG")
        (place / f"{index:06d}.jpg").write_bytes(encoded.getvalue())


def commands(photographs: Path, model: Path, to: Path) -> dict[str, list[str]]:
    """The arguments of each command."""
    given = str(photographs)
    return {
        "prepare": ["prepare", given, str(to / "set"), "--min-side", "32"],
        "analyze": ["analyze", "--data", given, "--out", str(to / "analysis")],
        "evaluate": [
            *("evaluate", str(model), "--data", given, "--features", "none"),
            *("--protocol", f"stretch-{SEEN}"),
        ],
        "colorize": ["colorize", given, "-o", str(to / "color"), "--recolor", "-m", str(model)],
    }


def run(arguments: list[str]) -> dict[str, float]:
    """Clock and processor seconds of a command, and its largest resident memory in MB."""
    program = "from tfcolor.cli import main; main.cli()"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], **silent)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "seconds": round(time.monotonic() - began, 1),
        "processor_s": round(used.ru_utime + used.ru_stime, 1),
        "memory_mb": round(used.ru_maxrss * 1024 / 1e6),
    }


@click.command()
@click.option("--count", "counts", multiple=True, default=(1000, 10_000, 100_000))
@click.option("--command", "chosen", multiple=True, help="Only these.", show_default="all")
def main(counts: tuple[int, ...], chosen: tuple[str, ...]) -> None:
    """Measures with each number of photographs."""
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            (photographs := Path(name) / "photographs").mkdir()
            make(photographs, count)
            model = Path(name) / "small.tflite"
            shutil.copy(bundled.PATH, model)
            lite.add_card(model, size=32, stride=32)
            done = {
                name: run(arguments)
                for name, arguments in commands(photographs, model, Path(name)).items()
                if name in chosen or not chosen
            }
        line = {"benchmark": "growth", "photographs": count, **done}
        print(json.dumps(line | {"tfcolor": tfcolor.__version__}), flush=True)


if __name__ == "__main__":
    main()
