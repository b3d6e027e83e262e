"""Measures the shipped model for docs/report/."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import collect

from tfcolor.models import shipped
from tfcolor.runtimes import workdirs

SIDE = 256  # pixels, of center squares; squares of `collect.SIDE` are measured too, as for recipes
SIZES = 100  # photographs for sizes.py


def collected(folders: Sequence[Path], test: str) -> dict[str, Any]:
    """The training of the model that comes with the package, and its figures.

    The folder `measured` of the last run keeps the figures: test photographs are measured once.

    Args:
      folders: of the runs that made the model, each started with the weights of the one before.
      test: folder of photographs that it was neither trained nor chosen on.

    Raises:
      ValueError: if a folder is not a run.
    """
    return described(folders) | measured(folders[-1] / "measured", test)


def described(folders: Sequence[Path]) -> dict[str, Any]:
    """Stages and curves of runs that continue each other, each up to its chosen step."""
    stages: list[dict[str, Any]] = []
    curves: dict[str, list[list[float]]] = {}
    before = 0
    for run in folders:
        chosen = workdirs.load_generator(run)[1]
        stages += collect.stages(workdirs.read_config(run), chosen)
        for tag, points in collect.curves(run / "events").items():
            kept = [[before + step, value] for step, value in points if step <= chosen]
            curves.setdefault(tag, []).extend(kept)
        before += chosen
    return {"stages": stages, "curves": curves}


def measured(kept: Path, test: str) -> dict[str, Any]:
    """The figures of the model that comes with the package.

    Args:
      kept: folder that keeps the figures.
      test: folder of photographs that it was neither trained nor chosen on.
    """
    kept.mkdir(exist_ok=True)
    data = ("--data", test)
    at_256, at_128 = (
        collect.evaluated(
            kept / f"evaluation-{side}.json", (), *data, "--protocol", f"center-{side}"
        )
        for side in (SIDE, collect.SIDE)
    )
    strength = collect.benchmarked(kept / "strength.json", "strength.py", *data, "--side", SIDE)
    return {
        "at_256": at_256,
        "at_128": at_128,
        "at_strength": strength["at_share"],
        "sizes": collect.benchmarked(kept / "sizes.json", "sizes.py", *data, "--limit", SIZES),
        "image_size": shipped.card().image_size,
        "chroma": shipped.card().chroma,
    }
