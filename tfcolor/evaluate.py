"""Colorizers measured on photographs, always beside gray and the truth."""

import json
import math
from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf

from tfcolor import color, inference, metrics

# A row of a table: metric -> one value a photograph, float32 (count,).
Scores = dict[str, np.ndarray]

CONTROLS = ("gray", "truth")


def evaluate(
    colorizers: Mapping[str, inference.Colorizer], batches: Iterable[Mapping[str, tf.Tensor]]
) -> dict[str, Scores]:
    """Every metric for every colorizer, for the gray photograph and for the truth.

    Colorizers are shown an 8-bit gray photograph with the truth's L*, so that no color can leak.
    SSIM and PSNR reward gray itself (L* is copied): read each row against the `gray` one.

    Args:
      colorizers: name -> function uint8 (n, h, w, 3) -> uint8 (n, h, w, 3).
      batches: of {"rgb": uint8 (n, h, w, 3)}, at least one.

    Returns:
      name -> metric -> float32 (count,), the colorizers first, then "gray" and "truth".

    Raises:
      ValueError: if a colorizer is named "gray" or "truth", or there is no photograph.
    """
    taken = colorizers.keys() & CONTROLS
    if taken:
        raise ValueError(f"{taken.pop()!r} is the name of a control row; rename the model")
    parts: dict[str, list[Scores]] = {name: [] for name in (*colorizers, *CONTROLS)}
    for batch in batches:
        truth = batch["rgb"]
        gray = color.to_gray(truth).numpy()
        for name, colorize in colorizers.items():
            parts[name].append(_scores(truth, tf.constant(colorize(gray))))
        parts["gray"].append(_scores(truth, tf.constant(gray)))
        parts["truth"].append(_scores(truth, truth))
    if not parts["truth"]:
        raise ValueError("no photograph to measure on")
    return {
        name: {
            metric: np.concatenate([part[metric] for part in row])
            for metric in metrics.PER_PHOTOGRAPH
        }
        for name, row in parts.items()
    }


def means(scores: Scores) -> dict[str, float]:
    """The mean of each metric over the photographs; the truth's PSNR is infinite."""
    return {metric: float(np.mean(values, dtype=np.float64)) for metric, values in scores.items()}


def format_table(table: Mapping[str, Scores]) -> str:
    """The means as lines of text, a row a colorizer."""
    rows = [["", *metrics.PER_PHOTOGRAPH]]
    for name, scores in table.items():
        rows.append([name, *(f"{value:.4g}" for value in means(scores).values())])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for name, *cells in rows:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *padded]))
    return "\n".join(lines)


def to_json(table: Mapping[str, Scores], protocol: Mapping[str, object]) -> str:
    """The means as JSON: {"protocol": ..., "rows": {name: {metric: mean}}}.

    An infinite PSNR, which JSON cannot say, is null.
    """
    rows = {
        name: {metric: value if math.isfinite(value) else None for metric, value in row.items()}
        for name, row in ((name, means(scores)) for name, scores in table.items())
    }
    return json.dumps({"protocol": dict(protocol), "rows": rows}, indent=2) + "\n"


@tf.function(reduce_retracing=True)
def _graph_scores(truth: tf.Tensor, fake: tf.Tensor) -> dict[str, tf.Tensor]:
    return {name: metric(truth, fake) for name, metric in metrics.PER_PHOTOGRAPH.items()}


def _scores(truth: tf.Tensor, fake: tf.Tensor) -> Scores:
    return {name: values.numpy() for name, values in _graph_scores(truth, fake).items()}
