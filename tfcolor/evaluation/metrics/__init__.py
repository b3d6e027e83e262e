"""Distances between a photograph and its colorization, one file per metric.

Each takes `truth, fake` as rgb (n, h, w, 3), uint8 or floating point in [0, 1], and returns float32
(n,), one value per photograph. `PER_PHOTOGRAPH` lists them in the order of tables; the colorfulness
of a colorization is no distance and is to be compared with the truth's.
"""

from collections.abc import Callable

import tensorflow as tf

from tfcolor.evaluation.metrics import ab_error, colorfulness, delta_e, mse, spill, ssim

Metric = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

PER_PHOTOGRAPH: dict[str, Metric] = {
    "ssim": ssim.ssim,
    "ssim_uniform": ssim.ssim_uniform,
    "psnr": mse.psnr,
    "mse": mse.mse,
    "ab_error": ab_error.ab_error,
    "ab_auc": ab_error.ab_auc,
    "ab_auc_rebalanced": ab_error.ab_auc_rebalanced,
    "delta_e00": delta_e.delta_e,
    "colorfulness": lambda truth, fake: colorfulness.colorfulness(fake),
    "colorfulness_absolute": lambda truth, fake: colorfulness.colorfulness_absolute(fake),
    "delta_colorfulness": colorfulness.delta_colorfulness,
    "spill": spill.spill,
}

# Metrics with a weighted mean over a set -> the weights of photographs, computed from the truth.
WEIGHTS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {"ab_auc_rebalanced": ab_error.rarity}

HIGHER_IS_BETTER = {"ssim", "ssim_uniform", "psnr", "ab_auc", "ab_auc_rebalanced"}
LOWER_IS_BETTER = {"mse", "ab_error", "delta_e00", "delta_colorfulness"}
