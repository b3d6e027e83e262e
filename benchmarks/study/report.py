"""Builds docs/report/README.md from the template text.md and the collected figures.

    python benchmarks/study/report.py [RUNS --data PHOTOS] [--shipped RUN]... [--test PHOTOS]

RUNS, a folder of `train.py`, and --shipped, the runs behind the shipped model, are measured,
collected and drawn first, except for results that they already hold.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import functools
import json

import catalog
import click
import collect
import draw
import jinja2
import shipped

from tfcolor import config
from tfcolor.evaluation import scores, wording
from tfcolor.export import modelcard

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "docs" / "report"
SHIPPED = "tfcolor"  # the row of the model that comes with the package
FRECHET = config.FRECHET
SHARE = 0.85  # of the truth's colorfulness, at which strength.py compares models
COLUMNS = {
    "ssim": "SSIM",
    "psnr": "PSNR",
    "ab_error": "ab error",
    "delta_e00": "ΔE00",
    "colorfulness": "colorfulness",
    "spill": "spill",
    FRECHET: "Fréchet distance",
}

Table = Mapping[str, Any]  # a collected evaluation, or its rows


def render(out: Path) -> str:
    """The report, from the JSON files in a folder.

    Raises:
      jinja2.UndefinedError: if the text names a figure that was not collected.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found = {path.stem: json.loads(path.read_text()) for path in sorted(out.glob("*.json"))}
    runs = {run["name"]: run for run in found.pop("runs")}
    recipes, ours = found["recipes"], found["shipped"]
    return environment.get_template("text.md").render(
        **found,
        runs=runs,
        pm=pm,
        at_strength=at_strength,
        cpu=[run["cpu_minutes"] for run in runs.values() if run["group"] == "recipes"],
        less=functools.partial(difference, recipes),
        recipe_table=model_table(recipes),
        strength_tables={group: strength_table(runs, group) for group in catalog.GROUPS},
        expectation_table=expectation_table(runs),
        experiment_table=experiment_table(found["experiments"], runs),
        aims=aims(ours, recipes),
        shipped_tables={side: model_table(ours[f"at_{side}"], "shipped") for side in (256, 128)},
    )


def pm(rows: Table, row: str, metric: str, signed: bool = False) -> str:
    """A figure with its interval, such as 14.85 ±0.52; "-" if there is none, "∞" for PSNR."""
    figure = rows[row].get(metric)
    if figure is None or figure["value"] is None:
        return "∞" if metric == "psnr" else "-"
    bounds = (figure["value"], figure["low"], figure["high"])
    return wording.shown(tuple(float("nan") if each is None else each for each in bounds), signed)


def model_table(evaluation: Table, name: str = "") -> str:
    """A table of all models, gray and the truth; `name` replaces the name of a single model."""
    lines = [["", *COLUMNS.values()]]
    for row in evaluation["rows"]:
        is_model = row not in scores.CONTROLS
        if is_model or row in (scores.GRAY, scores.TRUTH):
            figures = (pm(evaluation["rows"], row, column) for column in COLUMNS)
            lines.append([name or row if is_model else row, *figures])
    return modelcard.table(lines)


def aims(measured: Table, recipes: Table) -> str:
    """A table of the shipped model's aims, its figures, and by how much it misses the aims."""
    at_256, at_128, strength, sizes = (
        measured[name] for name in ("at_256", "at_128", "at_strength", "sizes")
    )
    rows = at_256["rows"]

    def percent(metric: str, other: str = scores.GRAY) -> float:
        return 100 * (rows[SHIPPED][metric]["value"] / rows[other][metric]["value"] - 1)

    def missed(by: float, unit: str) -> str:
        return f"{by:.2g} {unit}".strip() if by > 0 else "reached"

    colorful, distance = percent("colorfulness", scores.TRUTH), percent(FRECHET)
    over, delta = strength["psnr_over_gray"], 100 * (strength["delta_e00_of_gray"] - 1)
    lines = [
        ["", "aim", "as shipped", f"at {SHARE} of the truth's colorfulness", "missed by"],
        [
            "colorfulness, relative to the truth's",
            "± 15 %",
            f"{colorful:+.1f} %",
            "",
            missed(abs(colorful) - 15, "points"),
        ],
        [
            "PSNR above gray's, at that colorfulness",
            "+0.8 dB or more",
            f"{difference(at_256, SHIPPED, scores.GRAY, 'psnr')} dB",
            f"{over:+.2f} dB",
            missed(0.8 - over, "dB"),
        ],
        [
            "ΔE00 relative to gray's, at that colorfulness",
            "-10 % or less",
            f"{percent('delta_e00'):+.1f} %",
            f"{delta:+.1f} %",
            missed(delta + 10, "points"),
        ],
        [
            "Fréchet distance relative to gray's",
            "-50 % or less",
            f"{distance:+.1f} %",
            "",
            missed(distance + 50, "points"),
        ],
        [
            f"mean ΔE00 between sizes of 128 to 384, of {sizes['photographs']} photographs",
            "under 3",
            f"{sizes['mean_delta_e00']:.1f}",
            "",
            missed(sizes["mean_delta_e00"] - 3, ""),
        ],
    ]
    others = [row for row in recipes["rows"] if row not in (SHIPPED, *scores.CONTROLS)]
    for metric in ("delta_e00", FRECHET):
        best = min(recipes["rows"][row][metric]["value"] for row in others)
        ours = at_128["rows"][SHIPPED][metric]["value"]
        reached = pm(at_128["rows"], SHIPPED, metric)
        aim = f"under every other recipe's, {best:.2f}"
        lines.append([f"{COLUMNS[metric]} at 128 x 128", aim, reached, "", missed(ours - best, "")])
    return modelcard.table(lines)


def strength_table(runs: Mapping[str, draw.Collected], group: str) -> str:
    """A table of a group's runs: their cost, and their figures at equal colorfulness."""
    head = ["", "CPU minutes", "weights of step", "photographs seen by then", "chroma times"]
    lines = [[*head, "PSNR above gray's", "ab error above gray's", "ΔE00 above gray's"]]
    for run in runs.values():
        if run["group"] == group:
            cost = f"{run['cpu_minutes']:.1f}"
            lines.append([run["name"], cost, *chosen(run), *at_strength(run)])
    return modelcard.table(lines)


def expectation_table(runs: Mapping[str, draw.Collected]) -> str:
    """A table of every experiment's change and its expected effect."""
    lines = [["", "changed", "expected"]]
    for run in runs.values():
        if run["group"] == catalog.EXPERIMENTS:
            lines.append([run[column] for column in ("name", "about", "expected")])
    return modelcard.table(lines)


def experiment_table(evaluation: Table, runs: Mapping[str, draw.Collected]) -> str:
    """A table of every experiment's figures, compared with its control's."""
    lines = [["", "colorfulness", "ab error minus control's", "Fréchet distance minus control's"]]
    for name in (name for name, run in runs.items() if run["group"] == catalog.EXPERIMENTS):
        control = runs[name]["control"]
        less = [
            difference(evaluation, name, control, metric) if control else ""
            for metric in ("ab_error", FRECHET)
        ]
        lines.append([name, pm(evaluation["rows"], name, "colorfulness"), *less])
    return modelcard.table(lines)


def chosen(run: draw.Collected) -> list[str]:
    """The step of the measured weights, and the number of crops they were trained on."""
    steps = sum(stage["steps"] for stage in run["stages"])
    return [f"{run['chosen_step']:,} of {steps:,}", f"{run['chosen_photographs']:,}"]


def at_strength(run: draw.Collected) -> list[str]:
    """The factor of chroma for `SHARE`, and PSNR, ab error and ΔE00 there, relative to gray's."""
    found = run["at_strength"]
    sign = "" if found["reached"] else "over " if found["factor"] > 1 else "under "
    return [
        f"{sign}{found['factor']:.2f}",
        f"{found['psnr_over_gray']:+.2f} dB",
        *(f"{100 * (found[f'{m}_of_gray'] - 1):+.1f} %" for m in ("ab_error", "delta_e00")),
    ]


def difference(evaluation: Table, first: str, second: str, metric: str) -> str:
    """First minus second over the same photographs, with its interval."""
    rows = evaluation["differences"]
    if f"{first} - {second}" in rows:
        return pm(rows, f"{first} - {second}", metric, signed=True)
    turned = rows[f"{second} - {first}"][metric]
    value, low, high = -turned["value"], -turned["high"], -turned["low"]
    return wording.shown((value, low, high), True)


@click.command()
@click.argument(
    "folder",
    metavar="[RUNS]",
    required=False,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False),
    help="Folder of the photographs that the runs were trained on.",
)
@click.option(
    "--shipped",
    "behind",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Run behind the shipped model; more than one in their order.",
)
@click.option(
    "--test",
    type=click.Path(exists=True, file_okay=False),
    help="Folder of the test photographs.",
)
def main(folder: Path | None, data: str | None, behind: tuple[Path, ...], test: str | None) -> None:
    """See the top of the file."""
    pictures = OUT / "pictures"
    if folder is not None:
        if not (data and test):
            raise click.UsageError("give --data and --test with RUNS")
        collect.collect(folder, data, test, OUT)
        draw.curves(json.loads((OUT / collect.RUNS).read_text()), pictures)
        draw.gallery(folder, pictures)
        collect.write(OUT / "examples.json", draw.examples(folder, pictures))
    if behind:
        if not test:
            raise click.UsageError("give --test with --shipped")
        try:
            found = shipped.collected(behind, test)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        collect.write(OUT / "shipped.json", found)
        draw.shipped(found, pictures)
    (OUT / "README.md").write_text(render(OUT), encoding="utf-8")


if __name__ == "__main__":
    main()
