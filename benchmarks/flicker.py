"""How much do the colors of a film flicker, frame by frame and smoothed over time?

    python benchmarks/flicker.py [--photos FOLDER] [--film FILM] [--model MODEL]

Makes a gray film of known motion by panning and zooming over color photographs, with grain and a
flickering light, and colorizes it both ways, from file to file. Flicker is the mean |ab| between a
pixel and the same place of the picture in the frame before, in CIE units, where both are visible.
Even a constant color flickers, by grain, the gamut of sRGB and the codec: that is measured, too,
and subtracted from both. Targets: at most 0.35 of frame by frame, CIEDE2000 to the truth no worse.
The motion of a real film in color (`--film`) is estimated by another method than the package's.
Prints one JSON line.
"""

import importlib.metadata
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import av
import click
import cv2
import measure
import numpy as np

from tfcolor import images
from tfcolor.color import cielab_numpy
from tfcolor.colorizing import reduction
from tfcolor.data import samples
from tfcolor.evaluation.metrics import delta_e
from tfcolor.images import searching
from tfcolor.video import film_options, read, run, smooth

HEIGHT, WIDTH = 240, 320
GRAIN = 4.0  # levels of 255, standard deviation
FLICKER = 0.03  # of the light of a frame, standard deviation
ASTRAY = 0.5  # pixels by which an estimated motion may miss, there and back
MEASURED = ("tfcolor", "ai-edge-litert", "av", "opencv-python-headless")
SIDES = {"frame_by_frame": 0.0, "steadied": film_options.FilmOptions.smoothing}

Motion = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""Index of a frame -> (x, y) of its pixels in the frame before, (h, w, 2), and which are valid."""


def pan(rgb: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A window that moves over a photograph at a constant pace and zooms.

    Returns:
      frames uint8 (n, h, w, 3); windows (n, 2, 3), from pixels of a frame to the photograph's.
    """
    height, width = rgb.shape[:2]
    whole = min(width, height * WIDTH / HEIGHT)
    wide = whole * np.linspace(*rng.uniform(0.6, 0.85, 2), count)
    room = np.array([width, height]) - whole * 0.85 * np.array([1, HEIGHT / WIDTH])
    way = np.linspace(*rng.uniform(-0.5, 0.5, (2, 2)), count) * room * min(1, count / 50)
    windows = np.zeros((count, 2, 3))
    windows[:, 0, 0] = windows[:, 1, 1] = wide / WIDTH
    windows[:, :, 2] = np.array([width, height]) / 2 + way - wide[:, None] / [2, 2 * WIDTH / HEIGHT]
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    frames = [
        cv2.warpAffine(rgb, window, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT)
        for window in windows
    ]
    return np.stack(frames), windows


def aged(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A frame as on old film: gray and grainy, slightly too light or dark; uint8 (h, w)."""
    light = cielab_numpy.tones(rgb)[0] * (1 + FLICKER * rng.standard_normal())
    gray = 255 * np.clip(light, 0, 1) ** (1 / 2.2)
    grain = cv2.GaussianBlur(rng.standard_normal(gray.shape), (0, 0), 0.7)
    return np.clip(gray + grain * (GRAIN / grain.std()), 0, 255).astype(np.uint8)


def known(windows: np.ndarray, scene: int) -> Motion:
    """The motion of a film of scenes of `scene` frames each, from the windows of `pan`."""
    pixel = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1)

    def motion(index: int) -> tuple[np.ndarray, np.ndarray]:
        before, now = windows[index - 1], windows[index]
        place = pixel * np.diag(now[:, :2]) + now[:, 2]
        where = (place - before[:, 2]) / np.diag(before[:, :2])
        inside = (where >= 0) & (where <= [WIDTH - 1, HEIGHT - 1])
        return where.astype(np.float32), inside.all(axis=-1) & (index % scene > 0)

    return motion


def estimated(frames: np.ndarray) -> Motion:
    """The motion of a real film by Farneback's method (2003), valid where both ways agree."""
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    pixel = np.stack(np.meshgrid(np.arange(gray[0].shape[1]), np.arange(gray[0].shape[0])), -1)

    def motion(index: int) -> tuple[np.ndarray, np.ndarray]:
        parts = (0.5, 4, 21, 3, 7, 1.5, 0)
        back, forth = (
            cv2.calcOpticalFlowFarneback(gray[one], gray[other], None, *parts)
            for one, other in ((index, index - 1), (index - 1, index))
        )
        where = (pixel + back).astype(np.float32)
        returned = cv2.remap(forth, where, None, cv2.INTER_LINEAR)
        return where, np.square(back + returned).sum(axis=-1) < ASTRAY**2

    return motion


def write(path: Path, grays: list[np.ndarray]) -> None:
    """Writes a gray film without loss."""
    with av.open(str(path), "w") as made:
        stream = made.add_stream("ffv1", rate=25, pix_fmt="gray")
        stream.height, stream.width = grays[0].shape
        for index, gray in enumerate(grays):
            frame = av.VideoFrame.from_ndarray(gray, format="gray")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))


def frames_of(path: Path, limit: int | None = None) -> Iterator[np.ndarray]:
    """A film's frames; uint8 (h, w, 3)."""
    film = read.open_film(path)
    for index, frame in enumerate(read.frames(film)):
        if limit is not None and index == limit:
            return
        yield read.pixels(film, frame.picture)


def figures(made: list[np.ndarray], truth: np.ndarray, motion: Motion) -> dict[str, float]:
    """Flicker of a colorized film, and its difference from the truth."""
    ab = [cielab_numpy.rgb_to_lab(rgb)[..., 1:] for rgb in made]
    changes = []
    for index in range(1, len(ab)):
        where, seen = motion(index)
        moved = cv2.remap(ab[index - 1], where, None, cv2.INTER_LINEAR)
        changes.append(np.abs(ab[index] - moved).mean(axis=-1)[seen])
    errors = [
        float(delta_e.delta_e(rgb[None], true[None]).numpy()[0])
        for rgb, true in zip(made, truth, strict=True)
    ]
    return {
        "flicker_ab": float(np.concatenate(changes).mean()),
        "delta_e00": float(np.mean(errors)),
    }


class Constant:
    """A network of one color."""

    size, stride, takes_hints = 256, 1, False

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """The color, everywhere; see `runtimes.Network`."""
        return np.broadcast_to(np.float32([0.1, 0.15]), (*l.shape, 2))


def colorized(
    gray: Path, target: Path, shape: tuple[int, ...], smoothing: float, model: Path | None = None
) -> list[np.ndarray]:
    """The frames of a film in color, cut to the height and width of `shape`, (n, h, w, 3)."""
    run.colorize_film(gray, target, film_options.FilmOptions(smoothing=smoothing), model=model)
    return [rgb[: shape[1], : shape[2]] for rgb in frames_of(target)]


def compare(
    gray: Path, truth: np.ndarray, motion: Motion, model: Path | None, folder: Path
) -> dict[str, Any]:
    """Figures of a film that is colorized both ways."""
    sides = {}
    for name, smoothing in SIDES.items():
        began = time.perf_counter()
        made = colorized(gray, folder / f"{name}.mp4", truth.shape, smoothing, model)
        seconds = time.perf_counter() - began
        sides[name] = figures(made, truth, motion) | {"s_per_frame": seconds / len(truth)}
    first, second = sides.values()
    with mock.patch.object(run.runtimes, "load", lambda *_, **__: Constant()):
        made = colorized(gray, folder / "constant.mp4", truth.shape, smoothing=0.0)
    least = figures(made, truth, motion)["flicker_ab"]
    sides["constant"] = {"flicker_ab": least}
    sides["ratio"] = {
        "flicker_ab": (second["flicker_ab"] - least) / (first["flicker_ab"] - least),
        "delta_e00": second["delta_e00"] / first["delta_e00"],
    }
    return sides


def cuts(path: Path, size: int = 192) -> list[int]:
    """The first frames of the scenes that are found in a film, except for the first scene."""
    l = [reduction.reduce(frame, size) for frame in frames_of(path)]
    return [i for i in range(1, len(l)) if smooth.is_cut(smooth.follow(l[i - 1], l[i])[1])]


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=samples.FOLDER)
@click.option("--film", type=click.Path(path_type=Path), help="A real film in color instead.")
@click.option("--model", type=click.Path(path_type=Path), help="The bundled one if not given.")
@click.option("--scenes", default=12, show_default=True, help="Photographs.")
@click.option("--frames", "count", default=25, show_default=True, help="Of a scene.")
def main(photos: Path, film: Path | None, model: Path | None, scenes: int, count: int) -> None:
    """See the top of the file."""
    load, rng = measure.load(), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gray = folder / "gray.mkv"
        if film:
            truth = np.stack(list(frames_of(film, limit=scenes * count)))
            write(gray, [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in truth])
            motion = estimated(truth)
        else:
            files = searching.search(photos)
            chosen = files[:: max(1, len(files) // scenes)][:scenes]
            made = [pan(images.read_rgb(path), count, rng) for path in chosen]
            truth, windows = (np.concatenate(part) for part in zip(*made, strict=True))
            write(gray, [aged(frame, rng) for frame in truth])
            motion = known(windows, count)
        result = {"benchmark": "flicker", "film": str(film or photos.name), "frames": len(truth)}
        result |= compare(gray, truth, motion, model, folder) | {"cuts_found": cuts(gray)}
    if not film:
        result["cuts"] = list(range(count, len(truth), count))
    result |= {"targets": {"flicker_ab": 0.35, "delta_e00": 1}, "model": str(model or "bundled")}
    result |= {"device": measure.device(), "load_at_start": load}
    versions = {each: importlib.metadata.version(each) for each in MEASURED}
    print(json.dumps(result | {"versions": versions}))


if __name__ == "__main__":
    main()
