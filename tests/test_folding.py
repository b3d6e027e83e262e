import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfcolor import config
from tfcolor.config import fields, recipes
from tfcolor.models import folding, networks, upconvolution


def normalizations(model):
    return [x for x in model.layers if isinstance(x, layers.BatchNormalization)]


def shaken(model, rng):
    """A model whose every weight and statistic is off its start."""
    for variable in model.variables:
        if "seed" not in variable.path:
            noise = rng.uniform(0.5, 1.5, variable.shape).astype(np.float32)
            variable.assign(variable * noise + 0.01 * noise)
    return model


@pytest.mark.parametrize("name", list(recipes.RECIPES))
def test_a_folded_generator_gives_the_same(name, rng):
    settings = fields.override(recipes.get(name), width=8, **{"weights": "random"}).model
    model = shaken(networks.build_generator(settings, "float32", 0), rng)
    before = [v.numpy() for v in model.variables]
    l = tf.constant(rng.uniform(-1, 1, (2, 256, 256, 1)), tf.float32)
    folded = folding.fold(model)
    for key, expected in model(l, training=False).items():
        # float32 rounding, over some fifty layers whose weights were shaken.
        difference = np.abs(folded(l, training=False)[key] - expected) / np.abs(expected).max()
        assert difference.mean() < 1e-5
        assert difference.max() < 5e-3
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable)


@pytest.mark.parametrize(("name", "least"), [("colornet", 50), ("hintnet", 8)])
def test_our_own_generators_have_none_left(name, least):
    settings = config.ModelConfig(generator=name, width=32)
    generator = networks.build_generator(settings, "float32", 0)
    assert len(normalizations(generator)) > least
    assert not normalizations(folding.fold(generator))


@pytest.mark.parametrize(
    "convolution",
    [
        lambda: layers.Conv2D(3, 3, use_bias=False),
        lambda: layers.Conv2D(3, 3, strides=2),
        lambda: layers.DepthwiseConv2D(3, use_bias=False),
        lambda: layers.Conv2DTranspose(5, 4, strides=2, padding="same"),
        lambda: upconvolution.UpConvolution(5, use_bias=False),
    ],
)
def test_each_kind_of_convolution_is_folded(convolution, rng):
    x = keras.Input((8, 8, 4))
    model = shaken(keras.Model(x, layers.BatchNormalization()(convolution()(x))), rng)
    folded = folding.fold(model)
    assert not normalizations(folded)
    some = rng.normal(size=(2, 8, 8, 4)).astype(np.float32)
    np.testing.assert_allclose(folded(some), model(some), rtol=1e-4, atol=1e-5)


def test_what_is_used_twice_or_activated_between_stays(rng):
    x = keras.Input((8, 8, 4))
    shared = layers.Conv2D(4, 1)(x)
    active = layers.Conv2D(4, 1, activation="relu")(x)
    outputs = [layers.BatchNormalization()(y) for y in (shared, active)]
    model = shaken(keras.Model(x, layers.Add()([shared, *outputs])), rng)
    folded = folding.fold(model)
    assert len(normalizations(folded)) == 2
    some = rng.normal(size=(2, 8, 8, 4)).astype(np.float32)
    np.testing.assert_allclose(folded(some), model(some), rtol=1e-5, atol=1e-6)
