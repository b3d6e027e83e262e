"""An evaluation as lines of text."""

import math
from collections.abc import Sequence

from tfcolor.evaluation import intervals, record

NOTHING = 1e-7  # a smaller figure is rounding
ROUNDING = 1e-5  # An interval that is a smaller share of its figure is rounding of float32.
GRAY_METRICS = ("ab_error", "delta_e00", "colorfulness")  # that say how gray a picture stayed


def text(evaluation: record.Evaluation) -> str:
    """Tables with one metric per line: rows, differences of rows, and rows on gray photographs."""
    figures = evaluation.figures()
    metrics = list(dict.fromkeys(metric for row in figures.values() for metric in row))
    lines = [["", *figures]]
    for metric in metrics:
        lines.append([metric, *(shown(row.get(metric)) for row in figures.values())])
    parts = [_aligned(lines)]
    if differences := evaluation.differences():
        heads = [f"{first} - {second}" for first, second in differences]
        lines = [["difference", *heads]]
        for metric in metrics:
            cells = [shown(row.get(metric), signed=True) for row in differences.values()]
            if any(cells):
                lines.append([metric, *cells])
        parts.append(_aligned(lines))
    if apart := evaluation.of_gray():
        lines = [[f"{int(evaluation.is_gray.sum())} gray photographs, apart", *apart]]
        for metric in GRAY_METRICS:
            lines.append([metric, *(f"{row[metric]:.4g}" for row in apart.values())])
        parts.append(_aligned(lines))
    return "\n\n".join(parts)


def shown(interval: intervals.Interval | None, signed: bool = False) -> str:
    """Text such as 0.9123 ±0.0045, with the interval's larger half; without ± if there is none."""
    if interval is None:
        return ""
    value, low, high = interval
    half, sign = max(high - value, value - low), "+" if signed else ""
    if abs(value) + half < NOTHING:
        return "0"
    if not math.isfinite(half) or half <= ROUNDING * abs(value):
        return "∞" if math.isinf(value) else f"{value:{sign}.3g}"
    digits = min(6, max(0, 1 - math.floor(math.log10(half))))
    return f"{value:{sign}.{digits}f} ±{half:.{digits}f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for name, *cells in rows:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *padded]).rstrip())
    return "\n".join(lines)
