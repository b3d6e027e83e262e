import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tfcolor import losses

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
