"""What the shipped model reaches: measured, for docs/report/."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import collect

from tfcolor.models import shipped
from tfcolor.runtimes import workdirs

SIDE = 256  # of the center squares, pixels; and `collect.SIDE`, at which the recipes are measured
SIZES = 100  # photographs that sizes.py compares


def collected(folders: Sequence[Path], test: str) -> dict[str, Any]:
    """What the model that comes with the package is, and its figures.

    What was measured lies in the last run's folder `measured` and is not measured again: the test
    photographs are for once.

    Args:
      folders: of the runs that are behind it, each begun with the weights of the one before.
      test: folder of photographs that it was neither trained nor chosen on.

    Raises:
      ValueError: if one is no run.
    """
    return described(folders) | measured(folders[-1] / "measured", test)


def described(folders: Sequence[Path]) -> dict[str, Any]:
    """The stages and the curves of runs that went on from one another, up to the chosen steps."""
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
      kept: folder of what was measured.
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
