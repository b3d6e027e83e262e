"""Perceptual hashes, beside those of ImageHash."""

import io

import imagehash
import numpy as np
import pytest
from conftest import colorful_photo, random_rgb
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tfcolor import images
from tfcolor.data import samples
from tfcolor.images import searching
from tfcolor.prepare import fingerprint


@pytest.mark.parametrize("seed", range(6))
def test_the_hash_is_that_of_imagehash(seed):
    for rgb in (colorful_photo(seed, 70, 90), random_rgb(50, 40, seed)):
        # Only the sign of a frequency right at the median can differ.
        reference = int(str(imagehash.phash(Image.fromarray(rgb))), 16)
        assert (fingerprint.of(rgb).bits ^ reference).bit_count() <= 1


def reduced(image):
    return image.resize((image.width * 2 // 3, image.height * 2 // 3))


def recompressed(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=50)
    return Image.open(file).convert("RGB")


def brightened(image):
    return image.point(lambda value: min(255, value + 6))


@pytest.mark.parametrize("change", [reduced, recompressed, brightened])
def test_a_changed_file_of_one_photograph_is_found(change):
    index = fingerprint.Index()
    photos = [
        Image.fromarray(images.read_rgb(path)) for path in searching.search(samples.FOLDER)[:30]
    ]
    for number, image in enumerate(photos):
        index.add(fingerprint.of(np.asarray(image)), number)
    found = [index.find(fingerprint.of(np.asarray(change(image)))) for image in photos]
    # One in a hundred photographs is not known again at a low quality.
    assert sum(one == number for number, one in enumerate(found)) >= 29


def test_other_photographs_are_no_copies():
    index = fingerprint.Index()
    for seed in range(200):
        key = fingerprint.of(colorful_photo(seed))
        assert index.find(key) is None
        index.add(key, seed)


def test_one_shape_in_other_colors_is_no_copy():
    red = np.zeros((64, 64, 3), np.uint8)
    red[16:40, 8:50] = (200, 60, 60)
    green = red[..., [1, 0, 2]]
    keys = [fingerprint.of(rgb) for rgb in (red, green)]
    assert not keys[0].is_copy_of(keys[1])


@given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=3))
def test_every_hash_within_three_bits_is_found(bits, turned):
    colors = bytes(48)
    other = bits
    for bit in turned:
        other ^= 1 << bit
    index = fingerprint.Index()
    index.add(fingerprint.Fingerprint(bits, colors), "first")
    assert index.find(fingerprint.Fingerprint(other, colors)) == "first"


def test_text_reads_back():
    key = fingerprint.of(colorful_photo(1))
    assert fingerprint.Fingerprint.from_text(key.to_text()) == key
