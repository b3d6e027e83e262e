"""Our own generator, with and without hints."""

import numpy as np
import pytest
import tensorflow as tf

from tfcolor import config
from tfcolor.config import fields, recipes
from tfcolor.models import cost, efficientnet, folding, hintnet, networks, shipped, unet
from tfcolor.training import states, step


@pytest.fixture(scope="module")
def generator():
    """One that sees what ImageNet's networks see; not to be changed."""
    return hintnet.build(weights="imagenet")


def planes(rng, n=1, height=64, width=96):
    """Lightness, and hints in some places."""
    l = rng.uniform(-1, 1, (n, height, width, 1)).astype(np.float32)
    mask = rng.uniform(size=l.shape) > 0.9
    ab = rng.uniform(-0.5, 0.5, (n, height, width, 2))
    return {"l": l, "hints": np.concatenate([ab, mask], -1).astype(np.float32)}


def test_it_is_small(generator):
    assert generator.count_params() < 8e6
    ours, theirs = (cost.multiply_adds(model, 256) for model in (generator, unet.build()))
    assert ours < theirs / 5


def test_training_can_start_from_the_bundled_weights():
    model = networks.build_generator(
        config.ModelConfig("hintnet", width=shipped.card().width), "float32", 0, "tfcolor"
    )
    with np.load(shipped.WEIGHTS) as weights:
        for variable in model.variables:
            np.testing.assert_array_equal(variable.numpy(), weights[variable.path])


def test_lightness_alone_is_lightness_without_hints(generator, rng):
    both = planes(rng)
    without = {"l": both["l"], "hints": np.zeros_like(both["hints"])}
    for name, plane in generator(both["l"], training=False).items():
        np.testing.assert_array_equal(plane, generator(without, training=False)[name])
        assert np.abs(plane - generator(both, training=False)[name]).max() > 1e-3


@pytest.mark.slow
def test_livelier_color_leaves_hints_as_they_are(generator, rng):
    lively, shown = hintnet.build(weights="imagenet", chroma=1.5), planes(rng)
    dimmed = {"l": shown["l"], "hints": shown["hints"] / np.float32([1.5, 1.5, 1.0])}
    for model in (lively, folding.fold(lively)):
        np.testing.assert_allclose(
            model(shown, training=False)["ab"],
            1.5 * generator(dimmed, training=False)["ab"],
            atol=3e-4,
        )
        np.testing.assert_allclose(
            model(shown["l"], training=False)["ab"],
            1.5 * generator(shown["l"], training=False)["ab"],
            atol=3e-4,
        )


def test_any_multiple_of_the_stride_at_unknown_size(generator):
    for model in (generator, folding.fold(generator)):
        graph = tf.function(
            lambda l, hints, model=model: model({"l": l, "hints": hints}, training=False),
            input_signature=[tf.TensorSpec((None, None, None, c)) for c in (1, 3)],
        )
        for height, width in ((32, 32), (64, 160)):
            out = graph(tf.zeros((2, height, width, 1)), tf.zeros((2, height, width, 3)))
            assert out["ab"].shape == (2, height, width, 2)
            assert out["logits"].shape == (2, height // 4, width // 4, 258)


def test_folding_keeps_hints_and_values(generator, rng):
    shown = planes(rng)
    folded = folding.fold(generator)
    for name, plane in generator(shown, training=False).items():
        np.testing.assert_allclose(folded(shown, training=False)[name], plane, atol=2e-4)
    assert folded(shown["l"], training=False)["ab"].shape == (1, 64, 96, 2)


def test_an_encoder_without_normalization_sees_what_the_published_one_sees(rng):
    l = rng.uniform(-1, 1, (1, 64, 64, 1)).astype(np.float32)
    seen = []
    for folded in (0, 3, 16):  # of 16 blocks
        plane = tf.keras.Input((None, None, 1))
        model = tf.keras.Model(plane, efficientnet.encode(plane, folded=folded))
        efficientnet.load_encoder(model)
        seen.append(model(l, training=False))
    for stride in efficientnet.STRIDES:
        assert seen[0][stride].shape[-1] == efficientnet.channels(stride)
        scale = np.abs(seen[0][stride]).max()
        for folded in seen[1:]:
            np.testing.assert_allclose(folded[stride], seen[0][stride], atol=1e-4 * scale)


def test_what_is_trained_of_the_encoder_is_normalized_and_what_is_frozen_is_not(generator):
    normalized = {layer.name for layer in generator.layers if layer.name.endswith("_bn")}
    for layer in generator.layers:
        if layer.name.startswith("encoder") and hasattr(layer, "kernel_size"):
            assert (f"{layer.name}_bn" in normalized) != hintnet.is_start(layer), layer.name


def test_hints_are_reduced_as_means_of_what_is_there():
    hints = np.zeros((1, 8, 8, 3), np.float32)
    hints[0, 0, 0] = 0.5, -0.2, 1.0
    hints[0, 1, 1] = 0.1, 0.2, 0.5
    hints[0, 7, 7, :2] = 0.9  # a color without a mask is none
    cells = hintnet.MaskedMean()(hints).numpy()
    mean = (np.array([0.5, -0.2]) + 0.5 * np.array([0.1, 0.2])) / 1.5
    np.testing.assert_allclose(cells[0, 0, 0], [*mean, 1.5 / 16, 1.0], rtol=1e-4)
    np.testing.assert_array_equal(cells[0, 1], 0)


@pytest.mark.slow
def test_what_is_frozen_at_the_start_of_the_encoder_stays_and_the_rest_learns(rng):
    settings = fields.override(
        recipes.get("pix2pix"),
        generator="hintnet",
        image_size=64,
        gan_weight=0.0,
        l1_weight=1.0,
        frozen=("encoder_start",),
        hints=1.0,
    )
    train_state = states.TrainState(settings)
    before = {v.path: v.numpy() for v in train_state.generator.variables}
    batch = {**planes(rng, 2, 64, 64), "ab": np.zeros((2, 64, 64, 2), np.float32)}
    train_step = step.make_train_step(tf.distribute.get_strategy(), settings, settings.stages[0])
    # The layers of hints begin to learn in the second step, when their last kernel is not 0 now.
    for _ in range(2):
        train_step(train_state, {name: tf.constant(plane) for name, plane in batch.items()})
    changed = {
        v.path for v in train_state.generator.variables if np.any(v.numpy() != before[v.path])
    }
    start = ("encoder_stem", "encoder_block0_", "encoder_block1_", "encoder_block2_")
    assert not [path for path in changed if path.startswith(start)]
    for path in ("encoder_block3_expand/kernel", "hint_conv1/kernel", "refine_change/kernel"):
        assert path in changed, path


def test_hints_need_a_generator_that_takes_them():
    with pytest.raises(ValueError, match="hints need a generator hintnet, got unet"):
        fields.override(recipes.get("pix2pix"), hints=0.5)
    with pytest.raises(ValueError, match="encoder_start needs a generator hintnet"):
        fields.override(recipes.get("pix2pix"), frozen=("encoder_start",))
    with pytest.raises(ValueError, match="need the encoder efficientnet-lite0"):
        config.ModelConfig(generator="hintnet", encoder="VGG16")


@pytest.mark.slow
def test_the_seed_fixes_what_is_drawn():
    settings = config.ModelConfig(generator="hintnet")
    first, same, other = (networks.build_generator(settings, "float32", s) for s in (0, 0, 1))
    for a, b, c in zip(first.variables, same.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a, b)
        if a.path in ("bins/kernel", "encoder_stem/kernel", "hint_conv1/kernel"):
            assert np.abs(a - c).max() > 0.01


@pytest.mark.slow
def test_the_network_gives_the_same_under_the_jax_backend(generator, under_jax, tmp_path, rng):
    shown = planes(rng)
    np.savez(
        tmp_path / "w.npz", **shown, **{str(i): v for i, v in enumerate(generator.get_weights())}
    )
    program = """
import jax
import numpy as np
from tfcolor.models import hintnet
model = hintnet.build()
saved = np.load("w.npz")
model.set_weights([saved[str(i)] for i in range(len(model.weights))])
state = [[v.value for v in vs] for vs in (model.trainable_variables, model.non_trainable_variables)]
forward = jax.jit(lambda shown: model.stateless_call(*state, shown, training=False)[0]["ab"])
np.save("ab.npy", forward({"l": saved["l"], "hints": saved["hints"]}))
"""
    under_jax(program, tmp_path)
    ab = generator(shown, training=False)["ab"]
    np.testing.assert_allclose(
        np.load(tmp_path / "ab.npy"), ab, atol=1e-4
    )  # float32, two libraries


@pytest.mark.slow
def test_a_network_begins_with_the_weights_of_a_file(tmp_path):
    settings = config.ModelConfig(generator="hintnet")
    first = networks.build_generator(settings, "float32", 1)
    weights = {v.path: v.numpy().astype(np.float16) for v in first.variables}
    np.savez(tmp_path / "all.npz", **weights)
    second = networks.build_generator(settings, "float32", 2, str(tmp_path / "all.npz"))
    for variable in second.variables:
        np.testing.assert_array_equal(variable, weights[variable.path].astype(np.float32))
    weights.pop("bins/kernel")
    np.savez(tmp_path / "less.npz", **weights)
    with pytest.raises(ValueError, match="less.npz has no weights .* bins/kernel is missing"):
        networks.build_generator(settings, "float32", 0, str(tmp_path / "less.npz"))
