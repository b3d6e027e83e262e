"""Spreads colors that a person sets at places of a photograph over the objects there.

The method is Levin, Lischinski and Weiss, "Colorization using Optimization" (SIGGRAPH 2004), but
with the network's colors as a weak prior: neighbors of similar lightness share the correction of
the color, not the color, so that a photograph without hints stays as the network painted it.
Networks that take hints, whose input is `marks.planes`, spread them themselves as well.
"""

import itertools
import threading
from collections.abc import Sequence

import cv2
import numpy as np
import threadpoolctl

from tfcolor.colorizing import marks

# Chosen by eye on a dozen photographs. Lightness is l = L* / 50 - 1.
SIGMA = 0.04  # l; a step of 2 L* is noise or shading, one of 6 L* is an edge
FLOOR = 1e-6  # least weight before the sum is made one, for a speck unlike all its neighbors
PRIOR = 1e-8  # weight of d**2; if larger, a hint fades within its object, if smaller, it leaks out
HINT = 100.0  # weight of (d - hint)**2; outweighs any eight neighbors: a click has an effect
HELD = 1e-6  # of colors that are no guess: hints fade over them
# Pixels; the matrix takes 8 bytes * long side * 2 * short side**2. At 192 texture stops a hint: ten
# places of the truth then gain 1.6 dB instead of 2.6.
MAX_SIDE = 96

_OFFSETS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
_CENTER = _OFFSETS.index((0, 0))
_ONE_AT_A_TIME = threading.Lock()  # two that limit threads at once could leave the limit set


def spread(
    l: np.ndarray,
    ab: np.ndarray,
    hints: Sequence[marks.Mark],
    shape: tuple[int, int],
    saturation: float = 1.0,
    held: float = 0.0,
) -> np.ndarray:
    """The network's colors, corrected by hints.

    Args:
      l: float32 (h, w) in [-1, 1], L* / 50 - 1, as the network saw it.
      ab: float32 (h, w, 2), a*b* / 110, as the network made it.
      hints: in any order but that of overlapping areas; see `marks.lay`. A hint of the color that
        is there already keeps other hints away.
      shape, saturation: see `marks.lay`.
      held: weight of the colors that are there where there is no hint, such as `HELD`.

    Returns:
      ab, float32 (h, w, 2); no correction goes beyond what some hint asks for.

    Raises:
      ValueError: if a hint lies outside the photograph.
    """
    marks.check(hints, shape)
    if not hints:
        return ab
    small_l, small_ab = _small(l), _small(ab)
    weight, target = constraints(small_l, small_ab, hints, shape, saturation)
    return ab + _solved(small_l, np.maximum(weight, held), target, l.shape)


def propagate(l: np.ndarray, share: np.ndarray, correction: np.ndarray) -> np.ndarray:
    """A correction that is known in some places, carried on to the others.

    Args:
      l: float32 (h, w) in [-1, 1].
      share: how much it counts, float32 (h, w) in [0, 1].
      correction: of a*b* / 110, float32 (h, w, 2).

    Returns:
      float32 (h, w, 2).
    """
    known = share[..., None] * correction
    small = _small(share)
    target = _small(known) / np.maximum(small, 1e-3)[..., None]
    return _solved(_small(l), HINT * small.astype(np.float64), target, l.shape)


def _small(plane: np.ndarray) -> np.ndarray:
    """A plane at the size at which corrections are solved for."""
    height, width = plane.shape[:2]
    factor = min(1.0, MAX_SIDE / min(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


def _solved(
    small_l: np.ndarray, weight: np.ndarray, target: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """The solution for constraints at a small size, enlarged to `shape`; float32 (h, w, 2)."""
    wanted = target[weight > 0]
    correction = solve(small_l, weight, target)
    # Least squares overshoots a little: brown beside a blue object would turn orange.
    correction = correction.clip(wanted.min(axis=0, initial=0), wanted.max(axis=0, initial=0))
    size = (shape[1], shape[0])
    return cv2.resize(correction.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)


def solve(l: np.ndarray, weight: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Minimizes sum_r (d_r - sum_s w_rs d_s)**2 + PRIOR d_r**2 + weight_r (d_r - target_r)**2.

    The normal equations are banded: they couple pixels up to two rows and columns apart. Cholesky
    takes h w (2 min(h, w))**2 operations and is exact; conjugate gradients, with a condition number
    of 1e10, had not converged after 500 steps.

    Args:
      l: (h, w) in [-1, 1].
      weight: (h, w), >= 0.
      target: (h, w, 2).

    Returns:
      d, float64 (h, w, 2).
    """
    from scipy import linalg  # slow to import, and hints are rare

    if l.size == 1:  # without neighbors to agree with
        return weight[..., None] * target / (PRIOR + weight)[..., None]
    if l.shape[0] < l.shape[1]:  # the band is as wide as two rows are long
        return solve(l.T, weight.T, target.swapaxes(0, 1)).swapaxes(0, 1)
    width, count = l.shape[1], l.size
    row = -neighbor_weights(l).reshape(9, count)
    row[_CENTER] += 1.0
    steps = [y * width + x for y, x in _OFFSETS]
    margin = width + 1  # for neighbors outside the picture, whose weights are zero
    diagonals: dict[int, np.ndarray] = {}
    for first, second in itertools.product(range(9), repeat=2):
        apart, start = steps[second] - steps[first], margin + steps[first]
        if apart >= 0:
            diagonal = diagonals.setdefault(apart, np.zeros(count + 2 * margin))
            diagonal[start : start + count] += row[first] * row[second]
    band = np.zeros((2 * width + 3, count), order="F")
    for apart, diagonal in diagonals.items():
        band[apart] = diagonal[margin:-margin]
    band[0] += PRIOR + weight.ravel()
    wanted = (weight[..., None] * target).reshape(count, 2)
    # LAPACK passes a band to BLAS in thousands of small pieces: a second thread gains nothing, and
    # on a busy machine, where threads busy-wait for each other, 0.3 s become 10 s.
    with _ONE_AT_A_TIME, threadpoolctl.threadpool_limits(1, "blas"):
        solution = linalg.solveh_banded(
            band, wanted, lower=True, overwrite_ab=True, overwrite_b=True, check_finite=False
        )
    return solution.reshape(*l.shape, 2)


def neighbor_weights(l: np.ndarray) -> np.ndarray:
    """The weight of each of the 3 x 3 neighbors of a pixel, by similarity of lightness.

    exp(-(l_r - l_s)**2 / (2 SIGMA**2)), at least FLOOR; the sum over the neighbors s of a pixel r
    is one.

    Args:
      l: (h, w) in [-1, 1], of at least two pixels.

    Returns:
      float64 (9, h, w), row by row; 0 for the pixel itself and outside the picture.
    """
    height, width = l.shape
    padded = np.pad(l.astype(np.float64), 1, constant_values=np.inf)
    near = [padded[1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in _OFFSETS]
    weights = np.exp(-((np.stack(near) - l) ** 2) / (2 * SIGMA**2))
    weights = np.where(np.isinf(near), 0.0, np.maximum(weights, FLOOR))
    weights[_CENTER] = 0.0
    return weights / weights.sum(axis=0)


def constraints(
    l: np.ndarray,
    ab: np.ndarray,
    hints: Sequence[marks.Mark],
    shape: tuple[int, int],
    saturation: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """The corrections that hints ask for, with weights; the arguments are those of `spread`.

    Returns:
      weight float64 (h, w), zero where there is no hint, and the correction float64 (h, w, 2).
    """
    covered, color = marks.lay(l, hints, shape, saturation)
    return HINT * covered, np.where(covered[..., None], color - ab, 0.0)
