"""Colors taken from another picture, in the page, in a real browser."""

import functools

import cv2
import hinted
import numpy as np
import pytest
from conftest import gray_of, saved
from PIL import Image
from skimage import color as reference
from skimage import data as photographs
from test_transfer import edit
from test_web import (
    Files,
    built_page,
    colorized,
    difference,
    downloaded,
    has_node,
    pixels,
    serving,
    show,
    visiting,
)

pytestmark = [
    pytest.mark.skipif(not has_node(), reason="needs Node.js 20.19 with npm"),
    pytest.mark.slow,
]


def given(page, path):
    """Takes colors from a picture; the page's download."""
    page.locator("#colors-from").set_input_files(path)
    page.locator("#taken").wait_for()
    page.locator("body:not(.busy)").wait_for()
    return pixels(downloaded(page))


@pytest.mark.parametrize("kind", ["bundled", "plain"])
def test_the_page_takes_the_colors_of_another_picture(browser, tmp_path, kind):
    model = []
    if kind == "plain":
        model = ["--model", str(hinted.write_plain(tmp_path / "plain.tflite"))]
    built_page(tmp_path / "page", *model)
    truth = photographs.chelsea()
    picture, is_foreign, is_shown = edit(truth, photographs.rocket(), np.random.default_rng(0))
    path = saved(tmp_path / "cat.png", Image.fromarray(gray_of(truth)))
    edited = saved(tmp_path / "edited.png", Image.fromarray(picture))
    other = saved(tmp_path / "gray.png", Image.fromarray(gray_of(picture)))
    with serving(functools.partial(Files, directory=tmp_path)) as url:
        with visiting(browser, f"{url}/page/") as page:
            show(page, path)
            plain = pixels(downloaded(page))
            made = given(page, edited)
            page.get_by_role("button", name="Undo").click()
            page.locator("body:not(.busy)").wait_for()
            back = pixels(downloaded(page))
            page.locator("#colors-from").set_input_files(other)
            page.get_by_text("is gray; choose one in color").wait_for()
    lab, true, own = (reference.rgb2lab(each) for each in (made, truth, plain))
    outside = is_shown & ~cv2.dilate(is_foreign.astype(np.uint8), np.ones((15, 15))).astype(bool)
    off, own_off = (reference.deltaE_ciede2000(each, true)[outside].mean() for each in (lab, own))
    assert off < 4 and off < own_off / 2
    expected = colorized(path, *model, "--colors-from", str(edited))
    assert difference(made, expected) < difference(plain, expected) / 5  # optical flow differs
    np.testing.assert_array_equal(back, plain)
