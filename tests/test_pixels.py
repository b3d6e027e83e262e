"""Color arithmetic in NumPy, beside scikit-image and the TensorFlow one."""

import numpy as np
import pytest
from conftest import colorful_photo
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import color as skcolor

from tfcolor.color import cielab, cielab_numpy, constants

UINT8, UINT16 = np.dtype(np.uint8), np.dtype(np.uint16)


@pytest.fixture
def every_color():
    """Levels of 8 bits over all of sRGB, its borders too."""
    levels = np.append(np.arange(0, 256, 9), 255).astype(np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, len(levels), 3)


def joined(photo, ab, dtype=UINT8):
    """A photograph's luminance with other colors, ab (h, w, 2)."""
    rgb = np.empty((*photo.shape[:2], 3), dtype)
    cielab_numpy.compose(*cielab_numpy.tones(photo), np.moveaxis(ab, -1, 0), rgb)
    return rgb


def test_lab_is_that_of_skimage(every_color):
    np.testing.assert_allclose(
        cielab_numpy.rgb_to_lab(every_color), skcolor.rgb2lab(every_color), atol=2e-4
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lightness_is_that_of_skimage(every_color, dtype):
    rgb = every_color.astype(dtype) * (np.iinfo(dtype).max // 255)
    _, lightness = cielab_numpy.tones(rgb)
    np.testing.assert_allclose(lightness, skcolor.rgb2lab(every_color)[..., 0], atol=0.01)


def test_gray_is_color_of_equal_channels():
    gray = np.arange(256, dtype=np.uint8)[None]
    rgb = np.repeat(gray[..., None], 3, -1)
    for one, other in zip(cielab_numpy.tones(gray), cielab_numpy.tones(rgb), strict=True):
        np.testing.assert_allclose(one, other, atol=0.01)


@pytest.mark.parametrize("dtype", [UINT8, UINT16])
def test_a_photograph_of_its_own_color_is_itself(every_color, dtype):
    rgb = every_color.astype(dtype) * (np.iinfo(dtype).max // 255)
    ab = cielab_numpy.rgb_to_lab(rgb)[..., 1:]
    # A table over [0, 1] in 65,535 steps stands behind L*, so the last bits of 16 differ.
    assert np.abs(joined(rgb, ab, dtype).astype(int) - rgb).max() <= (0 if dtype == UINT8 else 45)


@settings(max_examples=30)
@given(st.integers(0, 255), st.floats(-128, 128), st.floats(-128, 128))
def test_any_color_keeps_the_lightness_of_the_photograph(level, a, b):
    gray = np.full((4, 4), level, np.uint8)
    ab = np.broadcast_to(np.float32([a, b]), (4, 4, 2))
    lightness = skcolor.rgb2lab(joined(gray, ab, UINT16) / 65535)[..., 0]
    truth = skcolor.rgb2lab(np.full((1, 1, 3), level, np.uint8))[0, 0, 0]
    assert np.abs(lightness - truth).max() < 0.05


def test_colors_out_of_srgb_are_mapped_as_in_training():
    rgb = colorful_photo(3, 40, 60)
    l, ab = cielab.rgb_to_planes(rgb)
    vivid = 2.5 * ab.numpy()
    expected = cielab.to_uint8(cielab.planes_to_rgb(l, vivid)).numpy()
    mapped = joined(rgb, constants.AB_SCALE * vivid)
    lab, expected_lab = skcolor.rgb2lab(mapped), skcolor.rgb2lab(expected)
    # The border is found to 1/1024 of the chroma here, to 1/4096 there.
    difference = skcolor.deltaE_ciede2000(lab, expected_lab)
    assert difference.mean() < 0.05 and np.quantile(difference, 0.99) < 0.5
    assert difference.max() < 1.5  # a level of blue or two in the dark
    assert np.abs(rgb.astype(int) - expected).max() > 20


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_as_few_colors_as_one_become_what_they_are_among_many(count):
    lightness = np.linspace(2, 95, 40, dtype=np.float32)  # below the knee and above it
    ab = np.float32([[90, -80]] * 40)  # none of which sRGB has
    among = cielab_numpy.to_rgb(lightness, ab, UINT16)
    for first in range(0, 40, count):
        few = slice(first, first + count)
        np.testing.assert_array_equal(
            cielab_numpy.to_rgb(lightness[few], ab[few], UINT16), among[few]
        )
