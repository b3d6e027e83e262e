"""How fast do photographs come, from JPEGs to Lab batches, beside other loaders?

    python benchmarks/pipeline.py FOLDER --torch ~/torch/bin/python

The sides do the same work on the same files: `tf.io.decode_jpeg` alone; our training batches; ours
from records that `tfcolor prepare` made of the files; torchvision with a DataLoader; and Keras's
`image_dataset_from_directory`. They take turns, each turn in a process of its own. Targets: ours
twice as fast as torchvision and as Keras, and conversion of 32 x 256 x 256 pixels to Lab 10 times
as fast as scikit-image. Prints one JSON line.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import keras
import measure  # before TensorFlow, whose oneDNN it turns on
import numpy as np
import skimage.color
import tensorflow as tf

from tfcolor import config, data
from tfcolor.data import batches, files
from tfcolor.prepare import run, set_options

BATCH = 32
WARM_UP, MEASURED = 1024, 2048  # photographs per turn; threads are tuned in the first seconds
TORCH_LOADER = Path(__file__).with_name("torch_loader.py")


def bare(paths: list[Path]) -> tf.data.Dataset:
    """Decoded photographs, nothing else done to them."""
    return (
        tf.data.Dataset.from_tensor_slices([str(path) for path in paths])
        .repeat()
        .map(
            lambda path: tf.io.decode_jpeg(tf.io.read_file(path), channels=3),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .prefetch(tf.data.AUTOTUNE)
    )


def ours(paths: list[Path], side: int) -> tf.data.Dataset:
    """Training batches from the files."""
    photos = files.from_paths("benchmark", paths, [path.name for path in paths])
    return batches.train_batches(photos, config.DataConfig(), side, BATCH, seed=0)


def ours_prepared(folder: Path, side: int) -> tf.data.Dataset:
    """Training batches from a prepared set."""
    photos = data.open_part(config.DataConfig(source=str(folder)), "all")
    return batches.train_batches(photos, config.DataConfig(), side, BATCH, seed=0)


def by_keras(folder: Path, side: int) -> tf.data.Dataset:
    """Central squares, mirrored at random, in Lab."""
    photos = keras.utils.image_dataset_from_directory(
        folder,
        labels=None,
        image_size=(side, side),
        crop_to_aspect_ratio=True,
        batch_size=BATCH,
        verbose=False,
    )
    to_lab = tf.function(batches.planes, jit_compile=True)
    return photos.repeat().map(
        lambda rgb: to_lab(tf.image.random_flip_left_right(tf.cast(tf.round(rgb), tf.uint8)))
    )


def turn(side: str, folder: Path, prepared: Path, size: int) -> float:
    """Photographs per second of one side, in this process."""
    paths = sorted(folder.rglob("*.jpg"))
    dataset, each = {
        "bare_decoding": lambda: (bare(paths), 1),
        "ours": lambda: (ours(paths, size), BATCH),
        "ours_prepared": lambda: (ours_prepared(prepared, size), BATCH),
        "keras": lambda: (by_keras(folder, size), BATCH),
    }[side]()
    elements = iter(dataset)
    for _ in range(WARM_UP // each):
        next(elements)
    began = time.perf_counter()
    for _ in range(MEASURED // each):
        next(elements)
    return MEASURED / (time.perf_counter() - began)


def in_process(command: list[str]) -> dict:
    """What a process prints last, as JSON."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    printed: dict = json.loads(done.stdout.splitlines()[-1])
    return printed


def lab_over_skimage(rounds: int) -> float:
    """How much faster than scikit-image's the conversion to Lab is."""
    rgb = np.random.default_rng(0).integers(0, 256, (BATCH, 256, 256, 3), dtype=np.uint8)
    tensor = tf.constant(rgb)
    lab = measure.medians_s(
        {"ours": lambda: batches.planes(tensor), "skimage": lambda: skimage.color.rgb2lab(rgb)},
        rounds,
        seconds_each=0.5,
    )
    return lab["skimage"] / lab["ours"]


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--size", default=128, show_default=True, help="Side of the squares, pixels.")
@click.option("--rounds", default=3, show_default=True, help="Turns that each side takes.")
@click.option("--torch", default=sys.executable, help="A Python that has PyTorch and torchvision.")
@click.option("--side", hidden=True)
@click.option("--prepared", type=click.Path(path_type=Path), hidden=True)
def main(
    folder: Path, size: int, rounds: int, torch: str, side: str | None, prepared: Path | None
) -> None:
    """Measures all sides in turn, on the JPEGs of FOLDER."""
    if side and prepared:  # a turn
        print(json.dumps({"rate": turn(side, folder, prepared, size)}))
        return
    load_at_start = measure.load()
    count = len(list(folder.rglob("*.jpg")))
    with tempfile.TemporaryDirectory() as to:
        source = config.DataConfig(source=str(folder))
        run.prepare(run.plan([source], to, set_options.SetOptions(part_size=32)))
        this = [sys.executable, __file__, str(folder), "--size", str(size), "--prepared", to]
        sizes = [str(number) for number in (size, BATCH, WARM_UP, MEASURED)]
        commands = {
            "torchvision": [torch, str(TORCH_LOADER), str(folder), *sizes],
            **{
                name: [*this, "--side", name]
                for name in ("bare_decoding", "ours", "ours_prepared", "keras")
            },
        }
        seen: dict[str, list[float]] = {name: [] for name in commands}
        versions: dict[str, str] = {}
        for _ in range(rounds):
            for name, command in commands.items():
                printed = in_process(command)
                seen[name].append(printed["rate"])
                versions |= printed.get("versions", {})
    rate = {name: statistics.median(values) for name, values in seen.items()}
    others = ("torchvision", "keras", "bare_decoding")
    result = {
        "benchmark": "pipeline",
        "photographs": count,
        "size": size,
        "images_per_s": {name: round(value, 1) for name, value in rate.items()},
        "ours_over": {name: round(rate["ours"] / rate[name], 2) for name in others},
        "prepared_over": {name: round(rate["ours_prepared"] / rate[name], 2) for name in others},
        "lab_over_skimage": round(lab_over_skimage(rounds), 2),
        "targets": {"torchvision": 2, "keras": 2, "lab_over_skimage": 10},
        "rounds": rounds,
        "device": measure.device(),
        "load_at_start": load_at_start,
        "versions": measure.versions("tensorflow", "keras") | versions,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
