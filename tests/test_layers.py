"""The color of a photograph alone, for the blend mode Color of picture editors."""

import numpy as np
import pytest
from conftest import colorful_photo
from skimage import color as reference

from tfcolor.colorizing import layers, painting

LUMA = np.array([0.3, 0.59, 0.11])


def blend(backdrop, source):
    """The blend mode Color: SetLum(source, Lum(backdrop)), as the W3C's text has it, in [0, 1]."""
    color = source + ((backdrop - source) @ LUMA)[..., None]
    luma, least, most = (color @ LUMA)[..., None], color.min(-1), color.max(-1)
    low, high = (least < 0)[..., None], (most > 1)[..., None]
    least, most = least[..., None], most[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        color = np.where(low, luma + (color - luma) * luma / (luma - least), color)
        return np.where(high, luma + (color - luma) * (1 - luma) / (most - luma), color)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_editor_gives_the_colors_of_the_result(dtype):
    most = np.iinfo(dtype).max
    gray = (colorful_photo(0, 120, 160)[..., 0] / 255 * most).astype(dtype)
    ab = np.stack([np.full((30, 40), 0.2), np.linspace(-0.2, 0.3, 1200).reshape(30, 40)], -1)
    l = np.linspace(-0.5, 0.5, 1200, dtype=np.float32).reshape(30, 40)
    color = painting.paint(gray, l, ab.astype(np.float32))
    layer = layers.color_alone(color)
    assert layer.dtype == dtype and layer.shape == color.shape
    np.testing.assert_allclose(layer / most @ LUMA, 0.5, atol=0.51 / 255)
    blended = blend(np.repeat(gray[..., None], 3, -1) / most, layer / most)
    difference = reference.deltaE_ciede2000(
        reference.rgb2lab(blended), reference.rgb2lab(color / most)
    )
    # The editor keeps luma, we keep L*: the mean is that difference.
    assert difference.mean() < 3
    chroma = np.hypot(*np.moveaxis(reference.rgb2lab(blended)[..., 1:], -1, 0)).mean()
    expected = np.hypot(*np.moveaxis(reference.rgb2lab(color / most)[..., 1:], -1, 0)).mean()
    assert chroma == pytest.approx(expected, rel=0.1)


def test_gray_has_no_color_and_the_strongest_colors_keep_their_hue():
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, -1)[None]
    assert set(np.unique(layers.color_alone(gray))) <= {127, 128}
    blue = layers.color_alone(np.array([[[0, 0, 255]]], np.uint8))
    assert blue[0, 0, 2] == 255 and blue[0, 0, 0] == blue[0, 0, 1]
