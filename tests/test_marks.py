"""Places and areas whose color a person sets."""

import numpy as np
import pytest
from conftest import Stripes
from PIL import Image, ImageDraw
from test_hints import BLUE, RED, two_halves, wanted_ab

from tfcolor.colorizing import local_hints, marks, rendering

GREEN = (60, 140, 50)


def test_a_polygon_covers_what_pillow_fills():
    corners = ((20, 30), (170, 40), (150, 120), (60, 110))
    drawn, outline = Image.new("L", (200, 150)), Image.new("L", (200, 150))
    ImageDraw.Draw(drawn).polygon(corners, fill=1)
    ImageDraw.Draw(outline).line([*corners, corners[0]], fill=1, width=3)
    mask = marks.Area(corners, RED).mask(np.zeros((150, 200), np.float32), (150, 200))
    assert not ((mask != np.asarray(drawn, bool)) & ~np.asarray(outline, bool)).any()


def test_a_stroke_is_as_wide_as_it_says_at_every_size():
    stroke = marks.Area(((100, 200), (500, 200)), RED, width=40)
    for height, width in ((400, 600), (200, 300), (100, 150)):
        mask = stroke.mask(np.zeros((height, width), np.float32), (400, 600))
        assert abs(mask[:, width // 2].sum() - height / 10) <= 1
    thin = marks.Area(((100, 200), (500, 200)), RED, width=1)
    assert thin.mask(np.zeros((100, 150), np.float32), (400, 600))[:, 75].sum() == 1


def test_a_place_covers_an_area_and_a_later_area_an_earlier_one():
    l = np.zeros((100, 100), np.float32)
    square = ((10, 10), (60, 10), (60, 60), (10, 60))
    other = ((40, 40), (90, 40), (90, 90), (40, 90))
    laid = [marks.Hint(20, 20, GREEN), marks.Area(square, RED), marks.Area(other, BLUE)]
    planes = marks.planes(l, laid, (100, 100))
    for place, rgb in (((20, 20), GREEN), ((30, 30), RED), ((50, 50), BLUE), ((80, 80), BLUE)):
        np.testing.assert_allclose(planes[place], [*wanted_ab(rgb), 1], atol=1e-3)
    assert not planes[95, 95].any() and not planes[5, 5].any()


@pytest.mark.parametrize("takes_hints", [True, False])
def test_a_polygon_colors_what_is_inside_and_nothing_else(takes_hints):
    class Told(Stripes):
        """Colors everything as the hints say, as a network may that takes a hint too far."""

        def __call__(self, l, hints=None):
            mean = 0 if hints is None else hints[..., :2].max((0, 1))
            return super().__call__(l) + np.float32(mean)

    network = Told()
    network.takes_hints = takes_hints
    l, _ = two_halves()
    rows, columns = (side // 8 * 8 for side in l.shape)
    l = l[:rows, :columns]
    area = marks.Area(((20, 20), (250, 20), (250, 380), (20, 380)), RED)
    inside = area.mask(l, (400, 600))
    place = marks.Hint(100, 100, GREEN)
    rendered = rendering.Rendering()
    plain = rendered.colors(network, l)
    made = rendered.colors(network, l, [area], (400, 600))
    np.testing.assert_array_equal(made[~inside], plain[~inside])
    np.testing.assert_allclose(
        made[inside], np.broadcast_to(wanted_ab(RED), made[inside].shape), atol=1e-3
    )
    both = rendered.colors(network, l, [place, area], (400, 600))
    alone = rendered.colors(network, l, [place], (400, 600))
    np.testing.assert_array_equal(both[~inside], alone[~inside])
    there = marks.place_of(100, 100, l.shape, (400, 600))
    np.testing.assert_allclose(both[there], wanted_ab(GREEN), atol=1e-3)


def test_a_stroke_spreads_over_its_side():
    l, ab = two_halves()
    stroke = marks.Area(((60, 60), (200, 300)), RED, width=30)
    result = local_hints.spread(l, ab, [stroke], (400, 600))
    inside = np.s_[3:37, 3:24]
    np.testing.assert_allclose(
        result[inside], np.broadcast_to(wanted_ab(RED), result[inside].shape), atol=0.05
    )
    assert np.abs(result - ab)[:, 32:].max() < 0.03


def test_marks_of_a_smaller_photograph_have_the_same_places_in_a_larger_one():
    l = np.zeros((120, 160), np.float32)
    for mark in (
        marks.Hint(30, 20, RED),
        marks.Area(((10, 10), (60, 12), (50, 70)), RED),
        marks.Area(((10, 10), (60, 12)), RED, width=8),
    ):
        small = mark.mask(l, (120, 160))
        large = mark.scaled((120, 160), (480, 640)).mask(l, (480, 640))
        assert (small == large).mean() > 0.995


@pytest.mark.parametrize(
    ("points", "width", "message"),
    [
        (((1, 1), (2, 2)), None, "three points"),
        ((), 3, "a stroke one"),
        (((1, 1),), 0, "width must be above 0"),
        (((1, 1),), float("nan"), "width must be above 0"),
    ],
)
def test_what_is_no_area_is_refused(points, width, message):
    with pytest.raises(ValueError, match=message):
        marks.Area(points, RED, width)


def test_an_area_outside_the_photograph_is_refused():
    with pytest.raises(ValueError, match="hint at 700,5 lies outside"):
        marks.check([marks.Area(((1, 1), (5, 5), (700, 5)), RED)], (400, 600))
