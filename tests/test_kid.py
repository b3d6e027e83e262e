"""The kernel distance against torch-fidelity, the sum over pairs, and in the right direction."""

import make_inception
import numpy as np
import pytest

from tfcolor.evaluation.metrics import kid

FILE = np.load(make_inception.FOLDER / "inception.npz")  # what torch-fidelity gave


def test_distance_matches_torch_fidelity():
    real, fake = (make_inception.features(name, 300) for name in ("real", "fake"))
    found = kid.kernel_distance(real, fake, 5, 100, make_inception.KID_SEED)
    assert found.mean == pytest.approx(FILE["kernel_inception_distance_mean"], rel=1e-6)
    assert found.std == pytest.approx(FILE["kernel_inception_distance_std"], rel=1e-6)


def test_mmd2_is_the_sum_over_pairs(rng):
    real, fake = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))

    def mean(x, y):
        pairs = [(a, b) for i, a in enumerate(x) for j, b in enumerate(y) if x is not y or i != j]
        return np.mean([(a @ b / 3 + 1) ** 3 for a, b in pairs])

    expected = mean(real, real) + mean(fake, fake) - 2 * mean(real, fake)
    assert kid.mmd2(real, fake) == pytest.approx(expected, rel=1e-12)


def test_distance_of_equal_distributions_is_zero_on_average_and_grows_with_a_shift(rng):
    def distance(shift):
        drawn = rng.normal(size=(60, 2, 40, 8))
        return np.mean([kid.mmd2(real, fake + shift) for real, fake in drawn])

    assert abs(distance(0)) < 0.02 < distance(0.3) < distance(0.6)


def test_a_reservoir_keeps_all_that_fits(rng):
    values = rng.normal(size=(20, 3)).astype(np.float32)
    reservoir = kid.Reservoir(20)
    for batch in np.split(values, [1, 1, 7]):
        reservoir.add(batch)
    np.testing.assert_array_equal(reservoir.result(), values)
    assert reservoir.result().dtype == np.float32


def test_a_full_reservoir_is_a_uniform_sample_and_the_same_for_equal_seeds():
    counts = np.zeros(30)
    for seed in range(2000):
        reservoirs = [kid.Reservoir(6, seed) for _ in range(2)]
        reservoirs[0].add(np.arange(30)[:, None])
        for start in range(0, 30, 4):
            reservoirs[1].add(np.arange(30)[start : start + 4, None])
        kept = reservoirs[0].result()[:, 0]
        np.testing.assert_array_equal(kept, reservoirs[1].result()[:, 0])
        counts[kept] += 1
    # Each is kept with chance 1 in 5: 400 times, deviation 18.
    assert counts.sum() == 12_000 and np.abs(counts - 400).max() < 4 * 18


def test_sizes_and_counts_are_checked():
    reservoir = kid.Reservoir()
    with pytest.raises(ValueError, match="no photograph"):
        reservoir.result()
    reservoir.add(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="got 3 and 4"):
        reservoir.add(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"\(n, d\), got shape \(3,\)"):
        reservoir.add(np.zeros(3))
    with pytest.raises(ValueError, match="got 3 and 4"):
        kid.mmd2(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="at least 2 photographs, got 2, 1"):
        kid.mmd2(np.zeros((2, 3)), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="at most the 2 photographs, got 1000"):
        kid.kernel_distance(np.zeros((2, 3)), np.zeros((3, 3)))


def test_sums_of_groups_are_the_distance_without_each(rng):
    real, fake = rng.normal(size=(2, 30, 5))
    groups = np.arange(30) % 4
    sums = kid.KernelSums(real, fake, groups)
    assert sums.mmd2_without(None) == pytest.approx(kid.mmd2(real, fake))
    for group in range(4):
        kept = groups != group
        assert sums.mmd2_without(group) == pytest.approx(kid.mmd2(real[kept], fake[kept]))
