"""How fast is the input pipeline, from JPEGs to Lab batches of 256 x 256, beside bare decoding?

All sides read the same files on the same cores and take turns: `tf.io.decode_jpeg` alone, our
training batches, a typical loader (Pillow, resize, scikit-image, one photograph at a time), and our
batches from records that `tfcolor prepare` made of the files. Targets: 0.75 of bare decoding, 12
times the loader, prepared 1.5 times the originals, and conversion of 32 x 256 x 256 pixels to Lab
10 times as fast as scikit-image. Prints one JSON line.

    python benchmarks/pipeline.py FOLDER    # JPEGs of about 640 x 480, such as COCO's val2017
"""

import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import measure  # before TensorFlow, whose oneDNN it turns on
import numpy as np
import skimage.color
import tensorflow as tf
from PIL import Image

from tfcolor import config, data
from tfcolor.data import batches, files
from tfcolor.prepare import run, set_options

SIDE, BATCH = 256, 32
WARM_UP, MEASURED = 1024, 2048  # photographs per turn; threads are tuned in the first seconds
LOADED = 64  # photographs per turn of the plain loader


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


def prepared(folder: Path, to: str) -> tf.data.Dataset:
    """Training batches from records that `tfcolor prepare` made of the files."""
    source = config.DataConfig(source=str(folder))
    options = set_options.SetOptions(part_size=32)
    run.prepare(run.plan([source], to, options))
    photos = data.open_part(config.DataConfig(source=to), "all")
    return batches.train_batches(photos, config.DataConfig(), SIDE, BATCH, seed=0)


def load(path: Path) -> np.ndarray:
    """One photograph in Lab, float64 (s, s, 3), in a typical loader."""
    with Image.open(path) as image:
        small = image.convert("RGB").resize((SIDE, SIDE))
    return skimage.color.rgb2lab(np.asarray(small))


def turn(dataset: tf.data.Dataset, photographs: int) -> float:
    """Photographs per second of an endless dataset, in a turn of its own.

    The iterator ends with the turn, since it must not fill its buffers while others are measured.
    """
    elements = iter(dataset)
    for _ in range(WARM_UP // photographs):
        next(elements)
    began = time.perf_counter()
    for _ in range(MEASURED // photographs):
        next(elements)
    return MEASURED / (time.perf_counter() - began)


def loader_turn(paths: Iterator[Path]) -> float:
    """Photographs per second of the plain loader, which is slow."""
    began = time.perf_counter()
    for path in itertools.islice(paths, LOADED):
        load(path)
    return LOADED / (time.perf_counter() - began)


def rates(folder: Path, paths: list[Path], to: str, rounds: int) -> dict[str, float]:
    """Photographs per second of every side, the median of its turns."""
    endless = itertools.cycle(paths)
    plain, batched = bare([str(path) for path in paths]), ours(paths)
    records = prepared(folder, to)
    turns = {
        "bare_decoding": lambda: turn(plain, 1),
        "ours": lambda: turn(batched, BATCH),
        "ours_prepared": lambda: turn(records, BATCH),
        "loader": lambda: loader_turn(endless),
    }
    seen: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, take in turns.items():
            seen[name].append(take())
    return {name: statistics.median(values) for name, values in seen.items()}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--rounds", default=7, help="Turns that each side takes.")
def main(folder: Path, rounds: int) -> None:
    """Measures all sides in turn, on the JPEGs of FOLDER."""
    load_at_start = measure.load()
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise SystemExit(f"{folder} has no .jpg; give a folder of JPEGs")
    with tempfile.TemporaryDirectory() as to:
        rate = rates(folder, paths, to, rounds)

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
        "prepared_over_ours": round(rate["ours_prepared"] / rate["ours"], 2),
        "lab_over_skimage": round(lab["skimage"] / lab["ours"], 2),
        "targets": {"bare_decoding": 0.75, "loader": 12, "prepared": 1.5, "lab_over_skimage": 10},
        "rounds": rounds,
        "device": measure.device(),
        "load_at_start": load_at_start,
        "tensorflow": tf.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
