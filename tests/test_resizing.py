"""One definition of reducing a photograph, held against a closed form wherever it is written."""

import cv2
import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo, random_rgb
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import color as skcolor

from tfcolor.colorizing import reduction
from tfcolor.colorizing.graphs import reducing
from tfcolor.data import augment, quick, samples
from tfcolor.images import searching
from tfcolor.images.resizing import arrays, tensors
from tfcolor.runtimes import lite
from tfcolor.training import losses

SIDES = st.integers(8, 300)
# Sums of float32; TensorFlow's op rounds places, too, by 6e-8 of their number.
FLOATS, PLACES = 2e-4, 2e-2  # of 255


def along(planes, axis, new_length):
    """The closed form: differences of an integral where a side is reduced, else a line."""
    length = planes.shape[axis]

    def one(samples):
        if new_length >= length:
            return np.interp(places, np.arange(length), samples)
        integral = np.append(0, np.cumsum(samples))
        return np.diff(np.interp(edges, np.arange(length + 1), integral)) / (length / new_length)

    places = (np.arange(new_length) + 0.5) * length / new_length - 0.5
    edges = np.arange(new_length + 1) * (length / new_length)
    return np.apply_along_axis(one, axis, planes.astype(np.float64))


def closed_form(planes, height, width):
    return along(along(planes, 0, height), 1, width)


def lightness(rgb, height, width):
    """L* / 50 - 1 of a photograph of 8 bits in another size, by scikit-image; float64."""
    rgb = np.asarray(rgb)
    small = closed_form(rgb, height, width) / 255
    if rgb.ndim == 2:
        small = np.repeat(small[..., None], 3, -1)
    return skcolor.rgb2lab(small)[..., 0] / 50 - 1


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(1, 300), st.integers(1, 300), st.sampled_from([1, 2, 3, 5]))
def test_arrays_are_resized_as_the_closed_form_says(height, width, new_height, new_width, count):
    rng = np.random.default_rng(height * width)
    planes = rng.integers(0, 256, (height, width, count), dtype=np.uint8)
    small = arrays.resize(planes, new_height, new_width)
    assert small.dtype == np.float32
    expected = closed_form(planes, new_height, new_width)
    np.testing.assert_allclose(small, expected, atol=FLOATS)
    alone = arrays.resize(planes[..., 0], new_height, new_width)
    np.testing.assert_allclose(alone, expected[..., 0], atol=FLOATS)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_arrays_of_any_dtype_keep_their_units(dtype, rng):
    planes = (65535 * rng.uniform(size=(1000, 1301))).astype(dtype)
    np.testing.assert_allclose(
        arrays.resize(planes, 192, 250), closed_form(planes, 192, 250), rtol=1e-5
    )


@settings(max_examples=40, deadline=None)
@given(SIDES, SIDES, st.integers(1, 300), st.integers(1, 300))
def test_tensors_are_resized_like_arrays(height, width, new_height, new_width):
    rgb = random_rgb(height, width, height)
    small = tensors.resize(tf.constant(rgb[None]), new_height, new_width)
    assert small.dtype == tf.float32
    expected = arrays.resize(rgb, new_height, new_width)
    np.testing.assert_allclose(small[0], expected, atol=PLACES)
    floats = tensors.resize(tf.constant(rgb, tf.float32), new_height, new_width)
    np.testing.assert_allclose(floats, small[0], atol=FLOATS)


def test_the_matrix_is_what_resizes():
    for length, new_length in ((30, 17), (300, 20), (20, 20), (17, 30)):
        matrix = arrays.matrix(length, new_length)
        np.testing.assert_allclose(matrix.sum(1), 1)
        np.testing.assert_allclose(matrix, along(np.eye(length), 0, new_length), atol=1e-12)


def test_reduced_sides_are_averaged_as_opencv_does(rng):
    planes = rng.uniform(0, 255, (333, 500, 3))
    expected = cv2.resize(planes, (192, 128), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(arrays.resize(planes, 128, 192), expected, atol=FLOATS)


@pytest.mark.parametrize("size", [16, 50, 128])
def test_planes_of_a_loss_are_reduced_so(size, rng):
    planes = rng.uniform(-1, 1, (2, 90, 70, 2)).astype(np.float32)
    expected = [closed_form(each, size, size) for each in planes]
    np.testing.assert_allclose(losses.reduce(planes, size), expected, atol=2e-6)


# What a network is shown.


@pytest.mark.parametrize(
    ("height", "width", "size", "seen"),
    [
        (300, 451, 64, (64, 96)),
        (1537, 1024, 100, (150, 100)),
        (40, 61, 64, (64, 98)),
        (64, 64, 64, (64, 64)),
        (2000, 40, 64, (256, 64)),  # squeezed and enlarged
        (90, 2001, 64, (64, 256)),  # squeezed
    ],
)
def test_a_network_is_shown_the_lightness_of_means(height, width, size, seen):
    rgb = random_rgb(height, width, height)
    expected = lightness(rgb, *seen)
    shown = reduction.reduce(rgb, size)
    assert shown.dtype == np.float32 and shown.shape == seen
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    np.testing.assert_allclose(reduction.reduce(np.uint16(257) * rgb, size), expected, atol=1e-5)
    graph = reducing.reduce(tf.constant(rgb[None]), tf.constant(size))
    np.testing.assert_allclose(graph[0, ..., 0], expected, atol=1e-4)


def test_gray_is_color_of_equal_channels():
    gray = random_rgb(301, 200, 1)[..., 0]
    rgb = np.repeat(gray[..., None], 3, -1)
    shown = reduction.reduce(gray, 64)
    np.testing.assert_allclose(shown, lightness(gray, 96, 64), atol=1e-5)
    np.testing.assert_allclose(reduction.reduce(rgb, 64), shown, atol=1e-6)


def test_long_strips_do_not_alias():
    stripes = np.zeros((50, 3000), np.uint8)
    stripes[:, ::2] = 255
    expected = skcolor.rgb2lab(np.full((1, 1, 3), 0.5))[0, 0, 0]
    for size in (40, 64):  # 23 and 12 pixels become one
        shown = 50 * (reduction.reduce(stripes, size) + 1)
        assert np.abs(shown - expected).max() < 5
        rgb = tf.constant(np.repeat(stripes[None, ..., None], 3, -1))
        graph = reducing.reduce(rgb, tf.constant(size))
        np.testing.assert_allclose(50 * (graph[0, ..., 0] + 1), shown, atol=5e-3)


def test_a_network_of_a_fixed_size_is_shown_means_of_the_side_that_is_squeezed():
    stripes = np.zeros((20, 417), np.float32)
    stripes[:, ::2] = 1
    assert np.abs(lite._resize(stripes, (32, 32)) - 0.5).max() < 0.05


# What training and evaluation see.

DRAW = tf.constant([0.7, 0.4, 0.8])


def test_a_random_crop_is_the_mean_of_its_pixels():
    for side, image_size in ((300, 64), (300, 200), (300, 400)):
        rgb = random_rgb(side, side + 40, side)
        top, left, side, _ = augment.random_window(*rgb.shape[:2], image_size, 0.6, DRAW)
        expected = closed_form(rgb[top : top + side, left : left + side], image_size, image_size)
        crop = augment.random_crop(tf.constant(rgb), image_size, 0.6, DRAW)
        assert np.abs(crop.numpy() - expected).max() < 0.5 + PLACES


def test_crops_of_evaluation_are_means_rounded_to_levels():
    rgb = random_rgb(300, 431, 5)
    for crop, square in ((augment.stretch, rgb), (augment.center_crop, rgb[:, 65:365])):
        for size in (64, 301):
            expected = closed_form(square, size, size)
            assert np.abs(crop(tf.constant(rgb), size).numpy() - expected).max() < 0.5 + PLACES


@pytest.mark.parametrize(
    ("image_size", "reduction", "mean"), [(100, 1, 0.08), (10, 2, 0.1), (5, 4, 0.12)]
)
def test_what_a_decoder_leaves_out_hardly_changes_lightness(image_size, reduction, mean):
    # Rounding to levels makes 0.076 of it.
    differences = []
    for index, path in enumerate(searching.search(samples.FOLDER)):
        encoded = path.read_bytes()
        draw = tf.random.stateless_uniform((3,), (0, index))
        rgb = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
        window = augment.random_window(*rgb.shape[:2], image_size, 0.95, draw)
        assert int(window[3]) == reduction
        top, left, side, _ = window
        full = lightness(rgb[top : top + side, left : left + side], image_size, image_size)
        quickly = skcolor.rgb2lab(quick.random_square(encoded, image_size, 0.95, draw))[..., 0]
        differences.append(np.abs(50 * (full + 1) - quickly).ravel())
    differences = np.concatenate(differences)
    assert differences.mean() < mean and np.quantile(differences, 0.999) < 1


def test_a_square_lies_where_the_decoders_pixels_do():
    for image_size, times in ((256, 1), (18, 2), (9, 4), (3, 8)):
        for index in range(50):
            draw = tf.random.stateless_uniform((3,), (0, index))
            window = augment.random_window(601, 801, image_size, 0.8, draw)
            top, left, side, found = (int(each) for each in window)
            assert found == times
            assert (top % times, left % times, side % times) == (0, 0, 0)
            assert 0 <= top <= 601 - side and 0 <= left <= 801 - side
            assert 0.8 * 601 - times < side <= 601


def test_a_decoder_reduces_as_far_as_enough_pixels_are_left():
    sides = [size * augment.LEFT * 64 for size in (2, 4, 8, 16)]
    found = [int(augment.random_window(s - 1, s - 1, 64, 1.0, DRAW)[3]) for s in sides]
    assert found == [1, 2, 4, 8]
    assert [int(augment.random_window(s, s, 64, 1.0, DRAW)[3]) for s in sides] == [2, 4, 8, 8]


def test_training_sees_the_lightness_that_colorizing_shows():
    rgb = colorful_photo(3, 200, 200)
    crop = augment.random_crop(tf.constant(rgb), 64, 1.0, DRAW)
    difference = np.abs(50 * (reduction.reduce(rgb, 64) + 1) - skcolor.rgb2lab(crop)[..., 0])
    assert difference.mean() < 0.1 and difference.max() < 0.5  # rounding to levels
