"""Film simulation: each effect against a closed form or a direction, eagerly and in a dataset."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo
from scipy import ndimage

from tfcolor import config
from tfcolor.color import grayscale
from tfcolor.data import batches, files, film

SEEDS = tf.constant([[0, index] for index in range(40)], tf.int64)


def gray_photo(side=64):
    return tf.constant(colorful_photo(3, side, side)[..., 0] / 255, tf.float32)


def several(effect, picture):
    return [effect(picture, seed).numpy() for seed in SEEDS]


def test_the_same_seed_gives_the_same_picture_eagerly_and_in_a_dataset():
    rgb = tf.constant(colorful_photo(2, 48, 48))
    eager = [film.simulate(rgb, seed).numpy() for seed in SEEDS]
    dataset = tf.data.Dataset.from_tensor_slices(SEEDS).map(lambda s: film.simulate(rgb, s))
    mapped = list(dataset.as_numpy_iterator())
    # The graph may round a value to the other side of a half.
    assert np.abs(np.int16(eager) - np.int16(mapped)).max() <= 2
    assert len({picture.tobytes() for picture in eager}) == len(SEEDS)
    for picture in eager:
        assert picture.dtype == np.uint8 and picture.shape == (48, 48, 3)
        assert (picture == picture[..., :1]).all()


def test_an_exposure_lies_between_the_eye_and_a_film():
    rgb = colorful_photo(2, 48, 48)
    grays = [grayscale.to_gray(rgb, m).numpy() for m in ("lstar", *grayscale.FILMS)]
    low, high = np.min(grays, axis=0), np.max(grays, axis=0)
    for seen in several(film.expose, tf.constant(rgb)):
        assert (seen >= low - 1e-3).all() and (seen <= high + 1e-3).all()


def test_films_darken_red_lips_by_different_amounts():
    red = tf.constant(np.full((32, 32, 3), (200, 30, 30), np.uint8))
    tones = [seen.mean() for seen in several(film.expose, red)]
    assert max(tones) > 1.5 * min(tones)


def test_blur_is_that_of_scipy():
    picture = gray_photo()
    draws = [float(tf.random.stateless_uniform((), seed)) for seed in SEEDS]
    for draw, seen in zip(draws, several(film.blur, picture), strict=True):
        sigma = 0.3 + (film.BLUR - 0.3) * draw
        expected = ndimage.gaussian_filter(picture.numpy(), sigma, mode="reflect", radius=4)
        np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_grain_has_no_bias_and_is_strongest_in_the_middle_tones():
    def deviations(tone):
        return [float(np.std(seen)) for seen in several(film.grain, tf.fill((64, 64), tone))]

    middle, dark = deviations(0.5), deviations(0.02)
    assert max(middle) <= 1.1 * film.GRAIN and np.mean(middle) > 0.3 * film.GRAIN
    assert np.mean(dark) < 0.5 * np.mean(middle)
    means = [seen.mean() for seen in several(film.grain, tf.fill((64, 64), 0.5))]
    assert abs(np.mean(means) - 0.5) < 0.002


def test_fading_takes_contrast_and_stays_in_range():
    picture = gray_photo()
    for seen in several(film.fade, picture):
        assert np.std(seen) <= np.std(picture) and np.std(seen) > 0.6 * np.std(picture)
        assert seen.min() >= 0 and seen.max() <= 1


def test_scratches_are_few_narrow_and_upright():
    plain = tf.fill((64, 64), 0.4)
    touched = [np.abs(seen - 0.4) > 0.05 for seen in several(film.scratch, plain)]
    counts = [mask.any(axis=0).sum() for mask in touched]
    assert max(counts) > 0 and max(counts) <= film.SCRATCHES * 6
    assert np.mean([mask.mean() for mask in touched]) < 0.06


def test_scratches_lean_to_both_sides():
    plain = tf.fill((400, 64), 0.4)
    leans = set()
    for number in range(40):
        touched = np.abs(film.scratch(plain, (number, 1)).numpy() - 0.4) > 0.05
        top, bottom = (np.flatnonzero(touched[row]) for row in (250, 399))
        if top.size and bottom.size and np.ptp(top) <= 1 and np.ptp(bottom) <= 1:  # a single one
            leans.add(int(np.sign(bottom.mean() - top.mean())))
    assert {-1, 1} <= leans


def test_recompressing_loses_a_little():
    picture = gray_photo()
    errors = [np.abs(seen - picture).mean() for seen in several(film.recompress, picture)]
    assert 0 < max(errors) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_film_changes_the_lightness_of_so_many_training_photographs_and_no_color(
    photo_folder, share
):
    photos = files.from_folder(photo_folder)

    def stream(film_share):
        settings = config.DataConfig(film=film_share)
        batch = next(iter(batches.train_batches(photos, settings, 32, 32, seed=1)))
        return batch["l"].numpy(), batch["ab"].numpy()

    (clean_l, clean_ab), (l, ab) = stream(0.0), stream(share)
    np.testing.assert_array_equal(ab, clean_ab)
    changed = np.mean(
        [np.abs(one - other).max() > 1e-6 for one, other in zip(l, clean_l, strict=True)]
    )
    assert abs(changed - share) < 0.3 and (share == 0.5 or changed == share)
