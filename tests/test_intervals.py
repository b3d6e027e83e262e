"""Intervals: against closed forms and SciPy, and how often they hold what they should."""

import math

import numpy as np
import pytest
from scipy import stats

from tfcolor.evaluation import intervals


def test_the_bootstrap_of_a_mean_is_near_its_normal_interval(rng):
    values = rng.normal(5, 2, 400)
    mean, low, high = intervals.Bootstrap(400).mean(values)
    half = 1.96 * values.std() / math.sqrt(400)
    assert mean == pytest.approx(values.mean())
    assert (mean - low, high - mean) == pytest.approx((half, half), rel=0.1)


def test_the_bootstrap_matches_scipy(rng):
    values = rng.exponential(1, 60)  # skewed, so that the bounds are not alike
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", random_state=rng
    ).confidence_interval
    _, low, high = intervals.Bootstrap(60, resamples=20_000).mean(values)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=0.03)


def test_the_interval_of_a_pair_is_narrow_where_both_find_the_same_hard(rng):
    bootstrap = intervals.Bootstrap(200)
    hard = rng.normal(0, 10, 200)
    first, second = hard + rng.normal(1, 0.1, 200), hard + rng.normal(0, 0.1, 200)
    mean, low, high = bootstrap.mean(first - second)
    assert 0.9 < low < mean < high < 1.1
    assert bootstrap.mean(first)[2] - bootstrap.mean(first)[1] > 2


def test_weights_are_those_of_a_weighted_mean(rng):
    values, weights = rng.normal(size=300), rng.uniform(0.1, 4, 300)
    mean, low, high = intervals.Bootstrap(300).mean(values, weights)
    assert mean == pytest.approx(np.average(values, weights=weights))
    error = math.sqrt(np.sum((weights * (values - mean)) ** 2)) / weights.sum()
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_many_photographs_take_no_resampling_and_say_the_same(rng, monkeypatch):
    values, weights = rng.normal(size=2000), rng.uniform(0.1, 4, 2000)
    resampled = intervals.Bootstrap(2000).mean(values, weights)
    monkeypatch.setattr(intervals, "MANY", 100)
    assert intervals.Bootstrap(2000).mean(values, weights) == pytest.approx(resampled, abs=0.004)


def test_an_infinite_mean_has_itself_for_bounds():
    assert intervals.Bootstrap(2).mean(np.array([1.0, np.inf])) == (np.inf, np.inf, np.inf)


def test_the_jackknife_of_a_mean_is_its_standard_error(rng):
    values = rng.normal(3, 2, 40)
    groups = np.arange(40)  # of one each: then it is exact
    parts = np.array([values[groups != group].mean() for group in range(40)])
    whole, low, high = intervals.jackknife(values.mean(), parts)
    error = values.std(ddof=1) / math.sqrt(40)
    assert whole == pytest.approx(values.mean())
    assert (whole - low, high - whole) == pytest.approx((stats.t.ppf(0.975, 39) * error,) * 2)


def test_two_groups_have_the_wide_interval_of_students_t():
    # With one degree of freedom 95 % lie within 12.71, Student's own table.
    _, low, high = intervals.jackknife(1.0, np.array([0.0, 2.0]))
    assert (low, high) == pytest.approx((1 - 12.706, 1 + 12.706), abs=1e-3)


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (3, 10), (10, 10), (225, 1000)])
def test_the_interval_of_a_rate_matches_scipy(hits, trials):
    expected = stats.binomtest(hits, trials).proportion_ci(method="wilson")
    rate, low, high = intervals.proportion(hits, trials)
    assert rate == hits / trials
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_a_rate_of_nothing_is_an_error():
    for hits, trials in ((0, 0), (3, 2)):
        with pytest.raises(ValueError, match="a rate needs trials"):
            intervals.proportion(hits, trials)
