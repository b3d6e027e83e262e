"""What the shipped model reaches: measured, and brought into docs/report/.

    python benchmarks/study/shipped.py RUNS --test PHOTOS

RUNS are the runs behind it, each begun with the weights of the one before. What was measured lies
in the last one's folder `measured` and is not measured again: the test photographs are for once.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import json

import click
import collect
import draw

from tfcolor import workdir
from tfcolor.models import colornet

OUT = collect.ROOT / "docs" / "report"
SIDE = 256  # of the center squares, pixels; and `collect.SIDE`, at which the recipes are measured
SIZES = 100  # photographs that sizes.py compares


def described(runs: Sequence[Path]) -> dict[str, Any]:
    """The stages and the curves of runs that went on from one another, up to the chosen steps."""
    stages: list[dict[str, Any]] = []
    curves: dict[str, list[list[float]]] = {}
    before = 0
    for run in runs:
        chosen = left = workdir.load_generator(run)[1]
        for stage in workdir.read_config(run).stages:
            if (done := min(stage.steps, left)) > 0:
                stages.append(collect.stage(stage, done))
            left -= done
        for tag, points in collect.curves(run / "events").items():
            kept = [[before + step, value] for step, value in points if step <= chosen]
            curves.setdefault(tag, []).extend(kept)
        before += chosen
    return {"stages": stages, "curves": curves}


def measured(kept: Path, test: str) -> dict[str, Any]:
    """The figures of the model that comes with the package.

    Args:
      kept: folder of what was measured.
      test: folder of photographs that it was neither trained nor chosen on.
    """
    kept.mkdir(exist_ok=True)
    benchmarks = collect.ROOT / "benchmarks"
    strength = (benchmarks / "strength.py", "--data", test, "--side", SIDE)
    sizes = (benchmarks / "sizes.py", "--data", test, "--limit", SIZES)
    return {
        "at_256": _evaluated(kept, SIDE, test),
        "at_128": _evaluated(kept, collect.SIDE, test),
        "at_strength": _printed(kept / "strength.json", *strength)["at_share"],
        "sizes": _printed(kept / "sizes.json", *sizes),
        "image_size": colornet.IMAGE_SIZE,
        "chroma": colornet.CHROMA,
    }


def _evaluated(kept: Path, side: int, test: str) -> dict[str, Any]:
    path = kept / f"evaluation-{side}.json"
    if not path.exists():
        options = ("--data", test, "--protocol", f"center-{side}", "--json", path)
        collect.call(*collect.catalog.TFCOLOR, "evaluate", *options)
    return collect.table(path)


def _printed(path: Path, *command: object) -> dict[str, Any]:
    """The JSON that a benchmark prints last."""
    if not path.exists():
        path.write_text(collect.call(*command))
    return json.loads(path.read_text().splitlines()[-1])


@click.command()
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option("--test", required=True, help="Folder of the test photographs.")
def main(runs: tuple[Path, ...], test: str) -> None:
    """See the top of the file."""
    found = described(runs) | measured(runs[-1] / "measured", test)
    collect.write(OUT / "shipped.json", found)
    draw.shipped(found, OUT / "pictures")


if __name__ == "__main__":
    main()
