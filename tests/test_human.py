"""The page that asks for the real picture, in a browser, and what its answers say."""

import base64
import dataclasses
import json
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import colorful_photo
from selenium import webdriver
from selenium.webdriver.common import action_chains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tfcolor.evaluation import intervals, metrics, record
from tfcolor.evaluation.report import page, pictures, survey

BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
MODELS = ["model one", "</script>two"]
COUNT = 6
SECONDS = 20  # to wait for a download


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


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads):
    """Chromium without a window."""
    if not (BROWSER.exists() and DRIVER.exists()) and not os.environ.get("CI"):
        pytest.skip("needs Debian's chromium and chromium-driver; bin/test installs them for root")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1000,800"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


def text_of(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector).text


def choose(browser, side, by_key):
    """Answers one pair by an arrow or by a click."""
    if by_key:
        key = (Keys.ARROW_LEFT, Keys.ARROW_RIGHT)[side]
        action_chains.ActionChains(browser).send_keys(key).perform()
    else:
        browser.find_elements(By.CSS_SELECTOR, "#pair button")[side].click()


def test_answers_are_kept_over_a_reload_and_saved(made, written, browser, downloads):
    content, sides = asked(written), [0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
    browser.get(written.as_uri())
    assert browser.execute_script("return localStorage.length") == 0
    for done, (side, pair) in enumerate(zip(sides, content["pairs"], strict=True)):
        assert text_of(browser, "#count") == f"{done} of 10"
        images = browser.find_elements(By.CSS_SELECTOR, "#pair img")
        assert [image.get_attribute("src") for image in images] == pair["pictures"]
        assert all(image.get_property("naturalWidth") == 64 for image in images)
        choose(browser, side, by_key=done % 2)
        if done == 4:
            browser.refresh()
    taken = [side != pair["real"] for side, pair in zip(sides, content["pairs"], strict=True)]
    result = f"Colorizations that you took for real: {sum(taken)} of 10 ({10 * sum(taken)} %)"
    assert text_of(browser, "#result").startswith(result)
    assert not browser.find_element(By.ID, "pair").is_displayed()
    choose(browser, 0, by_key=True)  # nothing is left to answer
    assert text_of(browser, "#count") == "10 of 10"

    browser.find_element(By.ID, "save").click()
    path, limit = downloads / "human-answers.json", time.monotonic() + SECONDS
    while not path.exists() and time.monotonic() < limit:
        time.sleep(0.05)
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
    assert browser.get_log("browser") == []


def test_the_report_shows_pictures_and_charts(made, tmp_path, browser):
    browser.get(page.write(*made, tmp_path).as_uri())
    images = browser.find_elements(By.CSS_SELECTOR, "img[data-picture]")
    assert len(images) > 20 and all(image.get_property("naturalWidth") == 64 for image in images)
    charts = browser.find_elements(By.CSS_SELECTOR, ".chart svg")
    assert len(charts) == 3
    points = charts[0].find_elements(By.TAG_NAME, "circle")
    assert len(points) == 3 * (COUNT - 1)
    under_pointer = browser.find_element(By.ID, "under-pointer")
    assert not under_pointer.is_displayed()
    action_chains.ActionChains(browser).move_to_element(points[0]).perform()
    assert under_pointer.is_displayed() and ".jpg" in under_pointer.text
    shown = under_pointer.find_elements(By.TAG_NAME, "img")
    assert [image.get_property("naturalWidth") for image in shown] == [64, 64]
    browser.find_element(By.CSS_SELECTOR, ".legend input").click()
    assert [point.is_displayed() for point in points] == [False] * 5 + [True] * 10
    assert browser.get_log("browser") == []
