"""Colors set by hand, spread by least squares."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import color as skcolor

from tfcolor.colorizing import local_hints, marks

RED, BLUE = (200, 40, 40), (40, 60, 190)


def wanted_ab(rgb):
    return skcolor.rgb2lab(np.array([[rgb]], np.uint8))[0, 0, 1:] / 110


def two_halves(height=40, width=60):
    """Dark left and bright right, with noise of about 1 L*; the network's colors vary slowly."""
    noise = np.random.default_rng(0).normal(0, 0.02, (height, width))
    l = np.where(np.arange(width) < width // 2, -0.4, 0.3) + noise
    ab = np.linspace(-0.1, 0.1, height * width * 2).reshape(height, width, 2)
    return l.astype(np.float32), ab.astype(np.float32)


def dense(l, weight, target):
    """The same sum of squares as rows of a matrix, one loop a pixel, by `numpy.linalg.lstsq`."""
    height, width = l.shape
    rows = []
    for y, x in itertools.product(range(height), range(width)):
        near = [
            (r, c)
            for r in range(max(0, y - 1), min(height, y + 2))
            for c in range(max(0, x - 1), min(width, x + 2))
            if (r, c) != (y, x)
        ]
        squares = np.array([(float(l[y, x]) - float(l[place])) ** 2 for place in near])
        similar = np.exp(-squares / (2 * local_hints.SIGMA**2)).clip(local_hints.FLOOR)
        row = np.zeros((height, width))
        row[y, x] = 1
        for place, share in zip(near, similar / similar.sum(), strict=True):
            row[place] = -share
        rows.append(row.ravel())
    prior = np.sqrt(local_hints.PRIOR) * np.eye(l.size)
    strong = np.diag(np.sqrt(weight.ravel()))
    matrix = np.concatenate([rows, prior, strong])
    zeros = np.zeros((2 * l.size, 2))
    right = np.concatenate([zeros, strong @ target.reshape(-1, 2)])
    return np.linalg.lstsq(matrix, right, rcond=None)[0].reshape(height, width, 2)


@given(data=st.data(), height=st.integers(1, 7), width=st.integers(2, 7), turned=st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_solution_is_that_of_dense_least_squares(data, height, width, turned):
    shape = (width, height) if turned else (height, width)
    l = data.draw(hnp.arrays(np.float32, shape, elements=st.floats(-1, 1, width=32)))
    places = data.draw(st.sets(st.integers(0, l.size - 1), max_size=4))
    weight, target = np.zeros(l.size), np.zeros((l.size, 2))
    for place in places:
        weight[place] = local_hints.HINT
        target[place] = data.draw(hnp.arrays(float, 2, elements=st.floats(-1, 1)))
    weight, target = weight.reshape(shape), target.reshape(*shape, 2)
    # The condition number of the normal equations reaches 1e10: six digits are left.
    np.testing.assert_allclose(
        local_hints.solve(l, weight, target), dense(l, weight, target), rtol=0, atol=1e-5
    )


def test_without_hints_nothing_changes():
    l, ab = two_halves()
    np.testing.assert_array_equal(local_hints.spread(l, ab, [], (400, 600)), ab)


def test_a_hint_fills_its_side_and_does_not_cross_a_strong_edge():
    l, ab = two_halves()
    result = local_hints.spread(l, ab, [marks.Hint(100, 200, RED)], (400, 600))
    moved = (result - ab) @ [1, 0]
    asked = wanted_ab(RED)[0] - ab[20, 10, 0]
    assert moved[:, :30].min() > 0.9 * asked
    assert np.abs(result - ab)[:, 30:].max() < 0.01 * asked


def test_a_hint_beside_an_edge_keeps_to_its_own_side():
    height, width = 192, 240
    l, ab = two_halves(height, width)
    result = local_hints.spread(l, ab, [marks.Hint(119, 90, RED)], (height, width))
    # It is spread at half the size here, so that the last pixels at the edge are means of both.
    assert np.abs(result - ab)[:, 122:].max() < 0.01 < np.abs(result - ab)[:, :120].min()


@pytest.mark.parametrize("shape", [(40, 60), (400, 600), (1234, 987), (20, 30)])
def test_the_pixel_of_a_hint_gets_its_color(shape):
    l, ab = two_halves()
    y, x = int(0.4 * shape[0]), int(0.8 * shape[1])
    result = local_hints.spread(l, ab, [marks.Hint(x, y, BLUE)], shape)
    at = result[int((y + 0.5) * 40 / shape[0]), int((x + 0.5) * 60 / shape[1])]
    np.testing.assert_allclose(at, wanted_ab(BLUE), atol=0.5 / 110)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (4, 1)])
def test_a_hint_colors_what_the_network_saw_as_one_pixel(shape):
    l, ab = np.zeros(shape, np.float32), np.full((*shape, 2), 0.05, np.float32)
    result = local_hints.spread(l, ab, [marks.Hint(3, 3, BLUE)], (80, 80))
    np.testing.assert_allclose(result[0, 0], wanted_ab(BLUE), atol=1e-6)
    np.testing.assert_array_equal(local_hints.solve(l, l, ab), 0)  # without a hint


def test_a_hint_of_the_corner_pixel_is_inside():
    l, ab = two_halves()
    result = local_hints.spread(l, ab, [marks.Hint(599, 399, BLUE)], (400, 600))
    np.testing.assert_allclose(result[-1, -1], wanted_ab(BLUE), atol=0.5 / 110)


def test_the_order_of_hints_does_not_matter():
    l, ab = two_halves()
    some = [
        marks.Hint(5, 5, RED),
        marks.Hint(20, 30, BLUE),
        marks.Hint(5, 5, BLUE),
    ]
    first, *others = (
        local_hints.spread(l, ab, order, l.shape) for order in itertools.permutations(some)
    )
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-6)
    middle = (wanted_ab(RED) + wanted_ab(BLUE)) / 2
    np.testing.assert_allclose(first[5, 5], middle, atol=0.5 / 110)


def test_a_hint_of_the_color_that_is_there_keeps_others_away():
    l, ab = np.zeros((40, 60), np.float32), np.zeros((40, 60, 2), np.float32)
    asking = marks.Hint(10, 20, RED)
    fence = [marks.Hint(30, y, (119, 119, 119)) for y in range(40)]
    alone, fenced = (
        np.abs(local_hints.spread(l, ab, some, l.shape)).max(-1)
        for some in ([asking], [asking, *fence])
    )
    assert alone[:, 35:].min() > 0.3
    assert fenced[:, 30:].max() < 0.01
    assert fenced[20, 10] == pytest.approx(alone[20, 10], abs=0.01)


def test_no_correction_goes_beyond_what_is_asked():
    rng = np.random.default_rng(1)
    l = rng.uniform(-1, 1, (30, 30)).astype(np.float32)
    ab = np.zeros((30, 30, 2), np.float32)
    result = local_hints.spread(l, ab, [marks.Hint(9, 9, BLUE), marks.Hint(20, 20, RED)], l.shape)
    asked = np.array([[0, 0], wanted_ab(BLUE), wanted_ab(RED)])
    assert (result >= asked.min(axis=0) - 1e-3).all()
    assert (result <= asked.max(axis=0) + 1e-3).all()


def test_a_network_of_larger_size_gives_nearly_the_same():
    small_l, small_ab = two_halves(local_hints.MAX_SIDE, 256)
    large_l, large_ab = (plane.repeat(2, axis=0).repeat(2, axis=1) for plane in (small_l, small_ab))
    hint = [marks.Hint(50, 60, RED)]
    small = local_hints.spread(small_l, small_ab, hint, small_l.shape)
    large = local_hints.spread(large_l, large_ab, hint, small_l.shape)
    assert large.shape == large_ab.shape and large.dtype == np.float32
    inside = np.s_[:, :126]  # up to the edge, which is interpolated
    np.testing.assert_allclose(large[::2, ::2][inside], small[inside], atol=0.01)


@pytest.mark.parametrize(("x", "y"), [(600, 0), (0, 400), (-1, 0), (0, -1)])
def test_a_hint_outside_the_photograph_is_refused(x, y):
    l, ab = two_halves()
    message = rf"hint at {x},{y} lies outside .* X must be in 0\.\.599 and Y in 0\.\.399$"
    with pytest.raises(ValueError, match=message):
        local_hints.spread(l, ab, [marks.Hint(1, 1, RED), marks.Hint(x, y, RED)], (400, 600))


@pytest.mark.parametrize("text", ["12,34,#c80Ab4", " 12 , 34 , #C80ab4 "])
def test_a_hint_is_read_as_it_is_typed(text):
    assert marks.parse(text) == marks.Hint(12, 34, (0xC8, 0x0A, 0xB4))


@pytest.mark.parametrize(
    "text",
    ["", "1,2", "1,2,red", "1,2,#fff", "1,2,#12345g", "-1,2,#123456", "1.5,2,#123456"]
    + ["1,2,#123456,3", "1,2,#1234567", "1;2;#123456", "1,2,#123456\\n--", "٣,2,#123456"],
)
def test_what_is_no_hint_is_refused_in_one_line(text):
    with pytest.raises(ValueError, match="--hint must be .*#rrggbb.*, as .*; got '") as caught:
        marks.parse(text)
    assert "\n" not in str(caught.value)
