"""Pages of HTML that need nothing beside them, from templates of Jinja2."""

import base64
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from tfcolor.support import errors

HERE = Path(__file__).parent
# What each page is called in a folder.
ANALYSIS, EVALUATION, HUMAN = "analysis.html", "evaluation.html", "human.html"
SECTION = re.compile(r'<section id="([^"]+)">\s*<h2>(.*?)</h2>', re.DOTALL)  # id, title
GENERATOR = b'<meta name="generator" content="tfcolor">'  # in document.html


@dataclasses.dataclass(frozen=True)
class Cell:
    """A number as text; a page's own style may color it by `shade`, in [0, 1], and `mark`."""

    text: str
    shade: float = 0.0
    mark: str = ""


class Table(NamedTuple):
    """A table, as `table` in macros.html shows it."""

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]  # text stands to the left; a number, or a `Cell`, to the right


def render(template: Path, **values: Any) -> str:
    """A page from a template that extends document.html.

    Args:
      template: its file. It can import from its own folder and from this one.
      values: what the template shows, by name. Text is escaped.

    Raises:
      jinja2.UndefinedError: if the template shows a value that is not given.
    """
    loader = jinja2.FileSystemLoader([template.parent, HERE])
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = data_uri
    environment.filters["sections"] = SECTION.findall
    # A style or a script is read as it is: `include` would take {# in it for a comment.
    environment.globals["text_of"] = lambda name: loader.get_source(environment, name)[0]
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return environment.get_template(template.name).render(values)


def claim(page: Path, *beside: Path) -> None:
    """Makes sure that only files of ours would be replaced.

    Args:
      page: where a page will be written; one of ours may be there.
      beside: what is written with it; may be there if the page is.

    Raises:
      ValueError: if another file is there, or a folder in the place of the page's own.
    """
    folder = page.parent
    if folder.exists() and not folder.is_dir():
        raise errors.InputError(f"{folder} is a file; give a folder")
    if page.exists():
        with open(page, "rb") as file:
            foreign = [] if GENERATOR in file.read(2000) else [page]
    else:
        foreign = [path for path in beside if path.exists()]
    if foreign:
        raise errors.InputError(f"{foreign[0]} was not made by tfcolor; give another folder")


def data_uri(content: bytes, media_type: str) -> str:
    """A file as an address that holds its bytes."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
