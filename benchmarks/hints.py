"""How long do hints take to spread over a photograph of 1 MP, and how exact is the result?

Target: median under 0.5 s. The reference minimizes the same sum of squares, by a matrix of pairs of
pixels and SciPy's general sparse solver (SuperLU). Prints one JSON line.

    python benchmarks/hints.py
"""

import json
import os
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import scipy
from scipy import sparse
from scipy.sparse import linalg

import tfcolor
from tfcolor.color import constants
from tfcolor.colorizing import local_hints, marks, reduction

REPEATS = 15
SIZE = 192  # short side that the network sees, pixels
HEIGHT, WIDTH = 816, 1224  # 1 MP
SAMPLE = Path(tfcolor.__file__).parent / "data" / "samples" / "3201d10ec4dca056.jpg"
HINTS = [
    marks.Hint(270, 620, (48, 96, 192)),
    marks.Hint(980, 620, (160, 40, 40)),
    marks.Hint(250, 330, (90, 60, 150)),
    marks.Hint(600, 100, (120, 120, 120)),
    marks.Hint(600, 780, (120, 120, 120)),
]


def pairs(l: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels r, their neighbors s, and w_rs before the sum is made one; each (pairs,)."""
    index = np.arange(l.size).reshape(l.shape)
    one_way = [
        (index[:, :-1], index[:, 1:]),
        (index[:-1], index[1:]),
        (index[:-1, :-1], index[1:, 1:]),
        (index[:-1, 1:], index[1:, :-1]),
    ]
    first = np.concatenate([pair[0].ravel() for pair in one_way])
    second = np.concatenate([pair[1].ravel() for pair in one_way])
    apart = l.ravel()[first].astype(float) - l.ravel()[second]
    alike = np.exp(-(apart**2) / (2 * local_hints.SIGMA**2)).clip(local_hints.FLOOR)
    return np.append(first, second), np.append(second, first), np.append(alike, alike)


def reference(l: np.ndarray, weight: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The result of `local_hints.solve`, by SuperLU."""
    pixel, neighbor, alike = pairs(l)
    alike = alike / np.bincount(pixel, alike)[pixel]
    size = (l.size, l.size)
    differences = sparse.eye_array(l.size) - sparse.coo_array((alike, (pixel, neighbor)), size)
    diagonal = sparse.diags_array(weight.ravel() + local_hints.PRIOR)
    normal = (differences.T @ differences + diagonal).tocsc()
    factors = linalg.splu(
        normal,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0,
        options={"SymmetricMode": True},
    )
    return factors.solve((weight[..., None] * target).reshape(-1, 2)).reshape(*l.shape, 2)


def seconds(call: Callable[[], object], repeats: int) -> list[float]:
    """Wall time of each call."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Times `local_hints.spread`, then compares `local_hints.solve` with the reference."""
    photo = cv2.resize(cv2.imread(str(SAMPLE), cv2.IMREAD_GRAYSCALE), (WIDTH, HEIGHT))
    l = reduction.reduce(photo, SIZE)
    ab = np.stack([0.1 * np.sin(5 * l), 0.1 * np.cos(5 * l)], axis=-1)  # a network's stand-in

    def spread() -> np.ndarray:
        return local_hints.spread(l, ab, HINTS, (HEIGHT, WIDTH))

    spread()
    times = seconds(spread, REPEATS)
    tracemalloc.start()
    spread()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    weight, target = local_hints.constraints(l, ab, HINTS, (HEIGHT, WIDTH))
    (reference_s,) = seconds(lambda: reference(l, weight, target), 1)
    difference = local_hints.solve(l, weight, target) - reference(l, weight, target)
    result = {
        "benchmark": "hints",
        "network_size": l.shape,
        "hints": len(HINTS),
        "median_s": round(statistics.median(times), 3),
        "slowest_s": round(max(times), 3),
        "target_s": 0.5,
        "peak_mb": round(peak / 1e6),
        "superlu_s": round(reference_s, 3),
        "max_difference_ab": float(np.abs(difference).max() * constants.AB_SCALE),
        "load": round(os.getloadavg()[0], 2),
        "cores": len(os.sched_getaffinity(0)),
        "device": platform.processor() or platform.machine(),
        "scipy": scipy.__version__,
        "numpy": np.__version__,
        "tfcolor": tfcolor.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
