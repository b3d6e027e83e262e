"""How well is each kind of subject colorized: people, animals, streets, landscapes, rooms, food?

    tfcolor evaluate MODEL... --data TEST --json EVALUATION
    python benchmarks/subjects.py EVALUATION

TEST is the folder of test photographs; `study/subjects.csv` names the subject of each, told by eye.
Prints one JSON line: for each subject its photographs in color, and for each row its figures there,
with half the width of their 95 % intervals. `over_gray` is the difference from gray's.
"""

import csv
import json
from pathlib import Path
from typing import Any

import click
import numpy as np

import tfcolor
from tfcolor.evaluation import intervals, record, scores

SUBJECTS = Path(__file__).parent / "study" / "subjects.csv"
METRICS = ("psnr", "ab_error", "delta_e00", "colorfulness")


def by_subject(evaluation: record.Evaluation, subjects: dict[str, str]) -> dict[str, Any]:
    """The figures of each subject's photographs in color, those with most photographs first.

    Args:
      evaluation: of photographs that all have a subject.
      subjects: of photographs, by name.

    Raises:
      KeyError: if a photograph has none.
    """
    own = np.array([subjects[name] for name in evaluation.names])
    names, counts = np.unique(own[~evaluation.is_gray], return_counts=True)
    found = {}
    for name in names[np.argsort(-counts)]:
        chosen = (own == name) & ~evaluation.is_gray
        found[str(name)] = {"photographs": int(chosen.sum())} | {
            row: _figures(evaluation, row, chosen) for row in [*evaluation.models, scores.GRAY]
        }
    return found


def _figures(evaluation: record.Evaluation, row: str, chosen: np.ndarray) -> dict[str, Any]:
    values = evaluation.rows[row].scores
    gray = evaluation.rows[scores.GRAY].scores
    found = {metric: interval(values[metric][chosen]) for metric in METRICS}
    if row != scores.GRAY:
        found["over_gray"] = {
            metric: interval(values[metric][chosen] - gray[metric][chosen])
            for metric in ("psnr", "delta_e00")
        }
    return found


def interval(values: np.ndarray) -> list[float]:
    """A mean and half the width of its 95 % interval."""
    mean, low, high = intervals.Bootstrap(len(values)).mean(values)
    return [round(mean, 2), round((high - low) / 2, 2)]


@click.command()
@click.argument("evaluation", type=click.Path(exists=True, path_type=Path))
def main(evaluation: Path) -> None:
    """Tells the figures of EVALUATION by subject."""
    with open(SUBJECTS, newline="") as file:
        subjects = {row["file"]: row["subject"] for row in csv.DictReader(file)}
    found = by_subject(record.read(evaluation), subjects)
    print(json.dumps({"benchmark": "subjects", **found, "tfcolor": tfcolor.__version__}))


if __name__ == "__main__":
    main()
