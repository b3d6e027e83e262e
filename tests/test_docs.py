"""The words stay true: links lead somewhere, and the options that are named exist."""

import re
from pathlib import Path

import click
import pytest

from tfcolor.cli import main
from tfcolor.export import modelcard

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", prose):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
            if page.is_relative_to(DOCS):  # or the site of mkdocs has not got it
                assert (page.parent / target).resolve().is_relative_to(DOCS), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page):
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for name, rest in re.findall(r"^tfcolor[ -]([\w-]+)([^\n#]*)", text, re.MULTILINE):
        command = main.cli.commands[name]
        known = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
        for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest.partition(" -- ")[0]):
            assert option in known, f"tfcolor {name} {option}"


def test_the_signatures_are_those_of_the_contract():
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    assert modelcard.signature_table() in page
