"""The Fréchet distance against closed forms, SciPy, and in the right direction."""

import make_inception
import numpy as np
import pytest
from scipy import linalg

from tfcolor import images
from tfcolor.color import cielab
from tfcolor.data import samples
from tfcolor.evaluation.features import extractors
from tfcolor.evaluation.metrics import frechet


def stats(values):
    """Statistics of features (n, d), all at once."""
    accumulator = frechet.Accumulator()
    accumulator.add(values)
    return accumulator.result()


def correlated(rng, count, size, scale=1.0, shift=0.0):
    """Features with correlations; float64 (count, size)."""
    return shift + scale * rng.normal(size=(count, size)) @ rng.normal(size=(size, size))


def test_diagonal_gaussians_have_a_closed_form(rng):
    mu1, mu2 = rng.normal(size=(2, 6))
    variances1, variances2 = rng.uniform(0.1, 4, (2, 6))
    first = frechet.FeatureStats(mu1, np.diag(variances1), 10)
    second = frechet.FeatureStats(mu2, np.diag(variances2), 10)
    expected = np.sum((mu1 - mu2) ** 2) + np.sum((np.sqrt(variances1) - np.sqrt(variances2)) ** 2)
    assert frechet.frechet_distance(first, second) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("size", [3, 40])
def test_distance_matches_scipy(rng, size):
    real, fake = stats(correlated(rng, 200, size)), stats(correlated(rng, 150, size, 1.5, 0.3))
    root = linalg.sqrtm(real.sigma @ fake.sigma).real
    difference = real.mu - fake.mu
    expected = difference @ difference + np.trace(real.sigma + fake.sigma - 2 * root)
    assert frechet.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)


def test_fewer_photographs_than_features_match_the_singular_values_of_the_features(rng):
    real, fake = correlated(rng, 12, 50), correlated(rng, 9, 50, 1.2, 0.1)
    x, y = ((v - v.mean(0)) / np.sqrt(len(v) - 1) for v in (real, fake))
    # tr (XᵀX YᵀY)^½ is the nuclear norm of X Yᵀ.
    expected = np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.sum(x**2) + np.sum(y**2)
    expected -= 2 * np.linalg.norm(x @ y.T, "nuc")
    assert frechet.frechet_distance(stats(real), stats(fake)) == pytest.approx(expected, rel=1e-6)


def test_fewer_photographs_than_features_match_scipy(rng):
    real, fake = stats(correlated(rng, 12, 50)), stats(correlated(rng, 9, 50, 1.2, 0.1))
    values = linalg.eigvals(real.sigma @ fake.sigma)  # sqrtm itself fails on singular matrices
    roots = np.sqrt(np.sort(values.real)[-8:]).sum()  # the rank of the smaller
    difference = real.mu - fake.mu
    expected = difference @ difference + np.trace(real.sigma + fake.sigma) - 2 * roots
    assert frechet.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)


def test_distance_is_symmetric_and_zero_for_equal(rng):
    real, fake = stats(correlated(rng, 60, 20)), stats(correlated(rng, 10, 20))
    there, back = frechet.frechet_distance(real, fake), frechet.frechet_distance(fake, real)
    assert there == pytest.approx(back, rel=1e-10)
    for each in (real, fake):
        assert 0 <= frechet.frechet_distance(each, each) < 1e-10 * np.trace(each.sigma)


def test_features_without_variance_leave_the_means():
    first, second = stats(np.zeros((3, 4))), stats(np.ones((5, 4)))
    assert frechet.frechet_distance(first, second) == pytest.approx(4.0)


def test_batches_give_the_statistics_of_the_whole(rng):
    # Far from zero, where sums of squares would cancel.
    values = 1e4 + correlated(rng, 50, 7)
    accumulator = frechet.Accumulator()
    for batch in np.split(values, [1, 1, 20, 33]):
        accumulator.add(batch.astype(np.float64))
    result = accumulator.result()
    assert result.count == 50 and result.sigma.dtype == np.float64
    np.testing.assert_allclose(result.mu, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(result.sigma, np.cov(values.T), rtol=1e-8, atol=1e-9)


def test_sizes_and_counts_are_checked():
    accumulator = frechet.Accumulator()
    accumulator.add(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="at least 2 photographs, got 1"):
        accumulator.result()
    with pytest.raises(ValueError, match="got 3 and 4"):
        accumulator.add(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"\(n, d\), got shape \(3,\)"):
        accumulator.add(np.zeros(3))
    with pytest.raises(ValueError, match="got 2 and 3"):
        frechet.frechet_distance(stats(np.zeros((2, 2))), stats(np.zeros((2, 3))))


def test_distance_matches_torch_fidelity():
    real, fake = (stats(make_inception.features(name, 300)) for name in ("real", "fake"))
    with np.load(make_inception.FOLDER / "inception.npz") as file:
        expected = float(file["frechet_inception_distance"])
    assert frechet.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)


@pytest.fixture(scope="module")
def photographs():
    """24 bundled photographs at 128 x 128; uint8 (24, 128, 128, 3)."""
    paths = sorted(samples.FOLDER.glob("*.jpg"))[:24]
    return np.stack([images.read_rgb(path)[:128, :128] for path in paths])


@pytest.fixture(scope="module")
def distance(photographs):
    """The distance of photographs from those of the truth, by every fifth feature to be quick."""

    def statistics(rgb):
        return stats(extractors.efficientnet_lite0(rgb)[:, ::5])

    real = statistics(photographs)
    return lambda fake: frechet.frechet_distance(real, statistics(fake))


def test_statistics_of_batches_are_those_of_all_features(photographs):
    result = extractors.statistics([photographs[:10], photographs[10:]])
    pooled = extractors.efficientnet_lite0(photographs).astype(np.float64)
    assert result.count == 24
    np.testing.assert_allclose(result.mu, pooled.mean(0), atol=1e-4)
    np.testing.assert_allclose(result.sigma, np.cov(pooled.T), atol=1e-3)


def test_distance_grows_with_noise(photographs, distance, rng):
    noise = rng.normal(size=photographs.shape)
    noisy = [np.clip(photographs + sigma * noise, 0, 255).astype(np.uint8) for sigma in (0, 15, 45)]
    equal, worse, worst = (distance(rgb) for rgb in noisy)
    assert equal < 1e-3 < worse < worst


def test_no_color_is_further_than_the_truth_and_wrong_color_further_still(photographs, distance):
    l, ab = cielab.rgb_to_planes(photographs)
    of_another = np.roll(ab, 1, axis=0)
    planes = [ab, np.zeros_like(ab), of_another]
    same, gray, shuffled = (distance(cielab.to_uint8(cielab.planes_to_rgb(l, ab))) for ab in planes)
    assert same < 0.01 * gray and gray < shuffled


@pytest.mark.parametrize("count", [5, 40])
def test_the_distance_of_features_is_that_of_their_statistics(rng, count):
    first, second = rng.normal(size=(2, count, 12)) + [[[0.0]], [[0.3]]]
    expected = frechet.frechet_distance(stats(first), stats(second))
    found = frechet.spread_of(first).distance(frechet.spread_of(second))
    assert found == pytest.approx(expected, rel=1e-8)
