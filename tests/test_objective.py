"""The terms of the objective, each computed again from what it is made of."""

import numpy as np
import pytest
import tensorflow as tf
from skimage import color as skcolor

from tfcolor import config
from tfcolor.training import objective

SIDE, STRIDE = 96, 16  # the smaller side of the size term is 48


@pytest.fixture
def planes(rng):
    """l, the truth's ab and the generator's, smooth and within sRGB."""
    l = rng.uniform(-0.2, 0.2, (2, SIDE // 8, SIDE // 8, 1))
    ab, fake = (rng.uniform(-0.15, 0.15, (2, SIDE // 8, SIDE // 8, 2)) for _ in range(2))
    return [tf.image.resize(x, (SIDE, SIDE)) for x in (l, ab, 0.5 * fake + 0.1)]


def generate(l):
    """A stand-in for a generator, which does not give the same at another size."""
    return {"ab": tf.concat([l, -l], -1) * (SIDE / l.shape[1])}


def term(name, planes, **options):
    """One term of the objective, with a weight that must not be in it."""
    l, ab, fake = planes
    stage = config.StageConfig(
        gan_weight=0.0, l1_weight=0.0, image_size=SIDE, **{f"{name}_weight": 7.0}
    )
    options = {"features": None, **options}
    found = objective.terms(
        stage,
        {"l": l, "ab": ab},
        {"ab": fake},
        generate,
        lambda planes: planes,
        stride=STRIDE,
        **options,
    )
    assert list(found) == [name]
    assert float(objective.total(stage, found)) == pytest.approx(7 * float(found[name]), rel=1e-5)
    return float(found[name])


def rgb(l, ab):
    """sRGB in 0..255, by scikit-image."""
    return 255 * skcolor.lab2rgb(
        np.concatenate([50 * (np.asarray(l) + 1), 110 * np.asarray(ab)], -1)
    )


def test_the_perceptual_term_compares_features_of_rgb_in_units_of_the_truths(planes):
    l, ab, fake = planes
    found = term("perceptual", planes, features=lambda x: {"first": x, "second": 2.0 * x})
    truth = rgb(l, ab)
    expected = np.abs(truth - rgb(l, fake)).mean() / np.abs(truth).mean()
    assert found == pytest.approx(expected, rel=1e-3)


def test_the_colorfulness_term_compares_each_photograph_with_its_own(planes):
    def colorfulness(l, ab):
        """Hasler and Süsstrunk's, of 2 x 2 pixels together."""
        small = [
            np.asarray(x).reshape(2, SIDE // 2, 2, SIDE // 2, 2, -1).mean((2, 4)) for x in (l, ab)
        ]
        r, g, b = np.moveaxis(rgb(*small), -1, 0)
        opponents = np.stack([r - g, (r + g) / 2 - b])
        spread = np.sqrt(opponents.var(axis=(2, 3)).sum(0))
        return spread + 0.3 * np.sqrt((opponents.mean(axis=(2, 3)) ** 2).sum(0))

    l, ab, fake = planes
    difference = (colorfulness(l, fake) - colorfulness(l, ab)) / 40
    assert term("colorfulness", planes) == pytest.approx((difference**2).mean(), rel=1e-3)


def test_the_size_term_compares_with_what_half_the_size_gives(planes):
    l, _, fake = planes
    small_l, small_fake = (tf.image.resize(x, (48, 48), method="area") for x in (l, fake))
    expected = np.abs(small_fake - generate(small_l)["ab"]).mean()
    assert term("size", planes) == pytest.approx(expected, rel=1e-3)
