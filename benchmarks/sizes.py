"""How much do the colors of a photograph change with the size that the network sees?

    python benchmarks/sizes.py [--run WORKDIR] --data coco/2017 --data-dir tensorflow_datasets

Colorizes the center square of each photograph, of 384 x 384 pixels, with the network at 128, 192,
256 and 384 pixels, and prints the mean CIEDE2000 between each pair as one JSON line.
"""

import itertools
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import click
import keras
import measure
import numpy as np
import tensorflow as tf

from tfcolor import config, data
from tfcolor.color import cielab
from tfcolor.colorizing import graphs
from tfcolor.data import batches
from tfcolor.evaluation.metrics import delta_e

SIZES = (128, 192, 256, 384)
SIDE = 384


@click.command()
@click.option("--run", type=click.Path(path_type=Path), help="A run; without it the bundled model.")
@click.option("--data", "source", default="samples", show_default=True)
@click.option("--data-dir")
@click.option("--part", default="all", show_default=True)
@click.option("--limit", type=int, default=100, show_default=True, help="Photographs, scattered.")
def main(run: Path | None, source: str, data_dir: str | None, part: str, limit: int) -> None:
    """See the top of the file."""
    generator, stride, _ = measure.trained(run)
    colorizers = [graphs.from_generator(generator, size, stride) for size in SIZES]
    settings = config.DataConfig(source=source, data_dir=data_dir)
    photos = data.open_part(settings, part).sample(limit)
    pairs: dict[tuple[int, int], list[np.ndarray]] = {
        pair: [] for pair in itertools.combinations(range(len(SIZES)), 2)
    }
    for batch in batches.eval_batches(photos, SIDE, 4):
        gray = cielab.without_color(batch["rgb"]).numpy()
        colored = [colorize(gray) for colorize in colorizers]
        for (first, second), values in pairs.items():
            values.append(delta_e.delta_e(colored[first], colored[second]).numpy())
    table = {
        f"{SIZES[first]}-{SIZES[second]}": round(float(np.concatenate(values).mean()), 3)
        for (first, second), values in pairs.items()
    }
    print(
        json.dumps(
            {
                "benchmark": "sizes",
                "model": str(run or "bundled"),
                "photographs": sum(len(part) for part in values),
                "delta_e00": table,
                "mean_delta_e00": round(float(np.mean(list(table.values()))), 3),
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
