"""What an evaluation says, in sentences."""

from collections.abc import Callable

from tfcolor.evaluation import record, scores, wording

COLORFULNESS = "colorfulness"


def sentences(evaluation: record.Evaluation) -> list[str]:
    """Which model is closest to the truth, which is most like photographs, which is liveliest.

    Gray competes, too: a model that it beats would better have added no color. Two rows whose
    paired difference has an interval that holds 0 are no different.
    """
    if not evaluation.models:
        return []
    found = [_ranked(evaluation, "Closest to the truth", "delta_e00", True)]
    for metric in wording.FRECHET:
        if all(metric in evaluation.rows[row].sets for row in (*evaluation.models, scores.GRAY)):
            found.append(_ranked(evaluation, "Most like photographs as a set", metric, True))
    truth = evaluation.figures()[scores.TRUTH][COLORFULNESS][0]
    if truth:
        said = "Liveliest, by its share of the truth's colorfulness"
        found.append(
            _ranked(evaluation, said, COLORFULNESS, False, lambda v: f"{100 * v / truth:.0f} %")
        )
    return found


def _ranked(
    evaluation: record.Evaluation,
    title: str,
    metric: str,
    lowest: bool,
    said: Callable[[float], str] | None = None,
) -> str:
    """A sentence on the first row by a metric, those like it, and those behind.

    `said` turns a row's figure into text; by default a row's paired difference is shown.
    """
    rows = [*evaluation.models, *([scores.GRAY] if lowest else [])]
    figures = evaluation.figures()
    order = sorted(rows, key=lambda row: figures[row][metric][0] * (1 if lowest else -1))
    first, *others = order
    alike: list[str] = []
    behind: list[str] = []
    for row in others:
        difference = evaluation.difference(row, first)[metric]
        text = said(figures[row][metric][0]) if said else wording.shown(difference, signed=True)
        is_alike = difference[1] <= 0 <= difference[2]
        (alike if is_alike else behind).append(f"{row} ({text})")
    value = figures[first][metric]
    best = said(value[0]) if said else f"{wording.name(metric)} {wording.shown(value)}"
    parts = [f"{title}: {first} ({best})."]
    if alike:
        parts.append(f"No different within the interval: {', '.join(alike)}.")
    if behind:
        parts.append(f"Behind it: {', '.join(behind)}.")
    return " ".join(parts)
