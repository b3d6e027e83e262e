"""Does the input pipeline keep up? JPEGs to Lab batches of 256 x 256, beside bare decoding.

All sides read the same files on the same cores and take turns: `tf.io.decode_jpeg` alone, our
training batches, and a loader as people write it (Pillow, resize, scikit-image, one photograph at a
time). Targets: 0.75 of bare decoding, 12 times the loader. Lab of 32 x 256 x 256 beside
scikit-image: 10 times. Prints one JSON line.

    python benchmarks/pipeline.py FOLDER    # JPEGs of about 640 x 480, such as COCO's val2017
"""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import measure  # before TensorFlow, whose oneDNN it turns on
import numpy as np
import skimage.color
import tensorflow as tf
from PIL import Image

from tfcolor import config
from tfcolor.data import batches, files

SIDE, BATCH = 256, 32
LOADER_PHOTOGRAPHS = 8  # in one call; it is slow


def bare(paths: list[str]) -> tf.data.Dataset:
    """Decoded photographs, nothing else done to them."""
    return (
        tf.data.Dataset.from_tensor_slices(paths)
        .repeat()
        .map(
            lambda path: tf.io.decode_jpeg(tf.io.read_file(path), channels=3),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .prefetch(tf.data.AUTOTUNE)
    )


def ours(paths: list[Path]) -> tf.data.Dataset:
    """Training batches from the files."""
    photos = files.from_paths("benchmark", paths, [path.name for path in paths])
    return batches.train_batches(photos, config.DataConfig(), SIDE, BATCH, seed=0)


def load(path: Path) -> np.ndarray:
    """One photograph in Lab, float64 (s, s, 3), as people write it."""
    with Image.open(path) as image:
        small = image.convert("RGB").resize((SIDE, SIDE))
    return skimage.color.rgb2lab(np.asarray(small))


def taker(dataset: tf.data.Dataset, count: int) -> Callable[[], object]:
    """A call that takes so many elements of a dataset that does not end."""
    elements: Iterator[object] = iter(dataset)
    return lambda: [next(elements) for _ in range(count)]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--rounds", default=7, help="Turns that each side takes.")
def main(folder: Path, rounds: int) -> None:
    """Measures all sides in turn, on the JPEGs of FOLDER."""
    load_at_start = measure.load()
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise SystemExit(f"{folder} has no .jpg; give a folder of JPEGs")
    endless = itertools.cycle(paths)
    calls = {
        "bare_decoding": taker(bare([str(path) for path in paths]), BATCH),
        "ours": taker(ours(paths), 1),
        "loader": lambda: [load(next(endless)) for _ in range(LOADER_PHOTOGRAPHS)],
    }
    seconds = measure.medians_s(calls, rounds, seconds_each=2.0)
    per_call = {"bare_decoding": BATCH, "ours": BATCH, "loader": LOADER_PHOTOGRAPHS}
    rate = {name: per_call[name] / value for name, value in seconds.items()}

    rgb = np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=np.uint8)
    tensor = tf.constant(rgb)
    lab = measure.medians_s(
        {"ours": lambda: batches.planes(tensor), "skimage": lambda: skimage.color.rgb2lab(rgb)},
        rounds,
        seconds_each=0.5,
    )
    result = {
        "photographs": len(paths),
        "images_per_s": {name: round(value, 1) for name, value in rate.items()},
        "ours_over_bare_decoding": round(rate["ours"] / rate["bare_decoding"], 3),
        "ours_over_loader": round(rate["ours"] / rate["loader"], 2),
        "lab_over_skimage": round(lab["skimage"] / lab["ours"], 2),
        "targets": {"bare_decoding": 0.75, "loader": 12, "lab_over_skimage": 10},
        "rounds": rounds,
        "device": measure.device(),
        "load_at_start": load_at_start,
        "tensorflow": tf.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
