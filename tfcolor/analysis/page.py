"""The report as one page of HTML that needs nothing beside it."""

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

from tfcolor.analysis import preprocessing, stream

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
figcaption, .note { font-size: .875rem; opacity: .8; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8886; }
th:first-child, .text { text-align: left; }
details { margin: .5rem 0; overflow-wrap: anywhere; }
"""


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
    body = "\n".join(
        f'<section id="{_anchor(title)}">\n<h2>{title}</h2>\n{text}\n</section>'
        for title, text in sections
    )
    source = f"{html.escape(str(report['source']))}, part {html.escape(report['part'])}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Photographs of {source}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>A study of {report['usable']} photographs</h1>\n<p>Of {source}.</p>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _conclusion(report: Mapping[str, Any]) -> str:
    items = "".join(f"<li>{html.escape(sentence)}</li>\n" for sentence in report["conclusion"])
    return f"<ul>\n{items}</ul>" + _note(
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
            _names("Skipped", skipped["count"], skipped["reasons"]),
            _figure(pictures, "contact", "Some of them, at random."),
            _figure(pictures, "sizes", "Sizes of the files' photographs."),
            _table(["of a photograph", *columns], rows),
            _note(
                f"Luminance, contrast and colorfulness are measured on pictures of {stream.SIDE} "
                "pixels at most on their longest side; p5, median and p95 are read from bins."
            ),
            _figure(pictures, "distributions", "One value a photograph."),
            _table(["short side at least", "share"], large),
        ]
    )


def _brightness(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    rows = [
        [name, each["count"], each["share"], report["rules"]["brightness"][name]]
        for name, each in report["brightness"].items()
    ]
    return "\n".join(
        [
            _note("By brightness alone: a shirt on a white ground counts as snow."),
            _table(["class", "photographs", "share", "rule"], rows),
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
            parts.append(_names(f"Names of {kind} photographs", found["count"], found["names"]))
    return "\n".join(parts)


def _color(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    pixels = report["pixels"]
    columns = ("mean", "std", "min", "p5", "median", "p95", "max")
    rows = [[f"{n.upper() if n == 'l' else n}*", *(pixels[n][c] for c in columns)] for n in "lab"]
    return "\n".join(
        [
            _table(["of a pixel", *columns], rows),
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
            _table(["", "photographs", "mean L*", "contrast", "clipped", "change"], rows),
            _note(
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
            _table(columns, rows),
            _note(
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
    encoded = base64.b64encode(pictures[name]).decode()
    return (
        f'<figure><img alt="{html.escape(text)}" src="data:image/png;base64,{encoded}">'
        f"<figcaption>{html.escape(text)}</figcaption></figure>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    first = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    others = "\n".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>\n<tr>{first}</tr>\n{others}\n</table></div>'


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f'<td class="text">{html.escape(value)}</td>'
    return f"<td>{value}</td>"


def _names(title: str, count: int, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" (the first {len(names)} of {count})" if count > len(names) else ""
    items = "".join(f"<li>{html.escape(name)}</li>" for name in names)
    return f"<details><summary>{html.escape(title)}{more}</summary><ul>{items}</ul></details>"


def _note(text: str) -> str:
    return f'<p class="note">{html.escape(text)}</p>'


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
