"""The page of an evaluation, which needs nothing beside it."""

import html
from collections.abc import Iterable
from pathlib import Path

from tfcolor.color import brightness
from tfcolor.evaluation import record, scores
from tfcolor.evaluation.metrics import hues
from tfcolor.evaluation.report import album, charts, choice, classes, galleries, pictures, tables
from tfcolor.pages import plots, webpage
from tfcolor.support import disk

HERE = Path(__file__).parent


def write(evaluation: record.Evaluation, kept: pictures.Thumbnails, folder: Path) -> Path:
    """Writes report.html into a folder, which is made if it is missing.

    Raises:
      OSError: if it cannot be written; names the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
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
    sections = [
        ("Table", _table(view)),
        ("Distributions", _distributions(view)),
        ("Metric against metric", _charts(view)),
        ("How little SSIM says", _ssim(view, held)),
        ("By class", _classes(view)),
        ("Best, median and worst", galleries.extremes(view, held)),
        ("Where models disagree", galleries.disagreements(view, held)),
        ("What went wrong", _wrong(view, held)),
    ]
    parts = [webpage.section(title, text) for title, text in sections if text]
    parts.append(webpage.data("hover", charts.hover(view, held)))
    parts.append(webpage.data("pictures", held.embedded()))  # the last: all have asked
    how = evaluation.protocol
    title = f"Colorizers on {len(evaluation.names)} photographs"
    part = f", part {how['part']}" if "part" in how else ""
    intro = f"{how.get('source', 'Photographs')}{part}, measured by {how.get('protocol', '')}."
    return webpage.document(
        title,
        title,
        "\n".join([f"<p>{html.escape(intro)}</p>", *parts]),
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        script=(HERE / "page.js").read_text(encoding="utf-8"),
    )


def _table(view: choice.View) -> str:
    evaluation = view.evaluation
    parts = [
        tables.figures(evaluation.figures()),
        webpage.note(
            "Means over the color photographs, ± the larger side of the 95 % interval. SSIM and "
            "PSNR reward gray itself, for its lightness is the photograph's: read each model "
            "against gray. Colorfulness and spill are read against the truth's."
        ),
    ]
    if differences := evaluation.differences():
        named = {f"{first} - {second}": row for (first, second), row in differences.items()}
        parts += ["<h3>Differences</h3>", tables.figures(named, signed=True)]
        parts.append(webpage.note("Models are compared on the same photographs."))
    if evaluation.is_gray.any():
        parts += ["<h3>Gray photographs, apart</h3>", tables.of_gray(evaluation)]
    facts = [f"{name}: {value}" for name, value in evaluation.protocol.items()]
    parts.append(webpage.names("How it was measured", len(facts), facts))
    return "\n".join(parts)


def _distributions(view: choice.View) -> str:
    text = "One value a photograph. Gray and the truth are left out where they have but one."
    return webpage.figure(plots.png(charts.distributions(view)), text)


def _charts(view: choice.View) -> str:
    count, total = len(charts.sampled(view)), len(view.places)
    which = (
        f"{count} of {total} photographs, at random" if count < total else f"{total} photographs"
    )
    chart = "".join(
        f'<div class="chart" data-x="{x}" data-y="{y}"></div>' for x, y in charts.pairs(view)
    )
    return (
        f'<p class="legend"></p>\n<figure><div class="charts">{chart}</div>'
        f"<figcaption>{which}; point at one to see it.</figcaption></figure>"
    )


def _ssim(view: choice.View, held: album.Album) -> str:
    realistic, dull = galleries.realistic(view, held), galleries.dull(view, held)
    gray = view.values(scores.GRAY, choice.SSIM).mean()
    return "\n".join(
        [
            f"<p>A gray picture, with no color at all, has an SSIM of {gray:.3f}.</p>",
            tables.ssim(view),
            webpage.note(
                "Correlations over photographs with their 95 % intervals by Fisher's z (for ranks "
                "with the error of Bonett and Wright). A model's SSIM that goes along with gray's "
                "tells photographs apart, not colors."
            ),
            "<h3>Low SSIM yet realistic</h3>",
            realistic,
            "<h3>High SSIM yet dull</h3>",
            dull,
        ]
    )


def _classes(view: choice.View) -> str:
    limits = classes.contrast_limits(view)
    groups = [
        ("brightness", classes.by_brightness(view), _rules(brightness.CLASSES.items())),
        (
            "contrast",
            classes.by_contrast(view),
            "Thirds of the photographs by the standard deviation of L*, with limits at "
            f"{limits[0]:.1f} and {limits[1]:.1f}.",
        ),
        (
            "colorfulness",
            classes.by_colorfulness(view),
            "The truth's, in the words of Hasler and Süsstrunk: "
            + _rules((name, f"from {limit:g}") for name, limit in classes.COLORFULNESS.items()),
        ),
    ]
    if not view.evaluation.models:
        return ""
    return "\n".join(
        f"<h3>By {title}</h3>\n{tables.by_class(view, title, found)}\n{webpage.note(rule)}"
        for title, found, rule in groups
    )


def _wrong(view: choice.View, held: album.Album) -> str:
    if not view.evaluation.models:
        return ""
    return "\n".join(
        [
            "<h3>Hues taken for others</h3>",
            *(_hues(view.evaluation, row) for row in view.evaluation.models),
            "<h3>Color lost</h3>",
            _lost(view),
            galleries.desaturated(view, held),
            "<h3>Color over edges</h3>",
            galleries.spilling(view, held),
        ]
    )


def _hues(evaluation: record.Evaluation, row: str) -> str:
    counts = evaluation.rows[row].hues
    if counts is None or not counts.any():
        return ""
    largest = tables.sentence(tables.named_confusions(counts))
    return f"<h4>{html.escape(row)}</h4>\n{tables.confusions(counts)}\n" + webpage.note(
        "What the pixels of each of the truth's hues (left) became. The largest confusions of "
        f"a hue that has {tables.COMMON:.0%} of the pixels or more: {largest}."
    )


def _lost(view: choice.View) -> str:
    lines = []
    for row in view.evaluation.models:
        counts = view.evaluation.rows[row].hues
        own, truth = (view.values(name, choice.COLORFULNESS).mean() for name in (row, scores.TRUTH))
        faded = float("nan") if counts is None else tables.faded_share(counts)
        ratio = own / truth if truth else float("nan")
        shares = (faded, ratio, choice.dull_share(view, row))
        lines.append([row, *(tables.percent(share) for share in shares)])
    return webpage.table(
        ["", "pixels that lost their color", "colorfulness over the truth's", "dull pictures"],
        lines,
    ) + webpage.note(
        "Shares: of the pixels with a hue, those painted neutral (chroma under "
        f"{hues.NEUTRAL_CHROMA:g}); the mean colorfulness over the truth's; of the photographs "
        f"with a colorfulness of {choice.COLORFUL:g} or more, those that kept less than "
        f"{choice.DULL:g} of it."
    )


def _rules(rules: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {rule}" for name, rule in rules) + "."
