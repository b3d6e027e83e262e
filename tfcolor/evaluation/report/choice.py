"""Which photographs the page shows; every rule is stated here and on the page."""

import dataclasses

import numpy as np

from tfcolor.evaluation import record, scores, sets, wording

EACH = 3  # best, median and worst photographs by a metric
SIDE_BY_SIDE = 12  # photographs that are shown of all models
SHOWN = 6  # photographs of any other gallery

LOW_SSIM, HIGH_SSIM = 0.1, 0.9  # quantiles of a row's SSIM
REALISTIC = 0.98  # realism: nearly as near other real photographs as the photograph itself (1)
NEAR_COLORFULNESS = (0.75, 1.25)  # times the truth's
DULL = 0.5  # times the truth's colorfulness
COLORFUL = 15.0  # a truth below is not even slightly colorful (Hasler, Süsstrunk)

SSIM, DELTA, COLORFULNESS, SPILL = "ssim", "delta_e00", "colorfulness", "spill"
SAME_ORDER = {"mse"}  # orders photographs as PSNR does


@dataclasses.dataclass(frozen=True)
class View:
    """The photographs of an evaluation that its figures are over."""

    evaluation: record.Evaluation

    @property
    def places(self) -> np.ndarray:
        """Of the photographs in the evaluation; int (n,)."""
        return np.flatnonzero(self.evaluation.counted)

    def values(self, row: str, metric: str) -> np.ndarray:
        """Of these photographs; float64 (n,)."""
        return self.evaluation.rows[row].scores[metric][self.places].astype(np.float64)

    def has(self, row: str, metric: str) -> bool:
        """Whether a row was measured by a metric."""
        return metric in self.evaluation.rows[row].scores

    def colorfulness_ratio(self, row: str) -> np.ndarray:
        """Colorfulness over the truth's; float64 (n,), infinite where the truth has none."""
        truth = self.values(scores.TRUTH, COLORFULNESS)
        ratio = np.full_like(truth, np.inf)
        return np.divide(self.values(row, COLORFULNESS), truth, out=ratio, where=truth > 0)

    def ranking(self, row: str) -> list[str]:
        """The metrics by which one picture of a row is better than another."""
        ranked = wording.HIGHER_IS_BETTER | wording.LOWER_IS_BETTER
        return [m for m in self.evaluation.rows[row].scores if m in ranked - SAME_ORDER]


def side_by_side(view: View) -> list[int]:
    """`SIDE_BY_SIDE` photographs at equal steps from the nearest to the truth to the farthest.

    They are ordered by the mean ΔE00 of all models.
    """
    rows = view.evaluation.models
    order = np.argsort(np.mean([view.values(row, DELTA) for row in rows], axis=0), kind="stable")
    steps = np.linspace(0, len(order) - 1, min(SIDE_BY_SIDE, len(order))).round().astype(int)
    return view.places[order[steps]].tolist()


def extremes(view: View, row: str, metric: str) -> dict[str, list[int]]:
    """The places of the photographs that are best, in the middle and worst by a metric.

    `EACH` of them, fewer where that would show one twice.
    """
    values = view.values(row, metric)
    order = np.argsort(-values if metric in wording.HIGHER_IS_BETTER else values, kind="stable")
    count = max(1, min(EACH, len(order) // 3))
    middle = (len(order) - count) // 2
    chosen = {
        "best": order[:count],
        "median": order[middle : middle + count],
        "worst": order[::-1][:count],
    }
    return {name: view.places[which].tolist() for name, which in chosen.items()}


def disagreements(view: View, first: str, second: str) -> list[int]:
    """Places where the first is closer to the truth than the second, by ΔE00.

    Returns:
      At most `SHOWN`, the largest difference first.
    """
    gain = view.values(second, DELTA) - view.values(first, DELTA)
    return _places(view, gain > 0, gain)


def low_ssim_yet_realistic(view: View, row: str) -> list[int]:
    """Pictures that SSIM condemns although they look real.

    In the lowest tenth by SSIM, with a colorfulness near the truth's; of those the ones with the
    highest realism, no less than `REALISTIC`. Where realism was not measured, the lowest ΔE00.
    """
    ssim, ratio = view.values(row, SSIM), view.colorfulness_ratio(row)
    least, most = NEAR_COLORFULNESS
    chosen = (ssim <= np.quantile(ssim, LOW_SSIM)) & (ratio >= least) & (ratio <= most)
    if not view.has(row, sets.REALISM):
        return _places(view, chosen, -view.values(row, DELTA))
    realism = view.values(row, sets.REALISM)
    return _places(view, chosen & (realism >= REALISTIC), realism)


def high_ssim_yet_dull(view: View, row: str) -> list[int]:
    """Pictures that SSIM praises although they lost their color: in the highest tenth by SSIM,
    less than `DULL` of the colorfulness of a truth that is at least `COLORFUL`; the dullest
    first."""
    ssim = view.values(row, SSIM)
    return _places(
        view,
        (ssim >= np.quantile(ssim, HIGH_SSIM)) & _is_dull(view, row),
        -view.colorfulness_ratio(row),
    )


def desaturated(view: View, row: str) -> list[int]:
    """The dullest of all that are less than `DULL` as colorful as a colorful truth."""
    return _places(view, _is_dull(view, row), -view.colorfulness_ratio(row))


def dull_share(view: View, row: str) -> float:
    """The share of dull pictures among those of colorful photographs; NaN where there is none."""
    is_colorful = view.values(scores.TRUTH, COLORFULNESS) >= COLORFUL
    return float(_is_dull(view, row).sum() / is_colorful.sum()) if is_colorful.any() else np.nan


def spilling(view: View, row: str) -> list[int]:
    """Colorful pictures whose color runs over edges the most, compared with the truth's."""
    excess = view.values(row, SPILL) - view.values(scores.TRUTH, SPILL)
    is_colorful = view.values(row, COLORFULNESS) >= COLORFUL
    return _places(view, is_colorful & (excess > 0), excess)


def _is_dull(view: View, row: str) -> np.ndarray:
    is_colorful = view.values(scores.TRUTH, COLORFULNESS) >= COLORFUL
    return is_colorful & (view.colorfulness_ratio(row) < DULL)


def _places(view: View, chosen: np.ndarray, key: np.ndarray) -> list[int]:
    """The places of at most `SHOWN` of the chosen, the largest key first."""
    found = np.flatnonzero(chosen)
    order = found[np.argsort(-key[found], kind="stable")]
    return view.places[order[:SHOWN]].tolist()
