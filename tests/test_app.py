"""The web app, used in a real browser; and the work behind it."""

import base64
import filecmp
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click import testing
from conftest import CHROMIUM, Stripes, colorful_photo, saved
from PIL import Image
from skimage import color as reference
from test_web import build, has_node

from tfcolor.app import album, colorist, preview, server
from tfcolor.cli import main
from tfcolor.colorizing import choices, marks

in_browser = pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium")

# The command, and what it would tell to other machines, a line each.
PROGRAM = """
import sys
own = (None, "", "localhost", "127.0.0.1", b"localhost", b"127.0.0.1")
def listen(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in own:
        print(host, file=open(sys.argv[1], "a"))
sys.addaudithook(listen)
from tfcolor.cli import app
app.app([*sys.argv[2:], "--no-browser"])
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """A running app."""

    def __init__(self, place):
        self.port, self.told = free_port(), place / "told.txt"
        self.url = f"http://127.0.0.1:{self.port}/"
        limits = ["--max-mb", "1", "--max-megapixels", "1.5"]
        program = [sys.executable, "-c", PROGRAM, str(self.told), "--port", str(self.port), *limits]
        self.log = open(place / "log.txt", "wb")
        self.process = subprocess.Popen(
            program, env={**os.environ, "TMPDIR": str(place)}, stdout=self.log, stderr=self.log
        )
        for _ in range(120):
            try:
                urllib.request.urlopen(self.url).close()
                return
            except OSError:
                time.sleep(0.5)
        raise AssertionError((place / "log.txt").read_text())

    def ask(self, path="", body=None, method=None, **headers):
        """The status of an answer and its body."""
        asked = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def end(self):
        """As a user would; asserts that no photograph is left."""
        self.process.terminate()
        assert self.process.wait(10) == 0
        self.log.close()
        assert not list(self.told.parent.glob("tfcolor-app-*"))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    started = Server(tmp_path_factory.mktemp("app"))
    yield started
    started.end()


def visit(browser, running, **options):
    """A tab with the app; its `asked` is what it asked for."""
    opened = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})
    opened.set_default_timeout(20_000)
    opened.asked, opened.wrong = [], []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
    opened.goto(running.url)
    return opened


@pytest.fixture
def page(running, browser):
    opened = visit(browser, running)
    yield opened
    assert not opened.wrong
    opened.close()


def photograph(path, seed=0, size=(240, 160), **options):
    """A gray photograph of smooth shapes; its path."""
    gray = Image.fromarray(colorful_photo(seed, size[1], size[0])).convert("L")
    return saved(path, gray, **options)


def give(page, *paths):
    """Uploads photographs, and waits until the first is there in color."""
    page.locator("#files").set_input_files([str(path) for path in paths])
    page.get_by_role("heading", name=paths[0].name).wait_for()
    settled(page)


def settled(page):
    """Waits until what was chosen is painted."""
    page.locator("body:not(.busy)").wait_for()


def picture(page, canvas="after"):
    """What a canvas of the page holds; uint8 (h, w, 3)."""
    url = page.locator(f"#{canvas}").evaluate("one => one.toDataURL()")
    file = io.BytesIO(base64.b64decode(url.partition(",")[2]))
    return np.asarray(Image.open(file).convert("RGB"))


def after_change(page, change):
    """Does something, and gives the picture in color once it is another."""
    page.evaluate("() => { window.old = document.querySelector('#after').toDataURL() }")
    change()
    page.wait_for_function("() => document.querySelector('#after').toDataURL() != window.old")
    settled(page)
    return picture(page)


def chroma(rgb):
    """C* of each pixel, (h, w)."""
    return np.hypot(*np.moveaxis(reference.rgb2lab(rgb)[..., 1:], -1, 0))


def click(page, x, y):
    """Clicks the picture at shares of its width and height."""
    box = page.locator("#picture").bounding_box()
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def slide(page, name, percent):
    page.get_by_role("slider", name=name).fill(str(percent))


def download(page, button, path):
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=True).click()
    started.value.save_as(path)
    return started.value.suggested_filename


@in_browser
def test_a_photograph_that_is_given_is_shown_gray_and_in_color(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    before, after = picture(page, "before"), picture(page)
    assert before.shape == after.shape == (160, 240, 3)
    assert chroma(before).mean() < 1 < 3 < chroma(after).mean()
    clip = "getComputedStyle(document.querySelector('#before')).clipPath"
    assert "100%" in page.evaluate(clip)  # nothing of it shows
    page.get_by_role("slider", name="Border between before and after").press("ArrowRight")
    assert "99%" in page.evaluate(clip)
    page.locator("#view").focus()
    page.keyboard.down("b")
    assert page.evaluate(clip) == "none"
    page.keyboard.up("b")
    assert "99%" in page.evaluate(clip)


@in_browser
def test_an_example_is_colorized(page):
    page.get_by_role("button", name="Try an example").click()
    page.get_by_role("heading", name="example.jpg").wait_for()
    settled(page)
    assert chroma(picture(page)).mean() > 3


@in_browser
def test_a_likely_color_is_taken_moved_and_removed(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    plain = picture(page)
    click(page, 0.25, 0.5)
    likely = page.locator("#likely .swatch")
    likely.first.wait_for()
    shares = [int(text.strip(" %")) for text in likely.all_inner_texts()]
    assert shares == sorted(shares, reverse=True) and 2 <= len(shares) <= 6 and sum(shares) <= 103
    taken = likely.last.get_attribute("value")
    changed = after_change(page, likely.last.click)
    near = reference.rgb2lab(changed[78:83, 58:63]).mean((0, 1))
    wanted = reference.rgb2lab(np.array([[marks.parse_color(taken)]], np.uint8))[0, 0]
    assert np.hypot(*(near - wanted)[1:]) < 6
    page.get_by_role("button", name="Done").click()
    mark = page.get_by_role("button", name=re.compile("Place in .*, 60, 80"))
    box = mark.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 105, box["y"] + 5, steps=5)
    moved = after_change(page, page.mouse.up)
    assert np.any(moved != changed) and not mark.is_visible()
    other = page.locator("button.mark")
    x = int(re.search(r", (\d+),", other.get_attribute("aria-label"))[1])
    scale = page.locator("#picture").bounding_box()["width"] / 240
    assert abs(x - 60 - 100 / scale) < 2
    other.focus()
    after_change(page, lambda: page.keyboard.press("ArrowDown"))
    assert page.evaluate("document.activeElement.ariaLabel").endswith(f"{x}, 85")
    np.testing.assert_array_equal(after_change(page, lambda: page.keyboard.press("Delete")), plain)
    assert page.locator("button.mark").count() == 0


@in_browser
def test_an_area_and_a_stroke_take_a_color_and_it_is_undone_and_redone(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    plain = picture(page)
    box = page.locator("#picture").bounding_box()

    def draw(tool, *places):
        page.get_by_role("radio", name=tool).check(force=True)
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=4)
        page.mouse.up()

    draw("an area", (0.6, 0.2), (0.9, 0.2), (0.9, 0.6), (0.6, 0.6))
    page.locator("#likely .swatch").first.wait_for()  # those of its middle
    colored = after_change(page, page.get_by_role("button", name="blue", exact=True).click)
    page.get_by_role("button", name="Done").click()
    blue = reference.rgb2lab(colored)[..., 2]
    assert blue[40:90, 150:210].mean() < blue[40:90, 10:70].mean() - 10
    draw("a stroke", (0.1, 0.8), (0.3, 0.8), (0.4, 0.9))
    both = after_change(page, page.get_by_role("button", name="brick").click)
    page.get_by_role("button", name="Done").click()
    assert page.locator("button.mark").count() == 2
    keys = page.keyboard.press
    np.testing.assert_array_equal(after_change(page, lambda: keys("Control+z")), colored)
    np.testing.assert_array_equal(after_change(page, lambda: keys("Control+z")), plain)
    assert page.get_by_role("button", name="Undo").is_disabled()
    after_change(page, page.get_by_role("button", name="Redo").click)
    np.testing.assert_array_equal(after_change(page, lambda: keys("Control+y")), both)


@in_browser
def test_a_variant_is_chosen_from_the_strip(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    plain = picture(page)
    strip = page.get_by_role("group", name="Variants of the colors")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#variants canvas')].every(one => one.width == 240)"
    )
    made = after_change(page, strip.get_by_role("button", name="Variant 3").click)
    assert np.any(made != plain)
    assert strip.get_by_role("button", name="Variant 3").get_attribute("aria-pressed") == "true"
    usual = strip.get_by_role("button", name="The usual colors").click
    np.testing.assert_array_equal(after_change(page, usual), plain)


@in_browser
def test_a_color_is_picked_from_the_picture_and_from_another_one(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    click(page, 0.25, 0.5)
    page.get_by_role("button", name="Pick from the picture").click()
    there = picture(page)[120, 200]
    after_change(page, lambda: click(page, 200.5 / 240, 120.5 / 160))
    picked = page.locator("#any").input_value()
    assert np.abs(np.subtract(marks.parse_color(picked), there.astype(int))).max() < 12
    other = saved(tmp_path / "other.png", Image.new("RGB", (60, 40), (180, 30, 90)))
    page.locator("#other-file").set_input_files(str(other))
    page.locator("#other canvas").click()
    page.wait_for_function("() => document.querySelector('#any').value == '#b41e5a'")
    assert page.locator("button.mark").count() == 1


@in_browser
def test_colors_are_taken_from_a_picture_of_the_same_scene(page, tmp_path):
    sample = next((Path(album.__file__).parents[1] / "data/samples").glob("*.jpg"))
    color = Image.open(sample)
    give(page, saved(tmp_path / "old.png", color.convert("L")))
    edited = saved(tmp_path / "edited.png", color.resize((200, 200)))
    chooser = page.locator("#colors-from")
    taken = after_change(page, lambda: chooser.set_input_files(str(edited)))
    page.get_by_text("Colors from edited.png").wait_for()
    truth = reference.rgb2lab(np.asarray(color.convert("RGB")))
    differences = reference.deltaE_ciede2000(reference.rgb2lab(taken), truth)
    assert np.median(differences) < 4
    after_change(page, page.get_by_role("button", name="Use the network's own").click)
    gray = saved(tmp_path / "gray.png", color.convert("L"))
    chooser.set_input_files(str(gray))  # which is refused, and not chosen
    page.get_by_text("is gray; give one in color").wait_for()
    page.locator("body:not(.busy)").wait_for()
    assert page.locator("#taken").is_hidden()
    assert page.get_by_role("button", name="Download", exact=True).is_enabled()


@in_browser
def test_strength_and_saturation_change_the_picture(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    plain = chroma(picture(page)).mean()
    assert chroma(after_change(page, lambda: slide(page, "Saturation", 200))).mean() > 1.3 * plain
    assert chroma(after_change(page, lambda: slide(page, "Strength", 0))).mean() < 1


@in_browser
def test_a_photograph_in_color_stays_as_it_is_unless_the_user_wants(page, tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(colorful_photo(3, 160, 240)))
    give(page, path)
    page.get_by_text("This photograph is in color already, and is left as it is.").wait_for()
    assert page.get_by_role("button", name="Download", exact=True).is_disabled()
    after = after_change(page, page.get_by_role("button", name="Replace its colors").click)
    before = picture(page, "before")
    assert chroma(before).mean() > 10 and np.abs(before.astype(int) - after).mean() > 5


@in_browser
def test_the_download_is_the_file_that_the_command_writes_with_the_saved_choices(page, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "Grandmother"
    source = photograph(tmp_path / "old.tif", exif=exif, dpi=(300, 300))
    give(page, source)
    after_change(page, lambda: slide(page, "Strength", 50))
    click(page, 0.25, 0.25)
    after_change(page, page.get_by_role("button", name="brick").click)
    page.get_by_role("button", name="Done").click()
    assert download(page, "Download", tmp_path / "app.tif") == "old-color.tif"
    name = download(page, "Save my choices", tmp_path / "old.hints.json")
    assert name == "old.hints.json"
    assert choices.read(tmp_path / name).hints == (marks.Hint(60, 40, (154, 85, 64)),)
    options = ["--hints", str(tmp_path / name), "-o", str(tmp_path / "command.tif")]
    run = testing.CliRunner().invoke(main.colorize.colorize, [str(source), *options])
    assert run.exit_code == 0, run.output
    assert (tmp_path / "app.tif").read_bytes() == (tmp_path / "command.tif").read_bytes()
    # The file given again brings back what was chosen.
    chosen = picture(page)
    after_change(page, lambda: page.keyboard.press("Control+z"))
    again = page.locator("#files")
    back = after_change(page, lambda: again.set_input_files(str(tmp_path / name)))
    np.testing.assert_array_equal(back, chosen)
    wrong = tmp_path / "old.json"
    wrong.write_text(json.dumps({"width": 9, "height": 9, "hints": []}))
    again.set_input_files(str(wrong))
    page.get_by_text("old.json is for a photograph of another shape").wait_for()


@in_browser
def test_many_become_an_archive_and_what_is_broken_is_named_where_it_would_stand(page, tmp_path):
    (tmp_path / "more").mkdir()
    paths = [photograph(tmp_path / "a.jpg"), photograph(tmp_path / "more/a.jpg", seed=1)]
    whole = paths[0].read_bytes()
    parts = {"text.jpg": b"no photograph", "header.jpg": whole[:20], "half.jpg": whole[:-900]}
    for name, part in parts.items():
        (tmp_path / name).write_bytes(part)
    give(page, *paths, *(tmp_path / name for name in parts))
    strip = page.get_by_role("navigation", name="Photographs")
    for name in parts:
        strip.get_by_role("paragraph").filter(has_text=name).wait_for()
    assert download(page, "Download all 2", tmp_path / "all.zip") == "tfcolor.zip"
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a-color.jpg", "a-color-2.jpg"]
        with archive.open("a-color-2.jpg") as file:
            assert Image.open(file).size == (240, 160)
    strip.get_by_role("button", name="Remove text.jpg").click()
    assert not strip.get_by_text("text.jpg").count()


@in_browser
def test_each_of_many_keeps_its_choices_and_one_can_be_removed(page, tmp_path):
    wide = photograph(tmp_path / "wide.png", size=(240, 100))
    give(page, photograph(tmp_path / "a.png"), wide)
    chosen = after_change(page, lambda: slide(page, "Saturation", 200))
    after = after_change(page, page.get_by_role("button", name="Next photograph").click)
    assert after.shape == (100, 240, 3)
    thumbnails = [picture(page, f"album li:nth-child({place}) canvas") for place in (1, 2)]
    assert min(chroma(thumbnail).mean() for thumbnail in thumbnails) > 3  # both were seen in color
    assert page.get_by_role("slider", name="Saturation").input_value() == "100"
    (tmp_path / "notes.txt").write_text("no photograph")
    page.locator("#files").set_input_files(str(tmp_path / "notes.txt"))
    page.get_by_role("navigation").get_by_text("notes.txt").wait_for()
    page.locator("body:not(.busy)").wait_for()
    page.get_by_role("heading", name="wide.png").wait_for()  # which is shown as before
    page.get_by_role("button", name="Remove notes.txt").click()
    page.locator("#view").focus()
    back = after_change(page, lambda: page.keyboard.press("PageUp"))
    np.testing.assert_array_equal(back, chosen)
    after_change(page, page.get_by_role("button", name="Remove a.png").click)
    page.get_by_role("heading", name="wide.png").wait_for()
    assert page.locator("#album li").count() == 1


@in_browser
@pytest.mark.parametrize("kind", ["text", "pixels", "bytes"])
def test_a_file_that_cannot_be_taken_is_named(page, tmp_path, kind):
    path = tmp_path / "wrong.png"
    if kind == "text":
        path.write_text("no photograph")
    elif kind == "pixels":
        Image.new("L", (1300, 1300)).save(path)
    else:
        noise = np.random.default_rng(0).integers(0, 256, (1100, 1100), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    page.locator("#files").set_input_files(str(path))
    words = {"text": "not a photograph", "pixels": "1.69 megapixels", "bytes": "more than 1 MB"}
    told = page.get_by_role("navigation").get_by_text(words[kind])
    told.wait_for()
    assert "wrong.png" in told.inner_text() and not page.locator("#work").is_visible()


@in_browser
def test_a_zoomed_picture_is_painted_again_with_all_its_pixels(page, tmp_path):
    give(page, photograph(tmp_path / "large.png", size=(2000, 700)))
    assert picture(page).shape[1] == preview.MAX_SIDE
    page.locator("#view").hover()
    page.mouse.wheel(0, -900)
    page.wait_for_function("() => document.querySelector('#after').width == 2000")
    page.get_by_role("button", name="Fit").click()
    box, frame = (page.locator(name).bounding_box() for name in ("#picture", "#view"))
    assert abs(box["width"] - frame["width"]) < 1


@pytest.mark.slow
@in_browser
def test_an_end_amid_work_leaves_no_photograph_behind(browser, tmp_path):
    (place := tmp_path / "app").mkdir()
    own = Server(place)
    page = visit(browser, own)
    give(page, *[photograph(tmp_path / f"{n}.png", n, (1400, 1000)) for n in range(12)])
    page.get_by_role("button", name="Download all 12").click()
    page.get_by_text("in full size: 2 of 12").wait_for()
    own.end()
    page.close()


@in_browser
def test_nothing_is_asked_of_or_told_to_another_machine(page, running, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    download(page, "Download", tmp_path / "new.jpg")
    assert len(page.asked) > 6
    own = (running.url, f"blob:{running.url}", "data:")
    assert not [url for url in page.asked if not url.startswith(own)]
    assert not running.told.exists()


@in_browser
def test_nothing_is_wider_than_a_phone(browser, running, tmp_path):
    page = visit(browser, running, viewport={"width": 390, "height": 844}, has_touch=True)
    give(page, photograph(tmp_path / "old.jpg"), photograph(tmp_path / "wide.jpg", 1, (900, 300)))
    page.locator("#view").tap()
    after_change(page, page.get_by_role("button", name="brick").tap)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    frame = page.locator("#view").bounding_box()
    assert 300 < frame["width"] <= 390 and frame["y"] < 300  # the picture comes first
    page.close()


@in_browser
def test_a_tap_chooses_the_place_and_is_no_click_on_what_moves_under_the_finger(
    browser, running, tmp_path
):
    page = visit(browser, running, viewport={"width": 390, "height": 844}, has_touch=True)
    give(page, photograph(tmp_path / "a.jpg"))
    page.evaluate("document.addEventListener('touchend', (end) => (window.ended = end))")
    page.locator("#view").tap()
    page.locator("#colors").wait_for()
    assert page.evaluate("ended.defaultPrevented")  # a browser then makes no click of the tap
    page.get_by_role("button", name="Done").tap()
    assert not page.evaluate("ended.defaultPrevented")
    page.close()


@in_browser
def test_every_control_has_a_name_and_is_reached_by_the_tab_key(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"), photograph(tmp_path / "b.jpg", 1))
    page.locator("#view").focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("dialog", name="Colors for this place").wait_for()
    page.get_by_role("button", name="brick").press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Place in brown, 125, 85").wait_for()
    tree = page.locator("body").aria_snapshot()
    roles = "button|slider|radio|combobox|textbox|link|application"
    assert len(re.findall(rf"- (?:{roles}) \"", tree)) > 20
    assert not re.findall(rf"- (?:{roles})(?: \[.*\])?:?(?: [^\"]*)?$", tree, re.M), tree
    page.evaluate("document.activeElement.blur()")
    reached = ""
    for _ in range(40):
        page.keyboard.press("Tab")
        reached += page.evaluate(
            "(document.activeElement.ariaLabel || document.activeElement.innerText || "
            "document.activeElement.id) + '\\n'"
        )
    for name in ("files", "Undo", "Zoom in", "The photograph in color", "Place in brown"):
        assert name in reached
    for name in ("Border between", "Variant 6", "strength", "Download all 2", "Remove b.jpg"):
        assert name in reached


def test_only_the_apps_own_page_may_use_it(running, tmp_path):
    body = photograph(tmp_path / "old.jpg").read_bytes()
    asked = {"path": "photographs?name=../../own.jpg", "body": body, "method": "POST"}
    assert running.ask(**asked, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert running.ask(**asked, Host="evil.example")[0] == 400
    status, told = running.ask(**asked)
    own = json.loads(told)
    assert status == 200 and {**own, "id": ""} == {
        "id": "",
        "width": 240,
        "height": 160,
        "kept": None,
    }
    one = f"photographs/{own['id']}"
    choice = json.dumps({"width": 240, "height": 160, "hints": []}).encode()
    assert running.ask(f"{one}/color?side=99", choice, "POST")[0] == 200
    for path, wrong, words in (
        (f"{one}/color?side=-1", choice, "side must be a whole number"),
        (f"{one}/color?side=99", b"{", "no JSON"),
        (f"{one}/color?side=99", b"[]", "must be an object"),
        (f"{one}/likely?x=240&y=0", choice, "X must be in 0..239"),
    ):
        status, told = running.ask(path, wrong, "POST")
        assert status == 400 and words in json.loads(told)["error"]
    assert running.ask(one, method="DELETE")[0] == 204
    assert running.ask(f"{one}/gray")[0] == 404
    assert running.ask("photographs/other/color?side=99", choice, "POST")[0] == 404
    for name in ("..", "a%00b%0a.jpg", 90 * "%F0%9F%93%B7" + ".jpg", ""):
        asked["path"] = f"photographs?name={name}"
        status, told = running.ask(**asked)
        assert status == 200 and running.ask(
            f"photographs/{json.loads(told)['id']}", method="DELETE"
        )
    asked["body"] = b"no photograph"
    assert running.ask(**asked)[0] == 400
    (folder,) = running.told.parent.glob("tfcolor-app-*")
    assert not {"own.jpg", "photograph"} & {path.name for path in folder.rglob("*")}
    navigation = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert running.ask(**navigation)[0] == 200


def test_a_port_that_is_taken_is_named(running, tmp_path):
    told = str(tmp_path / "told.txt")
    program = [sys.executable, "-c", PROGRAM, told, "--port", str(running.port)]
    run = subprocess.run(program, capture_output=True, text=True)
    assert run.returncode and f"port {running.port} of 127.0.0.1 is not available" in run.stderr


def test_without_a_server_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = testing.CliRunner().invoke(main.app.app, []).exception
    assert isinstance(error, ValueError) and "pip install 'tfcolor[app]'" in str(error)


@pytest.mark.skipif(not has_node(), reason="needs Node.js 20.19 with npm")
def test_the_page_in_the_package_is_what_its_source_gives(tmp_path):
    done = build(tmp_path / "page", "--app")
    if re.search("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT", done.stderr):
        pytest.skip("npm's registry cannot be reached")
    assert done.returncode == 0, done.stderr
    files = sorted(
        path.relative_to(server.PAGE) for path in server.PAGE.rglob("*") if path.is_file()
    )
    made = sorted(path.relative_to(tmp_path / "page") for path in (tmp_path / "page").rglob("*.*"))
    assert files == made
    same, *_ = filecmp.cmpfiles(server.PAGE, tmp_path / "page", files, shallow=False)
    assert same == files, "build it again: bin/web tfcolor/app/page --app"


def test_a_preview_is_the_photograph_reduced(tmp_path):
    rgb = colorful_photo(0, 1000, 2000)
    shown = preview.read(saved(tmp_path / "large.png", Image.fromarray(rgb)), 3)
    assert shown.shape == (1000, 2000) and shown.pixels.shape == (800, 1600, 3)
    reduced = Image.fromarray(rgb).resize((1600, 800), Image.Resampling.BOX)
    np.testing.assert_allclose(shown.pixels, reduced, atol=2)


def test_a_preview_shows_16_bits_in_8_and_transparent_parts_white(tmp_path):
    deep = np.full((20, 30), 40000, np.uint16)
    shown = preview.read(saved(tmp_path / "deep.png", Image.fromarray(deep)), 1)
    assert shown.pixels.dtype == np.uint8 and set(np.unique(shown.pixels)) == {156}  # 40000 / 257
    clear = Image.new("LA", (30, 20), (10, 0))
    shown = preview.read(saved(tmp_path / "clear.png", clear), 1)
    assert set(np.unique(shown.pixels)) == {255}


def kept(path, album_path):
    """A photograph of an album."""
    photographs = album.Album(album_path, 3)
    with photographs.room(path.name) as (identifier, place):
        place.write_bytes(path.read_bytes())
        return photographs, identifier, photographs.add(identifier, place)


def wanted(shape, hints=(), **options):
    return colorist.Wanted(choices.Choices(shape, tuple(hints), options))


def test_a_photograph_that_is_too_small_is_named_and_a_long_one_is_shown(tmp_path):
    with pytest.raises(ValueError, match=r"line.png has 5000 x 1 pixels; each side must have 8"):
        preview.read(saved(tmp_path / "line.png", Image.new("L", (5000, 1))), 1)
    strip = saved(tmp_path / "strip.png", Image.new("L", (5000, 20)))
    _, _, own = kept(strip, tmp_path)
    made = colorist.Colorist(Stripes(), 3).color(own, wanted((20, 5000), size=32), 1600)
    assert made.shape == (8, 1600, 3)


def test_the_network_runs_again_only_for_what_changes_its_colors(tmp_path):
    class Counting(Stripes):
        count = 0

        def __call__(self, l):
            self.count += 1
            return super().__call__(l)

    net, shape = Counting(), (160, 240)
    _, _, own = kept(photograph(tmp_path / "old.png"), tmp_path)
    working = colorist.Colorist(net, 3)
    for change in ({}, {"strength": 0.5}, {"saturation": 2.0}, {}):
        working.color(own, wanted(shape, **change), 100)
    assert net.count == 1
    hint = marks.Hint(60, 40, (192, 48, 40))
    for change in ({}, {"strength": 0.5}, {"saturation": 2.0}):
        working.color(own, wanted(shape, [hint], **change), 300)
    assert net.count == 3


def test_photographs_are_forgotten_when_nobody_asks_for_them(tmp_path):
    photographs, identifier, own = kept(photograph(tmp_path / "old.png"), tmp_path)
    photographs.forget_old()
    assert photographs.get(identifier) is own
    own.used_at -= album.FORGOTTEN_AFTER + 1
    photographs.forget_old()
    with pytest.raises(KeyError):
        photographs.get(identifier)
    assert not own.path.exists()
