"""Variants of a photograph, from a network whose distribution is known."""

import itertools

import numpy as np
import pytest
from test_likelihood import BLUE, RED, distribution

from tfcolor.colorizing import likelihood, marks, rendering, variants

SURE, UNSURE = {"BLUE": 1.0}, {"RED": 0.6, "BLUE": 0.4}
GRAY = np.full((128, 192), 118, np.uint8)


class HalfSure:
    """Sure of blue on the right, unsure between red and blue on the left; paints gray."""

    size, stride, takes_hints, tells_classes = 64, 4, True, True

    def __init__(self):
        self.asked = []

    def __call__(self, l, hints=None):
        ab = np.zeros((*l.shape, 2), np.float32)
        return ab if hints is None else np.where(hints[..., 2:] > 0, hints[..., :2], ab)

    def classes(self, l, hints=None):
        self.asked.append(hints)
        told = np.tile(distribution(**SURE), (l.shape[0] // 4, l.shape[1] // 4, 1))
        told[:, : told.shape[1] // 2] = distribution(**UNSURE)
        return told


def test_a_variant_is_the_mean_of_the_tilted_distribution():
    l = np.zeros((64, 96), np.float32)
    for number, seed in itertools.product((2, 5, 9), (0, 3)):
        found = variants.shift(HalfSure(), l, None, number, seed) * 110
        direction = variants._tilt(number, seed).astype(float)
        red, blue = (np.exp(np.dot(direction, each)) for each in (RED, BLUE))
        share = 0.6 * red / (0.6 * red + 0.4 * blue)
        expected = (share - 0.6) * (np.array(RED) - BLUE)
        np.testing.assert_allclose(found[:, :40], np.broadcast_to(expected, (64, 40, 2)), atol=1e-3)
        np.testing.assert_allclose(found[:, 56:], 0, atol=1e-4)  # sure


def test_directions_are_apart_and_turn_with_the_seed():
    first = [variants._tilt(number, 0) for number in (2, 3, 4)]
    for one, other in itertools.combinations(first, 2):
        assert np.dot(one, other) / variants.TILT**2 == pytest.approx(-0.5, abs=1e-5)
    numbers = [tuple(np.round(variants._tilt(number, 0), 6)) for number in range(2, 17)]
    assert len(set(numbers)) == 15
    assert variants._tilt(2, 0) == pytest.approx(variants._tilt(2, 0))
    assert variants._tilt(2, 1) != pytest.approx(variants._tilt(2, 0))


def test_the_first_is_the_usual_one_and_asks_for_no_classes():
    network = HalfSure()
    usual = rendering.colorize(GRAY, network)
    np.testing.assert_array_equal(rendering.colorize(GRAY, network, variant=1, seed=7), usual)
    assert network.asked == []
    other = rendering.colorize(GRAY, network, variant=2)
    assert (other != usual)[:, :90].any() and (other == usual)[:, 104:].all()


def test_hints_keep_their_colors_in_every_variant():
    network, hint = HalfSure(), marks.Hint(40, 60, (200, 40, 40))
    usual, other = (
        rendering.Rendering(variant=number).see(GRAY, network, [hint])[1] for number in (1, 3)
    )
    np.testing.assert_allclose(other[30, 20], usual[30, 20], atol=2e-3)  # at half the size
    assert (other != usual)[10, 10].any()
    assert network.asked[0] is None and network.asked[1][..., 2].sum() > 0


def test_a_network_without_hints_and_photographs_of_any_shape_have_variants():
    network = HalfSure()
    network.takes_hints = False
    for shape in ((9, 200), (64, 8), (301, 203)):
        color = rendering.colorize(np.full(shape, 118, np.uint8), network, variant=2)
        assert color.shape == (*shape, 3)


def test_what_cannot_be_drawn_is_named():
    for options in ({"variant": 0}, {"seed": -1}):
        with pytest.raises(ValueError, match="variant must be 1 or more, and seed 0 or more"):
            rendering.colorize(GRAY, HalfSure(), **options)
    network = HalfSure()
    network.tells_classes = False
    with pytest.raises(ValueError, match="does not tell how likely"):
        rendering.colorize(GRAY, network, variant=2)


def test_a_map_of_certainty_is_as_large_as_the_photograph_and_sure_of_hints():
    red = marks.Area(((0, 0), (191, 0), (191, 40), (0, 40)), (200, 40, 40))
    found = likelihood.certainty_map(HalfSure(), GRAY, hints=[red])
    assert found.shape == GRAY.shape and found.dtype == np.float32
    assert found[:30].min() == 1.0  # the area is as it was asked for
    assert found[50:].max() < 0.05  # gray is neither red nor blue
