"""Colors taken from another picture of the same scene."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import gray_of, saved
from PIL import Image
from skimage import color as reference
from skimage import data as photographs

import tfcolor
from tfcolor import images
from tfcolor.cli import main
from tfcolor.colorizing import marks, transfer

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from colors_from import edit  # noqa: E402 - after its folder was added

TRUTHS = {"cat": photographs.chelsea, "cup": photographs.coffee, "woman": photographs.astronaut}


@pytest.fixture(scope="module", params=TRUTHS)
def scene(request):
    """A photograph's truth, and what an editor made of it; see `benchmarks/colors_from.py`."""
    truth = TRUTHS[request.param]()
    foreign = photographs.rocket() if request.param != "woman" else photographs.chelsea()
    return truth, *edit(truth, foreign, np.random.default_rng(0))


def test_a_changed_picture_fits_but_for_what_it_adds(scene):
    truth, picture, is_foreign, is_shown = scene
    fitting = transfer.fit(gray_of(truth), transfer.Source(picture))
    height, width = fitting.fits.shape
    small = cv2.resize(truth, (width, height), interpolation=cv2.INTER_AREA)
    foreign, shown = (
        cv2.resize(each.astype(np.float32), (width, height)) > 0.5 for each in scene[2:]
    )
    assert fitting.fits[shown & ~foreign].mean() > 0.85
    assert fitting.fits[foreign].mean() < 0.05
    lab = reference.rgb2lab(small)
    painted = np.dstack([lab[..., 0], fitting.ab * 110])
    taken = fitting.fits & ~foreign
    assert reference.deltaE_ciede2000(painted, lab)[taken].mean() < 2


def test_the_photograph_keeps_its_lightness_and_gets_the_colors(scene):
    truth, picture, is_foreign, is_shown = scene
    gray = gray_of(truth)
    made = tfcolor.colorize(gray, colors_from=picture)
    lab, true = reference.rgb2lab(made), reference.rgb2lab(truth)
    assert np.abs(lab[..., 0] - reference.rgb2lab(np.dstack(3 * [gray]))[..., 0]).max() < 1.2
    own = reference.rgb2lab(tfcolor.colorize(gray))
    outside = is_shown & ~cv2.dilate(is_foreign.astype(np.uint8), np.ones((15, 15))).astype(bool)
    off, own_off = (reference.deltaE_ciede2000(each, true)[outside].mean() for each in (lab, own))
    assert off < 4 and off < own_off / 2


def test_a_picture_of_something_else_is_refused():
    gray = gray_of(photographs.chelsea())
    with pytest.raises(ValueError, match="shows something else; give one of the same scene"):
        transfer.fit(gray, transfer.Source(photographs.rocket()))


def test_a_gray_picture_is_refused_however_it_is_stored():
    gray = gray_of(photographs.chelsea())
    for picture in (gray, np.repeat(gray[..., None], 3, -1)):
        with pytest.raises(ValueError, match="is gray; give one in color"):
            transfer.Source(picture)


def test_a_hint_goes_before_the_picture(scene):
    truth, picture, *_ = scene
    height, width = truth.shape[:2]
    middle = [(width // 3, height // 3), (width // 2, height // 3), (width // 2, height // 2)]
    area = marks.Area(tuple(middle), (30, 60, 200))
    made = tfcolor.colorize(gray_of(truth), colors_from=picture, hints=[area])
    place = reference.rgb2lab(made)[int(height * 0.39), int(width * 0.44)]
    assert place[2] < -15  # blue


def test_the_color_of_a_place_spreads_over_what_the_picture_colors(scene):
    truth, picture, *_ = scene
    gray = gray_of(truth)
    height, width = gray.shape
    hint = marks.Hint(width // 2, height // 2, (40, 60, 200))
    made, before = (
        reference.rgb2lab(tfcolor.colorize(gray, colors_from=picture, hints=hints))
        for hints in ([hint], ())
    )
    bluer = (before - made)[..., 2] > 5
    assert 0.01 < bluer.mean() < 0.3


def test_the_command_takes_a_picture_or_a_folder_of_them(scene, tmp_path):
    truth, picture, *_ = scene
    gray = gray_of(truth)
    (tmp_path / "edited").mkdir()
    photo = saved(tmp_path / "old.png", Image.fromarray(gray))
    other = saved(tmp_path / "edited" / "old.png", Image.fromarray(picture))
    for number, given in enumerate((other, other.parent)):
        out = tmp_path / f"out{number}.png"
        arguments = ["colorize", photo, "-o", out, "--colors-from", given]
        done = CliRunner().invoke(main.cli, [str(each) for each in arguments])
        assert done.exit_code == 0, done.output
        expected = tfcolor.colorize(gray, colors_from=picture)
        np.testing.assert_array_equal(images.read(out).pixels, expected)


def test_what_is_no_picture_in_color_is_named(tmp_path):
    gray = gray_of(photographs.chelsea())
    with pytest.raises(ValueError, match="is gray; give one in color"):
        tfcolor.colorize(gray, colors_from=gray)
    (tmp_path / "edited").mkdir()
    photo = saved(tmp_path / "old.png", Image.fromarray(gray))
    for suffix in (".png", ".jpg"):
        saved(tmp_path / "edited" / f"old{suffix}", Image.fromarray(photographs.chelsea()))
    arguments = ["colorize", str(photo), "--colors-from", str(tmp_path / "edited")]
    done = CliRunner().invoke(main.cli, arguments)
    assert done.exit_code == 2 and "have the same name; keep one of them" in done.output
