"""Metrics and figures as people read them."""

import math

from tfcolor.evaluation import intervals, metrics, record, sets

NAMES = {
    "psnr": "PSNR",
    "ssim": "SSIM",
    "ssim_uniform": "SSIM of 7 x 7",
    "mse": "MSE",
    "ab_error": "ab error",
    "ab_auc": "AuC",
    "ab_auc_rebalanced": "AuC, rebalanced",
    "delta_e00": "ΔE00",
    "colorfulness": "colorfulness",
    "colorfulness_absolute": "colorfulness, absolute",
    "delta_colorfulness": "ΔCF of each",
    record.DELTA_CF_OF_MEANS: "ΔCF of means",
    "spill": "spill",
    sets.REALISM: "realism",
    "fid": "FID",
    "kid": "KID",
    "inception_score": "Inception Score",
    "fd_efficientnet_lite0": "FD-Lite0",
    "kd_efficientnet_lite0": "KD-Lite0",
    "score_efficientnet_lite0": "score of Lite0",
    record.TAKEN_FOR_REAL: "taken for real",
}
NOTHING = 1e-7  # a smaller figure is rounding
ROUNDING = 1e-5  # An interval that is a smaller share of its figure is rounding of float32.
FRECHET = ("fid", "fd_efficientnet_lite0")  # of Inception, and of the bundled network
HIGHER_IS_BETTER = metrics.HIGHER_IS_BETTER | {sets.REALISM, record.TAKEN_FOR_REAL}
LOWER_IS_BETTER = metrics.LOWER_IS_BETTER | {*FRECHET, "kid", "kd_efficientnet_lite0"}


def name(metric: str) -> str:
    """Such as "ΔE00"; a metric that has no such name keeps its own."""
    return NAMES.get(metric, metric)


def heading(metric: str) -> str:
    """Such as "ΔE00 ↓"; without an arrow where neither more nor less is better."""
    if metric in HIGHER_IS_BETTER:
        return f"{name(metric)} ↑"
    return f"{name(metric)} ↓" if metric in LOWER_IS_BETTER else name(metric)


def shown(interval: intervals.Interval | None, signed: bool = False, digits: int = 2) -> str:
    """Text such as 0.9123 ±0.0045, with the interval's larger half; without ± if there is none.

    `digits` are those of the half, and say where the figure is rounded.
    """
    if interval is None:
        return ""
    value, low, high = interval
    half, sign = max(high - value, value - low), "+" if signed else ""
    if abs(value) + half < NOTHING:
        return "0"
    if not math.isfinite(half) or half <= ROUNDING * abs(value):
        return "∞" if math.isinf(value) else f"{value:{sign}.3g}"
    rounded = float(f"{half:.{digits - 1}e}")  # 0.96 is 1, which has a digit less behind the point
    places = min(6, max(0, digits - 1 - math.floor(math.log10(rounded))))
    return f"{value:{sign}.{places}f} ±{half:.{places}f}"
