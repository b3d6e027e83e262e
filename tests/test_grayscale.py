"""Ways of making gray, beside Pillow, colorsys and scikit-image."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf
from conftest import random_rgb
from PIL import Image
from skimage import color as skcolor

from tfcolor.color import cielab, grayscale


def test_rec601_is_pillows_gray():
    rgb = random_rgb(40, 50)
    gray = grayscale.to_gray(rgb, "rec601").numpy() * 255
    assert np.abs(gray - np.asarray(Image.fromarray(rgb).convert("L"))).max() <= 0.51


def test_lstar_keeps_the_lightness_of_scikit_image():
    rgb = random_rgb(40, 50)
    ours = grayscale.lightness(grayscale.to_gray(rgb, "lstar")).numpy()
    np.testing.assert_allclose(ours, skcolor.rgb2lab(rgb)[..., 0], atol=1e-3)


def test_hsl_is_that_of_colorsys():
    rgb = random_rgb(5, 6)
    ours = grayscale.to_gray(rgb, "hsl").numpy()
    theirs = [colorsys.rgb_to_hls(*(pixel / 255))[1] for pixel in rgb.reshape(-1, 3)]
    np.testing.assert_allclose(ours.ravel(), theirs, atol=1e-6)


@pytest.mark.parametrize("method", grayscale.METHODS)
def test_gray_stays_as_it_is_and_white_is_white(method):
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=-1)
    np.testing.assert_allclose(
        grayscale.to_gray(gray, method).numpy() * 255, np.arange(256), atol=0.01
    )


def test_films_see_colors_as_they_did():
    colors = {"red": (200, 30, 30), "blue": (60, 90, 200), "skin": (210, 150, 120)}
    seen = {
        method: {
            name: float(grayscale.to_gray(np.array(rgb, np.uint8), method))
            for name, rgb in colors.items()
        }
        for method in grayscale.METHODS
    }
    assert seen["orthochromatic"]["red"] < 0.8 * seen["lstar"]["red"]  # lips are dark
    assert seen["orthochromatic"]["skin"] < seen["lstar"]["skin"]
    assert seen["panchromatic"]["blue"] > seen["lstar"]["blue"]  # skies are pale
    assert seen["yellow-filter"]["blue"] < seen["panchromatic"]["blue"]
    assert seen["red-filter"]["blue"] < 0.75 * seen["yellow-filter"]["blue"]  # and now dark
    assert all(sum(weights) == pytest.approx(1) for weights in grayscale.FILMS.values())


def test_eager_and_graph_agree_and_an_unknown_method_is_an_error():
    rgb = random_rgb(4, 5)
    for method in grayscale.METHODS:
        eager = grayscale.to_gray(rgb, method)
        graph = tf.function(lambda x, m=method: grayscale.to_gray(x, m))(tf.constant(rgb))
        np.testing.assert_allclose(eager, graph, atol=1e-6)
    with pytest.raises(ValueError, match="method must be one of lstar, .*, got sepia"):
        grayscale.to_gray(rgb, "sepia")


def test_lightness_of_the_lab_conversion():
    rgb = random_rgb(4, 5)
    luminance = cielab.mix(cielab.decode(cielab.to_float(rgb)), cielab.LUMINANCE)
    np.testing.assert_allclose(
        cielab.lightness(luminance), cielab.rgb_to_lab(rgb)[..., 0], atol=1e-4
    )
