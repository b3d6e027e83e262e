"""What an evaluation says, in sentences."""

from tfcolor.evaluation import intervals, record, scores, wording

COLORFULNESS = "colorfulness"


def sentences(evaluation: record.Evaluation) -> list[str]:
    """Which model is closest to the truth, which is most like photographs, which is liveliest.

    Gray competes for the first two: a model that it beats would better have added no color. Rows
    cannot be told apart if the interval of their paired difference holds 0.
    """
    if not evaluation.models:
        return []
    rows = [*evaluation.models, scores.GRAY]
    found = [_nearest(evaluation, rows, "Closest to the truth", "delta_e00")]
    for metric in wording.FRECHET:
        if all(metric in evaluation.rows[row].sets for row in rows):
            found.append(_nearest(evaluation, rows, "Most like photographs as a set", metric))
    if evaluation.figures()[scores.TRUTH][COLORFULNESS][0]:
        found.append(_liveliest(evaluation))
    return found


def _nearest(evaluation: record.Evaluation, rows: list[str], title: str, metric: str) -> str:
    """The row with the lowest figure, those that may be as near, and those that are farther."""
    figures = evaluation.figures()
    first, *others = sorted(rows, key=lambda row: figures[row][metric][0])
    away = {row: evaluation.difference(row, first, metric)[metric] for row in others}
    texts = {row: f"{row} ({wording.shown(away[row], signed=True)})" for row in others}
    best = f"{wording.name(metric)} {wording.shown(figures[first][metric], digits=1)}"
    return _ranked(title, f"{first} ({best})", texts, [row for row in others if _alike(away[row])])


def _liveliest(evaluation: record.Evaluation) -> str:
    """The model with the highest colorfulness, those that may be as lively, and the others."""
    figures = evaluation.figures()
    truth = figures[scores.TRUTH][COLORFULNESS][0]
    lively = {row: figures[row][COLORFULNESS][0] for row in evaluation.models}
    first, *others = sorted(lively, key=lambda row: -lively[row])
    texts = {row: f"{row} ({100 * lively[row] / truth:.0f} %)" for row in (first, *others)}
    alike = [
        row
        for row in others
        if _alike(evaluation.difference(row, first, COLORFULNESS)[COLORFULNESS])
    ]
    title = "Liveliest, by its share of the truth's colorfulness"
    return _ranked(title, texts.pop(first), texts, alike)


def _ranked(title: str, first: str, others: dict[str, str], alike: list[str]) -> str:
    """A sentence; `others` are texts by row, `alike` rows that may be as good as the first."""
    near = [text for row, text in others.items() if row in alike]
    behind = [text for row, text in others.items() if row not in alike]
    said = f"{title}: {first}"
    if near:
        said += f", though {' and '.join(near)} cannot be told from it on these photographs"
    return f"{said}. Behind it: {', '.join(behind)}." if behind else f"{said}."


def _alike(difference: intervals.Interval) -> bool:
    """Whether the interval of a difference holds 0."""
    return difference[1] <= 0 <= difference[2]
