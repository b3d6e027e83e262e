"""The page of an evaluation, which needs nothing beside it; page.html says how it looks."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfcolor.color import brightness
from tfcolor.evaluation import record, scores, sets, verdict
from tfcolor.evaluation.metrics import hues
from tfcolor.evaluation.report import album, charts, choice, classes, galleries, pictures, tables
from tfcolor.pages import plots, webpage
from tfcolor.support import disk

TEMPLATE = Path(__file__).with_suffix(".html")


def write(evaluation: record.Evaluation, kept: pictures.Thumbnails, folder: Path) -> Path:
    """Writes evaluation.html into a folder, which is made if it is missing.

    Raises:
      OSError: if it cannot be written; names the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / webpage.EVALUATION
    # A file's name need not be text.
    disk.write(path, render(evaluation, kept).encode("utf-8", "replace"))
    return path


def render(evaluation: record.Evaluation, kept: pictures.Thumbnails) -> str:
    """The page.

    Args:
      evaluation: one photograph at least.
      kept: what observed the evaluation; rows without pictures have figures alone.
    """
    view, held = choice.View(evaluation), album.Album(kept)
    values = _figures(view) | _galleries(view, held) | {"hover": charts.hover(view, held)}
    values["pictures"] = held.embedded()  # last: the album now knows all pictures
    return webpage.render(TEMPLATE, choice=choice, **values)


def _figures(view: choice.View) -> dict[str, Any]:
    """The values of the page that need no pictures of photographs."""
    evaluation = view.evaluation
    differences = {f"{a} - {b}": row for (a, b), row in evaluation.differences().items()}
    return {
        "count": len(evaluation.names),
        "protocol": evaluation.protocol,
        "models": evaluation.models,
        "verdict": verdict.sentences(evaluation),
        "first": tables.first(evaluation),
        "figures": tables.parts(tables.figures(evaluation.figures())),
        "differences": tables.parts(tables.figures(differences, signed=True)),
        "of_gray": tables.parts(tables.of_gray(evaluation)) if evaluation.is_gray.any() else [],
        "facts": [f"{name}: {value}" for name, value in evaluation.protocol.items()],
        "distributions": plots.png(charts.distributions(view)),
        "pairs": charts.pairs(view),
        "sampled": len(charts.sampled(view)),
        "total": len(view.places),
        "ssim_of_gray": view.values(scores.GRAY, choice.SSIM).mean(),
        "ssim": tables.parts(tables.ssim(view)),
        "classes": _classes(view),
        "hues": _hues(evaluation),
        "common_hue": tables.COMMON,
        "lost": tables.lost(view),
        "neutral_chroma": hues.NEUTRAL_CHROMA,
    }


def _galleries(view: choice.View, held: album.Album) -> dict[str, Any]:
    """The galleries of the page."""
    return {
        "has_realism": any(view.has(row, sets.REALISM) for row in view.evaluation.models),
        "side_by_side": galleries.side_by_side(view, held),
        "realistic": galleries.of_models(view, held, choice.low_ssim_yet_realistic),
        "dull": galleries.of_models(view, held, choice.high_ssim_yet_dull),
        "extremes": galleries.extremes(view, held),
        "disagreements": galleries.disagreements(view, held),
        "desaturated": galleries.of_models(view, held, choice.desaturated),
        "spilling": galleries.of_models(view, held, choice.spilling, (choice.SPILL,)),
    }


def _classes(view: choice.View) -> list[tuple[str, webpage.Table, str]]:
    """Each way of classifying photographs: its name, the figures of its classes, and its rule."""
    low, high = classes.contrast_limits(view)
    limits = ((name, f"from {limit:g}") for name, limit in classes.COLORFULNESS.items())
    thirds = (
        "Thirds of the photographs by the standard deviation of L*, with limits at "
        f"{low:.1f} and {high:.1f}."
    )
    words = f"The truth's, in the words of Hasler and Süsstrunk: {_rules(limits)}"
    groups = [
        ("brightness", classes.by_brightness(view), _rules(brightness.CLASSES.items())),
        ("contrast", classes.by_contrast(view), thirds),
        ("colorfulness", classes.by_colorfulness(view), words),
    ]
    return [(kind, tables.by_class(view, kind, found), rule) for kind, found, rule in groups]


def _hues(evaluation: record.Evaluation) -> list[tuple[str, webpage.Table, list[str]]]:
    """Each model whose hues were counted, with its confusions and the largest of them in words."""
    counted = ((row, evaluation.rows[row].hues) for row in evaluation.models)
    return [
        (row, tables.confusions(counts), tables.named_confusions(counts))
        for row, counts in counted
        if counts is not None and counts.any()
    ]


def _rules(rules: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {rule}" for name, rule in rules) + "."
