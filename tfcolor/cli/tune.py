"""`tfcolor tune`."""

import importlib.util
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfcolor.cli import options
from tfcolor.config import fields, recipes
from tfcolor.support import errors
from tfcolor.tune import spaces

if TYPE_CHECKING:
    from tfcolor.tune import study

SHOWN = 10  # trials in the printed table
# Fields that make trials cheap, left out of the command for the full run.
SHORTENED = ("total_steps", "train_limit", "validation_limit", "validate_every_steps")


@click.command(
    short_help="Search hyperparameters with short runs.",
    epilog="Example: tfcolor tune --folder search --search l1_weight=10..200 --trials 12",
)
@options.data
@options.data_dir
@click.option(
    "--folder",
    type=options.FOLDER,
    required=True,
    help="Folder of the study and its runs. Run the same command again to resume.",
)
@click.option(
    "--recipe",
    metavar="NAME",
    default=recipes.DEFAULT,
    show_default=True,
    help="Named config of every trial; see: tfcolor recipes.",
)
@click.option("--trials", type=int, required=True, help="Total number of finished trials.")
@click.option(
    "--search",
    "searches",
    multiple=True,
    required=True,
    metavar="[STAGE.]FIELD=SPACE",
    help="A field to search: 'LOW..HIGH', 'LOW..HIGH log', or 'A,B,C'. Repeatable.",
)
@click.option("--steps", "total_steps", type=int, help="Train steps of a trial, over all stages.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="[STAGE.]FIELD=VALUE",
    help="A field of the recipe that is the same in every trial. Repeatable.",
)
@click.option(
    "--metric", default="val/ab_error", show_default=True, help="Validation metric to optimize."
)
@click.option("--timeout", "minutes", type=float, help="Minutes after which to stop.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Search seed.")
@click.pass_context
def tune(
    context: click.Context,
    folder: Path,
    recipe: str,
    trials: int,
    searches: tuple[str, ...],
    assignments: tuple[str, ...],
    metric: str,
    minutes: float | None,
    seed: int,
    **given: Any,
) -> None:
    """Search hyperparameters with many short runs, ending bad ones early.

    After Ctrl-C, run the same command to resume. Watch with: tensorboard --logdir FOLDER
    """
    if importlib.util.find_spec("optuna") is None:
        raise click.ClickException("tune needs Optuna; pip install 'tfcolor[tune]'")
    changes = {**fields.parse(assignments), **options.given(**given)}
    settings = fields.override(recipes.get(recipe), **changes)
    options.require_source(settings.data)

    searched = [spaces.parse(text, settings) for text in searches]
    for space in searched:
        if space.field in changes:
            raise errors.InputError(
                f"{space.field} is both searched and given; drop one of the options"
            )
    options.load_tensorflow()
    from tfcolor.tune import experiment, study

    plan = experiment.Experiment(settings, searched, metric, seed)
    try:
        finished = study.tune(plan, folder, trials, minutes)
    except KeyboardInterrupt:  # a second Ctrl-C, in the middle of a step
        finished = False
    found = study.outcomes(folder, plan)
    click.echo(_table(found, metric))
    if found and found[0].state == "complete":
        keep = {name: value for name, value in changes.items() if name not in SHORTENED}
        click.echo(f"train the best one in full: {_command(recipe, found[0], keep)}")
    count = sum(outcome.state != "running" for outcome in found)
    if not finished or count < trials:
        click.echo(f"{count} of {trials} trials are finished; run the same command to go on")
    if not finished:
        context.exit(options.INTERRUPTED)


def _table(found: list["study.Outcome"], metric: str) -> str:
    """The best trials as a table in text, one row per trial, its values below."""
    rows = [["", metric, "step", "state"]]
    values = [""]
    for outcome in found[:SHOWN]:
        value = "" if outcome.value is None else f"{outcome.value:.4g}"
        step = "" if outcome.step is None else str(outcome.step)
        params = "  ".join(
            f"{name}={spaces.shown(value)}" for name, value in outcome.params.items()
        )
        note = f"  ({outcome.reason})" if outcome.reason else ""
        rows.append([str(outcome.folder), value, step, outcome.state])
        values.append(f"\n    {params}{note}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() + below
        for row, below in zip(rows, values, strict=True)
    ]
    if len(found) > SHOWN:
        lines.append(f"and {len(found) - SHOWN} more")
    return "\n".join(lines)


def _command(recipe: str, best: "study.Outcome", changes: dict[str, Any]) -> str:
    """`tfcolor train` with the values of a trial and the recipe's own number of steps."""
    changes = {**changes, **best.params}
    words = ["tfcolor", "train", "--recipe", recipe]
    for flag, name in (("--data", "source"), ("--data-dir", "data_dir")):
        if name in changes:
            words += [flag, str(changes.pop(name))]
    words += ["--workdir", f"{best.folder}-full"]
    for name, value in changes.items():
        words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return shlex.join(words)
