import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcolor.models import convolution, unet


def native_and_ours(filters, strides, channels, **options):
    """Keras's layers and ours with the same weights."""
    native = keras.layers.Conv2D(filters, 4, strides=strides, **options)
    ours = convolution.Convolution(filters, strides=strides, **options)
    for layer in (native, ours):
        layer.build((None, None, None, channels))
    ours.set_weights(native.get_weights())
    return keras.Sequential([keras.layers.ZeroPadding2D(1), native]), ours


# One of each way to compute it: taps, native, Winograd's.
CASES = [(1, 2, 3), (1, 16, 3), (2, 2, 3), (2, 16, 3), (1, 128, 128), (2, 128, 128)]


@settings(max_examples=40)
@given(
    case=st.sampled_from(CASES[:4]),
    n=st.integers(1, 3),
    h=st.integers(2, 9),
    w=st.integers(2, 9),
    seed=st.integers(0, 99),
)
def test_values_and_gradients_are_those_of_the_native_layer(case, n, h, w, seed):
    check(case, (n, h, w), np.random.default_rng(seed))


@pytest.mark.parametrize("case", CASES[4:])
def test_wide_layers_are_those_of_the_native_layer_too(case, rng):
    check(case, (2, 32, 32), rng)


def check(case, shape, rng):
    strides, filters, channels = case
    x = tf.constant(rng.normal(size=(*shape, channels)), tf.float32)
    results = []
    for layer in native_and_ours(filters, strides, channels, bias_initializer="ones"):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(tf.sin(y))
        results.append([y, *tape.gradient(loss, [x, *layer.trainable_variables])])
    for expected, found in zip(*results, strict=True):
        scale = 1 + np.abs(expected).max()  # float32 order of sums
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-5 * scale)


@pytest.mark.parametrize("case", CASES)
def test_one_graph_serves_every_height_and_width(rng, case):
    strides, filters, channels = case
    native, ours = native_and_ours(filters, strides, channels)
    inputs = keras.Input((None, None, channels))
    model = keras.Model(inputs, ours(inputs))
    assert model.output.shape == (None, None, None, filters)
    graph = tf.function(model, input_signature=[tf.TensorSpec((None, None, None, channels))])
    for shape in [(1, 2, 3), (2, 7, 6)]:
        x = tf.constant(rng.normal(size=(*shape, channels)), tf.float32)
        np.testing.assert_allclose(graph(x), native(x), atol=1e-4)
        assert ours.compute_output_shape(x.shape) == native(x).shape


@pytest.mark.parametrize("case", CASES)
def test_mixed_precision_computes_low(case):
    strides, filters, channels = case
    layer = convolution.Convolution(filters, strides=strides, dtype="mixed_bfloat16")
    assert layer(tf.ones((1, 4, 4, channels))).dtype == tf.bfloat16
    assert {v.dtype for v in layer.weights} == {"float32"}


def test_a_layer_is_made_again_from_its_config():
    layer = convolution.Convolution(16, strides=2, use_bias=False, name="down")
    assert (
        convolution.Convolution.from_config(layer.get_config()).get_config() == layer.get_config()
    )


@pytest.mark.parametrize(
    "option",
    [
        {"kernel_size": 3},
        {"strides": 3},
        {"padding": "same"},
        {"dilation_rate": 2},
        {"groups": 2},
        {"data_format": "channels_first"},
    ],
)
def test_another_geometry_is_refused(option):
    with pytest.raises(ValueError, match="4 x 4"):
        convolution.Convolution(16, **option)


def test_a_pix2pix_generator_of_known_size_gives_what_one_of_any_size_gives(rng):
    model = unet.build(dropout=0.0)
    l = tf.constant(rng.uniform(-1, 1, (4, 256, 256, 1)), tf.float32)
    anywhere = tf.function(model, input_signature=[tf.TensorSpec((None, None, None, 1))])
    # Training is when sizes are known, and Winograd's convolution is used.
    known = tf.function(model)
    expected, found = (graph(l)["ab"] for graph in (anywhere, known))
    np.testing.assert_allclose(found, expected, atol=1e-5)
