import csv
import re
from pathlib import Path

import numpy as np
import pytest
import skimage.color
from PIL import Image

import tfcolor

FOLDER = Path(tfcolor.__file__).parent / "data" / "samples"


def rows(*parts):
    with open(FOLDER / "attribution.csv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["part"] in parts]


ROWS = rows("train", "test", "gray")
COLOR_FILES = [row["file"] for row in rows("train", "test")]
GRAY_FILES = [row["file"] for row in rows("gray")]


def read_lab(file):
    with Image.open(FOLDER / file) as image:
        return skimage.color.rgb2lab(np.asarray(image.convert("RGB")))


def test_every_photo_has_its_row_and_every_row_its_photo():
    photos = {photo.relative_to(FOLDER).as_posix() for photo in FOLDER.rglob("*.jpg")}
    files = [row["file"] for row in ROWS]
    assert files == sorted(photos)


def test_parts_hold_80_16_and_2_photos():
    parts = [row["part"] for row in ROWS]
    assert {part: parts.count(part) for part in parts} == {"train": 80, "test": 16, "gray": 2}


def test_every_photo_is_cc_by_2_and_names_its_author():
    for row in ROWS:
        assert row["licence"] == "https://creativecommons.org/licenses/by/2.0/", row
        assert row["author"].strip() and row["change"].strip(), row
        for page in ("author_page", "photo_page"):
            assert re.match(r"https?://(www\.)?flickr\.com/.", row[page]), row
    assert "attribution.csv" in (FOLDER / "LICENSE.md").read_text(encoding="utf-8")


def test_no_author_is_in_both_parts():
    # A series by one photographer would let a network recognize what it is measured on.
    train, test = ({row["author"] for row in rows(part)} for part in ("train", "test"))
    assert not train & test


def test_all_photos_together_stay_under_two_and_a_half_megabytes():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 2.5e6


@pytest.mark.parametrize("file", COLOR_FILES)
def test_photo_is_256_pixels_square_and_has_color(file):
    lab = read_lab(file)
    assert lab.shape == (256, 256, 3)
    assert np.hypot(lab[..., 1], lab[..., 2]).mean() > 6  # under 6 a photo looks gray


@pytest.mark.parametrize("file", GRAY_FILES)
def test_gray_photo_has_the_lightness_of_a_held_out_one(file):
    source = Path(file).name
    assert source in [row["file"] for row in rows("test")]
    with Image.open(FOLDER / file) as image:
        assert image.mode == "L" and image.size == (256, 256)
    error = read_lab(file)[..., 0] - read_lab(source)[..., 0]
    assert np.abs(error).mean() < 0.8  # JPEG at quality 90: 0.5 and 0.6 measured
    # JPEG keeps the mean of a block to 0.2 and Rec.601 luma misses it by up to 3: this is L*.
    assert np.abs(error.reshape(32, 8, 32, 8).mean(axis=(1, 3))).max() < 0.4
