"""How much do the colors of a film flicker, frame by frame, smoothed, and with key frames?

    python benchmarks/flicker.py [--photos FOLDER] [--object] [--film FILM] [--model MODEL]

Makes a gray film of known motion by panning and zooming over color photographs, with grain and a
flickering light, and colorizes it each way, from file to file. Flicker is the mean |ab| between a
pixel and the same place of the picture in the frame before, in CIE units, where both are visible.
Even a constant color flickers, by grain, the gamut of sRGB and the codec: that is measured, too,
and subtracted from all. Targets: at most 0.35 of frame by frame, CIEDE2000 to the truth no worse,
and at most half of frame by frame's with the truth as one key frame in the middle of each scene.

`--object` moves a piece of another photograph over each scene; what came out behind it within the
last 10 frames must be no farther from the truth than frame by frame. The motion of a real film in
color (`--film`) is estimated by another method than the package's. Prints one JSON line.
"""

import importlib.metadata
import itertools
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
from PIL import Image

from tfcolor import images, runtimes
from tfcolor.color import ciede2000, cielab_numpy
from tfcolor.colorizing import motion, reduction
from tfcolor.data import samples
from tfcolor.images import searching
from tfcolor.video import film_options, read, run, smooth

HEIGHT, WIDTH = 240, 320
GRAIN = 4.0  # levels of 255, standard deviation
FLICKER = 0.03  # of the light of a frame, standard deviation
ASTRAY = 0.5  # pixels by which an estimated motion may miss, there and back
MEASURED = ("tfcolor", "ai-edge-litert", "av", "opencv-python-headless")
BEHIND = 10  # frames
NEAR = np.ones((9, 9), np.uint8)  # pixels around an object, whose motion is not the background's

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


def passing(frames: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """Moves an oval piece of another photograph over frames, in place, from left to right.

    Returns:
      Where it is, bool (n, h, w).
    """
    wide, high = WIDTH // 4, HEIGHT // 2
    piece = cv2.resize(rgb, (wide, high), interpolation=cv2.INTER_AREA)
    whole = ((wide / 2, high / 2), (wide, high), 0)
    oval = cv2.ellipse(np.zeros((high, wide), np.uint8), whole, 1, cv2.FILLED) > 0
    covered = np.zeros(frames.shape[:3], bool)
    top = HEIGHT // 4
    for index, left in enumerate(np.linspace(-wide, WIDTH, len(frames)).astype(int)):
        begin, end = max(left, 0), min(left + wide, WIDTH)
        here, there = np.s_[top : top + high, begin:end], np.s_[:, begin - left : end - left]
        covered[index][here] = oval[there]
        frames[index][here][oval[there]] = piece[there][oval[there]]
    return covered


def uncovered(covered: np.ndarray) -> np.ndarray:
    """What was behind an object within the last frames and is in view again; bool (n, h, w)."""
    behind = np.zeros_like(covered)
    for index in range(len(covered)):
        behind[index] = covered[max(0, index - BEHIND) : index].any(axis=0) & ~covered[index]
    return behind


def aged(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A frame as on old film: gray and grainy, slightly too light or dark; uint8 (h, w)."""
    light = cielab_numpy.tones(rgb)[0] * (1 + FLICKER * rng.standard_normal())
    gray = 255 * np.clip(light, 0, 1) ** (1 / 2.2)
    grain = cv2.GaussianBlur(rng.standard_normal(gray.shape), (0, 0), 0.7)
    return np.clip(gray + grain * (GRAIN / grain.std()), 0, 255).astype(np.uint8)


def known(windows: np.ndarray, scene: int, covered: np.ndarray) -> Motion:
    """The motion of a film of scenes of `scene` frames each, from the windows of `pan`.

    It is not that of what covers them, see `passing`.
    """
    pixel = motion.places(np.zeros((HEIGHT, WIDTH)))

    def moved(index: int) -> tuple[np.ndarray, np.ndarray]:
        before, now = windows[index - 1], windows[index]
        place = pixel * np.diag(now[:, :2]) + now[:, 2]
        where = (place - before[:, 2]) / np.diag(before[:, :2])
        inside = (where >= 0) & (where <= [WIDTH - 1, HEIGHT - 1])
        hidden = cv2.dilate((covered[index] | covered[index - 1]).astype(np.uint8), NEAR) > 0
        return where.astype(np.float32), inside.all(axis=-1) & ~hidden & (index % scene > 0)

    return moved


def estimated(frames: np.ndarray) -> Motion:
    """The motion of a real film by Farneback's method (2003), valid where both ways agree."""
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    pixel = motion.places(gray[0])

    def found(index: int) -> tuple[np.ndarray, np.ndarray]:
        parts = (0.5, 4, 21, 3, 7, 1.5, 0)
        back, forth = (
            cv2.calcOpticalFlowFarneback(gray[one], gray[other], None, *parts)
            for one, other in ((index, index - 1), (index - 1, index))
        )
        where = pixel + back
        missed = back + motion.take(forth, where)
        return where, motion.within(where) & (np.square(missed).sum(axis=-1) < ASTRAY**2)

    return found


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


def figures(
    made: list[np.ndarray], truth: np.ndarray, way: Motion, behind: np.ndarray
) -> dict[str, float]:
    """Flicker of a colorized film, and its difference from the truth, and from that behind."""
    ab = [cielab_numpy.rgb_to_lab(rgb)[..., 1:] for rgb in made]
    changes = []
    for index in range(1, len(ab)):
        where, seen = way(index)
        moved = motion.take(ab[index - 1], where, cv2.BORDER_CONSTANT)
        changes.append(np.abs(ab[index] - moved).mean(axis=-1)[seen])
    off = [
        ciede2000.ciede2000(cielab_numpy.rgb_to_lab(rgb), cielab_numpy.rgb_to_lab(true), np)
        for rgb, true in zip(made, truth, strict=True)
    ]
    found = {
        "flicker_ab": float(np.concatenate(changes).mean()),
        "delta_e00": float(np.mean([plane.mean() for plane in off])),
    }
    if behind.any():
        found["delta_e00_behind"] = float(np.stack(off)[behind].mean())
    return found


class Constant:
    """A network of one color."""

    size, stride, takes_hints = 256, 1, False

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """The color, everywhere; see `runtimes.Network`."""
        return np.broadcast_to(np.float32([0.1, 0.15]), (*l.shape, 2))


def compare(
    gray: Path,
    truth: np.ndarray,
    way: Motion,
    scenes: list[int],
    behind: np.ndarray,
    model: Path | None,
    folder: Path,
) -> dict[str, Any]:
    """Figures of a film that is colorized each way; its scenes begin at the frames `scenes`."""
    (keys := folder / "keys").mkdir()
    for begin, end in itertools.pairwise([*scenes, len(truth)]):
        middle = (begin + end) // 2
        Image.fromarray(truth[middle]).save(keys / f"{middle}.png")
    ways: dict[str, dict[str, Any]] = {
        "frame_by_frame": {"smoothing": 0.0},
        "steadied": {},
        "key_frames": {"frames": keys},
        "constant": {"smoothing": 0.0},
    }
    sides: dict[str, Any] = {}
    for name, options in ways.items():
        load = (lambda *_, **__: Constant()) if name == "constant" else runtimes.load
        target, began = folder / f"{name}.mp4", time.perf_counter()
        with mock.patch.object(run.runtimes, "load", load):
            run.colorize_film(gray, target, film_options.FilmOptions(**options), model=model)
        seconds = (time.perf_counter() - began) / len(truth)
        # Without the row or column that made the sides even.
        made = [rgb[: truth.shape[1], : truth.shape[2]] for rgb in frames_of(target)]
        sides[name] = figures(made, truth, way, behind) | {"s_per_frame": seconds}
    least = sides["constant"]["flicker_ab"]
    for name in ("steadied", "key_frames"):
        both = zip(sides[name].items(), sides["frame_by_frame"].values(), strict=True)
        sides[f"{name}_ratio"] = {
            figure: (one - least) / (other - least) if figure == "flicker_ab" else one / other
            for (figure, one), other in both
        }
    return sides


def cuts(path: Path, size: int = 192) -> list[int]:
    """The first frames of the scenes that are found in a film, except for the first scene."""
    l = [reduction.reduce(frame, size) for frame in frames_of(path)]
    return [i for i in range(1, len(l)) if smooth.is_cut(smooth.follow(l[i - 1], l[i])[1])]


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=samples.FOLDER)
@click.option("--object", "has_object", is_flag=True, help="Moves an object over each scene.")
@click.option("--film", type=click.Path(path_type=Path), help="A real film in color instead.")
@click.option("--model", type=click.Path(path_type=Path), help="The bundled one if not given.")
@click.option("--scenes", type=click.IntRange(2), default=12, show_default=True)
@click.option("--frames", "count", default=25, show_default=True, help="Of a scene.")
def main(
    photos: Path, has_object: bool, film: Path | None, model: Path | None, scenes: int, count: int
) -> None:
    """See the top of the file."""
    load, rng = measure.load(), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gray = folder / "gray.mkv"
        if film:
            truth = np.stack(list(frames_of(film, limit=scenes * count)))
            write(gray, [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in truth])
            way, behind = estimated(truth), np.zeros(truth.shape[:3], bool)
            begins = [0, *cuts(gray)]
        else:
            files = searching.search(photos)
            pictures = list(map(images.read_rgb, files[:: max(1, len(files) // scenes)][:scenes]))
            made = [pan(picture, count, rng) for picture in pictures]
            truth, windows = (np.concatenate(part) for part in zip(*made, strict=True))
            covered, begins = np.zeros(truth.shape[:3], bool), list(range(0, len(truth), count))
            for index, begin in enumerate(begins) if has_object else ():
                scene = np.s_[begin : begin + count]
                covered[scene] = passing(truth[scene], pictures[index - 1])
            write(gray, [aged(frame, rng) for frame in truth])
            way = known(windows, count, covered)
            behind = np.concatenate([uncovered(each) for each in np.split(covered, begins[1:])])
        result = {"benchmark": "flicker", "film": str(film or photos.name), "frames": len(truth)}
        result |= compare(gray, truth, way, begins, behind, model, folder)
        result |= {"cuts_found": begins[1:] if film else cuts(gray)}
    if not film:
        result["cuts"] = begins[1:]
    result |= {"targets": {"flicker_ab": 0.35, "delta_e00": 1, "delta_e00_behind": 1}}
    result |= {"target_of_key_frames": {"delta_e00": 0.5}, "model": str(model or "bundled")}
    result |= {"device": measure.device(), "load_at_start": load}
    versions = {each: importlib.metadata.version(each) for each in MEASURED}
    print(json.dumps(result | {"versions": versions}))


if __name__ == "__main__":
    main()
