"""The page that asks for the real picture, in a browser, and what its answers say."""

import base64
import dataclasses
import json
import re

import numpy as np
import pytest
from conftest import colorful_photo

from tfcolor.evaluation import intervals, metrics, record
from tfcolor.evaluation.report import page, pictures, survey

MODELS = ["model one", "</script>two"]
COUNT = 6


def random_row(rng):
    """Made-up scores: the page of questions needs none of them."""
    return {name: rng.uniform(1, 2, COUNT).astype(np.float32) for name in metrics.PER_PHOTOGRAPH}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An evaluation of two models on six photographs, the last one gray, and its pictures."""
    rng = np.random.default_rng(0)
    facts = ("lightness", "contrast", "dark", "bright", "chroma", *metrics.WEIGHTS)
    evaluation = record.Evaluation(
        protocol={"photographs_sha256": "6" * 64},
        names=[f"photo {index} ü.jpg" for index in range(COUNT)],
        photographs={name: rng.uniform(0, 1, COUNT).astype(np.float32) for name in facts},
        is_gray=np.arange(COUNT) == COUNT - 1,
        rows={row: record.RowScores(random_row(rng)) for row in MODELS}
        | {row: record.RowScores(random_row(rng), is_control=True) for row in ("gray", "truth")},
    )
    truth = np.stack([colorful_photo(seed) for seed in range(COUNT)])
    with pictures.Thumbnails() as kept:
        for shift, row in enumerate((*MODELS, "gray", "truth"), 1):
            kept(row, {"rgb": truth}, truth if row == "truth" else np.roll(truth, shift, axis=-1))
        yield evaluation, kept


@pytest.fixture
def written(made, tmp_path):
    """The page's file."""
    return survey.write(*made, tmp_path / "deep/report")


def asked(path):
    """What the page asks, with the answers."""
    (text,) = re.findall('id="asked">(.*?)</script>', path.read_text(encoding="utf-8"))
    content = json.loads(text)
    for pair in content["pairs"]:
        pair |= json.loads(base64.b64decode(pair.pop("what")))
    return content


def test_a_pair_is_a_colorization_and_its_photograph(made, written):
    evaluation, kept = made
    pairs = asked(written)["pairs"]
    assert {(pair["row"], pair["photograph"]) for pair in pairs} == {
        (row, name) for row in MODELS for name in evaluation.names[:-1]
    }
    assert len(pairs) == 10 and {pair["real"] for pair in pairs} == {0, 1}
    for pair in pairs:
        place = evaluation.names.index(pair["photograph"])
        shown = [
            base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))
            for uri in pair["pictures"]
        ]
        assert shown[pair["real"]] == kept.jpeg("truth", place)
        assert shown[1 - pair["real"]] == kept.jpeg(pair["row"], place)


def test_the_page_needs_nothing_beside_it_and_tells_no_side(made, written):
    text = written.read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|<link|@import|url\(", text)
    plain = re.sub('data:image/jpeg;base64,[^"]*', "", text)
    for word in ("truth", "photo 0", *MODELS):
        assert word not in plain
    assert survey.write(*made, written.parent).read_text(encoding="utf-8") == text


def test_photographs_come_again_only_after_all_others():
    drawn = survey.drawn(np.arange(40), ["a", "b", "c"], 100)
    assert drawn == survey.drawn(np.arange(40), ["a", "b", "c"], 100)
    assert len(drawn) == 100 == len({(row, place) for row, place, _ in drawn})
    assert len({place for _, place, _ in drawn[:40]}) == 40
    assert {row for row, _, _ in drawn[:40]} == {"a", "b", "c"}
    assert 30 < sum(side for *_, side in drawn) < 70
    assert len(survey.drawn(np.arange(3), ["a"], 100)) == 3


def test_a_page_without_a_model_or_color_is_an_error(made, tmp_path):
    evaluation, kept = made
    with pytest.raises(ValueError, match="needs a model's pictures"):
        controls = {row: evaluation.rows[row] for row in ("gray", "truth")}
        survey.write(dataclasses.replace(evaluation, rows=controls), kept, tmp_path)
    with pytest.raises(ValueError, match="needs a color photograph"):
        all_gray = np.ones(COUNT, bool)
        survey.write(dataclasses.replace(evaluation, is_gray=all_gray), kept, tmp_path)


def saved(path, given=(), **changes):
    """A file of answers, (row, taken for real)."""
    answers = [
        {"row": row, "photograph": "a.jpg", "taken_for_real": taken, "seconds": 1.5}
        for row, taken in given
    ]
    content = {"tfcolor_human": 1, "photographs_sha256": "6" * 64, "answers": answers} | changes
    path.write_text(json.dumps(content))
    return path


def test_rates_are_of_all_files_with_wilsons_interval(made, tmp_path):
    paths = [
        saved(tmp_path / "a.json", [("model one", True)] * 3 + [("model one", False)] * 5),
        saved(tmp_path / "b.json", [("model one", True), ("a model of another day", True)]),
    ]
    assert survey.rates(survey.read(paths), made[0]) == {"model one": intervals.proportion(4, 9)}
    assert survey.rates(survey.read([]), made[0]) == {}


def test_broken_answers_are_errors_that_name_the_file(made, tmp_path):
    path = tmp_path / "answers.json"
    for content in ("no JSON", "[]", '{"tfcolor_human": 1}', "null"):
        path.write_text(content)
        with pytest.raises(ValueError, match="answers.json holds no answers of human.html"):
            survey.rates(survey.read([path]), made[0])
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="answers.json"):
        survey.rates(survey.read([path]), made[0])
    for changes in ({"tfcolor_human": 2}, {"answers": [{"row": "model one", "taken_for_real": 1}]}):
        with pytest.raises(ValueError, match="answers.json holds no answers"):
            survey.rates(survey.read([saved(path, **changes)]), made[0])
    other = saved(path, photographs_sha256="7" * 64)
    with pytest.raises(ValueError, match="answers.json.*measure on the same photographs"):
        survey.rates(survey.read([other]), made[0])


@pytest.fixture
def tab(browser):
    """A page of the browser, which must have nothing to say in its console."""
    opened, said = browser.new_page(viewport={"width": 1000, "height": 800}), []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    opened.close()
    assert said == []


def widths(images):
    """Of pictures, once they are decoded."""
    return images.evaluate_all("images => images.map((image) => image.naturalWidth)")


def choose(tab, side, by_key):
    """Answers one pair by an arrow or by a click."""
    if by_key:
        tab.keyboard.press(("ArrowLeft", "ArrowRight")[side])
    else:
        tab.locator("#pair button").nth(side).click()


@pytest.mark.slow
def test_answers_are_kept_over_a_reload_and_saved(made, written, tab, tmp_path):
    content, sides = asked(written), [0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
    tab.goto(written.as_uri())
    assert tab.evaluate("localStorage.length") == 0
    for done, (side, pair) in enumerate(zip(sides, content["pairs"], strict=True)):
        assert tab.inner_text("#count") == f"{done} of 10"
        images = tab.locator("#pair img")
        assert images.evaluate_all("images => images.map((image) => image.src)") == pair["pictures"]
        assert widths(images) == [64, 64]
        choose(tab, side, by_key=done % 2)
        if done == 4:
            tab.reload()
    taken = [side != pair["real"] for side, pair in zip(sides, content["pairs"], strict=True)]
    result = f"Colorizations that you took for real: {sum(taken)} of 10 ({10 * sum(taken)} %)"
    assert tab.inner_text("#result").startswith(result)
    assert not tab.is_visible("#pair")
    choose(tab, 0, by_key=True)  # nothing is left to answer
    assert tab.inner_text("#count") == "10 of 10"

    with tab.expect_download() as download:
        tab.click("#save")
    assert download.value.suggested_filename == "human-answers.json"
    path = tmp_path / "answers.json"
    download.value.save_as(path)
    file = json.loads(path.read_text(encoding="utf-8"))
    assert file["tfcolor_human"] == 1 and file["photographs_sha256"] == "6" * 64
    for answer, pair, was_taken in zip(file["answers"], content["pairs"], taken, strict=True):
        assert answer["row"] == pair["row"] and answer["photograph"] == pair["photograph"]
        assert answer["taken_for_real"] is was_taken and 0 <= answer["seconds"] < 60
    hits = {row: 0 for row in MODELS}
    for pair, was_taken in zip(content["pairs"], taken, strict=True):
        hits[pair["row"]] += was_taken
    wanted = {row: intervals.proportion(hits[row], 5) for row in MODELS}
    assert survey.rates(survey.read([path]), made[0]) == wanted


def test_the_report_shows_pictures_and_charts(made, tmp_path, tab):
    tab.goto(page.write(*made, tmp_path).as_uri())
    shown = widths(tab.locator("img[data-picture]"))
    assert len(shown) > 20 and set(shown) == {64}
    charts = tab.locator(".chart svg")
    assert charts.count() == 3
    points = charts.first.locator("circle")
    assert points.count() == 3 * (COUNT - 1)
    under_pointer = tab.locator("#under-pointer")
    assert not under_pointer.is_visible()
    points.first.hover(force=True)
    assert under_pointer.is_visible() and ".jpg" in under_pointer.inner_text()
    assert widths(under_pointer.locator("img")) == [64, 64]
    tab.locator(".legend input").first.click()
    assert [point.is_visible() for point in points.all()] == [False] * 5 + [True] * 10
