"""Galleries of the photographs that `choice` chooses."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

from tfcolor.evaluation import scores, sets, wording
from tfcolor.evaluation.report import album, choice

# Metrics that are printed under a picture.
SAID = (choice.SSIM, choice.DELTA, choice.COLORFULNESS)
OF_TRUTH = (choice.COLORFULNESS, choice.SPILL)  # that the truth has a value of its own in


@dataclasses.dataclass(frozen=True)
class Group:
    """One photograph's pictures side by side.

    Attributes:
      name: of the photograph.
      pictures: row -> what the script of the page calls the picture, from left to right.
      lines: one for each metric, with the values of the rows from left to right.
      below: row -> text under its picture.
    """

    name: str
    pictures: dict[str, str]
    lines: list[str]
    below: dict[str, str] = dataclasses.field(default_factory=dict)


def side_by_side(view: choice.View, held: album.Album) -> list[Group]:
    """Some photographs as gray, by every model whose pictures were kept, and as they are."""
    models = [row for row in view.evaluation.models if held.has(row)]
    rows = (scores.GRAY, *models, scores.TRUTH)
    places = choice.side_by_side(view) if models else []
    delta = wording.name(choice.DELTA)
    return [
        dataclasses.replace(
            group,
            below={
                row: f"{delta} {view.evaluation.rows[row].scores[choice.DELTA][place]:.3g}"
                for row in rows
                if row != scores.TRUTH
            },
        )
        for place, group in zip(places, _groups(view, held, rows, places, ()), strict=True)
    ]


def extremes(view: choice.View, held: album.Album) -> dict[str, dict[str, dict[str, list[Group]]]]:
    """The best, median and worst photographs by model and metric, beside the truth.

    A model whose pictures were not kept has no metric.
    """
    return {
        row: {
            wording.name(metric): {
                name: _groups(view, held, (row, scores.TRUTH), places, (metric,))
                for name, places in choice.extremes(view, row, metric).items()
            }
            for metric in (view.ranking(row) if held.has(row) else ())
        }
        for row in view.evaluation.models
    }


def disagreements(view: choice.View, held: album.Album) -> dict[str, list[Group]]:
    """Where one model is much nearer to the truth than another, for each two of them."""
    shown = [row for row in view.evaluation.models if held.has(row)]
    return {
        f"{first} nearer than {second}": _groups(
            view,
            held,
            (first, second, scores.TRUTH),
            choice.disagreements(view, first, second),
            (choice.DELTA,),
        )
        for first, second in itertools.permutations(shown, 2)
    }


def of_models(
    view: choice.View,
    held: album.Album,
    choose: Callable[[choice.View, str], list[int]],
    said: Sequence[str] = SAID,
) -> dict[str, list[Group] | None]:
    """The photographs chosen for each model: gray, the colorization and the truth.

    None stands for a model whose pictures were not kept.
    """
    return {
        row: _groups(view, held, (scores.GRAY, row, scores.TRUTH), choose(view, row), said)
        if held.has(row)
        else None
        for row in view.evaluation.models
    }


def _groups(
    view: choice.View,
    held: album.Album,
    rows: Sequence[str],
    places: Sequence[int],
    said: Sequence[str],
) -> list[Group]:
    """Photographs with a line for each metric of `said`; realism is added to `SAID` itself."""
    if said is SAID and all(view.has(row, sets.REALISM) for row in rows):
        said = (*SAID, sets.REALISM)
    return [
        Group(
            view.evaluation.names[place],
            {row: held.key(row, place, album.GALLERY_SIDE) for row in rows},
            [_line(view, rows, place, metric) for metric in said],
        )
        for place in places
    ]


def _line(view: choice.View, rows: Sequence[str], place: int, metric: str) -> str:
    told = [row for row in rows if row != scores.TRUTH or metric in OF_TRUTH]
    values = (view.evaluation.rows[row].scores[metric][place] for row in told)
    shown = " | ".join(f"{value:.3g}" for value in values)
    return f"{wording.name(metric)}: {shown}"
