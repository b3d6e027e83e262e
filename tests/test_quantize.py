"""The classes of color, after a network has learned them."""

import numpy as np
import pytest
from keras import ops

from tfcolor.color import quantize


@pytest.mark.parametrize("uniform_share", [0.3, 0.5, 1.0])
def test_the_rebalancing_of_classes_is_undone(rng, uniform_share):
    truth = rng.dirichlet(np.full(258, 0.3), size=(2, 3, 4))
    weights = quantize.bin_weights(uniform_share).astype(float)
    # sum_k p_k w_k (-log q_k) is least where q is p w over its sum: what training converges to.
    learned = truth * weights / (truth * weights).sum(-1, keepdims=True)
    logits = np.log(learned + 1e-12) + rng.normal(size=(2, 3, 4, 1))  # which a softmax ignores
    found = quantize.probabilities(ops.convert_to_tensor(logits, "float32"), uniform_share)
    np.testing.assert_allclose(found, truth, atol=1e-5)


def test_calibration_is_a_temperature(rng):
    logits = rng.normal(size=(5, 258)).astype(np.float32)
    sure, unsure = (quantize.probabilities(logits, 1.0, each).numpy() for each in (1.0, 2.0))
    flattened = np.sqrt(sure)
    np.testing.assert_allclose(unsure, flattened / flattened.sum(-1, keepdims=True), rtol=1e-4)
