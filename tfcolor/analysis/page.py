"""The report as one page of HTML that needs nothing beside it."""

import html
from collections.abc import Mapping
from typing import Any

from tfcolor.analysis import preprocessing, stream
from tfcolor.pages import webpage


def render(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The page.

    Args:
      report: what `report.json` says; the numbers of the tables are its numbers.
      pictures: name -> PNG file; "gray", "sepia" and "augment" may be missing.
    """
    sections = [
        ("Conclusion", _conclusion(report)),
        ("Photographs", _photographs(report, pictures)),
        ("Brightness", _brightness(report, pictures)),
        ("Gray and sepia", _gray_and_sepia(report, pictures)),
        ("Color", _color(report, pictures)),
        ("Preprocessing", _preprocessing(report, pictures)),
        ("Ways of making gray", _gray_methods(report, pictures)),
    ]
    if "augment" in pictures:
        sections.append(("Augmentation", _augmentation(pictures)))
    source = f"{report['source']}, part {report['part']}"
    parts = [f"<p>Of {html.escape(source)}.</p>"]
    parts += [webpage.section(title, text) for title, text in sections]
    return webpage.document(
        f"Photographs of {source}",
        f"A study of {report['usable']} photographs",
        "\n".join(parts),
    )


def _conclusion(report: Mapping[str, Any]) -> str:
    items = "".join(f"<li>{html.escape(sentence)}</li>\n" for sentence in report["conclusion"])
    return f"<ul>\n{items}</ul>" + webpage.note(
        "Computed from the figures below by the rules that tfcolor/analysis/conclusion.py states."
    )


def _photographs(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    skipped = report["skipped"]
    counts = (
        f"<p>{report['found']} found, {report['usable']} usable, {skipped['count']} skipped as "
        "broken or tiny.</p>"
    )
    columns = ("mean", "std", "min", "p5", "median", "p95", "max")
    rows = [
        [name.replace("_", " "), *(each[column] for column in columns)]
        for name, each in report["photographs"].items()
    ]
    large = [[f"{size} pixels", share] for size, share in report["large_enough"].items()]
    return "\n".join(
        [
            counts,
            webpage.names("Skipped", skipped["count"], skipped["reasons"]),
            _figure(pictures, "contact", "Some of them, at random."),
            _figure(pictures, "sizes", "Sizes of the files' photographs."),
            webpage.table(["of a photograph", *columns], rows),
            webpage.note(
                f"Luminance, contrast and colorfulness are measured on pictures of {stream.SIDE} "
                "pixels at most on their longest side; p5, median and p95 are read from bins."
            ),
            _figure(pictures, "distributions", "One value a photograph."),
            webpage.table(["short side at least", "share"], large),
        ]
    )


def _brightness(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    rows = [
        [name, each["count"], each["share"], report["rules"]["brightness"][name]]
        for name, each in report["brightness"].items()
    ]
    return "\n".join(
        [
            webpage.note("By brightness alone: a shirt on a white ground counts as snow."),
            webpage.table(["class", "photographs", "share", "rule"], rows),
            _figure(pictures, "brightness", "Some of each class, at random."),
        ]
    )


def _gray_and_sepia(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    rules = {
        "gray": f"mean chroma under min_chroma, {report['min_chroma']} Lab units",
        "sepia": report["rules"]["sepia"],
    }
    parts = []
    for kind, rule in rules.items():
        found = report[kind]
        parts.append(f"<p>{found['count']} {kind}: {html.escape(rule)}.</p>")
        if found["count"]:
            parts.append(_figure(pictures, kind, f"Some {kind} photographs."))
            parts.append(
                webpage.names(f"Names of {kind} photographs", found["count"], found["names"])
            )
    return "\n".join(parts)


def _color(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    pixels = report["pixels"]
    columns = ("mean", "std", "min", "p5", "median", "p95", "max")
    rows = [[f"{n.upper() if n == 'l' else n}*", *(pixels[n][c] for c in columns)] for n in "lab"]
    return "\n".join(
        [
            webpage.table(["of a pixel", *columns], rows),
            f"<p>Share of pixels with a chroma under 10: {pixels['neutral_share']}.</p>",
            _figure(pictures, "planes", "Histograms of L*, a* and b*."),
            _figure(pictures, "density", "Colors of all pixels, on a logarithmic scale."),
            _figure(pictures, "channels", "One photograph and its channels."),
        ]
    )


def _preprocessing(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    columns = ("method", "photographs", "mean", "std", "clipped", "change")
    rows = [[row[column] for column in columns] for row in report["preprocessing"]]
    sampled = rows[-1][1]
    return "\n".join(
        [
            _figure(pictures, "preprocessing", "One photograph's lightness in each way."),
            webpage.table(["", "photographs", "mean L*", "contrast", "clipped", "change"], rows),
            webpage.note(
                "Means over photographs: of the mean of L*, of its standard deviation, of the "
                f"share of pixels within {preprocessing.CLIPPED} of an end, and of how far L* is "
                f"from what it was. Adaptive equalization is slow; it is measured on {sampled} "
                "photographs, evenly spaced."
            ),
        ]
    )


def _gray_methods(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    columns = ("method", "shift", "spread", "distance")
    rows = [[row[column] for column in columns] for row in report["gray_methods"]]
    return "\n".join(
        [
            webpage.table(columns, rows),
            webpage.note(
                "Over all pixels, in L*: how far the mean is from that of L* (shift), the standard "
                "deviation (spread), and the mean absolute distance from L*."
            ),
            _figure(pictures, "gray_methods", "Lightness in each way."),
            _figure(pictures, "gray_examples", "Where they differ the most."),
        ]
    )


def _augmentation(pictures: Mapping[str, bytes]) -> str:
    text = "As old films might show them; training sees a share of them so with --set film=SHARE."
    return _figure(pictures, "augment", text)


def _figure(pictures: Mapping[str, bytes], name: str, text: str) -> str:
    return webpage.figure(pictures[name], text)
