"""An evaluation as lines of text."""

import textwrap
from collections.abc import Sequence

from tfcolor.evaluation import record, scores, verdict, wording

WIDTH = 80
NAME = 18  # characters; a longer name stands above its figures
SHORT = ("psnr", "ssim", "delta_e00", "colorfulness", *wording.FRECHET, record.TAKEN_FOR_REAL)
GRAY_METRICS = ("ab_error", "delta_e00", "colorfulness")  # that say how gray a picture stayed


def text(evaluation: record.Evaluation) -> str:
    """The verdict, and the figures that matter most, a row each; in 80 columns if names are short.

    The ± has one digit, and each figure as many as its ± allows.
    """
    head, rows = first(evaluation)
    names = [name for name, *_ in rows]
    short = [[name if len(name) <= NAME else "", *cells] for name, *cells in rows]
    found, *lines = _aligned([head, *short]).split("\n")
    for name, line in zip(names, lines, strict=True):
        found += f"\n{line}" if len(name) <= NAME else f"\n{name}\n{line}"
    sentences = verdict.sentences(evaluation)
    said = [textwrap.fill(each, WIDTH, break_on_hyphens=False) for each in sentences]
    count = int(evaluation.is_gray.sum())
    notes = [
        "↑ more is better, ↓ less is better; ± is half the 95 % interval. ΔE00 says how far colors "
        "are from the truth's; 1 is just visible. A number in brackets with a sign is a "
        "difference on the same photographs."
    ]
    if count and not evaluation.is_gray.all():
        notes.append(f"{count} gray photographs are left out.")
    notes.append("All figures: --all-metrics, or --json FILE.")
    return "\n\n".join([found, *said, textwrap.fill(" ".join(notes), WIDTH)])


def first(evaluation: record.Evaluation) -> tuple[list[str], list[list[str]]]:
    """The figures to look at first: the head and a line for each model, gray and the truth."""
    figures = evaluation.figures()
    names = [*evaluation.models, scores.GRAY, scores.TRUTH]
    metrics = [metric for metric in SHORT if any(metric in figures[name] for name in names)]
    lines = [
        [name, *(wording.shown(figures[name].get(metric), digits=1) for metric in metrics)]
        for name in names
    ]
    return ["", *map(wording.heading, metrics)], lines


def all_metrics(evaluation: record.Evaluation) -> str:
    """Tables with one metric per line: rows, differences of rows, and rows on gray photographs."""
    figures = evaluation.figures()
    metrics = list(dict.fromkeys(metric for row in figures.values() for metric in row))
    lines = [["", *figures]]
    for metric in metrics:
        cells = [wording.shown(row.get(metric)) for row in figures.values()]
        lines.append([wording.heading(metric), *cells])
    parts = [_aligned(lines)]
    if differences := evaluation.differences():
        heads = [f"{first} - {second}" for first, second in differences]
        lines = [["difference", *heads]]
        for metric in metrics:
            cells = [wording.shown(row.get(metric), signed=True) for row in differences.values()]
            if any(cells):
                lines.append([wording.heading(metric), *cells])
        parts.append(_aligned(lines))
    if apart := evaluation.of_gray():
        lines = [[f"{int(evaluation.is_gray.sum())} gray photographs, apart", *apart]]
        for metric in GRAY_METRICS:
            lines.append([wording.name(metric), *(f"{row[metric]:.4g}" for row in apart.values())])
        parts.append(_aligned(lines))
    return "\n\n".join(parts)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for name, *cells in rows:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *padded]).rstrip())
    return "\n".join(lines)
