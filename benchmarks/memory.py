"""Does resident memory stay constant while an epoch of training batches is read?

Target: growth of at most a tenth from a fifth of the epoch to its end. Prints one JSON line.

    python benchmarks/memory.py SOURCE      # a folder or a prepared set, 15,000 photographs
"""

import json

import click
import measure  # before TensorFlow, whose oneDNN it turns on
import tensorflow as tf

from tfcolor import config, data
from tfcolor.data import batches

SIDE, BATCH = 128, 32
PLACES = 10  # at which memory is noted


@click.command()
@click.argument("source")
def main(source: str) -> None:
    """Takes the batches of an epoch of the photographs of SOURCE."""
    settings = config.DataConfig(source=source)
    photos = data.open_part(settings, "train")
    stream = iter(batches.train_batches(photos, settings, SIDE, BATCH, seed=0))
    steps = photos.count // BATCH
    noted = []
    for _ in range(PLACES):
        for _ in range(steps // PLACES):
            next(stream)
        noted.append(round(measure.resident_mb()))
    result = {
        "photographs": photos.count,
        "resident_mb": noted,
        "growth": round(noted[-1] / noted[1] - 1, 3),
        "target_growth": 0.1,
        "device": measure.device(),
        "tensorflow": tf.__version__,
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
