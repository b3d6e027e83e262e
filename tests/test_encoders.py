"""Encoders by name, and the U-Net over them; with random weights, since tests are offline."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcolor import config
from tfcolor.models import efficientnet, encoders, pretrained_unet

# Two of them in everyday work: to build all takes long.
QUICK = (config.BUNDLED_BACKBONE, "MobileNetV2")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in config.BACKBONES
    ],
)
def test_every_encoder_gives_features_at_each_stride(name):
    l = keras.Input((64, 96, 1))
    features = encoders.encode(l, name, weights="random")
    assert tuple(features) == encoders.STRIDES
    for stride, plane in features.items():
        assert plane.shape[1:3] == (64 // stride, 96 // stride)
    model = keras.Model(l, features)
    assert all(layer.name.startswith("encoder") for layer in model.layers[1:])


@pytest.mark.parametrize("name", [n for n in config.BACKBONES if n != config.BUNDLED_BACKBONE])
def test_lightness_goes_in_as_the_pixels_that_the_network_expects(name):
    l = keras.Input((2, 2, 1))
    scaled = keras.Model(l, encoders._three_channels(l, name))
    values = np.float32([-1, -0.2, 0.2, 1]).reshape(1, 2, 2, 1)
    pixels = np.repeat((values + 1) * 127.5, 3, axis=-1)
    expected = encoders._module(name).preprocess_input(pixels.copy())
    np.testing.assert_allclose(scaled(values), expected, atol=1e-4)


def test_mixed_precision_stays_within_the_encoder():
    before = keras.config.dtype_policy()
    l = keras.Input((64, 64, 1))
    features = encoders.encode(l, "MobileNetV2", "mixed_bfloat16", "random")
    assert features[32].dtype == "bfloat16"
    assert keras.config.dtype_policy() == before


@pytest.mark.parametrize("name", [config.BUNDLED_BACKBONE, "MobileNetV2"])
def test_random_weights_repeat_with_their_seed(name):
    def weights(seed):
        model = pretrained_unet.build(name, width=4, seed=seed, encoder_weights="random")
        return model.get_weights()

    first, again, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [(a, b) for a, b in zip(first, other, strict=True) if a.ndim == 4]
    assert not any(np.array_equal(a, b) for a, b in kernels)


def test_the_bundled_encoder_comes_with_its_weights():
    model = pretrained_unet.build(width=4)
    with np.load(efficientnet.WEIGHTS) as weights:
        for variable in model.variables:
            if variable.path.startswith("encoder_block"):
                np.testing.assert_array_equal(variable, weights[variable.path])


def test_weights_that_cannot_be_downloaded_are_one_line(monkeypatch):
    def fail(name, origin, **options):
        raise Exception(f"URL fetch failure on {origin}: None -- [Errno -2] Name not known")

    monkeypatch.setattr(keras.src.utils.file_utils, "get_file", fail)
    with pytest.raises(
        ValueError, match="MobileNetV2 needs .*https://.*h5.*efficientnet-lite0"
    ) as e:
        encoders.encode(keras.Input((None, None, 1)), "MobileNetV2")
    assert "\n" not in str(e.value)


def test_unknown_names_are_named():
    l = keras.Input((None, None, 1))
    with pytest.raises(ValueError, match="encoder must be one of .*, got 'ResNet18'"):
        encoders.encode(l, "ResNet18")
    with pytest.raises(ValueError, match="encoder weights must be one of .*, got 'coco'"):
        encoders.encode(l, weights="coco")


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_unet_colors_any_multiple_of_its_stride(dtype):
    generator = pretrained_unet.build(width=4, dtype=dtype)
    spec = tf.TensorSpec((None, None, None, 1))
    graph = tf.function(lambda l: generator(l, training=False), input_signature=[spec])
    for height, width in ((32, 32), (64, 96)):
        ab = graph(tf.zeros((2, height, width, 1)))["ab"]
        assert ab.shape == (2, height, width, 2) and ab.dtype == tf.float32
        assert np.abs(ab).max() < 1


@pytest.mark.slow
def test_the_unet_learns_a_color(rng):
    generator = pretrained_unet.build(width=4)
    optimizer = keras.optimizers.Adam(0.01)
    l = rng.uniform(-1, 1, (4, 32, 32, 1)).astype(np.float32)
    ab = np.concatenate([l * 0.5, -l * 0.5], axis=-1)
    losses = []
    for _ in range(10):
        with tf.GradientTape() as tape:
            fake_ab = generator(l, training=True)["ab"]
            loss = tf.reduce_mean(tf.abs(fake_ab - ab))
        variables = generator.trainable_variables
        gradients = tape.gradient(loss, variables)
        assert all(gradient is not None for gradient in gradients)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        losses.append(float(loss))
    assert losses[-1] < 0.8 * losses[0]
