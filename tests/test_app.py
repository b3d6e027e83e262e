"""The web app, used in a real browser; and the work behind it."""

import base64
import io
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile

import numpy as np
import pytest
from click import testing
from conftest import CHROMIUM, Stripes, colorful_photo, saved
from PIL import Image
from skimage import color as reference

from tfcolor import images
from tfcolor.app import preview, results
from tfcolor.cli import main
from tfcolor.colorizing import folder, marks

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
app.app(sys.argv[2:])
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """A running app."""

    def __init__(self, place):
        self.port, self.told = free_port(), place / "told.txt"
        self.url = f"http://127.0.0.1:{self.port}"
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

    def end(self):
        """As a user would; asserts that no photograph is left."""
        self.process.terminate()
        assert self.process.wait(10) == 0
        self.log.close()
        assert not list(self.told.parent.glob("tfcolor-app-*"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("app"))
    yield running
    running.end()


def visit(browser, server):
    """A tab with the app; its `asked` is what it asked for."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900})
    opened.asked = []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(server.url)
    opened.get_by_role("button", name="Example 1").wait_for()
    return opened


@pytest.fixture
def page(server, browser):
    opened = visit(browser, server)
    yield opened
    opened.close()


def photograph(path, seed=0, size=(240, 160), **options):
    """A gray photograph of smooth shapes; its path."""
    gray = Image.fromarray(colorful_photo(seed, size[1], size[0])).convert("L")
    return saved(path, gray, **options)


def give(page, *paths):
    """Uploads photographs, and waits until the first is there in color."""
    page.locator("input[type=file]").set_input_files([str(path) for path in paths])
    page.locator(".comparison .after").wait_for()


def pictures(page):
    """Before and after, as the page shows them; uint8 (h, w, 3) each."""
    urls = page.locator(".comparison img").evaluate_all("all => all.map(one => one.src)")
    files = (base64.b64decode(url.partition(",")[2]) for url in urls)
    return [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files]


def after_change(page, change):
    """Does something, and gives the picture in color once it is another."""
    before = page.locator(".comparison .after").get_attribute("src")
    change()
    page.wait_for_function("old => document.querySelector('.after').src != old", arg=before)
    return pictures(page)[1]


def chroma(rgb):
    """C* of each pixel, (h, w)."""
    return np.hypot(*np.moveaxis(reference.rgb2lab(rgb)[..., 1:], -1, 0))


def set_color(page, x, y, rgb):
    """Through the fields alone, without a click into the picture."""
    page.get_by_label("X, pixels").fill(str(x))
    page.get_by_label("Y, pixels").fill(str(y))
    page.get_by_label("Color", exact=True).fill(rgb)
    page.get_by_role("button", name="Set this color").click()


def download(page, button, path):
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    started.value.save_as(path)
    return started.value.suggested_filename


@in_browser
def test_a_photograph_that_is_uploaded_is_shown_gray_and_in_color(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    before, after = pictures(page)
    assert before.shape == after.shape == (160, 240, 3)
    assert chroma(before).mean() < 1 < 3 < chroma(after).mean()


@in_browser
def test_an_example_is_colorized(page):
    page.get_by_role("button", name="Example 2").click()
    page.locator(".comparison .after").wait_for()
    assert chroma(pictures(page)[1]).mean() > 3


@in_browser
def test_arrow_keys_and_the_mouse_move_the_border_of_color(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    slider, after = page.locator(".comparison input"), page.locator(".comparison .after")
    slider.press("ArrowRight")
    assert "51%" in after.evaluate("one => getComputedStyle(one).clipPath")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    clip = after.evaluate("one => getComputedStyle(one).clipPath")
    assert 75 < float(re.search(r"([\d.]+)%", clip)[1]) < 85
    page.get_by_label("number input for Strength").fill("0.5")
    page.wait_for_timeout(1000)
    assert after.evaluate("one => getComputedStyle(one).clipPath") == clip  # it stays


@in_browser
def test_strength_is_held_within_its_limits_and_without_it_a_photograph_stays_gray(
    page, server, tmp_path
):
    give(page, photograph(tmp_path / "old.jpg"))
    plain = pictures(page)[1]
    field = page.get_by_label("number input for Strength")
    assert chroma(after_change(page, lambda: field.fill("-3"))).mean() < 1
    np.testing.assert_array_equal(after_change(page, lambda: field.fill("7")), plain)
    assert download(page, "Download in full size", tmp_path / "new.jpg") == "old-color.jpg"
    assert "Traceback" not in (server.told.parent / "log.txt").read_text()


@in_browser
def test_a_photograph_in_color_stays_as_it_is_unless_the_user_wants(page, tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(colorful_photo(3, 160, 240)))
    page.locator("input[type=file]").set_input_files(str(path))
    page.get_by_text("This photograph is in color already, and is left as it is.").wait_for()
    page.get_by_role("button", name="Download in full size").click()
    page.get_by_text("a.png is in color already").last.wait_for()
    page.get_by_role("checkbox", name="Replace colors that are there").check()
    page.locator(".comparison .after").wait_for()
    before, after = pictures(page)
    assert chroma(before).mean() > 10 and np.abs(before.astype(int) - after).mean() > 5


@pytest.mark.slow
@in_browser
def test_a_color_is_set_by_its_fields_and_removed_again(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    plain = pictures(page)[1]
    red = after_change(page, lambda: set_color(page, 60, 40, "#c03028"))
    wanted = reference.rgb2lab(np.array([[[192, 48, 40]]], np.uint8))[0, 0, 1:]
    is_there = reference.rgb2lab(red)[38:43, 58:63, 1:].mean(axis=(0, 1))
    assert np.arccos(is_there @ wanted / np.linalg.norm(is_there) / np.linalg.norm(wanted)) < 0.1
    box = page.get_by_role("checkbox", name="1: X 60, Y 40, #c03028")
    np.testing.assert_array_equal(after_change(page, box.uncheck), plain)
    after_change(page, lambda: set_color(page, 60, 40, "#3050c0"))
    button = page.get_by_role("button", name="Remove all of them")
    np.testing.assert_array_equal(after_change(page, button.click), plain)


@in_browser
def test_a_click_names_the_place_in_pixels_of_the_photograph(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg", size=(1500, 900)))
    picture = page.get_by_alt_text("click a place to correct its color")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.75})
    page.wait_for_function("document.querySelector('[aria-label=\"X, pixels\"]').value > 0")
    place = [int(page.get_by_label(f"{axis}, pixels").input_value()) for axis in "XY"]
    one = 1500 / box["width"]  # pixel of the page, in those of the photograph
    np.testing.assert_allclose(place, [375, 675], atol=2 * one)


@in_browser
def test_no_place_and_one_outside_the_photograph_are_refused_in_words(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    page.get_by_role("button", name="Set this color").click()
    page.get_by_text("click a place of the photograph, or fill in X and Y").wait_for()
    page.get_by_label("X, pixels").fill("240")
    page.get_by_label("Y, pixels").fill("0")
    page.get_by_role("button", name="Set this color").click()
    page.get_by_text("X must be in 0..239").wait_for()


@in_browser
def test_the_download_is_the_file_that_the_command_writes(page, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "Grandmother"
    source = photograph(tmp_path / "old.tif", exif=exif, dpi=(300, 300))
    give(page, source)
    after_change(page, lambda: page.get_by_label("number input for Strength").fill("0.5"))
    after_change(page, lambda: set_color(page, 60, 40, "#c03028"))
    assert download(page, "Download in full size", tmp_path / "app.tif") == "old-color.tif"
    options = ["--strength", "0.5", "--hint", "60,40,#c03028", "-o", str(tmp_path / "command.tif")]
    run = testing.CliRunner().invoke(main.colorize.colorize, [str(source), *options])
    assert run.exit_code == 0, run.output
    ours, theirs = (images.read(tmp_path / name) for name in ("app.tif", "command.tif"))
    np.testing.assert_array_equal(ours.pixels, theirs.pixels)
    assert (tmp_path / "app.tif").read_bytes() == (tmp_path / "command.tif").read_bytes()
    assert b"Grandmother" in ours.exif and ours.dpi == (300, 300)


@in_browser
def test_many_become_an_archive_and_what_is_broken_is_named(page, tmp_path):
    (tmp_path / "more").mkdir()
    paths = [photograph(tmp_path / "a.jpg"), photograph(tmp_path / "more/a.jpg", seed=1)]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(paths[0].read_bytes()[:1500])
    give(page, *paths, broken)
    assert download(page, "Download all 3 as a zip", tmp_path / "all.zip") == "tfcolor.zip"
    page.get_by_test_id("toast-body").get_by_text("broken.jpg").wait_for()
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert sorted(archive.namelist()) == ["a-color-2.jpg", "a-color.jpg"]
        with archive.open("a-color-2.jpg") as file:
            assert Image.open(file).size == (240, 160)


@in_browser
def test_each_of_many_can_be_looked_at(page, tmp_path):
    wide = photograph(tmp_path / "wide.png", size=(240, 100))
    give(page, photograph(tmp_path / "a.png"), wide)
    for axis in "XY":
        page.get_by_label(f"{axis}, pixels").fill("60")
    chooser = page.get_by_label("Photograph to show")
    chooser.click()
    chooser.press("ArrowDown")

    def choose():
        chooser.press("Enter")

    assert after_change(page, choose).shape == (100, 240, 3)
    # A place of another photograph means nothing in this one.
    assert [page.get_by_label(f"{axis}, pixels").input_value() for axis in "XY"] == ["", ""]


@in_browser
def test_bad_files_are_named_when_they_are_given_or_when_they_are_chosen(page, tmp_path):
    good = [photograph(tmp_path / "good.jpg"), photograph(tmp_path / "last.jpg", seed=1)]
    whole = good[0].read_bytes()
    parts = {"text.jpg": b"no photograph", "header.jpg": whole[:20], "half.jpg": whole[:-900]}
    for name, part in parts.items():
        (tmp_path / name).write_bytes(part)
    give(page, good[0], *(tmp_path / name for name in parts), good[1])
    toast = page.get_by_test_id("toast-body")
    assert all(name in toast.inner_text() for name in ("text.jpg", "header.jpg"))
    assert "half.jpg" not in toast.inner_text()
    page.get_by_role("button", name="Download all 3 as a zip").wait_for()
    chooser = page.get_by_label("Photograph to show")
    chooser.click()
    page.get_by_role("option", name="half.jpg").click()
    page.get_by_role("button", name="Download all 2 as a zip").wait_for()
    assert toast.get_by_text("half.jpg").count() == 1
    name = "document.querySelector('[aria-label=\"Photograph to show\"]').value"
    page.wait_for_function(f"{name} == 'good.jpg'")
    assert not page.locator("#made").is_visible()
    assert download(page, "Download in full size", tmp_path / "new.jpg") == "good-color.jpg"


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
    page.locator("input[type=file]").set_input_files(str(path))
    words = {"text": "wrong.png", "pixels": "has 1.69 megapixels", "bytes": "maximum"}[kind]
    toast = page.get_by_test_id("toast-body").get_by_text(words)
    toast.wait_for()
    assert "wrong.png" in toast.inner_text()
    assert not page.locator(".comparison").count()


@in_browser
def test_a_long_job_of_one_leaves_others_their_turn(page, browser, server, tmp_path):
    many = [photograph(tmp_path / f"{n}.png", n, (1400, 1000)) for n in range(12)]
    give(page, *many)
    finished = []
    page.on("download", lambda download: finished.append(download))
    other = visit(browser, server)
    page.get_by_role("button", name="Download all 12 as a zip").click()
    give(other, photograph(tmp_path / "other.jpg"))
    assert not finished
    other.close()


@pytest.mark.slow
@in_browser
def test_an_end_amid_work_leaves_no_photograph_behind(browser, tmp_path):
    (place := tmp_path / "app").mkdir()
    own = Server(place)
    page = visit(browser, own)
    give(page, *[photograph(tmp_path / f"{n}.png", n, (1400, 1000)) for n in range(12)])
    page.get_by_role("button", name="Download all 12 as a zip").click()
    page.locator("#state .progress-bar").wait_for()
    own.end()
    page.close()


@in_browser
def test_nothing_is_asked_of_or_told_to_another_machine(page, server, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"))
    download(page, "Download in full size", tmp_path / "new.jpg")
    assert len(page.asked) > 10
    own = (server.url, f"blob:{server.url}", "data:")
    assert not [url for url in page.asked if not url.startswith(own)]
    assert not server.told.exists()


@in_browser
def test_nothing_is_wider_than_a_phone(page, tmp_path):
    page.set_viewport_size({"width": 390, "height": 844})
    give(page, photograph(tmp_path / "old.jpg"), photograph(tmp_path / "wide.jpg", 1, (900, 300)))
    after_change(page, lambda: set_color(page, 60, 40, "#c03028"))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    width = page.locator(".comparison").evaluate("one => one.getBoundingClientRect().width")
    assert 300 < width <= 390


@pytest.mark.slow
@in_browser
def test_every_control_has_a_name_and_is_reached_by_the_tab_key(page, tmp_path):
    give(page, photograph(tmp_path / "old.jpg"), photograph(tmp_path / "b.jpg", 1))
    set_color(page, 60, 40, "#c03028")
    page.get_by_role("checkbox", name="X 60").wait_for()
    tree = page.locator("body").aria_snapshot()
    roles = "button|slider|spinbutton|checkbox|combobox|listbox|textbox|link"
    assert len(re.findall(rf"- (?:{roles}) \"", tree)) > 12
    assert not re.findall(rf"- (?:{roles})(?: \[.*\])?:?(?: [^\"]*)?$", tree, re.M), tree
    assert page.locator(".comparison img, img[alt*=click]").count() == 3
    page.locator("body").press("Home")
    reached = ""
    for _ in range(60):
        page.keyboard.press("Tab")
        reached += page.evaluate(
            "(document.activeElement.ariaLabel || document.activeElement.innerText) + '\\n'"
        )
    for name in ("upload", "Example 1", "Where color begins", "Download in", "Strength", "X, pix"):
        assert name in reached
    assert "Set this color" in reached and "Remove all" in reached


@in_browser
def test_a_port_that_is_taken_is_named(server, tmp_path):
    told = str(tmp_path / "told.txt")
    program = [sys.executable, "-c", PROGRAM, told, "--port", str(server.port)]
    run = subprocess.run(program, capture_output=True, text=True)
    assert run.returncode and f"port {server.port} of 127.0.0.1 is not available" in run.stderr


def test_without_gradio_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = testing.CliRunner().invoke(main.app.app, []).exception
    assert isinstance(error, ValueError) and "pip install 'tfcolor[app]'" in str(error)


def test_a_preview_is_the_photograph_reduced(tmp_path):
    rgb = colorful_photo(0, 1000, 2000)
    shown = preview.read(saved(tmp_path / "large.png", Image.fromarray(rgb)), 3)
    assert shown.shape == (1000, 2000) and shown.pixels.shape == (700, 1400, 3)
    reduced = Image.fromarray(rgb).resize((1400, 700), Image.Resampling.BOX)
    np.testing.assert_allclose(shown.pixels, reduced, atol=2)


def test_a_preview_shows_16_bits_in_8_and_transparent_parts_white(tmp_path):
    deep = np.full((20, 30), 40000, np.uint16)
    shown = preview.read(saved(tmp_path / "deep.png", Image.fromarray(deep)), 1)
    assert shown.pixels.dtype == np.uint8 and set(np.unique(shown.pixels)) == {156}  # 40000 / 257
    clear = Image.new("LA", (30, 20), (10, 0))
    shown = preview.read(saved(tmp_path / "clear.png", clear), 1)
    assert set(np.unique(shown.pixels)) == {255}


def test_a_photograph_that_is_too_small_is_named_and_a_long_one_is_shown(tmp_path):
    with pytest.raises(ValueError, match=r"line.png has 5000 x 1 pixels; each side must have 8"):
        preview.read(saved(tmp_path / "line.png", Image.new("L", (5000, 1))), 1)
    shown = preview.read(saved(tmp_path / "strip.png", Image.new("L", (5000, 20))), 1)
    assert preview.colored(Stripes(), shown, [], 32, 1, 1).shape == (8, 1400, 3)


def test_a_preview_has_hints_where_the_photograph_has_them():
    shown = preview.Preview(np.full((100, 200), 128, np.uint8), (1000, 2000))
    hint = marks.Hint(1500, 250, (192, 48, 40))
    marked = preview.marked(np.zeros((100, 200, 3), np.uint8), shown, [hint])
    assert tuple(marked[25, 150]) == hint.rgb and not marked[60:, :100].any()
    assert preview.place_of(150, 25, shown) == (1505, 255)
    with pytest.raises(ValueError, match="outside"):
        preview.colored(Stripes(), shown, [marks.Hint(2000, 0, hint.rgb)], 32, 1, 1)


def test_files_of_one_name_are_numbered_and_have_a_suffix_that_can_be_written(tmp_path):
    names = ["1/a.jpg", "2/A.JPG", "3/a.jpg", "a.heic", "b.HEIC", "a.tif", "a"]
    made = results.targets([tmp_path / name for name in names], tmp_path)
    expected = ["a-color.jpg", "A-color-2.JPG", "a-color-3.jpg", "a-color-4.jpg", "b-color.jpg"]
    expected += ["a-color.tif", "a-color.png"]
    assert [path.name for path in made] == expected


def test_hints_count_in_their_own_photograph_alone(tmp_path):
    paths = [photograph(tmp_path / name) for name in ("a.png", "b.png")]
    placed = {paths[1]: (marks.Hint(60, 40, (192, 48, 40)),)}
    (place := tmp_path / "made").mkdir()
    told = []
    archive, failures = results.write(
        Stripes(), paths, place, folder.FileOptions(), placed, lambda *counts: told.append(counts)
    )
    assert not failures and told == [(1, 2), (2, 2)] and list(place.iterdir()) == [archive]
    with zipfile.ZipFile(archive) as file:
        first, second = (Image.open(file.open(f"{name}-color.png")) for name in "ab")
        assert np.any(np.asarray(first) != np.asarray(second))
