"""How true are the colors of a model, at equal colorfulness?

    python benchmarks/strength.py [--run WORKDIR] [--data FOLDER]

Duller colors have smaller errors on average, so that models can be compared only at equal
colorfulness. Chroma is multiplied by a few factors, at constant lightness and within sRGB, and the
figures are interpolated to where colorfulness is `--share` of the truth's. Prints one JSON line.
"""

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import click
import measure
import numpy as np
import tensorflow as tf

from tfcolor import config, data
from tfcolor.colorizing import graphs
from tfcolor.data import batches, photographs
from tfcolor.evaluation import scores

FACTORS = (0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5)
BATCH = 16
METRICS = ("psnr", "ab_error", "delta_e00", "ssim")


def once(colorize: graphs.Colorizer) -> graphs.Colorizer:
    """The colorizer with a memory of its last batch, for rows that get the same one in turn."""
    last: list[np.ndarray] = []

    def remembered(rgb: np.ndarray) -> np.ndarray:
        if not last or last[0] is not rgb:
            last[:] = [rgb, colorize(rgb)]
        return last[1]

    return remembered


def at_share(
    colorize: graphs.Colorizer, photos: photographs.Photographs, side: int, share: float
) -> dict[str, Any]:
    """The figures of a colorizer at a share of the truth's colorfulness.

    Args:
      colorize: uint8 (n, h, w, 3) -> uint8 (n, h, w, 3).
      photos: what it is measured on.
      side: of their center squares, pixels.
      share: of the truth's mean colorfulness.

    Returns:
      "at_share", the figures there and those over gray's; "factors", the means for every factor.
    """
    colorize = once(colorize)
    rows: dict[str, graphs.Colorizer] = {
        f"{factor:g}": lambda rgb, factor=factor: scores.change_chroma(
            colorize(rgb), tf.constant(factor)
        ).numpy()
        for factor in FACTORS
    }
    measured = scores.evaluate(rows, batches.eval_batches(photos, side, BATCH))
    table = {name: scores.means(row) for name, row in measured.items()}
    strength = [table[name]["colorfulness"] / table["truth"]["colorfulness"] for name in rows]
    found: dict[str, Any] = {"reached": min(strength) <= share <= max(strength)}
    found["factor"] = float(np.interp(share, strength, FACTORS))
    for metric in METRICS:
        found[metric] = float(np.interp(share, strength, [table[n][metric] for n in rows]))
    gray = table["gray"]
    found["psnr_over_gray"] = found["psnr"] - gray["psnr"]
    for metric in ("ab_error", "delta_e00"):
        found[f"{metric}_of_gray"] = found[metric] / gray[metric]
    factors = {name: table[name] for name in (*rows, "gray", "truth")}
    return {"photographs": len(measured["gray"]["psnr"]), "at_share": found, "factors": factors}


@click.command()
@click.option("--run", type=click.Path(path_type=Path), help="A run; without it the bundled model.")
@click.option("--checkpoint", default="best", show_default=True)
@click.option("--data", "source", default="samples", show_default=True)
@click.option("--part", default="all", show_default=True)
@click.option("--limit", type=int, default=400, show_default=True, help="Photographs, scattered.")
@click.option("--side", default=128, show_default=True, help="Of the center squares, pixels.")
@click.option("--network-size", type=int, help="Short side that the network sees, pixels.")
@click.option("--share", default=0.85, show_default=True, help="Of the truth's colorfulness.")
def main(
    run: Path | None,
    checkpoint: str,
    source: str,
    part: str,
    limit: int,
    side: int,
    network_size: int | None,
    share: float,
) -> None:
    """See the top of the file."""
    generator, stride, size = measure.trained(run, checkpoint)
    size = network_size or size
    photos = data.open_part(config.DataConfig(source=source), part).sample(limit)
    result = {"benchmark": "strength", "model": str(run or "bundled"), "side": side}
    result |= {"network_size": size, "share": share}
    result |= at_share(graphs.from_generator(generator, size, stride), photos, side, share)
    print(json.dumps(result | {"device": measure.device()}))


if __name__ == "__main__":
    main()
