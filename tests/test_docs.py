"""The words stay true: links lead somewhere, and the signatures are those of the code."""

import re
from pathlib import Path

import pytest

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


def test_the_signatures_are_those_of_the_contract():
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    assert modelcard.signature_table() in page
