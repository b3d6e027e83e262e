"""Photographs on disk through a colorizer."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo
from PIL import Image
from skimage import color as skcolor

from tfcolor import colorize, inference, photo


def colorizer(rgb):
    """A stand-in for a SavedModel: color that depends on lightness."""

    def generator(l, training):
        return {"ab": 0.3 * tf.concat([tf.sin(7.0 * l), tf.cos(5.0 * l)], axis=-1)}

    return inference.colorize_rgb(generator, tf.constant(rgb), 32, 8).numpy()


def gray_file(path, height=40, width=60, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    gray = colorful_photo(1, height, width)[..., 0]
    Image.fromarray(gray).save(path, **options)
    return gray


def colorize_all(inputs, output):
    return list(colorize.colorize_files(colorizer, colorize.plan(inputs, output)))


def test_a_file_becomes_the_file_that_was_named(tmp_path):
    gray = gray_file(tmp_path / "old.png")
    target = tmp_path / "new" / "grandmother.png"
    assert colorize_all([tmp_path / "old.png"], target) == [(target, None)]
    rgb = photo.read_rgb(target)
    lightness = skcolor.rgb2lab(np.repeat(gray[..., None], 3, -1))[..., 0]
    # The photograph's own L*: 8-bit rounding of a color moves it by up to about 0.6.
    assert np.abs(skcolor.rgb2lab(rgb)[..., 0] - lightness).max() < 0.7
    assert np.ptp(rgb.astype(int), axis=-1).mean() > 10


def test_a_folder_is_mirrored(tmp_path):
    for name in ("a.png", "deep/er/b.jpg", "deep/c.webp"):
        gray_file(tmp_path / "in" / name)
    colorize_all([tmp_path / "in"], tmp_path / "out")
    made = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert made == {"a.png", "deep/er/b.jpg", "deep/c.webp"}


@pytest.mark.parametrize(("height", "width"), [(8, 8), (13, 101), (200, 9), (97, 64)])
def test_any_size(tmp_path, height, width):
    gray_file(tmp_path / "in.png", height, width)
    colorize_all([tmp_path / "in.png"], tmp_path / "out.png")
    assert photo.read_rgb(tmp_path / "out.png").shape == (height, width, 3)


def test_exif_orientation_is_honored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn a quarter clockwise
    gray = gray_file(tmp_path / "in.png", 40, 60, exif=exif)
    colorize_all([tmp_path / "in.png"], tmp_path / "out.png")
    rgb = photo.read_rgb(tmp_path / "out.png")
    assert rgb.shape == (60, 40, 3)
    upright = np.repeat(np.rot90(gray, -1)[..., None], 3, -1)
    difference = skcolor.rgb2lab(rgb)[..., 0] - skcolor.rgb2lab(upright)[..., 0]
    assert np.abs(difference).max() < 0.7


def test_a_failure_is_told_and_the_others_go_on(tmp_path):
    gray_file(tmp_path / "in" / "a.png")
    gray_file(tmp_path / "in" / "c.png")
    (tmp_path / "in" / "b.jpg").write_text("not a picture")
    Image.new("L", (1, 1)).save(tmp_path / "in" / "dot.png")
    results = dict(colorize_all([tmp_path / "in"], tmp_path / "out"))
    assert results[tmp_path / "out" / "a.png"] is None
    assert results[tmp_path / "out" / "c.png"] is None
    assert "b.jpg is not a photograph" in results[tmp_path / "in" / "b.jpg"]
    assert "1 x 1 pixels are too few" in results[tmp_path / "in" / "dot.png"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]


def test_a_photograph_is_never_overwritten_by_its_own_color(tmp_path):
    gray_file(tmp_path / "a.png")
    for inputs, output in (([tmp_path / "a.png"], tmp_path / "a.png"), ([tmp_path], tmp_path)):
        with pytest.raises(ValueError, match=r"a\.png would be overwritten; give another output"):
            colorize.plan(inputs, output)


def test_two_photographs_of_one_name_are_an_error(tmp_path):
    gray_file(tmp_path / "x" / "a.png")
    gray_file(tmp_path / "y" / "a.png")
    with pytest.raises(ValueError, match="would both become"):
        colorize.plan([tmp_path / "x", tmp_path / "y"], tmp_path / "out")


def test_an_output_that_fits_no_photograph_is_an_error(tmp_path):
    gray_file(tmp_path / "in" / "a.png")
    gray_file(tmp_path / "in" / "b.png")
    with pytest.raises(ValueError, match=r"out\.tga must end in one of .*\.png"):
        colorize.plan([tmp_path / "in" / "a.png"], tmp_path / "out.tga")
    with pytest.raises(ValueError, match=r"both\.png names one file, for many photographs"):
        colorize.plan([tmp_path / "in"], tmp_path / "both.png")
    assert len(colorize.plan([tmp_path / "in"], tmp_path / "scans.2024")) == 2


def test_a_photograph_without_suffix_becomes_a_png(tmp_path):
    gray_file(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "scan")
    (pair,) = colorize.plan([tmp_path / "scan"], tmp_path / "out")
    assert pair == (tmp_path / "scan", tmp_path / "out" / "scan.png")


def test_a_missing_photograph_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="nobody.jpg is neither a file nor a folder"):
        colorize.plan([tmp_path / "nobody.jpg"], tmp_path / "out.jpg")
