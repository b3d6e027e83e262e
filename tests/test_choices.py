"""Files NAME.hints.json: what a person chose for a photograph."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import saved
from PIL import Image
from test_folder import gray_file

import tfcolor
from tfcolor import images
from tfcolor.cli import main
from tfcolor.colorizing import choices, marks

RED, BLUE = (192, 48, 40), (30, 60, 200)
HINTS = (
    marks.Hint(20, 30, RED),
    marks.Area(((5, 5), (40, 5), (40, 12), (5, 12)), BLUE),
    marks.Area(((5, 45), (60, 45)), RED, 6.5),
)
WHOLE = {"width": 90, "height": 60, "hints": [{"x": 2, "y": 3, "color": "#c03028"}]}


def colorize(*arguments):
    return CliRunner().invoke(main.cli, ["colorize", *(str(each) for each in arguments)])


@pytest.fixture
def photo(tmp_path):
    """A gray photograph of 90 x 60 pixels."""
    levels = np.random.default_rng(0).integers(60, 200, (60, 90)).astype(np.uint8)
    return saved(tmp_path / "old.png", Image.fromarray(levels))


def test_what_is_written_is_read(tmp_path):
    chosen = choices.Choices((60, 90), HINTS, {"saturation": 1.5, "size": 64})
    chosen.write(tmp_path / "old.hints.json")
    assert choices.read(tmp_path / "old.hints.json") == chosen


def test_the_command_gives_the_pixels_of_the_function(photo, tmp_path):
    chosen = choices.Choices((60, 90), HINTS, {"saturation": 1.5, "size": 32})
    chosen.write(path := tmp_path / "old.hints.json")
    done = colorize(photo, "--hints", path, "--size", 64)  # the file's size goes before this one
    assert done.exit_code == 0, done.output
    pixels = images.read(photo).pixels
    expected = tfcolor.colorize(pixels, hints=HINTS, saturation=1.5, size=32)
    np.testing.assert_array_equal(images.read(tmp_path / "old-color.png").pixels, expected)
    plain = tfcolor.colorize(pixels, saturation=1.5, size=32)
    assert np.abs(expected.astype(int) - plain)[5:12, 10:35].mean() > 10


def test_standard_input_takes_them_too(photo, tmp_path):
    choices.Choices((60, 90), HINTS).write(path := tmp_path / "any.hints.json")
    arguments = ["colorize", "-", "-o", str(tmp_path / "made.png"), "--hints", str(path)]
    done = CliRunner().invoke(main.cli, arguments, input=photo.read_bytes())
    assert done.exit_code == 0, done.output
    expected = tfcolor.colorize(images.read(photo).pixels, hints=HINTS)
    np.testing.assert_array_equal(images.read(tmp_path / "made.png").pixels, expected)


def test_choices_for_a_small_copy_hold_for_the_scan():
    (large, area, stroke) = choices.Choices((60, 90), HINTS).fit((601, 900))["hints"]
    assert abs(large.x - 205) <= 1 and abs(large.y - 305) <= 1
    assert area.points[2] == (405, 125) and stroke.width == pytest.approx(65, rel=0.01)
    with pytest.raises(ValueError, match="of 90 x 60 pixels, not of 60 x 90"):
        choices.Choices((60, 90), HINTS).fit((90, 60))


def test_in_a_folder_each_photograph_has_its_own_and_a_broken_file_fails_one(tmp_path):
    album, chosen = tmp_path / "album", tmp_path / "chosen"
    album.mkdir()
    chosen.mkdir()
    for name in ("a", "b", "c"):
        gray_file(album / f"{name}.png")
    height, width = images.read(album / "a.png").pixels.shape[:2]
    area = marks.Area(((0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)), BLUE)
    choices.Choices((height, width), (area,)).write(chosen / "a.hints.json")
    (chosen / "b.hints.json").write_text("{}")
    done = colorize(album, "-o", tmp_path / "out", "--size", 32, "--hints", chosen)
    assert done.exit_code == 1
    assert "b.hints.json is no file of hints" in done.output
    blue, plain = (images.read(tmp_path / "out" / f"{name}.png").pixels for name in ("a", "c"))
    assert (blue[..., 2].astype(int) - blue[..., 0]).mean() > 30
    assert (plain[..., 2].astype(int) - plain[..., 0]).mean() < 0
    assert not (tmp_path / "out" / "b.png").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", 'an object with "width", "height" and "hints"'),
        ("{", "no file of hints"),
        (json.dumps({**WHOLE, "width": 0}), "whole numbers above 0"),
        (json.dumps({**WHOLE, "hints": {}}), '"hints" must be a list'),
        (
            json.dumps({**WHOLE, "hints": [{"x": 1}]}),
            "hint 1: it must have x and y and color, or polygon",
        ),
        (
            json.dumps({**WHOLE, "hints": [{"x": 1.5, "y": 2, "color": "#000000"}]}),
            "hint 1: places must be pairs of whole numbers",
        ),
        (
            json.dumps({**WHOLE, "hints": [{"x": 1, "y": 2, "color": "red"}]}),
            "hint 1: a color must be #rrggbb, as #c03028; got 'red'",
        ),
        (
            json.dumps({**WHOLE, "hints": [{"x": 90, "y": 2, "color": "#000000"}]}),
            "the hint at 90,2 lies outside",
        ),
        (
            json.dumps({**WHOLE, "hints": [{"polygon": [[1, 2]], "color": "#000000"}]}),
            "hint 1: an area needs three points",
        ),
        (
            json.dumps({**WHOLE, "hints": [{"stroke": 7, "width": 2, "color": "#000000"}]}),
            "hint 1: places must be pairs",
        ),
        (json.dumps({**WHOLE, "options": {"sise": 3}}), "no option 'sise'; there are size"),
        (json.dumps({**WHOLE, "options": {"strength": "all"}}), "strength cannot be 'all'"),
        (json.dumps({**WHOLE, "options": {"strength": 3}}), "strength must be from 0 to 1"),
    ],
)
def test_a_mistake_in_a_file_is_named_in_one_line(photo, tmp_path, text, message):
    (path := tmp_path / "old.hints.json").write_text(text)
    done = colorize(photo, "--hints", path)
    assert done.exit_code == 2
    assert "old.hints.json" in done.output and message in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "old-color.png").exists()


def test_options_that_contradict_are_refused(photo, tmp_path):
    choices.Choices((60, 90), HINTS).write(path := tmp_path / "old.hints.json")
    done = colorize(photo, "--hints", path, "--hint", "1,2,#c03028")
    assert done.exit_code == 2 and "leave out --hint" in done.output
    other = saved(tmp_path / "b.png", Image.open(photo))
    done = colorize(photo, other, "--hints", path)
    assert (
        done.exit_code == 2
        and "a file for --hints is for one photograph; give a folder" in done.output
    )
