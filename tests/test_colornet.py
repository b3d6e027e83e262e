"""Our own generator."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tfcolor.models import colornet, cost, unet


@pytest.fixture(scope="module")
def generator():
    """One with random weights; not to be changed."""
    return colornet.build()


def test_it_is_small_and_takes_a_fifteenth_of_the_arithmetic_of_pix2pix(generator):
    assert generator.count_params() < 8e6
    ours, theirs = (cost.multiply_adds(model, 256) for model in (generator, unet.build()))
    assert ours < theirs / 15


def test_cost_counts_what_a_closed_form_counts():
    # 1 x 1 x 1 x 4 kernels of 4 x 4 to 16 x 16, then up again: k * k * in * out * places.
    model = unet.build(width=4, depth=2)
    down = 16 * (1 * 4 * 16**2 + 4 * 8 * 8**2)
    up = 16 * (8 * 4 * 8**2 + 8 * 2 * 16**2)  # at the places of the input
    assert cost.multiply_adds(model, 32) == down + up


def test_any_multiple_of_the_stride_at_unknown_size(generator):
    spec = tf.TensorSpec((None, None, None, 1))
    graph = tf.function(lambda l: generator(l, training=False), input_signature=[spec])
    for height, width in ((64, 64), (64, 192)):
        out = graph(tf.zeros((2, height, width, 1)))
        assert out["ab"].shape == (2, height, width, 2)
        assert out["logits"].shape == (2, height // 4, width // 4, 258)


def test_refinement_begins_with_no_change(generator, rng):
    l = tf.constant(rng.uniform(-1, 1, (1, 64, 64, 1)), tf.float32)
    coarse = tf.keras.Model(generator.input, generator.get_layer("annealed_mean").output)(l)
    twice = tf.image.resize(tf.image.resize(coarse, (32, 32)), (64, 64))
    np.testing.assert_allclose(generator(l, training=False)["ab"], twice, atol=1e-5)


def test_space_to_depth_is_undone(rng, monkeypatch):
    x = rng.uniform(size=(2, 6, 8, 3)).astype(np.float32)
    deep = colornet.SpaceToDepth()(x)
    assert deep.shape == (2, 3, 4, 12)
    np.testing.assert_array_equal(deep[0, 1, 2, :3], x[0, 2, 4])
    np.testing.assert_array_equal(colornet.DepthToSpace()(deep), x)
    monkeypatch.delattr(ops, "depth_to_space", raising=False)  # as in Keras before 3.14
    np.testing.assert_array_equal(colornet.DepthToSpace()(deep), x)
    assert colornet.DepthToSpace()(tf.keras.Input((None, 6, 8))).shape == (None, None, 12, 2)


def weight(model, path):
    return next(v.numpy() for v in model.variables if v.path == path)


@pytest.mark.slow
def test_the_seed_fixes_what_is_drawn_and_the_encoder_begins_with_its_own_weights():
    first, same, other = (colornet.build(seed=seed) for seed in (0, 0, 1))
    for path in ("bins/kernel", "encoder_stem/kernel"):
        np.testing.assert_array_equal(weight(first, path), weight(same, path))
        assert np.abs(weight(first, path) - weight(other, path)).max() > 0.01
    imagenet = colornet.build(weights="imagenet")
    np.testing.assert_array_equal(weight(imagenet, "bins/kernel"), weight(first, "bins/kernel"))
    stems = (weight(model, "encoder_stem/kernel") for model in (imagenet, first))
    assert np.abs(np.subtract(*stems)).max() > 0.01


def test_another_backbone_can_be_named():
    model = colornet.build("MobileNetV2")
    assert model(tf.zeros((1, 64, 128, 1)))["ab"].shape == (1, 64, 128, 2)
    with pytest.raises(ValueError, match="encoder must be one of"):
        colornet.build("AlexNet")


@pytest.mark.slow
def test_the_network_gives_the_same_under_the_jax_backend(generator, under_jax, tmp_path, rng):
    l = rng.uniform(-1, 1, (1, 64, 128, 1)).astype(np.float32)
    np.savez(tmp_path / "w.npz", l=l, **{str(i): v for i, v in enumerate(generator.get_weights())})
    program = """
import jax
import numpy as np
from tfcolor.models import colornet
model = colornet.build()
saved = np.load("w.npz")
model.set_weights([saved[str(i)] for i in range(len(model.weights))])
state = [[v.value for v in vs] for vs in (model.trainable_variables, model.non_trainable_variables)]
forward = jax.jit(lambda l: model.stateless_call(*state, l, training=False)[0]["ab"])
np.save("ab.npy", forward(saved["l"]))
"""
    under_jax(program, tmp_path)
    ab = generator(l, training=False)["ab"]
    np.testing.assert_allclose(
        np.load(tmp_path / "ab.npy"), ab, atol=1e-4
    )  # float32, two libraries
