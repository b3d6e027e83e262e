"""Distances between a photograph and its colorization, one file a metric.

Each takes `truth, fake` as rgb (n, h, w, 3), uint8 or floating point in [0, 1], and gives float32
(n,), one value a photograph. `PER_PHOTOGRAPH` names them in the order tables print them; the
colorfulness of a colorization is its own and is read against the truth's.
"""

from collections.abc import Callable

import tensorflow as tf

from tfcolor.metrics import ab_error, colorfulness, delta_e, mse, ssim

Metric = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

PER_PHOTOGRAPH: dict[str, Metric] = {
    "ssim": ssim.ssim,
    "psnr": mse.psnr,
    "mse": mse.mse,
    "ab_error": ab_error.ab_error,
    "delta_e00": delta_e.delta_e,
    "colorfulness": lambda truth, fake: colorfulness.colorfulness(fake),
    "colorfulness_absolute": lambda truth, fake: colorfulness.colorfulness_absolute(fake),
}
