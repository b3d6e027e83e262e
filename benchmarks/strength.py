"""How true are the colors of a model, at equal colorfulness?

    python benchmarks/strength.py [--run WORKDIR] [--data FOLDER] [--film]

Duller colors have smaller errors on average, so that models can be compared only at equal
colorfulness. Chroma is multiplied by a few factors, at constant lightness and within sRGB, and the
figures are interpolated to where colorfulness is `--share` of the truth's. With --film the network
sees each photograph as on old film, always the same one, and its colors are laid over the
photograph's own lightness. Prints one JSON line.
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
from tfcolor.color import cielab
from tfcolor.colorizing import graphs
from tfcolor.data import batches, film, photographs
from tfcolor.evaluation import scores

FACTORS = (0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5)
BATCH = 16
METRICS = ("psnr", "ab_error", "delta_e00", "ssim")


def once(paint: scores.Painter) -> scores.Painter:
    """The painter with a memory of its last batch, for rows that get the same one in turn."""
    last: list[np.ndarray] = []

    def remembered(gray: np.ndarray, batch: scores.Batch) -> np.ndarray:
        if not last or last[0] is not gray:
            last[:] = [gray, paint(gray, batch)]
        return last[1]

    return remembered


def on_film(colorize: graphs.Colorizer) -> scores.Painter:
    """A painter that sees the photographs as on old film, but keeps their own lightness."""

    def paint(gray: np.ndarray, batch: scores.Batch) -> np.ndarray:
        seeds = tf.stack([batch["image_id"] % tf.int32.max, tf.zeros_like(batch["image_id"])], 1)
        seen = [film.simulate(*each) for each in zip(batch["rgb"], seeds, strict=True)]
        _, ab = cielab.rgb_to_planes(colorize(np.stack(seen)))
        l, _ = cielab.rgb_to_planes(gray)
        return cielab.to_uint8(cielab.planes_to_rgb(l, ab)).numpy()

    return paint


def at_share(
    paint: scores.Painter, photos: photographs.Photographs, side: int, share: float
) -> dict[str, Any]:
    """The figures of a model at a share of the truth's colorfulness.

    Args:
      paint: the model.
      photos: what it is measured on.
      side: of their center squares, pixels.
      share: of the truth's mean colorfulness.

    Returns:
      "at_share", the figures there and those over gray's; "factors", the means for every factor.
    """
    paint = once(paint)
    rows: dict[str, scores.Painter] = {
        f"{factor:g}": lambda gray, batch, factor=factor: scores.change_chroma(
            paint(gray, batch), tf.constant(factor)
        ).numpy()
        for factor in FACTORS
    }
    photographed = batches.eval_batches(photos, side, BATCH)
    measured = scores.measure(rows, scores.LEAST_CONTROLS, photographed)
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
@click.option("--film", "has_film", is_flag=True, help="Shows the network old film.")
def main(
    run: Path | None,
    checkpoint: str,
    source: str,
    part: str,
    limit: int,
    side: int,
    network_size: int | None,
    share: float,
    has_film: bool,
) -> None:
    """See the top of the file."""
    generator, stride, size = measure.trained(run, checkpoint)
    size = network_size or size
    photos = data.open_part(config.DataConfig(source=source), part).sample(limit)
    result = {"benchmark": "strength", "model": str(run or "bundled"), "side": side}
    result |= {"network_size": size, "share": share, "film": has_film}
    colorize = graphs.from_generator(generator, size, stride)
    paint = on_film(colorize) if has_film else scores.from_colorizer(colorize)
    result |= at_share(paint, photos, side, share)
    print(json.dumps(result | {"device": measure.device()}))


if __name__ == "__main__":
    main()
