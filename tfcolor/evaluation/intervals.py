"""Confidence intervals of figures: bootstrap, jackknife and Wilson, all of 95 %."""

import math

import numpy as np
from scipy import special, stats

from tfcolor.support import errors

RESAMPLES = 2000
MANY = 20_000  # photographs; the mean of more is as good as normal, and resampling takes gigabytes
QUANTILES = (0.025, 0.975)
Z = 1.959964  # 95 % of a normal distribution lie within so many deviations

Interval = tuple[float, float, float]  # the figure, its lower and upper bound


class Bootstrap:
    """Resamples of the photographs of a set (Efron 1979), the same for every metric and row.

    So the difference of two rows is a paired one: what makes a photograph hard for both cancels.
    """

    def __init__(self, count: int, resamples: int = RESAMPLES, seed: int = 0) -> None:
        """`count` photographs, at least 1; of more than `MANY` none is resampled."""
        self._times: np.ndarray | None = None
        if count <= MANY:
            even = np.full(count, 1.0 / count)
            times = np.random.RandomState(seed).multinomial(count, even, size=resamples)
            # How often each photograph is drawn, (resamples, count): small whole numbers.
            self._times = times.astype(np.float32)

    def mean(self, values: np.ndarray, weights: np.ndarray | None = None) -> Interval:
        """The mean and the bounds between which it lies in 95 % of the resamples.

        Args:
          values: (count,); if one is infinite, so are the mean and its bounds.
          weights: of the photographs, (count,); all equal by default.
        """
        values = values.astype(np.float64)
        weights = np.ones_like(values) if weights is None else weights.astype(np.float64)
        mean = float(np.average(values, weights=weights))
        if not math.isfinite(mean):
            return mean, mean, mean
        if self._times is None:
            error = math.sqrt(float(np.sum((weights * (values - mean)) ** 2))) / weights.sum()
            return mean, mean - Z * error, mean + Z * error
        resampled = (self._times @ (weights * values)) / (self._times @ weights)
        low, high = np.quantile(resampled, QUANTILES)
        return mean, float(low), float(high)


def jackknife(whole: float, parts: np.ndarray) -> Interval:
    """The interval of a figure that is no mean over photographs, such as a Fréchet distance.

    Args:
      whole: the figure of all photographs.
      parts: the figure without each group of them in turn, (groups,), at least 2.

    Returns:
      The figure of all, and it minus and plus Student's t times the standard error (Shao and Tu
      1995, 2.3). The bias that the figure has for small sets stays in all three.
    """
    error = math.sqrt((len(parts) - 1) * float(np.mean((parts - np.mean(parts)) ** 2)))
    half = float(special.stdtrit(len(parts) - 1, QUANTILES[1])) * error
    return whole, whole - half, whole + half


def proportion(hits: int, trials: int) -> Interval:
    """A rate and the interval of Wilson 1927, which holds for few trials and rates near 0 too.

    Raises:
      ValueError: for no trial, or more hits than trials.
    """
    if not 0 <= hits <= trials or not trials:
        raise errors.InputError(
            f"a rate needs trials, and no more hits than those: {hits} of {trials}"
        )
    bounds = stats.binomtest(hits, trials).proportion_ci(method="wilson")
    return hits / trials, float(bounds.low), float(bounds.high)
