import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from tfcolor.color import cielab, classes, constants, quantize
from tfcolor.evaluation.metrics import colorfulness
from tfcolor.training import losses

logit_lists = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=8)


@given(logit_lists, logit_lists)
def test_discriminator_loss_is_half_the_sum_of_the_cross_entropies(real, fake):
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits
    expected = 0.5 * (
        np.mean(cross_entropy(tf.ones(len(real)), tf.constant(real)))
        + np.mean(cross_entropy(tf.zeros(len(fake)), tf.constant(fake)))
    )
    loss = losses.discriminator_adversarial(tf.constant(real), tf.constant(fake))
    assert float(loss) == pytest.approx(float(expected), rel=1e-5, abs=1e-6)


def test_a_discriminator_that_cannot_tell_loses_log_2():
    undecided = tf.zeros((2, 3, 3, 1))
    loss = losses.discriminator_adversarial(undecided, undecided)
    assert float(loss) == pytest.approx(math.log(2))
    assert float(losses.generator_adversarial(undecided)) == pytest.approx(math.log(2))


def test_generator_loss_does_not_saturate_where_the_discriminator_is_sure():
    logits = tf.Variable([-20.0])
    with tf.GradientTape() as tape:
        loss = losses.generator_adversarial(logits)
    # log(1 - D) would have a gradient of -2e-9 here; -log D keeps -1.
    assert float(tape.gradient(loss, logits)[0]) == pytest.approx(-1.0)


def test_extreme_logits_stay_finite():
    for value in (-1e30, 1e30):
        logits = tf.constant([value])
        assert np.isfinite(losses.generator_adversarial(logits))
        assert np.isfinite(losses.discriminator_adversarial(logits, logits))


def test_l1_is_the_mean_absolute_difference(rng):
    ab, fake_ab = rng.uniform(-1, 1, (2, 3, 4, 5, 2)).astype(np.float32)
    assert float(losses.l1(ab, fake_ab)) == pytest.approx(np.abs(ab - fake_ab).mean(), rel=1e-6)


@given(logit_lists, logit_lists, st.sampled_from([0.0, 0.1, 0.3]))
def test_label_smoothing_lowers_the_target_of_real_patches_alone(real, fake, smoothing):
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits
    expected = 0.5 * (
        np.mean(cross_entropy(tf.fill(len(real), 1 - smoothing), tf.constant(real)))
        + np.mean(cross_entropy(tf.zeros(len(fake)), tf.constant(fake)))
    )
    loss = losses.discriminator_adversarial(
        tf.constant(real), tf.constant(fake), label_smoothing=smoothing
    )
    assert float(loss) == pytest.approx(float(expected), rel=1e-5, abs=1e-5)


@given(logit_lists, logit_lists)
def test_hinge_minds_only_what_is_within_the_margin(real, fake):
    loss = losses.discriminator_adversarial(tf.constant(real), tf.constant(fake), "hinge")
    hinge = np.mean([max(0, 1 - x) for x in real]) + np.mean([max(0, 1 + x) for x in fake])
    assert float(loss) == pytest.approx(hinge, rel=1e-5, abs=1e-5)
    judged = float(losses.generator_adversarial(tf.constant(fake), "hinge"))
    assert judged == pytest.approx(-np.mean(fake), rel=1e-5, abs=1e-5)


def colors(rng, side=16):
    """Lightness and color planes of smooth pictures inside sRGB."""
    coarse = rng.uniform(0, 1, (3, 4, 4, 3))
    rgb = tf.clip_by_value(tf.image.resize(coarse, (side, side), "bicubic"), 0, 1)
    return cielab.rgb_to_planes(rgb)


def test_classification_is_the_weighted_cross_entropy_of_soft_bins(rng):
    _, ab = colors(rng)
    logits = rng.normal(size=(3, 4, 4, 258)).astype(np.float32)
    reduced = ab.numpy().reshape(3, 4, 4, 4, 4, 2).mean((2, 4)) * constants.AB_SCALE
    bins = classes.ab_bins().astype(np.float64)
    near = np.exp(-((reduced[..., None, :] - bins) ** 2).sum(-1) / (2 * quantize.SIGMA**2))
    target = near / near.sum(-1, keepdims=True)
    log_p = special.log_softmax(logits, -1)
    expected = ((target @ quantize.bin_weights(0.5)) * -(target * log_p).sum(-1)).mean()
    assert float(losses.classification(ab, logits, 0.5)) == pytest.approx(expected, rel=1e-4)
    expected = (target * -log_p).sum(-1).mean()  # all bins count alike
    assert float(losses.classification(ab, logits, 1.0)) == pytest.approx(expected, rel=1e-4)


def test_a_missed_rare_color_costs_more_than_a_missed_gray():
    undecided = np.zeros((1, 1, 1, 258), np.float32)
    gray, vivid = np.zeros((2, 1, 4, 4, 2), np.float32)
    vivid[..., 0] = 0.7
    gray_loss, vivid_loss = (
        float(losses.classification(tf.constant(ab), undecided, 0.5)) for ab in (gray, vivid)
    )
    assert vivid_loss > 10 * gray_loss


def test_colorfulness_agrees_with_the_metric_and_minds_both_sides(rng):
    l, ab = colors(rng)
    assert float(losses.colorfulness(l, ab, ab)) == pytest.approx(0, abs=1e-6)
    truth = colorfulness.colorfulness(cielab.to_uint8(cielab.planes_to_rgb(l, ab))).numpy()
    for factor in (0.4, 1.3):
        fake = cielab.to_uint8(cielab.planes_to_rgb(l, factor * ab))
        difference = colorfulness.colorfulness(fake).numpy() - truth
        expected = np.mean((difference / losses.COLORFULNESS_UNIT) ** 2)
        # The metric sees 8 bits.
        assert float(losses.colorfulness(l, ab, factor * ab)) == pytest.approx(expected, rel=0.05)
        assert expected > 0.005


def test_colorfulness_has_a_finite_gradient_at_gray(rng):
    l, ab = colors(rng)
    fake = tf.Variable(tf.zeros_like(ab))
    with tf.GradientTape() as tape:
        loss = losses.colorfulness(l, ab, fake)
    assert np.isfinite(tape.gradient(loss, fake)).all()


def test_perceptual_is_relative_to_the_size_of_each_layer(rng):
    near, far = (rng.normal(size=(2, 4, 4, 3)).astype(np.float32) for _ in range(2))
    features = {"a": near, "b": 100 * far}
    nothing = {name: np.zeros_like(value) for name, value in features.items()}
    assert float(losses.perceptual(features, features)) == 0
    assert float(losses.perceptual(features, nothing)) == pytest.approx(1, rel=1e-3)


def test_size_compares_colors_at_the_smaller_size(rng):
    plane = rng.uniform(-1, 1, (2, 8, 8, 2)).astype(np.float32)
    fine = np.repeat(np.repeat(plane, 4, 1), 4, 2)
    resized = tf.image.resize(fine, (8, 8), method="area")
    assert float(losses.size(fine, resized)) == pytest.approx(0, abs=1e-6)
    assert float(losses.size(fine, resized + 0.25)) == pytest.approx(0.25, rel=1e-5)


def test_a_color_is_shared_out_to_the_bins_near_it(rng):
    _, ab = colors(rng)
    shares = quantize.soft_encode(ab).numpy()
    np.testing.assert_allclose(shares.sum(-1), 1, atol=1e-5)
    distance = np.linalg.norm(
        constants.AB_SCALE * ab.numpy()[..., None, :] - classes.ab_bins(), axis=-1
    )
    # The nearest bin has the most, and what lies beyond three of the grid's cells has nothing.
    assert (np.take_along_axis(shares, distance.argmin(-1)[..., None], -1) > 0.2).all()
    assert shares[distance > 3 * classes.BIN_WIDTH].max() < 1e-4
    mean = shares @ classes.ab_bins()
    assert np.abs(mean - constants.AB_SCALE * ab.numpy()).mean() < 1.5  # Lab units


def test_the_prior_is_a_distribution_with_most_of_it_near_gray():
    prior = classes.prior()
    assert prior.shape == (258,)
    assert prior.sum() == pytest.approx(1, abs=1e-5)
    assert (prior > 0).all()
    assert prior[np.linalg.norm(classes.ab_bins(), axis=-1) < 25].sum() > 0.5
    assert (prior * quantize.bin_weights(0.5)).sum() == pytest.approx(1, rel=1e-4)
