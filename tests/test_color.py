"""Color conversion against scikit-image, over the whole of sRGB."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import color as skcolor

from tfcolor.color import cielab

TOLERANCE = 1e-4  # Lab units; float32 arithmetic against float64

# Every 5th level with 0 and 255: all corners, edges and the gray axis of the cube; 140,608 colors.
CUBE = np.stack(np.meshgrid(*[np.arange(0, 256, 5)] * 3, indexing="ij"), -1).astype(np.uint8)

channel = st.floats(0, 1, width=32)
pixels = hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(3)), elements=channel)
lab_pixels = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.just(3)),
    elements=st.floats(-128, 128, width=32),
)


def test_rgb_to_lab_matches_skimage_over_the_cube():
    np.testing.assert_allclose(cielab.rgb_to_lab(CUBE), skcolor.rgb2lab(CUBE), atol=TOLERANCE)


def test_lab_to_rgb_matches_skimage_over_the_cube():
    lab = skcolor.rgb2lab(CUBE)
    np.testing.assert_allclose(cielab.lab_to_rgb(lab), skcolor.lab2rgb(lab), atol=TOLERANCE)


@given(pixels)
def test_rgb_to_lab_matches_skimage_between_the_levels(rgb):
    expected = skcolor.rgb2lab(rgb.astype(np.float64))
    np.testing.assert_allclose(cielab.rgb_to_lab(rgb), expected, atol=TOLERANCE)


def test_round_trip_is_exact_to_8_bits():
    # A third of all 16.7 million colors, in planes of constant red, black and white included.
    levels = np.arange(256, dtype=np.uint8)
    for red in range(0, 256, 3):
        plane = np.stack(np.broadcast_arrays(np.uint8(red), levels[:, None], levels), -1)
        back = cielab.to_uint8(cielab.lab_to_rgb(cielab.rgb_to_lab(plane)))
        np.testing.assert_array_equal(back, plane)


def test_planes_are_in_range_and_join_back():
    l, ab = cielab.rgb_to_planes(CUBE)
    assert l.shape == (*CUBE.shape[:3], 1)
    assert ab.shape == (*CUBE.shape[:3], 2)
    assert float(tf.reduce_max(tf.abs(l))) <= 1 + 1e-6
    assert float(tf.reduce_max(tf.abs(ab))) <= 1.0
    np.testing.assert_allclose(cielab.join(l, ab), cielab.rgb_to_lab(CUBE), atol=TOLERANCE)
    np.testing.assert_array_equal(cielab.to_uint8(cielab.planes_to_rgb(l, ab)), CUBE)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 5, 3), (2, 4, 5, 3), (0, 3)])
def test_any_leading_shape(shape, rng):
    rgb = rng.uniform(0, 1, shape).astype(np.float32)
    assert cielab.lab_to_rgb(cielab.rgb_to_lab(rgb)).shape == shape
    assert cielab.map_to_gamut(cielab.rgb_to_lab(rgb)).shape == shape
    assert cielab.without_color(rgb).shape == shape


def test_low_precision_input_is_computed_in_float32():
    rgb = tf.constant(CUBE[::10, ::10, ::10] / 255.0, tf.bfloat16)
    expected = skcolor.rgb2lab(tf.cast(rgb, tf.float64).numpy())
    lab = cielab.rgb_to_lab(rgb)
    assert lab.dtype == tf.float32
    np.testing.assert_allclose(lab, expected, atol=TOLERANCE)


def test_an_integer_that_is_not_uint8_is_an_error():
    with pytest.raises(ValueError, match="uint8 or floating point, got int32"):
        cielab.rgb_to_lab(tf.constant([[1, 2, 3]]))


def test_to_uint8_rounds_and_saturates():
    values = tf.constant([-1.0, 0.0, 0.49 / 255, 0.51 / 255, 1.0, 2.0])
    assert cielab.to_uint8(values).numpy().tolist() == [0, 0, 0, 1, 255, 255]


def gradient(function, values):
    variable = tf.Variable(values)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(function(variable))
    return tape.gradient(total, variable).numpy()


@given(hnp.arrays(np.float32, (4, 3), elements=st.floats(-2, 3, width=32)))
def test_gradients_to_lab_are_finite_even_out_of_range(rgb):
    assert np.isfinite(gradient(cielab.rgb_to_lab, rgb)).all()


@tf.function(input_signature=[tf.TensorSpec((None, 3))])  # one operation at a time it is slow
def gradients_from_lab(lab):
    """Of the conversion as it is, and behind the map to the gamut."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(lab)
        plain = tf.reduce_sum(cielab.lab_to_rgb(lab))
        mapped = tf.reduce_sum(cielab.lab_to_rgb(cielab.map_to_gamut(lab)))
    return tape.gradient(plain, lab), tape.gradient(mapped, lab)


@given(lab_pixels)
def test_gradients_from_lab_are_finite_even_out_of_gamut(lab):
    for found in gradients_from_lab(lab):
        assert np.isfinite(found).all()


def test_gradients_are_finite_at_black_white_and_the_knees():
    for value in (0.0, 1.0, 0.04045, 0.0031308, 1e-30):
        rgb = np.full((1, 3), value, np.float32)
        assert np.isfinite(gradient(cielab.rgb_to_lab, rgb)).all()
        lab = cielab.rgb_to_lab(rgb).numpy()
        assert np.isfinite(gradient(cielab.lab_to_rgb, lab)).all()


def test_gradients_agree_with_finite_differences(rng):
    rgb = rng.uniform(0.2, 0.8, (20, 3)).astype(np.float32)
    slope = gradient(cielab.rgb_to_lab, rgb)
    step = 1e-5
    for index in range(3):
        moved = np.eye(3)[index] * step
        expected = (skcolor.rgb2lab(rgb + moved) - skcolor.rgb2lab(rgb - moved)).sum(-1) / (
            2 * step
        )
        np.testing.assert_allclose(slope[:, index], expected, rtol=1e-3)


def test_gamut_mapping_leaves_every_srgb_color_as_it_is():
    lab = cielab.rgb_to_lab(CUBE).numpy()
    np.testing.assert_array_equal(cielab.map_to_gamut(lab), lab)


mapped_to_gamut = tf.function(cielab.map_to_gamut, [tf.TensorSpec((None, 3))])


@given(lab_pixels)
def test_gamut_mapping_keeps_lightness_and_hue_and_never_raises_chroma(lab):
    lab[:, 0] = np.round(np.abs(lab[:, 0]) * (100 / 128), 3)  # nothing TensorFlow flushes to 0
    mapped = mapped_to_gamut(lab).numpy()
    np.testing.assert_array_equal(mapped[:, 0], lab[:, 0])
    before, after = (np.hypot(x[:, 1], x[:, 2]) for x in (lab, mapped))
    assert np.all(after <= before)
    # The same direction: the cross product of the two ab vectors vanishes.
    np.testing.assert_allclose(lab[:, 1] * mapped[:, 2], lab[:, 2] * mapped[:, 1], atol=1e-2)
    # Displayable: through sRGB and back nothing moves but by the slack at the gamut's border.
    back = skcolor.rgb2lab(np.clip(cielab.lab_to_rgb(mapped).numpy().astype(np.float64), 0, 1))
    np.testing.assert_allclose(back[:, 0], lab[:, 0], atol=0.004)


def test_gamut_mapping_lowers_chroma_no_more_than_needed(rng):
    lab = rng.uniform([5, -110, -110], [95, 110, 110], (5000, 3)).astype(np.float32)
    mapped = cielab.map_to_gamut(lab).numpy()
    lowered = np.any(mapped != lab, axis=-1)
    assert 0.3 < lowered.mean() < 1.0
    # A little more chroma than the result's is outside: clipping then changes the color.
    more = mapped[lowered] * [1, 1.02, 1.02] + np.sign(mapped[lowered]) * [0, 0.1, 0.1]
    back = skcolor.rgb2lab(skcolor.lab2rgb(more))
    assert np.mean(np.abs(back - more).max(-1) > 1e-3) > 0.99


def test_clipping_shifts_lightness_where_mapping_does_not():
    lab = cielab.rgb_to_lab(CUBE[::5, ::5, ::5]) * [1.0, 1.5, 1.5]
    clipped = cielab.rgb_to_lab(cielab.lab_to_rgb(lab))
    mapped = cielab.rgb_to_lab(cielab.lab_to_rgb(cielab.map_to_gamut(lab)))
    shift = [float(tf.reduce_max(tf.abs(x[..., 0] - lab[..., 0]))) for x in (clipped, mapped)]
    assert shift[0] > 4.0
    assert shift[1] < 0.003


def test_gray_has_the_lightness_of_its_color():
    gray = cielab.without_color(CUBE).numpy()
    assert gray.dtype == np.uint8
    assert np.all(gray == gray[..., :1])
    difference = skcolor.rgb2lab(gray)[..., 0] - skcolor.rgb2lab(CUBE)[..., 0]
    assert np.abs(difference).max() < 0.26  # half an 8-bit level where L* is steepest
    np.testing.assert_array_equal(cielab.without_color(gray), gray)


def test_eager_graph_and_dataset_agree(rng):
    rgb = rng.integers(0, 256, (16, 8, 3), dtype=np.uint8)

    def convert(pixels):
        l, ab = cielab.rgb_to_planes(pixels)
        return cielab.to_uint8(cielab.planes_to_rgb(l, 1.3 * ab)), l, ab

    eager = [x.numpy() for x in convert(tf.constant(rgb))]
    spec = tf.TensorSpec((None, None, 3), tf.uint8)
    graph = tf.function(convert, input_signature=[spec])(rgb)
    mapped = next(iter(tf.data.Dataset.from_tensors(rgb).map(convert)))
    for a, b, c in zip(eager, graph, mapped, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
        np.testing.assert_allclose(a, c, atol=1e-6)
