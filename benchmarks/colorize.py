"""How much time does one photograph take, memory a large one, and time a folder and a film?

Sides take turns on the same photographs, mosaics of those given. Targets: 1 MP, from a cold start
to the written file, in 0.5 s with the bundled LiteRT network, beside a SavedModel if one is given;
12 MP in 3 times what Pillow takes to decode and encode it and one pass of the network; 100 MP in
900 MB; a folder at 0.9 of the rate of the slowest of decoding, network and encoding, each alone in
one thread; a film of 640 x 480 at 25 frames a second. Prints one JSON line.

    python benchmarks/colorize.py FOLDER [--saved-model saved_models/NAME]
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy, as the command does

# isort: split
import av
import click
import measure
import numpy as np
from PIL import Image

from tfcolor import images
from tfcolor.colorizing import folder, reduction, rendering
from tfcolor.images import searching
from tfcolor.runtimes import bundled
from tfcolor.video import film_options, run

FRAMES = 250
TFCOLOR = [sys.executable, "-c", "from tfcolor.cli import main; main.main()", "colorize"]
# Peak memory of the process itself, since the system's own figure includes that of its parent.
PEAK = """
import sys
from tfcolor.cli import main
main.cli(["colorize", *sys.argv[1:]], standalone_mode=False)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def photograph(paths: list[Path], index: int, width: int, height: int) -> Image.Image:
    """A gray photograph of that size, a mosaic of those given."""
    mosaic, place = Image.new("L", (width, height)), 0
    top = 0
    while top < height:
        left, row = 0, height
        while left < width:
            tile = Image.fromarray(images.read_rgb(paths[(index + place) % len(paths)])).convert(
                "L"
            )
            mosaic.paste(tile, (left, top))
            left, row, place = left + tile.width, min(row, tile.height), place + 1
        top += row
    return mosaic


def medians(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each call; the calls take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in seconds.items()}


def cold(path: Path, to: Path, models: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Seconds of whole processes, from their start to the written file."""

    def run(options: list[str]) -> None:
        subprocess.run(
            [*TFCOLOR, path, "-o", to / "cold.jpg", "--overwrite", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    return medians({name: lambda o=options: run(o) for name, options in models.items()}, rounds)  # type: ignore[misc]


def large(path: Path, to: Path, rounds: int) -> dict[str, float]:
    """Seconds of a large photograph, and of the steps that cannot be left out."""
    net = bundled.load()

    pixels = images.read(path).pixels
    colored = Image.fromarray(rendering.colorize(pixels, net))

    def recode() -> None:
        with Image.open(path) as image:
            image.load()
        colored.save(io.BytesIO(), "JPEG", quality=95, subsampling="4:4:4")

    l = reduction.reduce(pixels, net.size)
    calls: dict[str, Callable[[], object]] = {
        "pillow_decode_and_encode": recode,
        "network": lambda: reduction.colors(net, l),
        "tfcolor": lambda: list(
            folder.colorize_files(
                net, [(path, to / "large.jpg")], folder.FileOptions(overwrite=True)
            )
        ),
    }
    for call in calls.values():
        call()
    return medians(calls, rounds)


def peak_mb(path: Path, to: Path) -> float:
    """Peak memory of a process that colorizes a photograph, MB."""
    command = [sys.executable, "-c", PEAK, path, "-o", to / "huge.jpg"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(printed.split()[-1]) * 1024 / 1e6


def folder_rates(paths: list[Path], to: Path) -> dict[str, float]:
    """Photographs per second of a folder, and of each step alone in one thread."""
    net = bundled.load(threads=1)
    scan = images.read(paths[0])
    l = reduction.reduce(scan.pixels, net.size)
    color = rendering.colorize(scan.pixels, net)

    def rate(call: Callable[[Path], object]) -> float:
        call(paths[0])
        began = time.perf_counter()
        for path in paths:
            call(path)
        return len(paths) / (time.perf_counter() - began)

    def encode(path: Path) -> None:
        images.write(to / "alone" / path.name, scan.with_pixels(color))

    alone = {
        "decode": rate(images.read),
        "network": rate(lambda path: reduction.colors(net, l)),
        "encode": rate(encode),
    }
    began = time.perf_counter()
    pairs = [(path, to / "folder" / path.name) for path in paths]
    done = [each for each in folder.colorize_files(net, pairs) if each.is_new]
    return {**alone, "folder": len(done) / (time.perf_counter() - began)}


def film_rate(paths: list[Path], to: Path) -> float:
    """Frames per second of a film that pans over photographs."""
    wide = np.asarray(photograph(paths, 0, 640 + FRAMES, 480).convert("RGB"))
    with av.open(str(to / "film.mp4"), "w") as made:
        stream = made.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for left in range(FRAMES):
            shown = np.ascontiguousarray(wide[:, left : left + 640])
            made.mux(stream.encode(av.VideoFrame.from_ndarray(shown)))
        made.mux(stream.encode(None))
    began = time.perf_counter()
    run.colorize_film(to / "film.mp4", to / "film-color.mp4", film_options.FilmOptions())
    return FRAMES / (time.perf_counter() - began)


@click.command()
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--saved-model", type=click.Path(path_type=Path), help="To measure a cold start of.")
@click.option("--rounds", default=5, help="Turns that each side takes.")
@click.option("--count", default=500, help="Photographs in the folder.")
@click.option("--megapixels", default=100, help="Of the largest photograph.")
def main(photos: Path, saved_model: Path | None, rounds: int, count: int, megapixels: int) -> None:
    """Measures all of it with gray photographs made of those in PHOTOS."""
    load = measure.load()
    paths = searching.search(photos)
    models = {"litert": []} | ({"saved_model": ["-m", str(saved_model)]} if saved_model else {})
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        photograph(paths, 0, 1154, 866).save(here / "one.jpg", quality=90)
        cold_s = cold(here / "one.jpg", here, models, rounds)
        photograph(paths, 0, 4000, 3000).save(here / "twelve.jpg", quality=90)
        large_s = large(here / "twelve.jpg", here, rounds)
        side = round((megapixels * 1e6) ** 0.5)
        photograph(paths, 0, side, side).save(here / "huge.jpg", quality=90)
        peak = peak_mb(here / "huge.jpg", here / "out")
        album = here / "album"
        album.mkdir()
        for index in range(count):
            photograph(paths, index, 1154, 866).save(album / f"{index:05}.jpg", quality=90)
        rates = folder_rates(searching.search(album), here)
        film = film_rate(paths, here)
    least = sum(large_s[part] for part in ("pillow_decode_and_encode", "network"))
    slowest = min(rates[step] for step in ("decode", "network", "encode"))
    result = {
        "cold_1mp_s": {key: round(value, 3) for key, value in cold_s.items()},
        "large_12mp_s": {key: round(value, 3) for key, value in large_s.items()},
        "large_over_least": round(large_s["tfcolor"] / least, 2),
        "peak_mb": round(peak),
        "peak_megapixels": megapixels,
        "folder_photographs": count,
        "folder_per_s": {key: round(value, 1) for key, value in rates.items()},
        "folder_over_slowest_step": round(rates["folder"] / slowest, 2),
        "film_frames_per_s": round(film, 1),
        "targets": {"cold_1mp_s": 0.5, "film": 25, "large": 3, "peak_mb": 900, "folder": 0.9},
        "device": measure.device(),
        "load_at_start": load,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
