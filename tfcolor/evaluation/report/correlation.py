"""How far two measures of the same photographs go together."""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from tfcolor.evaluation import intervals

LEAST = 4  # photographs; with fewer there is no interval


def pearson(x: np.ndarray, y: np.ndarray) -> intervals.Interval:
    """The correlation of values, with Fisher's interval (z = artanh r, error 1 / sqrt(n - 3)).

    Args:
      x, y: (n,); pairs with an infinite value are left out.

    Returns:
      NaN where a measure does not vary, and for bounds that too few photographs give.
    """
    x, y = _finite(x, y)
    return _with_bounds(_correlation(x, y), len(x), lambda r: 1.0)


def spearman(x: np.ndarray, y: np.ndarray) -> intervals.Interval:
    """The correlation of ranks, its error enlarged as Bonett and Wright 2000 found.

    Args and returns as of `pearson`; equal values share their mean rank.
    """
    x, y = _finite(x, y)
    r = _correlation(stats.rankdata(x), stats.rankdata(y))
    return _with_bounds(r, len(x), lambda r: 1.0 + r**2 / 2.0)


def _finite(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = np.isfinite(x) & np.isfinite(y)
    return x[kept].astype(np.float64), y[kept].astype(np.float64)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(stats.pearsonr(x, y).statistic)


def _with_bounds(r: float, count: int, variance: Callable[[float], float]) -> intervals.Interval:
    if not math.isfinite(r) or count < LEAST or abs(r) == 1.0:
        return r, math.nan, math.nan
    z, half = math.atanh(r), intervals.Z * math.sqrt(variance(r) / (count - 3))
    return r, math.tanh(z - half), math.tanh(z + half)
