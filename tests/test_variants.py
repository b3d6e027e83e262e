"""Variants of a photograph, from a network whose distribution is known."""

import numpy as np
import pytest
from skimage import color as reference
from test_likelihood import BLUE, RED, distribution

from tfcolor.colorizing import likelihood, marks, rendering, variants

SURE, UNSURE = {"BLUE": 1.0}, {"RED": 0.6, "BLUE": 0.4}


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


def hue(hint):
    return "red" if hint.rgb[0] > hint.rgb[2] else "blue"


def test_variants_differ_where_the_network_is_unsure_and_the_first_is_the_usual_one():
    gray = np.full((128, 192), 118, np.uint8)
    usual, second, third = variants.draw(HalfSure(), gray, 3)
    assert usual == ()
    assert (second[0].x, second[0].y) == (third[0].x, third[0].y) and second[0].x < 96
    assert [hue(second[0]), hue(third[0])] == ["red", "blue"]  # the likelier one first
    for hint, expected in ((second[0], RED), (third[0], BLUE)):
        lab = reference.rgb2lab(np.array([[hint.rgb]], np.uint8))[0, 0]
        np.testing.assert_allclose(lab, [50, *expected], atol=1)
    for variant in (second, third):
        assert len(variant) == variants.PLACES
        first, other = variant
        assert max(abs(first.x - other.x), abs(first.y - other.y)) >= 128 * variants.WINDOW - 8
    color = rendering.colorize(gray, HalfSure(), hints=second)
    assert color[second[0].y, second[0].x, 0] > color[second[0].y, second[0].x, 2] + 50


def test_the_network_is_asked_again_with_the_hints_so_far():
    network = HalfSure()
    kept = marks.Hint(180, 100, (200, 40, 40))
    found = variants.draw(network, np.full((128, 192), 118, np.uint8), 2, hints=[kept])
    assert [variant[0] for variant in found] == [kept, kept]
    before, after = network.asked
    assert 0 < before[..., 2].sum() < after[..., 2].sum()


def test_a_seed_gives_the_same_variants_and_another_seed_others():
    gray = np.full((128, 192), 118, np.uint8)
    first, again = (variants.draw(HalfSure(), gray, 9, seed=5) for _ in range(2))
    assert first == again
    assert first != variants.draw(HalfSure(), gray, 9, seed=6)


def test_a_network_without_hints_or_a_photograph_of_any_shape_has_variants_too():
    network = HalfSure()
    network.takes_hints = False
    for shape in ((9, 200), (64, 8), (301, 203)):
        found = variants.draw(network, np.full(shape, 118, np.uint8), 3)
        for variant in found:
            marks.check(variant, shape)
    assert network.asked[-1] is None


def test_what_cannot_be_drawn_is_named():
    gray = np.full((128, 192), 118, np.uint8)
    for count in (0, 17):
        with pytest.raises(ValueError, match=f"variants must be from 1 to 16, got {count}"):
            variants.draw(HalfSure(), gray, count)
    network = HalfSure()
    network.tells_classes = False
    with pytest.raises(ValueError, match="does not tell how likely"):
        variants.draw(network, gray, 2)


def test_a_map_of_certainty_is_as_large_as_the_photograph_and_sure_of_hints():
    gray = np.full((128, 192), 118, np.uint8)
    red = marks.Area(((0, 0), (191, 0), (191, 40), (0, 40)), (200, 40, 40))
    found = likelihood.certainty_map(HalfSure(), gray, hints=[red])
    assert found.shape == gray.shape and found.dtype == np.float32
    assert found[:30].min() == 1.0  # the area is as it was asked for
    assert found[50:].max() < 0.05  # gray is neither red nor blue
