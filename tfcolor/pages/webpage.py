"""Pages of HTML that need nothing beside them."""

import base64
import dataclasses
import html
import json
from collections.abc import Sequence
from typing import Any

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


@dataclasses.dataclass(frozen=True)
class Cell:
    """A number as text; a page's own style may color it by `shade`, in [0, 1], and `mark`."""

    text: str
    shade: float = 0.0
    mark: str = ""


def document(title: str, heading: str, body: str, style: str = "", script: str = "") -> str:
    """A whole page.

    Args:
      title, heading: text.
      body: HTML that follows the heading.
      style: CSS beside `STYLE`.
      script: JavaScript that runs when all is there; none without it.
    """
    script = f"\n<script>\n{script}</script>" if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n"
        f"<h1>{html.escape(heading)}</h1>\n{body}{script}\n</body>\n</html>\n"
    )


def section(title: str, body: str) -> str:
    """HTML under a heading that can be linked to."""
    anchor = title.lower().replace(" ", "-")
    return f'<section id="{anchor}">\n<h2>{title}</h2>\n{body}\n</section>'


def figure(png: bytes, text: str) -> str:
    """A PNG file with its caption."""
    return (
        f'<figure><img alt="{html.escape(text)}" src="{data_uri(png, "image/png")}">'
        f"<figcaption>{html.escape(text)}</figcaption></figure>"
    )


def data_uri(content: bytes, media_type: str) -> str:
    """A file as the address of itself."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table of cells, see `cell`."""
    first = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    others = "\n".join("<tr>" + "".join(cell(value) for value in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>\n<tr>{first}</tr>\n{others}\n</table></div>'


def cell(value: Any) -> str:
    """A cell: text to the left; a number, or a `Cell`, to the right."""
    if isinstance(value, str):
        return f'<td class="text">{html.escape(value)}</td>'
    if isinstance(value, Cell):
        mark = f' class="{value.mark}"' if value.mark else ""
        shade = f' style="--shade: {value.shade:.3f}"' if value.shade else ""
        return f"<td{mark}{shade}>{html.escape(value.text)}</td>"
    return f"<td>{value}</td>"


def names(title: str, count: int, listed: Sequence[str]) -> str:
    """Names that unfold, the first of `count`; nothing for none."""
    if not listed:
        return ""
    more = f" (the first {len(listed)} of {count})" if count > len(listed) else ""
    items = "".join(f"<li>{html.escape(name)}</li>" for name in listed)
    return f"<details><summary>{html.escape(title)}{more}</summary><ul>{items}</ul></details>"


def note(text: str) -> str:
    """A remark in small print."""
    return f'<p class="note">{html.escape(text)}</p>'


def data(name: str, content: Any) -> str:
    """JSON for the script of the page, in an element of that id; no text can end the element."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
