"""Does a color hint on a garment fill the garment, and nothing else?

    python benchmarks/garments.py PHOTOS MASKS

PHOTOS and MASKS are the folders `photos` and `annotations/pixel-level` of the Clothing Co-Parsing
set (arXiv:1502.00739): NAME.jpg, and NAME.mat with a label for each pixel. The largest garment of
each photograph gets one hint, at the place farthest from its edge: the network's own color there,
turned to the opposite hue. The figures are the shares of the garment and of the rest that then move
more than half way to that color, by the network and by Levin's method. Prints one JSON line.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import click
import cv2
import numpy as np
from places import LightnessAlone
from scipy import io, ndimage

from tfcolor import images, runtimes
from tfcolor.color import cielab
from tfcolor.colorizing import marks, rendering

SIDE = 384  # short side that photographs are reduced to, pixels
SHARE = (0.03, 0.4)  # of the photograph's area that a garment may have
CHROMA = 40.0  # of the hint, Lab units
GARMENTS = """blazer blouse cape cardigan coat dress hoodie jacket jeans jumper leggings pants
romper shirt shorts skirt suit sweater sweatshirt t-shirt tights top vest""".split()


def largest(labels: np.ndarray, wanted: list[int]) -> np.ndarray | None:
    """The largest connected area of one of the wanted labels, bool (h, w); None if too small."""
    best, size = None, 0
    for label in wanted:
        parts, count = ndimage.label(labels == label)
        if count:
            sizes = np.bincount(parts.ravel())[1:]
            if sizes.max() > size:
                best, size = parts == 1 + sizes.argmax(), int(sizes.max())
    return best if SHARE[0] <= size / labels.size <= SHARE[1] else None


def opposite(rgb: np.ndarray) -> tuple[int, int, int]:
    """A color with the lightness of a pixel, uint8 (3,), and the opposite hue."""
    lightness, a, b = lab_of(rgb)
    angle = np.arctan2(b, a) + np.pi
    lab = np.array([lightness, CHROMA * np.cos(angle), CHROMA * np.sin(angle)], np.float32)
    red, green, blue = cielab.to_uint8(cielab.lab_to_rgb(lab)).numpy().tolist()
    return red, green, blue


def lab_of(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab of uint8 pixels, float32 of the same shape."""
    return cielab.rgb_to_lab(rgb).numpy()


def moved(before: np.ndarray, after: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which pixels moved more than half way to a color; bool (h, w)."""
    way = wanted - before
    return ((after - before) * way).sum(-1) > 0.5 * (way**2).sum(-1)


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("masks", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-m", "--model", help="A file, SavedModel or server; the bundled one if not given.")
@click.option("--labels", type=click.Path(path_type=Path), help="label_list.mat, beside `photos`.")
@click.option("--limit", type=int, default=100, show_default=True, help="Photographs, evenly.")
def main(photos: Path, masks: Path, model: str | None, labels: Path | None, limit: int) -> None:
    """See the top of the file."""
    listed = io.loadmat(labels or photos.parent / "label_list.mat")["label_list"][0]
    names = [str(each[0]) for each in listed]
    wanted = [names.index(name) for name in GARMENTS]
    network = runtimes.load(model)
    sides = {"levin": LightnessAlone(network)}
    if network.takes_hints:
        sides = {"network": network, **sides}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    paths = sorted(masks.glob("*.mat"))
    for index in np.unique(np.linspace(0, len(paths) - 1, 2 * limit).astype(int)):
        garment = largest(io.loadmat(paths[index])["groundtruth"], wanted)
        if garment is None or len(found["levin"]) == limit:
            continue
        rgb = images.read_rgb(photos / f"{paths[index].stem}.jpg")
        scale = SIDE / min(rgb.shape[:2])
        size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        garment = cv2.resize(garment.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        gray = cielab.without_color(rgb[None]).numpy()[0]
        own = rendering.colorize(gray, network)
        inward = cv2.distanceTransform(garment.astype(np.uint8), cv2.DIST_L2, 5)
        y, x = np.unravel_index(inward.argmax(), inward.shape)
        hint = marks.Hint(int(x), int(y), opposite(own[y, x]))
        before, target = lab_of(own)[..., 1:], lab_of(np.array(hint.rgb, np.uint8))[1:]
        for name, side in sides.items():
            after = lab_of(rendering.colorize(gray, side, hints=[hint]))[..., 1:]
            there = moved(before, after, target)
            found[name].append((float(there[garment].mean()), float(there[~garment].mean())))
    print(
        json.dumps(
            {
                "benchmark": "garments",
                "model": model or "bundled",
                "photographs": len(found["levin"]),
                "moved": {
                    name: dict(
                        zip(("garment", "rest"), np.mean(rows, 0).round(3).tolist(), strict=True)
                    )
                    for name, rows in found.items()
                },
                "targets": {"garment": 0.7, "rest": 0.1},
            }
        )
    )


if __name__ == "__main__":
    main()
