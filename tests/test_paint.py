"""Networks shown photographs, and photographs painted with what they say."""

import numpy as np
import pytest
from conftest import Stripes, colorful_photo
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import color as skcolor

from tfcolor.color import cielab_numpy
from tfcolor.colorizing import marks, painting, reduction, rendering


def lightness(rgb):
    return skcolor.rgb2lab(rgb / np.iinfo(rgb.dtype).max)[..., 0]


def gray_photo(height=40, width=60, dtype=np.uint8):
    return colorful_photo(1, height, width)[..., 0].astype(dtype) * (np.iinfo(dtype).max // 255)


@settings(max_examples=15, deadline=None)
@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from([np.uint8, np.uint16]))
def test_lightness_is_kept_at_any_size_and_depth(height, width, dtype):
    gray = gray_photo(height, width, dtype)
    colored = rendering.colorize(gray, Stripes())
    assert colored.shape == (height, width, 3) and colored.dtype == dtype
    difference = lightness(colored) - lightness(np.repeat(gray[..., None], 3, -1))
    assert np.abs(difference).max() < (0.7 if dtype == np.uint8 else 0.05)  # rounding of a color
    assert np.ptp(colored / np.iinfo(dtype).max, axis=-1).mean() > 0.03


def test_a_large_photograph_is_painted_in_strips_without_seams():
    l = np.tile(np.linspace(-0.5, 0.5, 32, dtype=np.float32), (32, 1))
    ab = np.stack([0.2 * l, -0.1 * l], -1)
    flat = np.full((1700, 1900), 120, np.uint8)  # thirteen strips
    painted = painting.paint(flat, l, ab)
    assert (painted == painted[:1]).all()


def test_the_network_sees_its_size_or_the_one_that_is_asked_for():
    seen = []

    def net(l):
        seen.append(l.shape)
        return np.zeros((*l.shape, 2), np.float32)

    net.size, net.stride = 32, 8
    gray = gray_photo(60, 90)
    rendering.colorize(gray, net)
    rendering.colorize(gray, net, size=50)
    rendering.colorize(gray_photo(16, 160), net)  # at the most 4 : 1
    assert seen == [(32, 48), (56, 80), (32, 128)]


def test_a_large_photograph_is_shown_averaged():
    noise = np.random.default_rng(0).integers(-60, 60, (480, 720, 1))
    rgb = np.clip(colorful_photo(5, 480, 720) + noise, 0, 255).astype(np.uint8)
    expected = skcolor.rgb2lab(rgb.reshape(32, 15, 48, 15, 3).mean((1, 3)) / 255)[..., 0]
    # It is halved twice, and 3.75 are left; not averaged it would be off by 10.
    assert np.abs((reduction.reduce(rgb, 32) + 1) * 50 - expected).mean() < 1


def test_mirrored_borders_leave_the_colors_of_the_rest(rng):
    l = rng.uniform(-1, 1, (21, 35)).astype(np.float32)
    expected = 0.2 * np.stack([np.sin(7 * l), np.cos(5 * l)], -1)
    np.testing.assert_allclose(reduction.colors(Stripes(), l), expected, atol=1e-6)


def test_strength_mixes_with_the_photograph_as_it_was():
    rgb = colorful_photo(4, 40, 60)
    none, half, full = (rendering.colorize(rgb, Stripes(), strength=s) for s in (0, 0.5, 1))
    assert np.abs(none.astype(int) - rgb).max() <= 1
    ab = [skcolor.rgb2lab(each)[..., 1:] for each in (none, half, full)]
    assert np.abs(ab[1] - (ab[0] + ab[2]) / 2).mean() < 1
    gray = gray_photo()
    assert np.ptp(rendering.colorize(gray, Stripes(), strength=0).astype(int), axis=-1).max() <= 1


def test_saturation_scales_chroma():
    gray = gray_photo()
    chroma = [
        np.hypot(
            *np.moveaxis(skcolor.rgb2lab(rendering.colorize(gray, Stripes(), saturation=s)), -1, 0)[
                1:
            ]
        ).mean()
        for s in (0.25, 0.5)
    ]
    assert chroma[1] == pytest.approx(2 * chroma[0], rel=0.1)


def test_a_hint_colors_the_place_it_is_put_on():
    gray = np.full((64, 96), 60, np.uint8)
    gray[:, 48:] = 200
    hint = marks.Hint(20, 30, (30, 60, 200))
    colored = rendering.colorize(gray, Stripes(), hints=[hint])
    before = rendering.colorize(gray, Stripes())
    wanted = cielab_numpy.rgb_to_lab(np.uint8([[[30, 60, 200]]]))[0, 0, 1:]
    left, right = (skcolor.rgb2lab(colored)[32, column, 1:] for column in (12, 84))
    # Blue of that chroma is out of sRGB at that lightness: the hue is right.
    assert np.dot(left, wanted) > 0.95 * np.linalg.norm(left) * np.linalg.norm(wanted)
    np.testing.assert_allclose(right, skcolor.rgb2lab(before)[32, 84, 1:], atol=3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strength": 1.5}, "strength must be from 0 to 1"),
        ({"saturation": -1}, "saturation must be from 0 to 100"),
        ({"saturation": 101}, "saturation must be from 0 to 100"),
        ({"saturation": float("nan")}, "saturation must be from 0 to 100"),
        ({"size": -4}, "size must be from 1 to 4096"),
        ({"hints": [marks.Hint(60, 0, (0, 0, 0))]}, "outside the photograph"),
    ],
)
def test_numbers_out_of_range_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        rendering.colorize(gray_photo(), Stripes(), **change)


def test_what_has_too_few_pixels_is_an_error():
    with pytest.raises(ValueError, match="7 x 40 pixels are too few"):
        rendering.colorize(np.zeros((40, 7), np.uint8), Stripes())


def test_a_network_of_no_numbers_is_an_error():
    with pytest.raises(ValueError, match="not numbers"):
        reduction.colors(lambda_network(np.nan), np.zeros((32, 32), np.float32))


def lambda_network(value):
    def net(l):
        return np.full((*l.shape, 2), value, np.float32)

    net.size, net.stride = 32, 32
    return net
