"""Measures the runs of `train.py` and collects the results in docs/report/ as JSON.

Results that are already in RUNS are not computed again: test photographs are measured once.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import catalog
import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from tfcolor import config
from tfcolor.data import samples
from tfcolor.runtimes import saved_models, workdirs

ROOT = Path(__file__).parents[2]
RUNS = "runs.json"  # all runs, in the order of the catalog
SIDE = 128  # pixels, of the center squares that are measured
SHIPPED = ROOT / "saved_models" / "tfcolor-base"
STRENGTH = 200  # photographs for figures at equal colorfulness
POINTS = 60  # of a curve, at most
CURVES = ("train/d_loss", "train/g_gan", "val/ab_error", "val/colorfulness")
# Output of `tfcolor analyze`: charts of the training photographs, pictures of the bundled ones.
CHARTS = ("distributions", "planes", "density", "gray_methods")
EXAMPLES = ("preprocessing", "gray_examples")


def collect(folder: Path, train: str, test: str, out: Path) -> None:
    """Measures all trained runs that are not measured yet, and writes all figures to `out`.

    Args:
      folder: the RUNS of `train.py`.
      train, test: folders of photographs, or prepared sets.
      out: docs/report.

    Raises:
      SystemExit: if a run is not trained, after the others were measured.
    """
    done = [run for run in catalog.RUNS if _cost(folder, run).get("done")]
    runs = [_measured(folder, run, train, test) for run in done]
    if missing := [run.name for run in catalog.RUNS if run not in done]:
        raise SystemExit(f"{', '.join(missing)}: not trained; run train.py first")
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    write(out / RUNS, runs)
    for group, photos in ((catalog.RECIPES, test), (catalog.EXPERIMENTS, train)):
        models = [folder / "models" / run.name for run in catalog.RUNS if run.group == group]
        write(out / f"{group}.json", _evaluated(folder, group, models, photos))
    _sampled(folder, SHIPPED)  # at its own size
    write(out / "data.json", _analyzed(folder, train, out))


def _measured(folder: Path, run: catalog.Run, train: str, test: str) -> dict[str, Any]:
    """All that is told of a trained run; once it is measured, its weights are not needed."""
    path = folder / f"{run.name}-collected.json"
    if not path.exists():
        model = folder / "models" / run.name
        if not model.exists():
            last = ("--checkpoint", "last")
            call(*catalog.TFCOLOR, "export", folder / run.name, model, *last)
        photos, part = (test, "all") if run.group == catalog.RECIPES else (train, "validation")
        _evaluated(folder, run.group, [model], photos, "--part", part)
        if run.group == catalog.RECIPES:
            _sampled(folder, model, "--size", SIDE)
        at_strength = _strength(folder, run, photos, part)
        write(path, {**_described(folder, run), "at_strength": at_strength})
    return json.loads(path.read_text())


def _sampled(folder: Path, model: Path, *options: object) -> None:
    """Measures a model on the bundled test photographs, and colorizes them for `draw`."""
    _evaluated(folder, "samples", [model], "samples")
    files = [samples.FOLDER / name for name in held_out()]
    options = ("--recolor", "-m", model, *options, "-o", folder / "pictures" / model.name)
    call(*catalog.TFCOLOR, "colorize", *files, *options)


def held_out() -> list[str]:
    """The names of the bundled test photographs."""
    return sorted(samples.from_package("test").names.values())


def _cost(folder: Path, run: catalog.Run) -> dict[str, Any]:
    path = folder / f"{run.name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _described(folder: Path, run: catalog.Run) -> dict[str, Any]:
    """A run's cost, stages and curves."""
    cost = _cost(folder, run)
    settings = workdirs.read_config(folder / run.name)
    model = folder / "models" / run.name / "1"
    card = json.loads((model / "assets.extra" / saved_models.CARD).read_text())
    whole, seen = (stages(settings, steps) for steps in (settings.total_steps, card["step"]))
    return {
        "name": run.name,
        "group": run.group,
        "recipe": run.recipe,
        "control": run.control,
        "about": run.about,
        "expected": run.expected,
        "set": run.assignments,
        "cpu_minutes": round(cost["cpu_minutes"], 1),
        "stages": [{**each, "cpu_s": round(cost["cpu_s"][each["name"]], 3)} for each in whole],
        "chosen_step": card["step"],
        "chosen_photographs": sum(each["photographs"] for each in seen),
        "curves": curves(folder / run.name / "events"),
    }


def stages(settings: config.TrainConfig, steps: int) -> list[dict[str, Any]]:
    """The stages of a run's first `steps` steps."""
    found, left = [], steps
    for stage in settings.stages:
        if done := min(stage.steps, left):
            found.append(
                {
                    "name": stage.name,
                    "steps": done,
                    "photographs": done * stage.batch_size,
                    "image_size": stage.image_size,
                }
            )
        left -= done
    return found


def curves(events: Path) -> dict[str, list[list[float]]]:
    """Tag -> [[step, value]], from TensorBoard's events, with at most `POINTS` points."""
    read = event_accumulator.EventAccumulator(str(events), size_guidance={"tensors": 0})
    read.Reload()
    found = {}
    for tag in sorted(read.Tags()["tensors"]):  # TensorFlow 2 stores scalars as tensors
        if tag in CURVES:
            points = read.Tensors(tag)
            count = min(POINTS, len(points))
            chosen = [points[at] for at in np.linspace(0, len(points) - 1, count).astype(int)]
            values = [float(tf.make_ndarray(each.tensor_proto)) for each in chosen]
            found[tag] = [[p.step, float(f"{v:.4g}")] for p, v in zip(chosen, values, strict=True)]
    return found


def _evaluated(
    folder: Path, name: str, models: Iterable[Path], source: str, *options: object
) -> dict[str, Any]:
    """The evaluation of some models at `SIDE`."""
    measured = ("--data", source, *options, "--protocol", f"center-{SIDE}")
    return evaluated(folder / f"{name}-evaluation.json", models, *measured)


def evaluated(path: Path, models: Iterable[Path], *options: object) -> dict[str, Any]:
    """An evaluation, without the figures and the folder of the photographs.

    Args:
      path: JSON of the evaluation; only models missing from it are measured.
      models: arguments of `tfcolor evaluate`; none stands for the bundled model.
      options: of `tfcolor evaluate`.
    """
    whole = json.loads(path.read_text()) if path.exists() else {"rows": {}}
    missing = [model for model in models if model.name not in whole["rows"]]
    if missing or not whole["rows"]:
        beside = ("--beside", path) if whole["rows"] else ()
        call(*catalog.TFCOLOR, "evaluate", *missing, *options, *beside, "--json", path)
        whole = json.loads(path.read_text())
    protocol = {k: v for k, v in whole["protocol"].items() if k != "source"}
    return {"protocol": protocol, "rows": whole["rows"], "differences": whole["differences"]}


def _strength(folder: Path, run: catalog.Run, photos: str, part: str) -> dict[str, Any]:
    """The figures of strength.py at 0.85 times the truth's colorfulness."""
    options = ["--run", folder / run.name, "--checkpoint", "last", "--data", photos, "--part", part]
    options += ["--limit", STRENGTH, "--side", SIDE, "--network-size", SIDE]
    path = folder / f"{run.name}-strength.json"
    return benchmarked(path, "strength.py", *options)["at_share"]


def benchmarked(path: Path, name: str, *options: object) -> dict[str, Any]:
    """The JSON that a benchmark printed, from a file; runs the benchmark if the file is missing."""
    if not path.exists():
        path.write_text(call(ROOT / "benchmarks" / name, *options))
    return json.loads(path.read_text().splitlines()[-1])


def _analyzed(folder: Path, train: str, out: Path) -> dict[str, Any]:
    """The report of `tfcolor analyze` on the training photographs, without file names."""
    for source, name, chosen in ((train, "data", CHARTS), ("samples", "samples-data", EXAMPLES)):
        if not (folder / name / "analysis.json").exists():
            call(*catalog.TFCOLOR, "analyze", "--data", source, "--out", folder / name)
        for chart in chosen:
            shutil.copy(folder / name / "analysis" / f"{chart}.png", out / "pictures")
    found = json.loads((folder / "data" / "analysis.json").read_text())
    for kind in ("gray", "sepia", "skipped"):
        found[kind] = {"count": found[kind]["count"]}
    return {name: value for name, value in found.items() if name != "source"}


def call(*arguments: object) -> str:
    """Runs a Python program; returns its standard output."""
    print("==", *arguments, flush=True)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment
    ).stdout


def write(path: Path, content: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Writes JSON on one line."""
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")
