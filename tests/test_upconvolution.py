import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcolor.models import upconvolution

FILTERS = (2, 16, upconvolution.WIDE_FILTERS)  # one of each way to compute it


def native_and_ours(filters, channels, **options):
    """Keras's layer and ours with the same weights."""
    native = keras.layers.Conv2DTranspose(filters, 4, strides=2, padding="same", **options)
    ours = upconvolution.UpConvolution(filters, **options)
    for layer in (native, ours):
        layer.build((None, None, None, channels))
    ours.set_weights(native.get_weights())
    return native, ours


@settings(max_examples=30)
@given(
    filters=st.sampled_from(FILTERS),
    channels=st.integers(1, 5),
    n=st.integers(1, 3),
    h=st.integers(1, 7),
    w=st.integers(1, 7),
    seed=st.integers(0, 99),
)
def test_values_and_gradients_are_those_of_the_native_layer(filters, channels, n, h, w, seed):
    rng = np.random.default_rng(seed)
    x = tf.constant(rng.normal(size=(n, h, w, channels)), tf.float32)
    weighting = tf.constant(rng.normal(size=(n, 2 * h, 2 * w, filters)), tf.float32)
    results = []
    for layer in native_and_ours(filters, channels, bias_initializer="ones"):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        gradients = tape.gradient(y, [x, *layer.trainable_variables], output_gradients=weighting)
        results.append([y, *gradients])
    for expected, found in zip(*results, strict=True):
        scale = 1 + np.abs(expected).max()  # float32 order of sums
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("filters", FILTERS)
def test_one_graph_serves_every_height_and_width(rng, filters):
    native, ours = native_and_ours(filters, 3)
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, ours(inputs))
    assert model.output.shape == (None, None, None, filters)
    for jit_compile in (False, True):
        graph = tf.function(
            model,
            input_signature=[tf.TensorSpec((None, None, None, 3))],
            jit_compile=jit_compile,
        )
        for shape in [(1, 1, 1, 3), (2, 3, 5, 3)]:
            x = tf.constant(rng.normal(size=shape), tf.float32)
            np.testing.assert_allclose(graph(x), native(x), atol=1e-5)


@pytest.mark.parametrize("filters", FILTERS)
def test_weights_have_the_native_names_and_shapes(filters):
    native, ours = native_and_ours(filters, 3)
    assert [(v.name, v.shape) for v in ours.weights] == [(v.name, v.shape) for v in native.weights]


@pytest.mark.parametrize("filters", FILTERS)
def test_mixed_precision_computes_low(filters):
    native, ours = native_and_ours(filters, 3, dtype="mixed_bfloat16")
    x = tf.ones((1, 4, 4, 3))
    assert ours(x).dtype == native(x).dtype == tf.bfloat16
    assert {v.dtype for v in ours.weights} == {"float32"}
    low, full = (tf.cast(layer(x), tf.float32) for layer in (ours, native))
    np.testing.assert_allclose(low, full, atol=0.05)  # 8 bits of mantissa


@pytest.mark.parametrize("filters", FILTERS)
def test_a_saved_model_computes_the_same(rng, tmp_path, filters):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, upconvolution.UpConvolution(filters)(inputs))
    model.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    x = tf.constant(rng.normal(size=(2, 3, 4, 3)), tf.float32)
    np.testing.assert_allclose(saved.serve(x), model(x), atol=1e-5)


def test_a_layer_is_made_again_from_its_config():
    layer = upconvolution.UpConvolution(16, use_bias=False, name="up")
    again = upconvolution.UpConvolution.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("option", [{"kernel_size": 3}, {"strides": 1}, {"padding": "valid"}])
def test_another_geometry_is_refused(option):
    with pytest.raises(ValueError, match="4 x 4"):
        upconvolution.UpConvolution(16, **option)


@pytest.mark.slow
def test_values_and_gradients_agree_under_the_jax_backend(under_jax, tmp_path):
    program = """
import jax, keras, numpy as np
assert keras.backend.backend() == "jax"
from tfcolor.models import upconvolution
x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype("float32")
for filters in (2, 16, 512):
    native = keras.layers.Conv2DTranspose(filters, 4, strides=2, padding="same")
    ours = upconvolution.UpConvolution(filters)
    native.build(x.shape), ours.build(x.shape)
    ours.set_weights(native.get_weights())
    def total(layer):
        def of(weights, x):
            y, _ = layer.stateless_call(weights, [], x)
            return (y ** 2).sum()
        return jax.jit(jax.value_and_grad(of, (0, 1)))([v.value for v in layer.weights], x)
    for a, b in zip(jax.tree.leaves(total(native)), jax.tree.leaves(total(ours)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
print("equal")
"""
    assert under_jax(program, tmp_path) == "equal\n"
