"""Galleries of the photographs that `choice` chooses, with the rule over each."""

import html
import itertools
from collections.abc import Callable, Sequence

from tfcolor.evaluation import scores, sets
from tfcolor.evaluation.report import album, charts, choice
from tfcolor.pages import webpage

NO_PICTURES = "Its pictures are not here: they were measured in an earlier evaluation."

# Metrics that are printed under a picture.
SAID = (choice.SSIM, choice.DELTA, choice.COLORFULNESS)
OF_TRUTH = (choice.COLORFULNESS, choice.SPILL)  # that the truth has a value of its own in


def extremes(view: choice.View, held: album.Album) -> str:
    """The best, median and worst of every model by every metric, folded."""
    parts = [
        webpage.note("The colorization beside the truth. By MSE they are the same as by PSNR.")
    ]
    for row in view.evaluation.models:
        parts.append(_heading(row))
        if not held.has(row):
            parts.append(webpage.note(NO_PICTURES))
            continue
        for metric in view.ranking(row):
            chosen = choice.extremes(view, row, metric)
            body = "".join(
                f"<h4>{name}</h4>{_gallery(view, held, (row, scores.TRUTH), places, (metric,))}"
                for name, places in chosen.items()
            )
            parts.append(f"<details><summary>by {metric}</summary>{body}</details>")
    return "\n".join(parts) if view.evaluation.models else ""


def disagreements(view: choice.View, held: album.Album) -> str:
    """Where one model is much nearer to the truth than another, for each two of them."""
    shown = [row for row in view.evaluation.models if held.has(row)]
    parts = []
    for first, second in itertools.permutations(shown, 2):
        places = choice.disagreements(view, first, second)
        rows = (first, second, scores.TRUTH)
        parts.append(_heading(f"{first} nearer than {second}"))
        parts.append(_gallery(view, held, rows, places, (choice.DELTA,)))
    if not parts:
        return ""
    note = "The largest differences of ΔE00. In each, from left to right: the nearer, the other, "
    return "\n".join([webpage.note(f"{note}the truth."), *parts])


def realistic(view: choice.View, held: album.Album) -> str:
    """Pictures with a low SSIM that look real."""
    least, most = choice.NEAR_COLORFULNESS
    rule = (
        f"In the lowest {choice.LOW_SSIM:.0%} by SSIM, with {least:g} to {most:g} times the "
        "truth's colorfulness. "
    )
    if any(view.has(row, sets.REALISM) for row in view.evaluation.models):
        rule += (
            f"Of those the highest realism, at least {choice.REALISTIC:g}: how near the picture's "
            "features are to those of the nearest real photographs of other things, where 1 is as "
            "near as the photograph itself."
        )
    else:
        rule += "Of those the lowest ΔE00, for realism was not measured."
    return _each_model(view, held, rule, choice.low_ssim_yet_realistic)


def dull(view: choice.View, held: album.Album) -> str:
    """Pictures with a high SSIM that lost their color."""
    rule = (
        f"In the highest {1 - choice.HIGH_SSIM:.0%} by SSIM, with less than {choice.DULL:g} times "
        f"the colorfulness of a truth that has {choice.COLORFUL:g} or more; the dullest first."
    )
    return _each_model(view, held, rule, choice.high_ssim_yet_dull)


def desaturated(view: choice.View, held: album.Album) -> str:
    """The dullest pictures of all."""
    rule = (
        f"The dullest of the pictures with less than {choice.DULL:g} times the colorfulness of a "
        f"truth that has {choice.COLORFUL:g} or more."
    )
    return _each_model(view, held, rule, choice.desaturated)


def spilling(view: choice.View, held: album.Album) -> str:
    """Pictures whose color runs over edges."""
    rule = (
        "Spill is the share of a change of color across an edge of lightness that does not happen "
        f"at the edge. The pictures with a colorfulness of {choice.COLORFUL:g} or more whose spill "
        "is the most over the truth's."
    )
    return _each_model(view, held, rule, choice.spilling, (choice.SPILL,))


def _each_model(
    view: choice.View,
    held: album.Album,
    rule: str,
    choose: Callable[[choice.View, str], list[int]],
    said: Sequence[str] = SAID,
) -> str:
    """A gallery of each model: gray, the colorization, the truth."""
    parts = [webpage.note(f"{rule} From left to right: gray, the colorization, the truth.")]
    for row in view.evaluation.models:
        parts.append(_heading(row))
        if held.has(row):
            rows = (scores.GRAY, row, scores.TRUTH)
            parts.append(_gallery(view, held, rows, choose(view, row), said))
        else:
            parts.append(webpage.note(NO_PICTURES))
    return "\n".join(parts)


def _gallery(
    view: choice.View,
    held: album.Album,
    rows: Sequence[str],
    places: Sequence[int],
    said: Sequence[str],
) -> str:
    """Photographs with a line for each metric: the values of the rows from left to right."""
    if not places:
        return webpage.note("None.")
    groups = []
    for place in places:
        lines = [view.evaluation.names[place]]
        for metric in (*said, *_realism(view, rows, said)):
            told = [row for row in rows if row != scores.TRUTH or metric in OF_TRUTH]
            values = (view.evaluation.rows[row].scores[metric][place] for row in told)
            shown = " | ".join(f"{value:.3g}" for value in values)
            lines.append(f"{charts.LABELS.get(metric, metric)}: {shown}")
        groups.append(held.group(rows, place, lines))
    return f'<div class="gallery">{"".join(groups)}</div>'


def _realism(view: choice.View, rows: Sequence[str], said: Sequence[str]) -> list[str]:
    """Realism too where all of `SAID` is told, if it was measured."""
    told = said is SAID and all(view.has(row, sets.REALISM) for row in rows)
    return [sets.REALISM] if told else []


def _heading(text: str) -> str:
    return f"<h4>{html.escape(text)}</h4>"
