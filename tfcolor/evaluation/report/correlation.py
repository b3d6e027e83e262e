"""How far two measures of the same photographs go together."""

import math

import numpy as np

from tfcolor.evaluation import intervals

LEAST = 4  # photographs; with fewer there is no interval
NONE = (math.nan, math.nan, math.nan)


def pearson(x: np.ndarray, y: np.ndarray) -> intervals.Interval:
    """The correlation of values, with Fisher's interval (z = artanh r, error 1 / sqrt(n - 3)).

    Args:
      x, y: (n,); pairs with an infinite value are left out.

    Returns:
      NaN where a measure does not vary, and for bounds that too few photographs give.
    """
    x, y = _finite(x, y)
    r = _correlation(x, y)
    return _with_bounds(r, 1.0, len(x))


def spearman(x: np.ndarray, y: np.ndarray) -> intervals.Interval:
    """The correlation of ranks, its error enlarged as Bonett and Wright 2000 found.

    Args and returns as of `pearson`; equal values share their mean rank.
    """
    x, y = _finite(x, y)
    r = _correlation(ranks(x), ranks(y))
    return _with_bounds(r, 1.0 + r**2 / 2.0, len(x))


def ranks(values: np.ndarray) -> np.ndarray:
    """Places in ascending order from 1 on, equal values at their mean place; float64 (n,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2.0)[inverse]


def _finite(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = np.isfinite(x) & np.isfinite(y)
    return x[kept].astype(np.float64), y[kept].astype(np.float64)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < 2:
        return math.nan
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    return float(np.clip(x @ y / size, -1.0, 1.0)) if size > 0 else math.nan


def _with_bounds(r: float, variance: float, count: int) -> intervals.Interval:
    if not math.isfinite(r):
        return NONE
    if count < LEAST or abs(r) == 1.0:
        return r, math.nan, math.nan
    z, half = math.atanh(r), intervals.Z * math.sqrt(variance / (count - 3))
    return r, math.tanh(z - half), math.tanh(z + half)
