"""The temperature of the probabilities of color classes, from logits that are known."""

import hinted
import numpy as np
import pytest
from conftest import colorful_photo
from skimage import color as reference

from tfcolor.color import classes, quantize
from tfcolor.export import calibration


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.7])
def test_the_temperature_undoes_what_sharpened_the_logits(rng, factor):
    probabilities = rng.dirichlet(np.full(258, 0.05), size=20_000)
    truth = np.array([rng.choice(258, p=each) for each in probabilities])
    weighted = factor * np.log(probabilities + 1e-30) + np.log(quantize.bin_weights(0.5))
    assert calibration.temperature(weighted, truth, 0.5) == pytest.approx(factor, rel=0.03)


def test_a_class_is_that_of_the_nearest_center():
    ab = classes.ab_bins()[[0, 100, 257]] + np.float32([3.0, -4.0])
    np.testing.assert_array_equal(calibration._nearest(ab), [0, 100, 257])


def test_logits_are_fitted_to_the_colors_of_their_cells(monkeypatch):
    generator = hinted.generator()
    given = []
    monkeypatch.setattr(calibration, "temperature", lambda *fitted: given.append(fitted) or 1.5)
    photographs = np.stack([colorful_photo(seed, 64, 96) for seed in range(3)])
    assert calibration.fit(generator, [photographs], 0.4) == 1.5
    ((logits, truth, share),) = given
    assert share == 0.4 and logits.shape == (calibration.CELLS, 258)

    lab = reference.rgb2lab(photographs).astype(np.float32)
    planes = [hinted.expected(generator, each[..., 0] / 50 - 1)["logits"] for each in lab]
    told = np.reshape(planes, (-1, 258))
    ab = lab[..., 1:].reshape(3, 16, 4, 24, 4, 2).mean((2, 4)).reshape(-1, 1, 2)
    nearest = np.linalg.norm(ab - classes.ab_bins(), axis=-1).argmin(-1)
    cells = [np.abs(told - each).sum(-1).argmin() for each in logits[:40]]
    np.testing.assert_array_equal(truth[:40], nearest[cells])
