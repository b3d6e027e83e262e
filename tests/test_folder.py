"""Photographs on disk: which becomes which, several at a time, and what fails."""

import csv
import errno
import os
import time

import numpy as np
import pytest
from conftest import Stripes, colorful_photo
from PIL import Image
from skimage import color as skcolor

from tfcolor import images
from tfcolor.colorizing import compare, failures, folder, planning
from tfcolor.support import disk


def gray_file(path, height=40, width=60, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    gray = colorful_photo(1, height, width)[..., 0]
    Image.fromarray(gray).save(path, **options)
    return gray


def colorize_all(inputs, output=None, **options):
    pairs = planning.plan(inputs, output)
    return list(folder.colorize_files(Stripes(), pairs, folder.FileOptions(**options)))


def test_a_file_becomes_the_file_that_was_named(tmp_path):
    gray = gray_file(tmp_path / "old.png")
    target = tmp_path / "new" / "grandmother.png"
    (result,) = colorize_all([tmp_path / "old.png"], target)
    height, width = gray.shape
    assert result == folder.Result(tmp_path / "old.png", target, is_new=True, size=(width, height))
    rgb = images.read_rgb(target)
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
    assert images.read_rgb(tmp_path / "out.png").shape == (height, width, 3)


def test_exif_orientation_is_honored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn a quarter clockwise
    gray = gray_file(tmp_path / "in.png", 40, 60, exif=exif)
    colorize_all([tmp_path / "in.png"], tmp_path / "out.png")
    rgb = images.read_rgb(tmp_path / "out.png")
    assert rgb.shape == (60, 40, 3)
    upright = np.repeat(np.rot90(gray, -1)[..., None], 3, -1)
    difference = skcolor.rgb2lab(rgb)[..., 0] - skcolor.rgb2lab(upright)[..., 0]
    assert np.abs(difference).max() < 0.7


def test_a_failure_is_told_and_the_others_go_on(tmp_path):
    gray_file(tmp_path / "in" / "a.png")
    gray_file(tmp_path / "in" / "c.png")
    (tmp_path / "in" / "b.jpg").write_text("not a picture")
    Image.new("L", (1, 1)).save(tmp_path / "in" / "dot.png")
    results = {each.source.name: each for each in colorize_all([tmp_path / "in"], tmp_path / "out")}
    assert results["a.png"].is_new and results["c.png"].is_new
    assert "b.jpg is not a photograph" in results["b.jpg"].reason
    assert "dot.png: 1 x 1 pixels are too few" in results["dot.png"].reason
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]


def test_failures_are_listed_and_the_list_of_a_better_run_is_taken_away(tmp_path):
    failed = folder.Result(tmp_path / "a, b.jpg", tmp_path / "x", reason='it says "no"')
    listed = failures.write(tmp_path / "out", [(failed.source, failed.reason)])
    with open(listed, newline="") as file:
        assert list(csv.reader(file)) == [["file", "reason"], [str(failed.source), failed.reason]]
    assert failures.write(tmp_path / "out", []) is None
    assert not listed.exists()


def test_what_is_there_is_not_made_again_unless_it_is_asked_for(tmp_path):
    gray_file(tmp_path / "in" / "a.png")
    gray_file(tmp_path / "in" / "b.png")
    target = tmp_path / "out" / "a.png"
    gray_file(target, 5, 5)
    first = colorize_all([tmp_path / "in"], tmp_path / "out")
    assert {each.source.name: each.is_new for each in first} == {"a.png": False, "b.png": True}
    assert images.read_rgb(target).shape == (5, 5, 3)
    assert all(
        each.is_new for each in colorize_all([tmp_path / "in"], tmp_path / "out", overwrite=True)
    )
    assert images.read_rgb(target).shape == (40, 60, 3)


def test_without_output_results_stand_beside_and_are_not_colorized_again(tmp_path):
    gray_file(tmp_path / "album" / "a.png")
    gray_file(tmp_path / "album" / "b.jpg")
    for _ in range(2):
        colorize_all([tmp_path / "album"], compare="side")
    names = sorted(path.name for path in (tmp_path / "album").iterdir())
    results = ["a-color.png", "b-color.jpg"]
    comparisons = ["a-color-compare.png", "b-color-compare.jpg"]
    assert names == sorted(["a.png", "b.jpg", *results, *comparisons])


def test_patterns_are_expanded(tmp_path):
    for name in ("a.png", "deep/b.png", "deep/c.jpg"):
        gray_file(tmp_path / name)
    pairs = planning.plan([str(tmp_path / "**" / "*.png")], tmp_path / "out")
    assert sorted(source.name for source, _ in pairs) == ["a.png", "b.png"]
    with pytest.raises(ValueError, match=r"\*\.webp fits no file"):
        planning.plan([str(tmp_path / "*.webp")], tmp_path / "out")


def test_comparisons_show_both(tmp_path):
    gray = gray_file(tmp_path / "a.png")
    colorize_all([tmp_path / "a.png"], tmp_path / "out.png", compare="side", gif=True)
    colored = images.read_rgb(tmp_path / "out.png")
    pair = images.read_rgb(tmp_path / "out-compare.png")
    np.testing.assert_array_equal(pair[:, :60, 0], gray)
    np.testing.assert_array_equal(pair[:, -60:], colored)
    assert (pair[:, 60] == 255).all()
    half = compare.split(gray, colored)
    np.testing.assert_array_equal(half[:, :29, 1], gray[:, :29])
    np.testing.assert_array_equal(half[:, 31:], colored[:, 31:])
    with Image.open(tmp_path / "out-compare.gif") as gif:
        assert gif.n_frames == 2 and gif.size == (60, 40)


def test_sixteen_bits_stay(tmp_path):
    gray = (colorful_photo(1, 40, 60)[..., 0].astype(np.uint16) * 257) ^ 3
    Image.fromarray(gray).save(tmp_path / "scan.tif")
    colorize_all([tmp_path / "scan.tif"], tmp_path / "out.tif")
    pixels = images.read(tmp_path / "out.tif").pixels
    assert pixels.dtype == np.uint16
    lightness = skcolor.rgb2lab(pixels / 65535)[..., 0]
    truth = skcolor.rgb2lab(np.repeat(gray[..., None] / 65535, 3, -1))[..., 0]
    assert np.abs(lightness - truth).max() < 0.05


def test_a_full_disk_fails_one_and_leaves_no_part_of_it(tmp_path, monkeypatch):
    gray_file(tmp_path / "in" / "a.png")

    def full(*anything):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")

    monkeypatch.setattr(os, "replace", full)
    (result,) = colorize_all([tmp_path / "in"], tmp_path / "out")
    assert "No space left" in result.reason
    assert list((tmp_path / "out").iterdir()) == []


def test_large_photographs_wait_for_each_other(tmp_path, monkeypatch):
    """Two that fill the room together are never in work at once."""
    for name in "abcd":
        gray_file(tmp_path / "in" / f"{name}.png")
    monkeypatch.setattr(folder, "PIXELS_AT_ONCE", 40 * 60 + 1)
    at_work, most = [], []

    class Slow(Stripes):
        def __call__(self, l):
            at_work.append(1)
            most.append(len(at_work))
            time.sleep(0.02)
            at_work.pop()
            return super().__call__(l)

    pairs = planning.plan([tmp_path / "in"], tmp_path / "out")
    assert all(each.is_new for each in folder.colorize_files(Slow(), pairs, workers=4))
    assert max(most) == 1
    monkeypatch.undo()
    most.clear()
    list(folder.colorize_files(Slow(), pairs, folder.FileOptions(overwrite=True), workers=4))
    assert max(most) > 1


def test_a_photograph_is_never_overwritten_by_its_own_color(tmp_path):
    gray_file(tmp_path / "a.png")
    for inputs, output in (([tmp_path / "a.png"], tmp_path / "a.png"), ([tmp_path], tmp_path)):
        with pytest.raises(ValueError, match=r"a\.png would be overwritten; give another output"):
            planning.plan(inputs, output)


def test_comparisons_overwrite_nothing_that_is_read_or_written(tmp_path):
    gray_file(tmp_path / "a-compare.gif")
    gray_file(tmp_path / "b.jpg")
    gray_file(tmp_path / "b-compare.jpg")
    for name, extra in {"a": {"gif": True}, "b": {"compare": "side"}}.items():
        source = tmp_path / ("a-compare.gif" if name == "a" else "b-compare.jpg")
        with pytest.raises(ValueError, match="would be overwritten; give another output"):
            colorize_all([source], tmp_path / f"{name}{'.jpg' if name == 'b' else '.png'}", **extra)
    (failed,) = [
        each for each in colorize_all([tmp_path], tmp_path / "out", compare="side") if each.reason
    ]
    assert failed.source.name == "b.jpg" and "b-compare.jpg does" in failed.reason


def test_a_comparison_can_be_made_later(tmp_path):
    gray_file(tmp_path / "a.png")
    colorize_all([tmp_path / "a.png"], tmp_path / "out.png")
    (tmp_path / "out.png").write_bytes(b"mine")
    (result,) = colorize_all([tmp_path / "a.png"], tmp_path / "out.png", compare="split")
    assert result.is_new and (tmp_path / "out.png").read_bytes() == b"mine"
    assert images.read_rgb(tmp_path / "out-compare.png").shape == (40, 60, 3)
    (again,) = colorize_all([tmp_path / "a.png"], tmp_path / "out.png", compare="split")
    assert not again.is_new


def test_results_below_what_is_read_are_not_colorized_again(tmp_path):
    gray_file(tmp_path / "a.png")
    for _ in range(3):
        colorize_all([tmp_path], tmp_path / "color")
    assert [path.name for path in tmp_path.rglob("*.png")] == ["a.png", "a.png"]


def test_results_among_the_files_that_are_named_are_left_out(tmp_path):
    for name in ("a.png", "b.png"):
        gray_file(tmp_path / name)
    for _ in range(2):
        colorize_all(sorted(tmp_path.glob("*.png")), compare="side", gif=True)
    names = sorted(path.name for path in tmp_path.glob("a*"))
    assert names == ["a-color-compare.gif", "a-color-compare.png", "a-color.png", "a.png"]


def test_one_that_is_named_twice_is_colorized_once_and_one_that_is_missing_fails_alone(tmp_path):
    gray_file(tmp_path / "in" / "a.png")
    inputs = [tmp_path / "in", tmp_path / "in" / "a.png", tmp_path / "nobody.jpg"]
    results = {each.source.name: each for each in colorize_all(inputs, tmp_path / "out")}
    assert results["a.png"].is_new and "No such file" in results["nobody.jpg"].reason


def test_a_list_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "failures.csv").write_text("my, own\n")
    failed = folder.Result(tmp_path / "a.jpg", tmp_path / "b.jpg", reason="broken")
    listed = failures.write(tmp_path, [(failed.source, failed.reason)])
    assert listed.name == "tfcolor-failures.csv" and listed.exists()
    assert failures.write(tmp_path, []) is None and not listed.exists()
    assert (tmp_path / "failures.csv").read_text() == "my, own\n"


def test_options_out_of_range_are_told_before_anything_is_read():
    for options in ({"size": 0}, {"size": 99999}, {"strength": 2}, {"saturation": -1}):
        with pytest.raises(ValueError, match=next(iter(options))):
            folder.FileOptions(**options)


def test_of_two_photographs_with_one_output_the_second_fails_alone(tmp_path):
    gray_file(tmp_path / "x" / "a.png")
    gray_file(tmp_path / "x" / "b.png")
    gray_file(tmp_path / "y" / "a.png", 30)
    inputs = [tmp_path / "x", tmp_path / "y"]
    results = colorize_all(inputs, tmp_path / "out")
    assert sum(each.is_new for each in results) == 2
    (failed,) = [each for each in results if each.reason]
    assert failed.source == tmp_path / "y" / "a.png"
    assert f"as {tmp_path / 'x' / 'a.png'} does; colorize it separately" in failed.reason
    again = colorize_all(inputs, tmp_path / "out")
    assert [each.source for each in again if each.reason] == [failed.source]


def test_an_output_that_fits_no_photograph_is_an_error(tmp_path):
    gray_file(tmp_path / "in" / "a.png")
    gray_file(tmp_path / "in" / "b.png")
    with pytest.raises(ValueError, match=r"out\.tga must end in one of .*\.png"):
        planning.plan([tmp_path / "in" / "a.png"], tmp_path / "out.tga")
    with pytest.raises(ValueError, match=r"both\.png names one file, for many photographs"):
        planning.plan([tmp_path / "in"], tmp_path / "both.png")
    assert len(planning.plan([tmp_path / "in"], tmp_path / "scans.2024")) == 2


def test_a_photograph_without_suffix_becomes_a_png(tmp_path):
    gray_file(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "scan")
    (pair,) = planning.plan([tmp_path / "scan"], tmp_path / "out")
    assert pair == (tmp_path / "scan", tmp_path / "out" / "scan.png")


def test_a_missing_photograph_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="nobody.jpg is neither a file nor a folder"):
        planning.plan([tmp_path / "nobody.jpg"], tmp_path / "out.jpg")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("phone.HEIC", "phone.jpg"),
        ("phone.avif", "phone.jpg"),
        ("archive.jp2", "archive.png"),
        ("archive.jxl", "archive.png"),
        ("saved.jfif", "saved.jfif"),
        ("saved.JPE", "saved.JPE"),
    ],
)
def test_what_is_only_read_becomes_what_can_be_written(tmp_path, name, made):
    (tmp_path / name).touch()
    assert planning.plan([tmp_path], tmp_path / "out") == [
        (tmp_path / name, tmp_path / "out" / made)
    ]


def test_whatever_fails_in_one_photograph_the_folder_goes_on(tmp_path):
    class Fragile(Stripes):
        def __call__(self, l):
            if l.mean() < -0.5:
                raise RuntimeError("of whatever kind")
            return super().__call__(l)

    for index, level in enumerate((200, 10, 200)):
        Image.fromarray(np.full((32, 32), level, np.uint8)).save(tmp_path / f"{index}.png")
    pairs = planning.plan([tmp_path], tmp_path / "out")
    results = list(folder.colorize_files(Fragile(), pairs, folder.FileOptions(size=32)))
    assert sum(result.is_new for result in results) == 2
    assert [r.reason for r in results if r.reason] == [f"{tmp_path / '1.png'}: of whatever kind"]


def test_names_that_differ_by_case_are_one_where_the_system_says_so(tmp_path, monkeypatch):
    pairs = [(tmp_path / f"{n}.png", tmp_path / "out" / name) for n, name in enumerate("aA")]
    (tmp_path / "probe").touch()
    assert disk.folds_case(tmp_path / "out" / "deep") == (tmp_path / "PROBE").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["probe"]
    monkeypatch.setattr(disk, "folds_case", lambda folder: False)
    assert planning.collisions(pairs) == {}
    monkeypatch.setattr(disk, "folds_case", lambda folder: True)
    ((pair, reason),) = planning.collisions(pairs).items()
    assert pair == pairs[1] and "1.png would become" in reason and "0.png does" in reason


def test_only_a_few_photographs_of_a_folder_are_begun_ahead(tmp_path):
    pairs = [(tmp_path / f"{index}.jpg", tmp_path / f"{index}.png") for index in range(200)]
    recorded = []
    results = folder.colorize_files(Stripes(), pairs, workers=2, record=recorded.append)
    first = next(results)
    assert 0 < len(recorded) <= 2 * folder.AHEAD
    assert {result.source for result in [first, *results]} == {source for source, _ in pairs}
    assert len(recorded) == 200
