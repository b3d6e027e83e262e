import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcolor.models import convolution, patchgan, unet, upconvolution


def trainable_count(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def test_unet_at_full_width_has_the_published_number_of_parameters():
    # pix2pix in PyTorch reports 54.414 M for 3 -> 3 channels; 1 -> 2 channels are 4,097 fewer:
    # 2 * 64 * 16 in the first layer, 128 * 16 + 1 in the last.
    assert trainable_count(unet.build()) == pytest.approx(54.414e6 - 4097, abs=1e3)


def test_patchgan_at_full_width_has_the_published_number_of_parameters():
    # pix2pix in PyTorch reports 2.769 M for 6 channels; 3 channels are 3 * 64 * 16 fewer.
    assert trainable_count(patchgan.build()) == pytest.approx(2.769e6 - 3072, abs=1e3)


@pytest.mark.parametrize(("width", "depth"), [(1, 2), (4, 5), (8, 6)])
def test_unet_takes_any_depth_and_any_multiple_of_its_stride(width, depth):
    model = unet.build(width=width, depth=depth)
    stride = 2**depth
    for height, w in [(stride, stride), (3 * stride, 2 * stride)]:
        ab = model(tf.zeros((2, height, w, 1)))["ab"]
        assert ab.shape == (2, height, w, 2)
        assert ab.dtype == tf.float32


def test_unet_channels_are_the_papers():
    def convolutions(kind):
        return [layer.filters for layer in unet.build().layers if type(layer) is kind]

    assert convolutions(convolution.Convolution) == [64, 128, 256, 512, 512, 512, 512, 512]
    up = convolutions(upconvolution.UpConvolution)
    joined = [
        x.output.shape[-1] for x in unet.build().layers if type(x) is keras.layers.Concatenate
    ]
    assert up == [512, 512, 512, 512, 256, 128, 64, 2]
    # "CD512" names the block before its skip joins; the paper counts the rest after.
    assert joined == [1024, 1024, 1024, 1024, 512, 256, 128]


@pytest.mark.parametrize(("depth", "patch"), [(1, 16), (3, 70), (5, 286)])
def test_patchgans_judge_the_patches_of_the_paper(depth, patch):
    # Instance-free weights: all ones, no normalization, so that no gradient cancels.
    model = patchgan.build(width=1, depth=depth)
    for variable in model.trainable_variables:
        variable.assign(tf.ones(variable.shape))
    l, ab = tf.zeros((1, 512, 512, 1)), tf.Variable(tf.zeros((1, 512, 512, 2)))
    side = 512 // 2**depth - 2
    with tf.GradientTape() as tape:
        logits = model([l, ab], training=False)
        middle = logits[0, side // 2, side // 2, 0]
    seen = tf.reduce_max(tf.abs(tape.gradient(middle, ab)), axis=(0, 3)).numpy() > 0
    assert logits.shape == (1, side, side, 1)
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    assert len(rows) == rows[-1] - rows[0] + 1 == patch
    assert len(columns) == columns[-1] - columns[0] + 1 == patch


def test_patchgan_is_conditional_on_lightness(rng):
    model = patchgan.build(width=4)
    ab = tf.constant(rng.uniform(-1, 1, (1, 64, 64, 2)), tf.float32)
    dark, light = (model([tf.fill((1, 64, 64, 1), value), ab]) for value in (-1.0, 1.0))
    assert not np.allclose(dark, light)


@pytest.mark.parametrize("normalization", ["batch", "instance"])
def test_inference_is_deterministic_and_independent_of_the_batch(rng, normalization):
    model = unet.build(width=4, depth=5, normalization=normalization)
    l = tf.constant(rng.uniform(-1, 1, (3, 32, 32, 1)), tf.float32)
    model(l, training=True)  # moves the averages of batch normalization off their start
    together = model(l, training=False)["ab"].numpy()
    np.testing.assert_array_equal(together, model(l, training=False)["ab"])
    for index in range(3):
        alone = model(l[index : index + 1], training=False)["ab"]
        np.testing.assert_allclose(alone[0], together[index], atol=1e-6)  # float32 order of sums


def test_dropout_is_the_noise_of_training(rng):
    l = tf.constant(rng.uniform(-1, 1, (1, 32, 32, 1)), tf.float32)
    noisy = unet.build(width=4, depth=5, normalization="instance")
    assert not np.allclose(noisy(l, training=True)["ab"], noisy(l, training=True)["ab"])
    quiet = unet.build(width=4, depth=5, normalization="instance", dropout=0.0)
    np.testing.assert_array_equal(quiet(l, training=True)["ab"], quiet(l, training=True)["ab"])


def test_weights_are_drawn_from_the_papers_normal_distribution():
    kernels = [v.numpy().ravel() for v in unet.build(width=16).variables if "kernel" in v.path]
    values = np.concatenate(kernels)
    assert abs(values.mean()) < 1e-4
    assert values.std() == pytest.approx(0.02, rel=0.01)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, same, other = (unet.build(width=2, depth=3, seed=seed) for seed in (0, 0, 1))
    for a, b in zip(first.weights, same.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(first.weights, other.weights, strict=True))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_computes_low_keeps_float32_weights_and_outputs(dtype):
    generator = unet.build(width=2, depth=3, dtype=dtype)
    discriminator = patchgan.build(width=2, dtype=dtype)
    l = tf.zeros((1, 32, 32, 1))
    ab = generator(l)["ab"]
    assert ab.dtype == discriminator([l, ab]).dtype == tf.float32
    for model in (generator, discriminator):
        assert {v.dtype for v in model.trainable_variables} == {"float32"}
        convolution = next(x for x in model.layers if isinstance(x, keras.layers.Conv2D))
        assert convolution.compute_dtype == dtype.removeprefix("mixed_")


@pytest.mark.slow
def test_networks_and_losses_step_under_the_jax_backend(under_jax, tmp_path):
    program = """
import jax, keras, numpy as np
assert keras.backend.backend() == "jax"
from tfcolor.training import losses
from tfcolor.models import patchgan, unet
generator, discriminator = unet.build(2, 3), patchgan.build(2)
rng = np.random.default_rng(0)
l, ab = rng.uniform(-1, 1, (1, 32, 32, 1)), rng.uniform(-1, 1, (1, 32, 32, 2))
weights = [v.value for v in generator.trainable_variables]
rest = [v.value for v in generator.non_trainable_variables]
judge = [v.value for v in discriminator.trainable_variables]
judge_rest = [v.value for v in discriminator.non_trainable_variables]
def loss(weights):
    outputs, _ = generator.stateless_call(weights, rest, l, training=True)
    fake_ab = outputs["ab"]
    logits, _ = discriminator.stateless_call(judge, judge_rest, [l, fake_ab], training=True)
    real, _ = discriminator.stateless_call(judge, judge_rest, [l, ab], training=True)
    return (losses.generator_adversarial(logits) + 100 * losses.l1(ab, fake_ab)
            + 0 * losses.discriminator_adversarial(real, logits))
step = jax.jit(jax.value_and_grad(loss))
before, gradients = step(weights)
after, _ = step([w - 1e-3 * g for w, g in zip(weights, gradients)])
assert after < before
print("stepped")
"""
    assert under_jax(program, tmp_path) == "stepped\n"


def test_spectral_normalization_takes_the_place_of_that_of_features(rng):
    judge = patchgan.build(width=4, spectral=True)
    assert not [x for x in judge.layers if isinstance(x, keras.layers.BatchNormalization)]
    l = tf.constant(rng.uniform(-1, 1, (2, 64, 64, 1)), tf.float32)
    ab = tf.constant(rng.uniform(-1, 1, (2, 64, 64, 2)), tf.float32)
    for _ in range(20):  # power iterations
        judge([l, ab], training=True)
    before = judge([l, ab], training=False)
    for variable in judge.trainable_variables:
        if "kernel" in variable.path:
            variable.assign(10 * variable)
    np.testing.assert_allclose(judge([l, ab], training=False), before, rtol=1e-3, atol=1e-6)


def test_the_patchgan_judges_rgb_too():
    judge = patchgan.build(width=2, channels=3)
    assert judge([tf.zeros((1, 32, 32, 1)), tf.zeros((1, 32, 32, 3))]).shape == (1, 2, 2, 1)
