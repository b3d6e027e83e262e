"""Likely colors of a place, and how certain a picture is, from distributions that are known."""

import itertools

import numpy as np
import pytest
from skimage import color as reference

from tfcolor.color import classes
from tfcolor.colorizing import likelihood, marks

RED, BESIDE, BLUE = (60, 40), (60, 30), (20, -50)  # a*b* of bins that sRGB holds at L* 50


def index_of(ab):
    (found,) = np.flatnonzero((classes.ab_bins() == ab).all(-1))
    return int(found)


def distribution(**shares):
    """A distribution over the bins, from shares by the names above."""
    told = np.zeros(258, np.float32)
    for name, share in shares.items():
        told[index_of(globals()[name])] = share
    return told


def lab_of(rgb):
    return reference.rgb2lab(np.array(rgb, np.uint8)[None, None])[0, 0]


class Telling:
    """A network with a distribution of its own in one cell, and another everywhere else."""

    size, stride, takes_hints, tells_classes = 64, 1, True, True

    def __init__(self, cell, there, elsewhere):
        self._cell, self._there, self._elsewhere = cell, there, elsewhere
        self.hints = None

    def __call__(self, l, hints=None):
        return np.zeros((*l.shape, 2), np.float32)

    def classes(self, l, hints=None):
        self.hints = hints
        told = np.tile(self._elsewhere, (l.shape[0] // 4, l.shape[1] // 4, 1))
        told[self._cell] = self._there
        return told


def test_classes_that_look_alike_are_one_color():
    first, second = likelihood.modes(distribution(RED=0.5, BESIDE=0.2, BLUE=0.3), 50.0, 6)
    assert (first.probability, second.probability) == pytest.approx((0.7, 0.3))
    expected = np.array([50, 60, (0.5 * 40 + 0.2 * 30) / 0.7])
    np.testing.assert_allclose(lab_of(first.rgb), expected, atol=0.7)  # rounding to 8 bits
    np.testing.assert_allclose(lab_of(second.rgb), [50, *BLUE], atol=0.7)


def test_the_likeliest_is_told_first_and_no_two_look_alike(rng):
    told = rng.dirichlet(np.full(258, 0.1)).astype(np.float32)
    found = likelihood.modes(told, 60.0, 8)
    shares = [each.probability for each in found]
    assert len(found) == 8 and shares == sorted(shares, reverse=True) and sum(shares) <= 1 + 1e-6
    for one, other in itertools.combinations(found, 2):
        # The means differ by `ALIKE`; rounding to 8 bits may take a little of that.
        apart = reference.deltaE_ciede2000(lab_of(one.rgb), lab_of(other.rgb))
        assert apart > likelihood.ALIKE - 0.7


def test_near_black_all_colors_look_alike():
    (only,) = likelihood.modes(distribution(RED=0.5, BLUE=0.5), 1.0, 6)
    assert only.probability == pytest.approx(1.0)


def test_a_place_is_told_what_its_cell_is_told():
    gray = np.full((128, 192), 118, np.uint8)  # L* 50; the network sees it at half the size
    network = Telling((5, 7), distribution(RED=1.0), distribution(BLUE=1.0))
    for x, y, expected in ((56, 40, RED), (63, 47, RED), (64, 47, BLUE), (55, 40, BLUE)):
        (only,) = likelihood.likely(network, gray, x, y)
        np.testing.assert_allclose(lab_of(only.rgb), [50, *expected], atol=0.8)
    hint = marks.Hint(100, 100, (200, 30, 30))
    likelihood.likely(network, gray, 56, 40, hints=[hint])
    assert network.hints[50, 50, 2] == 1 and network.hints[..., 2].sum() > 0


def test_what_cannot_be_asked_is_named():
    gray = np.full((128, 192), 118, np.uint8)
    network = Telling((5, 7), distribution(RED=1.0), distribution(BLUE=1.0))
    with pytest.raises(ValueError, match="lies outside the photograph"):
        likelihood.likely(network, gray, 192, 0)
    with pytest.raises(ValueError, match="count must be 1 or more, got 0"):
        likelihood.likely(network, gray, 0, 0, count=0)
    network.tells_classes = False
    with pytest.raises(ValueError, match="does not tell how likely a color is"):
        likelihood.likely(network, gray, 0, 0)


def test_a_color_is_as_certain_as_the_colors_near_it_are_likely():
    l = np.zeros((6, 9), np.float32)  # L* 50; the last cells lie partly beyond the border
    told = np.tile(distribution(RED=0.6, BESIDE=0.1, BLUE=0.3), (2, 3, 1))
    # The classes say 0.7, 0.3 and 0, whose odds are raised by 1.3: 0.7 x 1.3 to 0.3.
    for painted, expected in ((RED, 0.752), (BLUE, 0.358), ((-40, 40), 0.0)):
        ab = np.tile(np.float32(painted) / 110, (6, 9, 1))
        found = likelihood.certainty(told, l, ab)
        assert found.shape == (6, 9) and found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=0.02)


def test_certainty_is_that_of_each_cell():
    told = np.tile(distribution(BLUE=1.0), (4, 8, 1))
    told[:, 4:] = distribution(RED=1.0)
    l, ab = np.zeros((16, 32), np.float32), np.tile(np.float32(RED) / 110, (16, 32, 1))
    found = likelihood.certainty(told, l, ab)
    np.testing.assert_allclose(found[:, :12], 0.0, atol=0.01)
    np.testing.assert_allclose(found[:, 20:], 1.0, atol=0.01)
