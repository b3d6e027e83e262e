"""The words stay true: links lead somewhere, and the signatures are those of the code."""

import re
import subprocess
import sys
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


def test_the_site_is_built_without_warnings_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("material", reason="needs the extra docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "search" / "search_index.json").is_file()
    for page in tmp_path.rglob("*.html"):
        tags = re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", page.read_text(encoding="utf-8"))
        assert not [tag for tag in tags if re.search(r"(src|href)=\W?(https?:)?//", tag)], page
    for style in tmp_path.rglob("*.css"):
        assert not re.search(r"url\(\W?(https?:)?//|@import", style.read_text(encoding="utf-8"))


def test_the_signatures_are_those_of_the_contract():
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    assert modelcard.signature_table() in page
