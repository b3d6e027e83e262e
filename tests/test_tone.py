"""Photographs that have their color already are told from gray and toned ones, and passed over."""

import io

import cv2
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image
from test_folder import colorize_all

from tfcolor import images
from tfcolor.cli import main
from tfcolor.colorizing import tone
from tfcolor.colorizing.graphs import toning
from tfcolor.data import samples
from tfcolor.export import encoded

SEPIA, SELENIUM, CYANOTYPE = (1.0, 0.86, 0.65), (0.93, 0.88, 1.0), (0.55, 0.75, 1.0)
GRAY = sorted((samples.FOLDER / "gray").glob("*.jpg"))
COLOR = sorted(samples.FOLDER.glob("*.jpg"))


def toned(gray, tint):
    """A gray photograph whose middle tones have a tint; uint8 (h, w, 3)."""
    level = gray[..., None] / 255
    return np.rint(255 * level ** (1 / np.array(tint))).astype(np.uint8)


def as_jpeg(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=75)
    return images.decode_rgb(file.getvalue(), "a.jpg")


@pytest.fixture(scope="module")
def gray():
    return np.asarray(Image.open(GRAY[0]).convert("L"))


def test_photographs_in_color_are_told():
    assert len(COLOR) > 90
    dull = [path.name for path in COLOR if not tone.is_in_color(images.read_rgb(path))]
    assert dull in ([], ["542c07e8bf8e283c.jpg"])  # clouds, which are of one blue


@pytest.mark.parametrize("tint", [(1, 1, 1), SEPIA, SELENIUM, CYANOTYPE])
@pytest.mark.parametrize("path", GRAY, ids=lambda path: path.stem)
def test_gray_and_toned_photographs_are_told(path, tint):
    gray = np.asarray(Image.open(path).convert("L"))
    rgb = as_jpeg(toned(gray, tint))
    assert (np.ptp(rgb.astype(int), axis=-1).mean() > 5) == (tint != (1, 1, 1))
    assert not tone.is_in_color(rgb)
    assert not tone.is_in_color(rgb.astype(np.uint16) * 257)
    assert not tone.is_in_color(gray)


def test_paper_that_yellows_towards_an_edge_and_grain_are_no_color(gray):
    rng = np.random.default_rng(0)
    stained = gray[..., None] * (1 - np.linspace(0, 1, gray.shape[1])[:, None] * [0.0, 0.04, 0.18])
    grain = rng.normal(0, 12, (*gray.shape, 3))
    assert not tone.is_in_color(as_jpeg(np.clip(stained + grain, 0, 255).astype(np.uint8)))


def test_a_hand_colored_photograph_is_in_color(gray):
    rgb = toned(gray, SEPIA)
    height, width = gray.shape
    radius = round((0.006 * height * width / np.pi) ** 0.5)  # 0.6 % of the area
    mask = np.zeros_like(gray)
    cv2.circle(mask, (width // 2, height // 2), radius, 255, cv2.FILLED)
    rosy = np.clip(rgb + np.array([40, -15, 0]), 0, 255).astype(np.uint8)
    assert not tone.is_in_color(rgb)
    assert tone.is_in_color(np.where(mask[..., None] > 0, rosy, rgb))


@pytest.fixture(scope="module")
def difference():
    """`tone.difference` as a graph of photographs of any size."""
    spec = tf.TensorSpec((None, None, 3), tf.uint8)
    return tf.function(toning.difference, autograph=False, input_signature=[spec])


def test_the_graph_finds_the_differences_of_numpy(difference, gray):
    tints = [toned(gray, tint) for tint in ((1, 1, 1), SEPIA, SELENIUM, CYANOTYPE)]
    color = [images.read_rgb(path) for path in COLOR[::6]]
    # Some are far below and far above the threshold; in pale ones of color it lies in between.
    pale = [
        np.rint(0.9 * rgb.mean(-1, keepdims=True) + 0.1 * rgb).astype(np.uint8) for rgb in color
    ]
    flat = [np.full((300, 200, 3), level, np.uint8) for level in (0, 128, 255)]
    noise = np.random.default_rng(0).integers(0, 256, (1700, 1601, 3), dtype=np.uint8)
    small = [color[0][:20, :30], color[0][:8, :400], noise]
    found = []
    for rgb in [*tints, *color, *pale, *flat, *small]:
        expected = tone.difference(rgb)
        # Rounding of floats puts pixels that are about equally light into other groups: 0.019 at
        # most for the bundled photographs, as they are and paler.
        assert float(difference(rgb)) == pytest.approx(expected, abs=0.05)
        found.append(expected > tone.DIFFERENCE)
    assert 0.2 < np.mean(found) < 0.8


def test_a_saved_model_is_asked_about_files(gray):
    spec = tf.TensorSpec((None,), tf.string)
    ask = tf.function(encoded.in_color, autograph=False, input_signature=[spec])
    sepia = io.BytesIO()
    Image.fromarray(toned(gray, SEPIA)).save(sepia, "JPEG")
    clear = io.BytesIO()
    Image.open(COLOR[0]).convert("RGBA").save(clear, "PNG")
    files = [COLOR[0].read_bytes(), sepia.getvalue(), clear.getvalue(), clear.getvalue()[:-30], b""]
    answer = ask(tf.constant(files))
    assert answer["in_color"].numpy().tolist() == [True, False, True, False, False]
    assert [bool(error) for error in answer["error"].numpy()] == [False] * 3 + [True] * 2
    assert [len(each) for each in ask(tf.constant([], tf.string)).values()] == [0, 0]


@pytest.fixture
def folder(tmp_path, gray):
    (tmp_path / "in").mkdir()
    Image.fromarray(gray).save(tmp_path / "in" / "gray.png")
    Image.fromarray(toned(gray, SEPIA)).save(tmp_path / "in" / "sepia.png")
    Image.fromarray(images.read_rgb(COLOR[0])).save(tmp_path / "in" / "color.png")
    return tmp_path / "in"


def test_what_is_in_color_is_passed_over_unless_asked_for(folder):
    out = folder.parent / "out"
    outcomes = {each.source.stem: each.outcome for each in colorize_all([folder], out)}
    assert outcomes == {"gray": "made", "sepia": "made", "color": tone.IN_COLOR}
    assert not (out / "color.png").exists()
    again = colorize_all([folder], out, recolor=True)
    assert {each.source.stem for each in again if each.is_new} == {"color"}


def test_results_are_passed_over_however_dull_they_are(folder):
    colorize_all([folder / "gray.png"], folder / "gray-color.png", saturation=0.02)
    assert not tone.is_in_color(images.read_rgb(folder / "gray-color.png"))
    outcomes = {each.source.stem: each.outcome for each in colorize_all([folder], folder / "out")}
    assert outcomes["gray-color"] == tone.COLORIZED


def run(*arguments, **options):
    result = CliRunner().invoke(main.cli, ["colorize", *map(str, arguments)], **options)
    return result.exit_code, result.stdout, result.stderr


def test_the_command_counts_and_names_what_it_passes_over(folder):
    code, output, said = run(folder, "-o", folder / "out")
    assert code == 0 and output.endswith(": 2 made, 1 in color already\n")
    assert f"{folder / 'color.png'} is in color already; --recolor replaces its color" in said
    code, output, said = run(folder, "-o", folder / "out", "--recolor")
    assert code == 0 and output.endswith(": 2 there already, 1 made\n")


def test_one_photograph_in_color_is_named(folder):
    assert run(folder / "color.png") == (
        *(0, ""),
        f"{folder / 'color.png'} is in color already; --recolor replaces its color\n",
    )
    content = (folder / "color.png").read_bytes()
    code, output, said = run("-", "-o", "-", input=content)
    assert (code, output) == (2, "")
    assert said == "Error: standard input is in color already; --recolor replaces its color\n"
    assert run("-", "-o", "-", "--recolor", input=content)[0] == 0


def test_quiet_and_dry_runs_say_little_and_nothing_is_written(folder):
    code, output, said = run(folder, "-o", folder.parent / "out", "--dry-run")
    assert code == 0 and not (folder.parent / "out").exists()
    assert f"{folder / 'gray.png'} -> {folder.parent / 'out' / 'gray.png'}\n" in output
    (folder / "notes.psd").touch()
    assert run(folder, "-o", folder.parent / "out", "--quiet", "--jobs", 1) == (0, "", "")
    assert "(there already)" in run(folder, "-o", folder.parent / "out", "--dry-run")[1]
