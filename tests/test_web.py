"""The page that colorizes without a server, in a real browser."""

import contextlib
import functools
import http.server
import itertools
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import filelock
import numpy as np
import pytest
from click import testing
from conftest import random_rgb, saved
from PIL import Image
from skimage import color as reference

from tfcolor.cli import main
from tfcolor.colorizing import reduction, tone

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "tfcolor" / "data" / "samples"
CLOSE = 0.01  # mean CIEDE2000; two colors side by side look alike up to about 1


def has_node():
    """Whether there is one that is new enough to build the page."""
    node = shutil.which("node") and shutil.which("npm")
    version = subprocess.check_output(["node", "--version"], text=True) if node else "v0.0"
    return tuple(map(int, version[1:].split(".")[:2])) >= (20, 19)


pytestmark = pytest.mark.skipif(not has_node(), reason="needs Node.js 20.19 with npm")


def build(out, *options):
    """Builds the page, at one time in one process: npm's packages are fetched into one folder."""
    with filelock.FileLock(ROOT / "web" / ".lock"):
        return subprocess.run(
            [ROOT / "bin" / "web", out, *options], capture_output=True, text=True, cwd=out.parent
        )


def built_page(out, *options):
    """`out` with the page; the test is skipped where npm's registry cannot be reached."""
    done = build(out, *options)
    unreachable = re.search("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT", done.stderr)
    if done.returncode and unreachable:
        pytest.skip(f"npm's registry cannot be reached ({unreachable[0]})")
    assert done.returncode == 0, done.stderr
    return out


class Files(http.server.SimpleHTTPRequestHandler):
    """A plain web server of files, as its visitors see one."""

    def log_message(self, *_):
        pass


class IsolatedFiles(Files):
    """One that sends the headers without which browsers grant no shared memory."""

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


@contextlib.contextmanager
def serving(handler):
    """The address of a web server."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder of a web server with the page in its folder `color`."""
    return built_page(tmp_path_factory.mktemp("server") / "color").parent


@pytest.fixture(scope="module")
def address(built):
    with serving(functools.partial(Files, directory=built)) as url:
        yield f"{url}/color/"


@contextlib.contextmanager
def visiting(browser, address, **options):
    """The page, seen for the first time; asserts that it asks no other address for anything."""
    context = browser.new_context(**options)
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    context.close()
    origin = address.rstrip("/").rpartition("/")[0]
    assert len(asked) > 3
    assert not [url for url in asked if not url.startswith((origin, f"blob:{origin}", "data:"))]
    assert not errors


@pytest.fixture
def page(browser, address):
    with visiting(browser, address) as opened:
        yield opened


def photograph(path, size, first=0, mode="RGB", **options):
    """A photograph of some size with fine detail, of samples side by side; its path."""
    image = Image.new("RGB", size)
    places = itertools.product(range(0, size[0], 256), range(0, size[1], 256))
    for sample, place in zip(sorted(SAMPLES.glob("*.jpg"))[first:], places, strict=False):
        image.paste(Image.open(sample), place)
    return saved(path, image.convert(mode), **options)


def colorized(path, *options):
    """What `tfcolor colorize` makes of a photograph; uint8 (h, w, 3)."""
    out = path.parent / f"{path.stem}-reference.png"
    arguments = [str(path), "-o", str(out), "--recolor", *options]
    done = testing.CliRunner().invoke(main.colorize.colorize, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return np.asarray(Image.open(out).convert("RGB"))


def show(page, *paths):
    """Chooses files and waits until the first is shown."""
    page.set_input_files("#files", paths)
    shown(page, paths[0].name)


def shown(page, name):
    """Waits for a photograph, in the network's colors even if it is in color already."""
    page.get_by_role("heading", name=name).wait_for()
    if (recolor := page.get_by_role("button", name="Replace its colors")).is_visible():
        recolor.click()
    page.locator("body:not(.busy)").wait_for()


def downloaded(page, kind="PNG"):
    """The file that the page gives."""
    page.get_by_label("File type").select_option(kind)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    path = Path(download.value.path())
    return path.rename(path.with_name(download.value.suggested_filename))


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def difference(one, other):
    """Mean CIEDE2000, of some hundred thousand pixels all over."""
    assert one.shape == other.shape
    step = one.size // 300_000 + 1
    one, other = (reference.rgb2lab(each.reshape(-1, 1, 3)[::step]) for each in (one, other))
    return reference.deltaE_ciede2000(one, other).mean()


TELL = """
const {readFileSync} = require("node:fs");
const {isInColor} = require("./tone.js");
for (const path of process.argv.slice(3)) {
  const rgba = new Uint8ClampedArray(readFileSync(path));
  const side = Number(process.argv[2]);
  const rows = (top, count) => rgba.slice(top * side * 4, (top + count) * side * 4);
  console.log(isInColor({width: side, height: side, rows}));
}
"""
REDUCE = """
const {readFileSync, writeFileSync} = require("node:fs");
const {reduce} = require("./reduce.js");
const path = process.argv[2];
const [width, height, size] = process.argv.slice(3).map(Number);
const rgba = new Uint8ClampedArray(readFileSync(path));
const rows = (top, count) => rgba.slice(top * width * 4, (top + count) * width * 4);
const l = reduce({width, height, rows}, size);
writeFileSync(path, new Uint8Array(l.data.buffer));
console.log(l.width, l.height);
"""


def compiled(folder, *names):
    """The folder, with modules of the page and what they import; npm's packages must be there."""
    options = "--ignoreConfig --target ES2023 --module commonjs --outDir".split()
    tsc = ["npx", "tsc", *options, folder, *(f"src/{name}.ts" for name in names)]
    subprocess.run(tsc, check=True, cwd=ROOT / "web")
    return folder


@pytest.fixture(scope="module")
def modules(built, tmp_path_factory):
    """A folder with modules of the page that Node runs alone."""
    return compiled(tmp_path_factory.mktemp("modules"), "reduce", "tone")


def test_the_page_tells_gray_from_color_as_the_command_does(modules):
    paths = sorted(SAMPLES.glob("*.jpg"))[:40] + sorted((SAMPLES / "gray").glob("*.jpg"))
    photos = [np.asarray(Image.open(path).convert("RGB").resize((240, 240))) for path in paths]
    sepia = 255 * (photos[0].mean(axis=-1, keepdims=True) / 255) ** (1 / np.array([1, 0.86, 0.65]))
    photos += [np.full((240, 240, 3), 99, np.uint8), sepia.astype(np.uint8)]
    # Colors that grow dull to the eye, until the command takes them for gray.
    photos += [np.rint(sepia + s * (photos[1] - sepia)).astype(np.uint8) for s in (0.3, 0.2, 0.1)]
    for index, rgb in enumerate(photos):
        rgba = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
        (modules / f"{index}.rgba").write_bytes(rgba.tobytes())
    (modules / "tell.js").write_text(TELL)
    files = [f"{index}.rgba" for index in range(len(photos))]
    told = subprocess.check_output(["node", "tell.js", "240", *files], cwd=modules, text=True)
    expected = [tone.is_in_color(rgb) for rgb in photos]
    assert [line == "true" for line in told.split()] == expected
    assert {True, False} == set(expected)


@pytest.fixture(scope="module")
def reducing(modules):
    """`reduce` of the page, by Node alone: uint8 (h, w, 3), size -> l."""
    folder = modules
    (folder / "run.js").write_text(REDUCE)

    def reduce(rgb, size):
        rgba = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
        (folder / "plane").write_bytes(rgba.tobytes())
        sides = [str(each) for each in (rgb.shape[1], rgb.shape[0], size)]
        node = subprocess.check_output(["node", "run.js", "plane", *sides], cwd=folder, text=True)
        width, height = map(int, node.split())
        return np.frombuffer((folder / "plane").read_bytes(), np.float32).reshape(height, width)

    return reduce


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (300, 451, 64),
        (1537, 1024, 100),
        (40, 61, 64),
        (64, 64, 64),
        (2000, 40, 64),  # squeezed and enlarged
        (90, 2001, 64),  # squeezed
    ],
)
def test_the_page_shows_its_network_what_the_command_does(reducing, height, width, size):
    rgb = random_rgb(height, width, height)
    np.testing.assert_allclose(reducing(rgb, size), reduction.reduce(rgb, size), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "options", "close"),
    [
        ("landscape.png", (1200, 800), {}, CLOSE),
        ("portrait.jpg", (641, 900), {"quality": 95, "mode": "L"}, CLOSE),
        ("panorama.png", (1801, 301), {}, CLOSE),
        ("tower.png", (100, 1000), {}, CLOSE),
        ("small.png", (90, 61), {}, CLOSE),
        ("large.png", (1600, 1540), {"mode": "L"}, CLOSE),
    ],
)
def test_the_page_gives_the_colors_of_the_command(page, tmp_path, name, size, options, close):
    path = photograph(tmp_path / name, size, **options)
    show(page, path)
    result = downloaded(page)
    expected = colorized(path)
    assert result.name == f"{path.stem}-color.png"
    assert difference(pixels(result), expected) < close
    gray = np.asarray(Image.open(path).convert("L").convert("RGB"))
    assert difference(gray, expected) > 4  # or any gray picture would pass


@pytest.mark.slow
def test_a_photograph_is_turned_upright(page, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    path = photograph(tmp_path / "turned.jpg", (500, 300), quality=95, exif=exif)
    show(page, path)
    result = pixels(downloaded(page))
    assert result.shape == (500, 300, 3)
    assert difference(result, colorized(path)) < CLOSE


def test_sliders_by_the_keyboard_paint_again(page, tmp_path):
    path = photograph(tmp_path / "photo.png", (450, 300))
    show(page, path)
    page.get_by_label("Strength").focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    page.get_by_label("Saturation").focus()
    page.keyboard.press("End")
    expected = colorized(path, "--strength", "0.6", "--saturation", "2")
    assert difference(pixels(downloaded(page)), expected) < CLOSE
    painted = page.locator("#after").screenshot(path=tmp_path / "screen.png")
    page.get_by_label("Saturation").press("Home")
    page.locator("body:not(.busy)").wait_for()
    assert page.locator("#after").screenshot() != painted


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_strength_0_gives_the_photograph_itself(page, tmp_path, mode):
    path = photograph(tmp_path / "photo.png", (450, 300), mode=mode)
    show(page, path)
    page.get_by_label("Strength").press("Home")
    result, own = pixels(downloaded(page)).astype(int), pixels(path)
    assert np.abs(result - own).max() <= 1


def test_a_photograph_in_color_is_left_as_it_is_unless_the_visitor_wants(page, tmp_path):
    path = photograph(tmp_path / "photo.png", (450, 300))
    page.set_input_files("#files", path)
    page.get_by_text("This photograph is in color already, and is left as it is.").wait_for()
    assert page.get_by_role("button", name="Download", exact=True).is_disabled()
    kept = page.locator("#after").screenshot()
    page.get_by_role("button", name="Replace its colors").click()
    page.locator("#save:enabled").wait_for()
    assert page.locator("#after").screenshot() != kept
    gray = photograph(tmp_path / "gray.png", (450, 300), mode="L")
    show(page, gray)
    assert page.get_by_text("This photograph is in color").is_hidden()


@pytest.mark.slow
def test_a_gray_photograph_after_one_in_color_is_colorized(page, tmp_path):
    gray = photograph(tmp_path / "gray.png", (450, 300), mode="L")
    show(page, gray)
    colorized_first = page.locator("#after").evaluate("one => one.toDataURL()")
    page.set_input_files("#files", photograph(tmp_path / "photo.png", (450, 300)))
    page.get_by_text("This photograph is in color already").wait_for()
    page.locator("body:not(.busy)").wait_for()
    button = page.get_by_role("navigation").get_by_role("button", name="gray.png").first
    button.click()
    shown(page, "gray.png")
    assert page.locator("#after").evaluate("one => one.toDataURL()") == colorized_first


def test_the_border_between_before_and_after_moves_by_the_keyboard(page, tmp_path):
    show(page, photograph(tmp_path / "photo.png", (450, 300)))
    border = page.get_by_label("Border between before and after")
    border.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    before = page.locator("#before")
    clip = before.evaluate("each => getComputedStyle(each).clipPath")
    assert clip == "inset(0px 90% 0px 0px)"
    border.press("End")
    assert "90%" not in before.evaluate("each => getComputedStyle(each).clipPath")


@pytest.mark.slow
def test_alpha_stays_in_png_and_is_white_paper_in_jpeg(page, tmp_path):
    path = tmp_path / "logo.png"
    image = Image.open(photograph(path, (450, 300))).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((450, 300)).point(lambda x: 255 * (x > 99)))
    image.save(path)
    show(page, path)
    png, jpeg = Image.open(downloaded(page)), Image.open(downloaded(page, "JPEG"))
    assert np.array_equal(png.getchannel("A"), image.getchannel("A"))
    assert jpeg.format == "JPEG" and np.asarray(jpeg)[:60].min() > 250


@pytest.mark.slow
def test_files_say_that_their_color_is_synthetic(page, tmp_path):
    show(page, photograph(tmp_path / "photo.png", (120, 80)))
    for kind in ("PNG", "JPEG"):
        result = Image.open(downloaded(page, kind))
        result.load()  # which checks the sums of a PNG
        assert b"compositeWithTrainedAlgorithmicMedia" in result.info["xmp"]


@pytest.mark.slow
def test_several_photographs_are_shown_one_after_the_other(page, tmp_path):
    names = ["one.png", "two.png"]
    first, second = (
        photograph(tmp_path / each, (450, 300), first=index) for index, each in enumerate(names)
    )
    show(page, first, second)
    button = page.get_by_role("navigation").get_by_role("button", name="two.png").first
    button.press("Enter")
    shown(page, "two.png")
    assert button.get_attribute("aria-current") == "true"
    result = downloaded(page)
    assert result.name == "two-color.png"
    assert difference(pixels(result), colorized(second)) < CLOSE


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_photographs_are_dropped_or_pasted(page, tmp_path, event):
    content = list(photograph(tmp_path / "photo.png", (120, 80)).read_bytes())
    page.evaluate(
        """([event, content]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(content)], "given.png", {type: "image/png"}));
          document.body.dispatchEvent(event === "drop"
            ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
            : new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }""",
        [event, content],
    )
    shown(page, "given.png")


def test_the_example_is_colorized(page):
    page.get_by_role("button", name="Try an example").click()
    shown(page, "example.jpg")


def test_what_is_no_photograph_is_named_and_the_next_is_taken(page, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("no photograph")
    tiny, thin = (
        saved(tmp_path / name, Image.new("L", size))
        for name, size in (("tiny.png", (7, 90)), ("thin.png", (16_385, 9)))
    )
    for path, wrong in (
        (notes, "notes.txt is damaged or not a photograph that this browser can read"),
        (tiny, "tiny.png has 7 x 90 pixels; choose one of at least 8 x 8"),
        (thin, "thin.png has 16385 x 9 pixels; choose one of at most 16384 a side"),
    ):
        page.set_input_files("#files", path)
        page.get_by_role("navigation").get_by_text(wrong).wait_for()
    show(page, photograph(tmp_path / "photo.png", (120, 80)))
    assert page.locator("#error").text_content() == ""


@pytest.mark.slow
def test_the_page_works_without_its_server_once_it_was_loaded(browser, built, tmp_path):
    path = photograph(tmp_path / "photo.png", (450, 300))
    with contextlib.ExitStack() as open_page:
        with serving(functools.partial(Files, directory=built)) as url:
            page = open_page.enter_context(visiting(browser, f"{url}/color/"))
            show(page, path)
            kept = """() => caches.open("tfcolor").then((cache) => cache.keys())
              .then((all) => all.filter(({url}) => /(wasm|tflite)$/.test(url)).length)"""
            for _ in range(100):  # they are kept while the page has them already
                if page.evaluate(kept) < 2:
                    page.wait_for_timeout(100)
        page.context.set_offline(True)
        page.reload()
        show(page, path)
        assert difference(pixels(downloaded(page)), colorized(path)) < CLOSE


@pytest.mark.slow
def test_threads_are_used_where_the_server_allows_them(browser, built, tmp_path):
    path = photograph(tmp_path / "photo.png", (450, 300))
    with serving(functools.partial(IsolatedFiles, directory=built)) as url:
        with visiting(browser, f"{url}/color/") as page:
            loaded = []
            page.context.on("request", lambda request: loaded.append(request.url))
            show(page, path)
            assert any("wasm_threaded" in url for url in loaded)
            assert difference(pixels(downloaded(page)), colorized(path)) < CLOSE


def test_the_browser_refuses_the_page_every_other_address(page):
    asked = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

    with serving(Elsewhere) as url:
        sent = f"fetch('{url}').then(() => 'sent', () => 'refused')"
        assert page.evaluate(sent) == "refused"
        # Workers of the kind in which photographs are worked on.
        worker = f"{sent}.then(postMessage)"
        assert (
            page.evaluate(
                """code => new Promise((done) => {
                  const worker = new Worker(URL.createObjectURL(new Blob([code])));
                  worker.onmessage = ({data}) => done(data);
                })""",
                worker,
            )
            == "refused"
        )
    assert not asked


@pytest.mark.slow
def test_a_phone_shows_the_whole_width(browser, address, tmp_path):
    with visiting(browser, address, viewport={"width": 360, "height": 740}) as page:
        show(page, photograph(tmp_path / "photo.png", (1200, 800)))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(b"no network at all", "is not a TFLite file"), (None, "takes one size only")],
)
def test_a_network_that_the_page_cannot_run_is_refused(built, tmp_path, content, wrong):
    path = tmp_path / "model.tflite"
    path.write_bytes(fixed_network() if content is None else content)
    done = build(tmp_path / "out", "--model", path)
    assert done.returncode != 0
    assert f"{path} {wrong}" in done.stderr


def fixed_network():
    """A TFLite file of planes of 32 x 32 alone."""
    import tensorflow as tf

    function = tf.function(
        lambda l: tf.concat([l, l], -1), [tf.TensorSpec((1, 32, 32, 1), tf.float32)]
    )
    concrete = function.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "precious.txt").write_text("kept")
    (tmp_path / "sw.js").write_text("// of another page")
    for options in ([], ["--app"]):
        done = build(tmp_path, *options)
        assert done.returncode == 1 and "holds other files" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["precious.txt", "sw.js"]
