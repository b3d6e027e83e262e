"""Hints that are drawn for training photographs."""

import numpy as np
import pytest
import tensorflow as tf

from tfcolor import config
from tfcolor.config import recipes
from tfcolor.data import batches, samples
from tfcolor.models import random_hints

SIDE = 64


@pytest.fixture
def ab(rng):
    """Smooth color planes."""
    small = rng.uniform(-0.5, 0.5, (400, 5, 5, 2))
    return tf.image.resize(small, (SIDE, SIDE)).numpy()


@pytest.fixture
def draws(rng):
    return rng.uniform(size=(400, random_hints.DRAWS)).astype(np.float32)


def test_as_many_photographs_have_hints_as_are_to(ab, draws):
    mask = random_hints.give(ab, 0.5, draws).numpy()[..., 2]
    covered = (mask > 0).mean((1, 2))
    assert np.mean(covered > 0) == pytest.approx(0.5, abs=0.08)  # 3 standard deviations of 400
    # A place has 81 pixels at most; where hints are dense they cover a fifth or more.
    assert np.mean(covered > 0.15) == pytest.approx(0.1, abs=0.05)
    assert not random_hints.give(ab, 0.0, draws).numpy().any()


def test_places_have_the_mean_color_of_their_square_and_a_whole_mask(ab, draws):
    draws[:, 0] = 0.9  # places
    draws[:, 1] = 0.0  # one of them
    hints = random_hints.give(ab, 1.0, draws).numpy()
    for truth, planes in zip(ab[:50], hints[:50], strict=True):
        place = planes[..., 2] > 0
        assert 1 <= place.sum() <= (2 * random_hints.MAX_RADIUS + 1) ** 2
        np.testing.assert_array_equal(planes[place][:, 2], 1)
        mean = truth[place].mean(0)
        np.testing.assert_allclose(planes[place][:, :2], np.tile(mean, (place.sum(), 1)), atol=1e-5)
        np.testing.assert_array_equal(planes[~place], 0)


def test_the_number_of_places_is_geometric(ab, draws):
    draws[:, 0] = 0.9
    draws[:, 4 : 2 + 3 * random_hints.MOST_PLACES : 3] = 0.0  # a pixel each
    mask = random_hints.give(ab, 1.0, draws).numpy()[..., 2]
    # Two in one pixel are rare: 8 places in 4,096 pixels.
    assert mask.sum((1, 2)).mean() == pytest.approx(random_hints.MEAN_PLACES, rel=0.15)
    assert (mask.sum((1, 2)) == 1).mean() == pytest.approx(1 / random_hints.MEAN_PLACES, abs=0.05)


def test_dense_hints_cover_what_they_should_near_the_truth(ab, draws):
    draws[:, 0] = 0.0
    hints = random_hints.give(ab, 1.0, draws).numpy()
    mask = hints[..., 2]
    covered = (mask > 0).mean((1, 2))
    assert covered.min() > 0.1 and covered.max() < 1.0  # noise of 8 x 8 is not exactly a share
    assert covered.mean() == pytest.approx(np.mean(random_hints.COVERED), abs=0.05)
    assert mask[mask > 0].min() >= random_hints.LEAST_SURE
    error = np.sqrt(((hints[..., :2] - ab) ** 2).mean(-1))
    sure = mask.max((1, 2))
    wrong = np.array([e[m > 0].mean() for e, m in zip(error, mask, strict=True)])
    assert 0 < wrong[sure > 0.9].mean() < wrong[sure < 0.5].mean() < random_hints.MISTAKEN


@pytest.mark.slow
def test_the_pipeline_gives_each_photograph_its_own_hints_again_and_again():
    settings = config.DataConfig(hints=1.0)
    photos = samples.from_package("train")
    first, again = (
        next(iter(batches.train_batches(photos, settings, 64, 8, seed=3))) for _ in range(2)
    )
    np.testing.assert_array_equal(first["hints"], again["hints"])
    hints, ab = first["hints"].numpy(), first["ab"].numpy()
    assert hints.shape == (8, 64, 64, 3)
    assert len({planes.tobytes() for planes in hints}) == 8
    one = (hints[..., 2] == 1).nonzero()
    assert np.abs(hints[one][:, :2] - ab[one]).mean() < 0.05
    assert "hints" not in next(
        iter(batches.train_batches(photos, recipes.get("pix2pix").data, 64, 8, seed=3))
    )


def test_noise_is_enlarged_as_a_picture_is(rng):
    noise = rng.uniform(size=(3, random_hints.HOLES, random_hints.HOLES, 2)).astype(np.float32)
    np.testing.assert_allclose(
        random_hints._enlarge(noise, SIDE), tf.image.resize(noise, (SIDE, SIDE)), atol=1e-6
    )
