"""Figures of an evaluation as tables."""

import math
from collections.abc import Mapping

import numpy as np

from tfcolor.evaluation import intervals, record, scores, sets, table, wording
from tfcolor.evaluation.metrics import hues
from tfcolor.evaluation.report import choice, classes, correlation
from tfcolor.pages import webpage

COMMON = 0.01  # share of the pixels that a hue must have for its confusions to be named
NAMED = 3  # confusions
COLUMNS = 6  # that fit on a page

NEUTRAL = hues.NAMES.index("neutral")


def first(evaluation: record.Evaluation) -> webpage.Table:
    """The figures to look at first, a row a line."""
    head, lines = table.first(evaluation)
    return webpage.Table(head, [[name, *map(webpage.Cell, cells)] for name, *cells in lines])


def figures(rows: Mapping[str, record.Figures], signed: bool = False) -> webpage.Table:
    """Rows of figures, a metric a line; all with their intervals."""
    found = dict.fromkeys(metric for row in rows.values() for metric in row)
    lines = [
        [wording.heading(metric), *(shown(row.get(metric), signed) for row in rows.values())]
        for metric in found
    ]
    return webpage.Table(["", *rows], lines)


def parts(whole: webpage.Table) -> list[webpage.Table]:
    """Tables that fit on the page: each has the first column, and at most `COLUMNS` others."""
    count = len(whole.head) - 1
    width = -(-count // max(1, -(-count // COLUMNS))) or 1  # all are about as wide
    return [
        webpage.Table(
            [whole.head[0], *whole.head[start : start + width]],
            [[line[0], *line[start : start + width]] for line in whole.rows],
        )
        for start in range(1, count + 1, width)
    ]


def of_gray(evaluation: record.Evaluation) -> webpage.Table:
    """How colorful the photographs became that have no color; at least one of them."""
    means = evaluation.of_gray()
    lines = [
        [wording.name(metric), *(number(row[metric]) for row in means.values())]
        for metric in table.GRAY_METRICS
    ]
    return webpage.Table([f"{int(evaluation.is_gray.sum())} gray photographs", *means], lines)


def by_class(view: choice.View, title: str, found: classes.Classes) -> webpage.Table:
    """The main metrics of every model in every class."""
    lines = []
    for kind, which in found.items():
        mean = intervals.Bootstrap(int(which.sum())).mean
        for row in view.evaluation.models:
            columns = [
                view.values(row, "ab_error"),
                view.values(row, choice.DELTA),
                _gain(view.values(row, "psnr"), view.values(scores.GRAY, "psnr")),
                view.values(row, choice.COLORFULNESS),
                view.values(scores.TRUTH, choice.COLORFULNESS),
            ]
            cells = [shown(mean(values[which])) for values in columns]
            lines.append([kind, webpage.Cell(str(which.sum())), row, *cells])
    head = ["ab error ↓", "ΔE00 ↓", "PSNR over gray's ↑", "colorfulness", "the truth's"]
    return webpage.Table([title, "photographs", "", *head], lines)


def ssim(view: choice.View) -> webpage.Table:
    """What SSIM has to do with color, a model a column."""
    rows = view.evaluation.models
    mean = intervals.Bootstrap(len(view.places)).mean
    gray = view.values(scores.GRAY, choice.SSIM)
    own = {row: view.values(row, choice.SSIM) for row in rows}
    lines = [
        ["SSIM", *(shown(mean(own[row])) for row in rows)],
        ["SSIM of gray", *(shown(mean(gray)) for _ in rows)],
        [
            "photographs where gray's SSIM is higher",
            *(percent(float(np.mean(gray > own[row]))) for row in rows),
        ],
    ]
    ways = {"Pearson": correlation.pearson, "Spearman": correlation.spearman}
    for label, metric, of in (
        ("SSIM of gray", choice.SSIM, scores.GRAY),
        ("ΔE00", choice.DELTA, None),
        ("ab error", "ab_error", None),
        ("colorfulness", choice.COLORFULNESS, None),
        ("realism", sets.REALISM, None),
    ):
        if not all(view.has(row, metric) for row in rows):
            continue
        for way, correlate in ways.items():
            found = [correlate(own[row], view.values(of or row, metric)) for row in rows]
            lines.append([f"{way}, with {label}", *map(_bounds, found)])
    return webpage.Table(["", *rows], lines)


def confusions(counts: np.ndarray) -> webpage.Table:
    """Of the pixels of each hue, the share that was painted in each; counts int (8, 8)."""
    lines = []
    for index, (name, row) in enumerate(zip(hues.NAMES, counts, strict=True)):
        share = row / max(row.sum(), 1)
        cells = [
            webpage.Cell(f"{part:.1%}", part, "right" if column == index else "wrong")
            for column, part in enumerate(share)
        ]
        lines.append([name, *cells, percent(row.sum() / counts.sum())])
    return webpage.Table(["truth", *hues.NAMES, "of all pixels"], lines)


def named_confusions(counts: np.ndarray) -> list[str]:
    """The largest shares of a common hue that were painted in another, in words."""
    common = counts.sum(axis=1) >= COMMON * counts.sum()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pairs = [
        (float(share[true, fake]), f"{hues.NAMES[fake]} for {hues.NAMES[true]}")
        for true in range(len(counts))
        for fake in range(len(counts))
        if true != fake and NEUTRAL not in (true, fake) and common[true] and share[true, fake] > 0
    ]
    return [f"{text} ({part:.1%})" for part, text in sorted(pairs, reverse=True)[:NAMED]]


def faded_share(counts: np.ndarray) -> float:
    """The share of the pixels with a hue that were painted neutral; NaN where none has a hue."""
    with_hue = np.delete(counts, NEUTRAL, axis=0)
    return float(with_hue[:, NEUTRAL].sum() / with_hue.sum()) if with_hue.any() else math.nan


def lost(view: choice.View) -> webpage.Table:
    """How much color every model lost, as three shares."""
    lines = []
    for row in view.evaluation.models:
        counts = view.evaluation.rows[row].hues
        own, truth = (view.values(name, choice.COLORFULNESS).mean() for name in (row, scores.TRUTH))
        faded = math.nan if counts is None else faded_share(counts)
        shares = (faded, own / truth if truth else math.nan, choice.dull_share(view, row))
        lines.append([row, *map(percent, shares)])
    head = ["pixels that lost their color", "colorfulness over the truth's", "dull pictures"]
    return webpage.Table(["", *head], lines)


def shown(interval: intervals.Interval | None, signed: bool = False) -> webpage.Cell:
    """0.9123 ±0.0045; see `wording.shown`."""
    return webpage.Cell(wording.shown(interval, signed))


def number(value: float) -> webpage.Cell:
    """A figure without an interval; "none" where it is not defined."""
    if math.isnan(value):
        return webpage.Cell("none")
    return webpage.Cell("∞" if math.isinf(value) else f"{value:.3g}")


def percent(share: float) -> webpage.Cell:
    """A share; "none" where it is not defined."""
    return number(share) if math.isnan(share) else webpage.Cell(f"{share:.1%}")


def _bounds(interval: intervals.Interval) -> webpage.Cell:
    """-0.62 (-0.73 to -0.47): Fisher's interval is not symmetric."""
    value, low, high = interval
    if not math.isfinite(value) or not math.isfinite(low):
        return number(value)
    value, low, high = (round(bound, 2) + 0.0 for bound in interval)  # no -0.00
    return webpage.Cell(f"{value:.2f} ({low:.2f} to {high:.2f})")


def _gain(fake: np.ndarray, gray: np.ndarray) -> np.ndarray:
    """fake - gray, infinite where one of them is."""
    both = np.isfinite(fake) & np.isfinite(gray)
    return np.subtract(fake, gray, out=np.full_like(fake, np.inf), where=both)
