"""Trains the runs of docs/report/ one after another, each for a fixed processor time.

    python benchmarks/study/train.py RUNS --data PHOTOS [--only NAME]

It first times a step of every stage and scales the stages' steps by one factor, so that the whole
run takes that time, or is trained on that many crops. RUNS/NAME is the run, RUNS/NAME.json its
cost. After an interruption, the same command resumes.
"""

import concurrent.futures
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import catalog
import click

VALIDATIONS = 4
CALLS = 4  # timed calls of a step


def plan(run: catalog.Run) -> dict[str, Any]:
    """The "steps" of a run, and "cpu_s", the processor time of a step by stage."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    import measure

    from tfcolor.config import fields, recipes

    settings = fields.override(recipes.get(run.recipe), **fields.parse(run.assignments))
    costs = {}
    for index, stage in enumerate(settings.stages):
        call = measure.step_call(settings, index)
        for _ in range(measure.WARM_UP_CALLS):
            call()
        began = time.process_time()
        for _ in range(CALLS):
            call()
        costs[stage.name] = (time.process_time() - began) / CALLS
    if run.crops:
        share = run.crops / sum(stage.steps * stage.batch_size for stage in settings.stages)
    else:
        whole = sum(stage.steps * costs[stage.name] for stage in settings.stages)
        share = 60 * run.minutes / whole
    return {"steps": int(settings.total_steps * share), "cpu_s": costs}


def train(run: catalog.Run, folder: Path, data: str) -> bool:
    """Trains a run, or resumes it; returns whether it is complete."""
    noted = folder / f"{run.name}.json"
    cost = json.loads(noted.read_text()) if noted.exists() else {}
    if cost.get("done"):
        return True
    if not cost:
        # A separate process, so that the networks of all runs do not pile up in memory.
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as own:
            cost = {**own.submit(plan, run).result(), "cpu_minutes": 0.0}
        noted.write_text(_json(cost))  # a resumed run keeps its number of steps
    print(f"== {run.name}: {cost['steps']} steps", flush=True)
    often = str(-(-cost["steps"] // VALIDATIONS))
    command = [sys.executable, *catalog.TFCOLOR, "train", "--recipe", run.recipe, "--data", data]
    command += ["--workdir", str(folder / run.name), "--steps", str(cost["steps"])]
    command += ["--validate-every", often, "--checkpoint-every", often, "--log-every", "10"]
    for assignment in run.assignments:
        command += ["--set", assignment]
    before = _cpu_s()
    try:
        done = subprocess.run(command, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"})
        cost["done"] = done.returncode == 0
    finally:
        cost["cpu_minutes"] += (_cpu_s() - before) / 60
        noted.write_text(_json(cost))
    return cost["done"]


def _json(cost: dict[str, Any]) -> str:
    return json.dumps(cost, indent=1) + "\n"


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@click.command()
@click.argument("folder", metavar="RUNS", type=click.Path(path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder of photographs, or prepared set.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([run.name for run in catalog.RUNS]),
    help="Only this run. Repeatable.",
)
def main(folder: Path, data: str, only: tuple[str, ...]) -> None:
    """See the top of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    for run in catalog.RUNS:
        if (not only or run.name in only) and not train(run, folder, data):
            raise SystemExit(f"{run.name} did not finish; run the same command again")


if __name__ == "__main__":
    main()
