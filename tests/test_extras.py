"""What `tfcolor colorize` writes beside a result: variants, certainty, a layer of the color."""

import csv
import os

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import saved
from PIL import Image
from skimage import data as photographs

import tfcolor
from tfcolor import images, runtimes
from tfcolor.cli import main
from tfcolor.colorizing import layers, likelihood


@pytest.fixture
def photo(tmp_path):
    """A gray photograph of 128 x 128 pixels."""
    gray = Image.fromarray(photographs.astronaut()).convert("L").resize((128, 128))
    return saved(tmp_path / "old.png", gray)


def colorize(*arguments):
    return CliRunner().invoke(main.cli, ["colorize", *(str(each) for each in arguments)])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_variants_are_those_of_the_function_and_the_first_is_the_usual_one(photo, tmp_path):
    done = colorize(photo, "-o", tmp_path / "out" / "new.png", "--variants", 3, "--size", 64)
    assert done.exit_code == 0, done.output
    assert names(tmp_path / "out") == ["new-1.png", "new-2.png", "new-3.png"]
    told = [line for line in done.output.splitlines() if line.startswith(str(tmp_path))]
    assert told == [str(tmp_path / "out" / f"new-{number}.png") for number in (1, 2, 3)]
    made = [images.read(tmp_path / "out" / f"new-{number}.png").pixels for number in (1, 2, 3)]
    gray = images.read(photo).pixels
    for number, pixels in enumerate(made, 1):
        expected = tfcolor.colorize(gray, size=64, variant=number)
        np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(made[0], tfcolor.colorize(gray, size=64))
    assert all(np.abs(made[0].astype(int) - other).mean() > 1 for other in made[1:])


def test_a_rerun_makes_only_what_is_missing_and_results_are_not_colorized_again(photo, tmp_path):
    options = ("--variants", 3, "--certainty", "--layer", "--size", 32, "--manifest")
    done = colorize(tmp_path, *options, tmp_path / "made.csv")
    assert done.exit_code == 0, done.output
    made = [f"old-color-{name}.png" for name in ("1", "1-certainty", "1-layer", "2", "3")]
    assert names(tmp_path) == sorted(["made.csv", "old.png", *made])
    with open(tmp_path / "made.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["result"].endswith("old-color-1.png") and row["outcome"] == "made"
    (tmp_path / "old-color-2.png").unlink()
    for name in set(made) - {"old-color-2.png"}:
        os.utime(tmp_path / name, (1, 1))
    done = colorize(tmp_path, *options, tmp_path / "made.csv")
    assert done.exit_code == 0, done.output
    assert names(tmp_path) == sorted(["made.csv", "old.png", *made])
    written = {name for name in made if (tmp_path / name).stat().st_mtime != 1}
    assert written == {"old-color-2.png"}


def test_certainty_and_layer_are_those_of_the_functions(photo, tmp_path):
    levels = np.asarray(Image.open(photo)).astype(np.uint16) * 257
    deep = saved(tmp_path / "deep.tif", Image.fromarray(levels))
    done = colorize(deep, "--certainty", "--layer", "--saturation", 1.4)
    assert done.exit_code == 0, done.output
    color = images.read(tmp_path / "deep-color.tif").pixels
    layer = images.read(tmp_path / "deep-color-layer.tif").pixels
    np.testing.assert_array_equal(layer, layers.color_alone(color))
    with Image.open(tmp_path / "deep-color-certainty.png") as image:
        assert image.mode == "L" and image.size == (128, 128)
        shown = np.asarray(image)
    expected = likelihood.certainty_map(runtimes.load(), levels, saturation=1.4)
    np.testing.assert_allclose(shown, 255 * expected, atol=0.51)
    assert shown.std() > 5


class Told:
    """A network that tells no classes."""

    size, stride, takes_hints = 32, 1, False

    def __call__(self, l, hints=None):
        return np.zeros((*l.shape, 2), np.float32)


@pytest.mark.parametrize("option", [("--certainty",), ("--variants", 2)])
def test_a_network_that_tells_no_classes_is_refused_before_anything(
    option, photo, tmp_path, monkeypatch
):
    monkeypatch.setattr(runtimes, "load", lambda *path, **threads: Told())
    done = colorize(photo, photo, *option)
    assert done.exit_code == 2 and done.output.count("does not tell how likely a color is") == 1
    assert names(tmp_path) == ["old.png"]


def test_a_picture_in_color_leaves_no_choice_to_variants(photo, tmp_path):
    done = colorize(photo, "--variants", 2, "--colors-from", photo)
    assert done.exit_code == 2 and "leave one of them out" in done.output
    assert names(tmp_path) == ["old.png"]


@pytest.mark.parametrize("count", [0, 17])
def test_too_few_or_many_variants_are_refused(photo, count):
    done = colorize(photo, "--variants", count)
    assert done.exit_code == 2 and f"variants must be from 1 to 16, got {count}" in done.output


def test_a_dry_run_tells_what_would_be_passed_over_and_writes_nothing(photo, tmp_path):
    Image.fromarray(photographs.astronaut()).save(tmp_path / "vivid.png")
    (tmp_path / "broken.jpg").write_bytes(b"no photograph")
    saved(tmp_path / "done.png", Image.open(photo))
    saved(tmp_path / "done-color.png", Image.open(photo))
    before = names(tmp_path)
    done = colorize(tmp_path, "--dry-run")
    assert done.exit_code == 0 and names(tmp_path) == before
    told = {line.partition(" -> ")[0].rpartition("/")[2]: line for line in done.stdout.splitlines()}
    assert told["old.png"].endswith("old-color.png")
    assert told["vivid.png"].endswith("(in color already)")
    assert told["done.png"].endswith("(there already)")
    assert "is not a photograph" in told["broken.jpg"]
    done = CliRunner().invoke(
        main.cli, ["colorize", "-", "-o", str(tmp_path / "x.png"), "--dry-run"], input=b""
    )
    assert done.exit_code == 2 and "--dry-run need files" in done.output


def test_ctrl_c_ends_any_command_with_one_word(monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(main.cli.commands["recipes"], "callback", interrupted)
    done = CliRunner().invoke(main.cli, ["recipes"])
    assert done.exit_code == 130 and done.output == "stopped\n"
