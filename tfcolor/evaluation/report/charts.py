"""Distributions of the scores, and what the script of the page draws charts of."""

from typing import Any

import numpy as np
from matplotlib import figure

from tfcolor.evaluation import scores, sets, wording
from tfcolor.evaluation.report import album, choice
from tfcolor.pages import plots

METRICS = ("ssim", "psnr", "ab_error", "delta_e00", "colorfulness", "spill", sets.REALISM)
# Pairs of metrics, across and up.
PAIRS = (
    ("ssim", "delta_e00"),
    ("ssim", "colorfulness"),
    ("delta_e00", "colorfulness"),
    ("ssim", sets.REALISM),
    ("delta_e00", sets.REALISM),
)
COLORS = ("#d1477f", "#2f8fd8", "#c9821a", "#1fa37a", "#9a6ee0", "#c05a3c")
GRAY_COLOR = "#8a8a8a"
BINS = 20
COLUMNS = 2

# Limits of the page: photographs that have small pictures, and small pictures in all.
HOVER_PHOTOGRAPHS, HOVER_PICTURES = 500, 1200


def colors(view: choice.View) -> dict[str, str]:
    """The color of each model's points and lines, and gray's."""
    models = view.evaluation.models
    chosen = {row: COLORS[index % len(COLORS)] for index, row in enumerate(models)}
    return chosen | {scores.GRAY: GRAY_COLOR}


def distributions(view: choice.View) -> figure.Figure:
    """Histograms of the photographs by each metric, of the models, gray and the truth."""
    metrics = [metric for metric in METRICS if _rows_with(view, metric)]
    lines = colors(view) | {scores.TRUTH: "black"}
    rows = -(-len(metrics) // COLUMNS)
    drawn, grid = plots.subplots(rows, COLUMNS, height=2.5 * rows)
    for axis, metric in zip(grid.flat, metrics, strict=False):
        shown = {row: view.values(row, metric) for row in lines if _varies(view, row, metric)}
        values = np.concatenate(list(shown.values()) or [np.zeros(1)])
        edges = np.histogram_bin_edges(values[np.isfinite(values)], BINS)
        for row, each in shown.items():
            counts, _ = np.histogram(each[np.isfinite(each)], edges)
            axis.stairs(counts, edges, color=lines[row], linestyle=_style(row), linewidth=1.4)
        axis.set(xlabel=wording.name(metric), ylabel="photographs")
    for axis in grid.flat[len(metrics) :]:
        axis.set_axis_off()
    for row, color in lines.items():
        grid[0, 0].plot([], color=color, linestyle=_style(row), label=_label(row))
    drawn.legend(loc="outside upper center", ncols=4, frameon=False)
    return drawn


def hover(view: choice.View, pictures: album.Album) -> dict[str, Any]:
    """What the script draws: for each row the values of a sample of the photographs.

    Asks the album for the pictures that are shown under the pointer.
    """
    lines, sample = colors(view), sampled(view)
    places = view.places[sample]
    rows = []
    for row, color in lines.items():
        values = {
            metric: [_number(value) for value in view.values(row, metric)[sample]]
            for metric in METRICS
            if view.has(row, metric)
        }
        keys = _keys(pictures, row, places)
        rows.append({"name": row, "color": color, "values": values, "pictures": keys})
    return {
        "names": [view.evaluation.names[place] for place in places],
        "truth": _keys(pictures, scores.TRUTH, places),
        "rows": rows,
        "labels": {metric: wording.name(metric) for metric in METRICS},
    }


def pairs(view: choice.View) -> list[tuple[str, str]]:
    """The pairs of metrics that there are."""
    return [pair for pair in PAIRS if all(_rows_with(view, metric) for metric in pair)]


def sampled(view: choice.View) -> np.ndarray:
    """Which of a view's photographs the charts show, at random where they are many; int (m,)."""
    count, rows = len(view.places), 1 + len(colors(view))
    most = max(1, min(HOVER_PHOTOGRAPHS, HOVER_PICTURES // rows))
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def _style(row: str) -> str:
    return "--" if row == scores.TRUTH else "-"


def _label(row: str) -> str:
    """A row's name in letters that every font has, without mathematics; _ hides what it begins."""
    return " " + row.encode("ascii", "replace").decode().replace("$", r"\$")


def _keys(pictures: album.Album, row: str, places: np.ndarray) -> list[str]:
    if not pictures.has(row):
        return []
    return [pictures.key(row, place, album.HOVER_SIDE) for place in places.tolist()]


def _rows_with(view: choice.View, metric: str) -> list[str]:
    return [row for row in (*view.evaluation.models, scores.GRAY) if view.has(row, metric)]


def _varies(view: choice.View, row: str, metric: str) -> bool:
    """Whether a row's distribution is worth a line: the truth's own error is 0."""
    if not view.has(row, metric):
        return False
    if row == scores.TRUTH:
        return metric in (choice.COLORFULNESS, choice.SPILL)
    if row == scores.GRAY:
        return metric not in (choice.COLORFULNESS, choice.SPILL)
    return True


def _number(value: float) -> float | None:
    return round(value, 5) if np.isfinite(value) else None
