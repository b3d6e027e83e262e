"""Colors of places, in photographs, with networks that take them and others."""

import cv2
import numpy as np
import pytest
from conftest import Stripes, colorful_photo
from skimage import color as skcolor

from tfcolor.color import cielab_numpy, constants
from tfcolor.colorizing import local_hints, marks, reduction, rendering

COLORS = [(200, 40, 40), (40, 60, 190), (30, 120, 40), (119, 119, 119)]
PLACES = [(20, 30), (70, 40), (30, 90), (95, 100)]


class Obedient(Stripes):
    """Gives the colors of hints around them, and else those of `Stripes`."""

    takes_hints = True

    def __init__(self, heed=1.0):
        self.heed, self.seen = heed, []

    def __call__(self, l, hints=None):
        ab = super().__call__(l)
        if hints is None:
            return ab
        self.seen.append(hints)
        near, told = (cv2.blur(each, (9, 9)) for each in (hints[..., 2], hints[..., :2]))
        share = self.heed * np.minimum(81 * near, 1)[..., None]
        return (1 - share) * ab + share * told / np.maximum(near, 1e-6)[..., None]


def gray_photo():
    return cv2.resize(colorful_photo(1, 40, 60)[..., 0], (140, 120), interpolation=cv2.INTER_CUBIC)


def asked():
    return [marks.Hint(x, y, rgb) for (x, y), rgb in zip(PLACES, COLORS, strict=True)]


def nearest(rgb, lightness):
    """The color of a hint at another lightness, of less chroma where sRGB has not as much."""
    ab = skcolor.rgb2lab(np.uint8([[rgb]]))[0, 0, 1:]
    for factor in np.linspace(1, 0, 501):
        lab = np.array([lightness, *(factor * ab)])
        shown = skcolor.lab2xyz(lab) @ np.linalg.inv(skcolor.colorconv.xyz_from_rgb).T
        if shown.min() > -1e-4 and shown.max() < 1 + 1e-4:
            return lab
    raise AssertionError("gray is always there")


def off(net, saturation, size=64):
    """CIEDE2000 of each hint's own pixel from the nearest color of sRGB."""
    gray = gray_photo()
    colored = rendering.colorize(gray, net, size=size, saturation=saturation, hints=asked())
    lab = skcolor.rgb2lab(colored)
    return [
        skcolor.deltaE_ciede2000(lab[y, x], nearest(rgb, lab[y, x, 0]))
        for (x, y), rgb in zip(PLACES, COLORS, strict=True)
    ]


@pytest.mark.parametrize("saturation", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("net", [Stripes(), Obedient(), Obedient(heed=0.3)])
def test_a_hint_has_its_color_whatever_the_saturation(net, saturation):
    assert max(off(net, saturation)) < 5


def test_saturation_0_leaves_no_color():
    for net in (Stripes(), Obedient()):
        gray = rendering.colorize(gray_photo(), net, saturation=0, hints=asked())
        assert np.ptp(gray.astype(int), axis=-1).max() <= 1


def test_half_of_the_result_is_from_the_answer_of_a_network_that_is_told_the_hints():
    gray, net = gray_photo(), Obedient()
    l = reduction.reduce(gray, 64)
    planes = marks.planes(l, asked(), gray.shape)
    found = rendering.Rendering(64).colors(net, l, asked(), gray.shape)
    (shown,) = net.seen
    assert shown.shape == (64, 80, 3)  # with the columns that are mirrored
    np.testing.assert_array_equal(shown[:, 2:77], planes[:, :75])
    assert not shown[:, 77:].any() and not shown[:, :2].any()
    without, told = (
        local_hints.spread(l, reduction.colors(net, l, each), asked(), gray.shape)
        for each in (None, planes)
    )
    np.testing.assert_allclose(found, (without + told) / 2, atol=1e-6)
    assert np.abs(without - told).max() > 0.1


def test_hints_are_not_given_to_a_network_that_takes_none():
    l = np.zeros((32, 32), np.float32)
    with pytest.raises(ValueError, match="takes no hints"):
        reduction.colors(Stripes(), l, np.zeros((32, 32, 3), np.float32))


def test_planes_are_discs_of_the_colors_with_the_mean_where_two_overlap():
    l = np.zeros((200, 300), np.float32)
    l[:, 151:] = 0.5
    placed = [marks.Hint(300, 40, COLORS[0]), marks.Hint(304, 40, COLORS[1])]
    planes = marks.planes(l, placed, (400, 600))
    red, blue = (
        cielab_numpy.rgb_to_lab(np.uint8(each))[1:] / constants.AB_SCALE
        for each in (COLORS[0], COLORS[1])
    )
    assert planes.dtype == np.float32
    assert set(np.unique(planes[..., 2])) == {0, 1}
    # A radius of 2 pixels: 13 of them; the left disc ends at the edge of lightness, the right too.
    np.testing.assert_allclose(planes[20, 148, :2], red, atol=1e-6)
    np.testing.assert_allclose(planes[20, 152], [*blue, 1], atol=1e-6)
    assert planes[20, 151, 2] == 1 and planes[20, 149, 2] == 1
    assert not planes[:, :148].any() and not planes[:, 155:].any()
    assert not planes[planes[..., 2] == 0].any()


def test_planes_stay_in_their_range_and_keep_the_hue():
    l = np.zeros((40, 60), np.float32)
    hint = marks.Hint(30, 20, (0, 0, 255))
    full, more = (marks.planes(l, [hint], l.shape, each)[20, 30, :2] for each in (1, 0.5))
    assert np.abs(more).max() == pytest.approx(1)
    assert more[0] / more[1] == pytest.approx(full[0] / full[1], abs=1e-6)
