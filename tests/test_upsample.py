"""Color planes brought to full size along edges."""

import cv2
import numpy as np
import pytest
from conftest import colorful_photo
from PIL import Image
from skimage import color as skcolor

from tfcolor import images
from tfcolor.color import cielab_numpy
from tfcolor.colorizing import upsample
from tfcolor.data import samples
from tfcolor.images import searching


def restored(lab, small_size):
    """The planes of a photograph that was reduced and brought back, and by bicubic alone."""
    l, ab = (
        cv2.resize(plane, small_size, interpolation=cv2.INTER_AREA)
        for plane in (lab[..., 0], lab[..., 1:])
    )
    up = upsample.Upsampler(l, ab, lab.shape[:2])
    return all_rows(up, lab[..., 0]), bicubic(ab, lab.shape[:2])


def all_rows(up, lightness):
    """ab (h, w, 2)."""
    return np.moveaxis(up.rows(slice(None), lightness), 0, -1)


def bicubic(ab, size):
    channels = [Image.fromarray(ab[..., index]) for index in range(2)]
    return np.stack(
        [np.asarray(c.resize(size[::-1], Image.Resampling.BICUBIC)) for c in channels], -1
    )


def test_without_detail_of_lightness_it_is_bicubic(rng):
    ab = rng.uniform(-50, 50, (12, 17, 2)).astype(np.float32)
    up = upsample.Upsampler(np.full((12, 17), 40, np.float32), ab, (60, 51))
    rows = all_rows(up, np.full((60, 51), 40, np.float32))
    # Away from the border, which Pillow cuts the kernel at.
    np.testing.assert_allclose(rows[10:-10, 6:-6], bicubic(ab, (60, 51))[10:-10, 6:-6], atol=1e-3)


def test_strips_are_parts_of_the_whole(rng):
    lab = cielab_numpy.rgb_to_lab(colorful_photo(2, 90, 70))
    small = [cv2.resize(lab[..., i], (20, 25)) for i in range(3)]
    up = upsample.Upsampler(small[0], np.stack(small[1:], -1), (90, 70))
    whole = up.rows(slice(None), lab[..., 0])
    for top in range(0, 90, 7):
        rows = slice(top, min(top + 7, 90))
        np.testing.assert_allclose(up.rows(rows, lab[rows][..., 0]), whole[:, rows], atol=1e-4)


def test_color_stops_where_lightness_does():
    """Dark red beside light blue; their border lies inside a pixel of the small photograph."""
    lab = np.empty((64, 64, 3), np.float32)
    lab[:, :30], lab[:, 30:] = (30, 40, 20), (70, -10, -30)
    edge_aware, plain = restored(lab, (16, 16))
    wrong, wrong_plain = (np.abs(each - lab[..., 1:]).mean() for each in (edge_aware, plain))
    assert wrong < 0.8 * wrong_plain


def test_photographs_come_back_closer_than_by_bicubic():
    gains = []
    for path in searching.search(samples.FOLDER)[:20]:
        # Halved, since their JPEGs hold color at half the size, smoother than it was.
        rgb = cv2.resize(images.read_rgb(path), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        lab = cielab_numpy.rgb_to_lab(rgb)
        errors = []
        for ab in restored(lab, (rgb.shape[1] // 4, rgb.shape[0] // 4)):
            back = np.concatenate([lab[..., :1], ab], -1)
            errors.append(skcolor.deltaE_ciede2000(lab, back).mean())
        gains.append(errors[1] - errors[0])
    assert np.mean(gains) > 0.05 and np.mean(np.array(gains) > 0) > 0.8


@pytest.mark.parametrize("size", [(8, 8), (9, 200), (300, 11), (64, 64)])
def test_any_size_even_a_smaller_one(rng, size):
    ab = np.broadcast_to(np.float32([12, -7]), (64, 64, 2))
    up = upsample.Upsampler(rng.uniform(0, 100, (64, 64)).astype(np.float32), ab, size)
    rows = all_rows(up, rng.uniform(0, 100, size).astype(np.float32))
    np.testing.assert_allclose(rows, np.broadcast_to(ab[0, 0], (*size, 2)), atol=1e-3)
