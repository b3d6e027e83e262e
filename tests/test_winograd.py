"""Winograd's convolution: the values and gradients of the sum, and where it is worth it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcolor.models import convolution, upconvolution, winograd

# Of the largest output, float32; measured: 1.4e-5 at 256 channels.
TOLERANCE = 1e-4


def direct(x, kernel, strides):
    """The sum itself, in float64."""
    x = tf.pad(tf.cast(x, tf.float64), [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.nn.conv2d(x, tf.cast(kernel, tf.float64), strides, "VALID")


def direct_transposed(x, kernel):
    n, h, w, _ = x.shape
    shape = (n, 2 * h, 2 * w, kernel.shape[2])
    x, kernel = tf.cast(x, tf.float64), tf.cast(kernel, tf.float64)
    return tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME")


def gradients(function, inputs, weighting):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)
        loss = tf.reduce_sum(tf.cast(y, tf.float64) * weighting)
    return [y, *tape.gradient(loss, inputs)]


def assert_equal(expected, found):
    for a, b in zip(expected, found, strict=True):
        assert a.shape == b.shape
        scale = 1 + np.abs(a).max()
        np.testing.assert_allclose(b, a, rtol=0, atol=TOLERANCE * scale)


@settings(max_examples=30)
@given(
    strides=st.sampled_from([1, 2]),
    n=st.integers(1, 3),
    h=st.integers(1, 7),
    w=st.integers(1, 7),
    channels=st.integers(1, 5),
    filters=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_values_and_gradients_are_those_of_the_sum(strides, n, h, w, channels, filters, seed):
    rng = np.random.default_rng(seed)
    x = tf.constant(rng.normal(size=(n, 2 * h, 2 * w, channels)), tf.float32)
    kernel = tf.constant(rng.normal(size=(4, 4, channels, filters)), tf.float32)
    weighting = rng.normal(size=direct(x, kernel, strides).shape)
    assert_equal(
        gradients(lambda x, k: direct(x, k, strides), [x, kernel], weighting),
        gradients(lambda x, k: winograd.convolve(x, k, strides), [x, kernel], weighting),
    )


@settings(max_examples=30)
@given(
    n=st.integers(1, 3),
    h=st.integers(1, 9),
    w=st.integers(1, 9),
    channels=st.integers(1, 5),
    filters=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_the_transpose_is_that_of_the_sum(n, h, w, channels, filters, seed):
    rng = np.random.default_rng(seed)
    x = tf.constant(rng.normal(size=(n, h, w, channels)), tf.float32)
    kernel = tf.constant(rng.normal(size=(4, 4, filters, channels)), tf.float32)
    weighting = rng.normal(size=(n, 2 * h, 2 * w, filters))
    assert_equal(
        gradients(direct_transposed, [x, kernel], weighting),
        gradients(winograd.convolve_transposed, [x, kernel], weighting),
    )


@pytest.mark.parametrize("strides", [1, 2])
def test_rounding_stays_small_with_many_channels(rng, strides):
    x = tf.constant(rng.normal(size=(1, 16, 16, 256)), tf.float32)
    kernel = tf.constant(rng.normal(0, 0.02, size=(4, 4, 256, 128)), tf.float32)
    expected = direct(x, kernel, strides)
    error = winograd.convolve(x, kernel, strides) - tf.cast(expected, tf.float32)
    assert np.abs(error).max() < 3e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("shape", "filters", "strides", "dtype"),
    [
        ((4, None, None, 256), 512, 1, "float32"),
        ((None, 32, 32, 256), 512, 1, "float32"),
        ((4, 32, 32, 256), 512, 1, "bfloat16"),
        ((4, 128, 128, 128), 128, 2, "float32"),
        ((4, 32, 32, 64), 512, 1, "float32"),
        ((4, 32, 32, 256), 64, 1, "float32"),
        ((1, 16, 16, 512), 512, 2, "float32"),
        ((4, 31, 32, 256), 512, 2, "float32"),
    ],
)
def test_it_does_not_pay_everywhere(shape, filters, strides, dtype):
    assert winograd.pays((4, 32, 32, 256), 512, strides, "float32")
    assert not winograd.pays(shape, filters, strides, dtype)


def test_beside_a_gpu_all_is_left_to_the_native_operations(monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0", "gpu:0"])
    assert not winograd.pays((4, 32, 32, 256), 512, 1, "float32")
    for module, layer, size in (
        (convolution, convolution.Convolution(2), (1, 8, 8, 4)),
        (upconvolution, upconvolution.UpConvolution(2), (1, 8, 8, 4)),
        (upconvolution, upconvolution.UpConvolution(512), (1, 4, 4, 4)),
    ):
        monkeypatch.setattr(module, "_multiply", None)  # neither is called
        monkeypatch.setattr(module, "_interleave", None, raising=False)
        layer(tf.zeros(size))


@pytest.mark.slow
def test_values_agree_under_the_jax_backend(under_jax, tmp_path):
    program = """
import jax, keras, numpy as np
assert keras.backend.backend() == "jax"
from tfcolor.models import convolution, upconvolution, winograd
x = np.random.default_rng(0).normal(size=(2, 32, 32, 128)).astype("float32")
assert winograd.pays(x.shape, 128, 1, "float32")
for layer in (
    convolution.Convolution(1),
    convolution.Convolution(128),
    convolution.Convolution(128, strides=2),
    upconvolution.UpConvolution(128),
):
    y = layer(x)
    native = keras.layers.Conv2DTranspose if y.shape[1] == 64 else keras.layers.Conv2D
    padding = "same" if y.shape[1] == 64 else "valid"
    native = native(layer.filters, 4, strides=layer.strides, padding=padding)
    padded = x if padding == "same" else np.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    native.build(padded.shape)
    native.set_weights(layer.get_weights())
    np.testing.assert_allclose(y, native(padded), atol=1e-4)
print("equal")
"""
    assert under_jax(program, tmp_path) == "equal\n"
