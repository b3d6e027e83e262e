"""How well does `--colors-from` take the colors of a picture that an editor changed?

    python benchmarks/colors_from.py --data ../shared/data/test

Each photograph is made gray. Its truth, warped by up to 2 % of the short side, cropped by 5 %,
resized, in other tones and with a piece of the next photograph on it, is the picture that colors
are taken from. Prints one JSON line: the share of what the picture shows, outside the foreign
object, that counts as fitting, and of the whole photograph outside the object; the share of the
object's place that counts as fitting, though it must not; the mean CIEDE2000 to the truth of what
fits, and of the result outside the object, beside the network's alone; the largest change of L*.
"""

import json

import click
import cv2
import numpy as np

from tfcolor import images, runtimes
from tfcolor.color import ciede2000, cielab_numpy
from tfcolor.colorizing import rendering, transfer
from tfcolor.images import searching

SHIFT = 0.02  # share of the short side by which places move at the most
CROP = 0.05  # share of each side that is lost
OBJECT = 5  # the side over that of a foreign object


def edit(
    rgb: np.ndarray, foreign: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photograph warped, cropped, resized, in other tones, and with a foreign object.

    Args:
      rgb: the truth, uint8 (h, w, 3).
      foreign: the object, uint8 (h', w', 3).
      rng: of the changes.

    Returns:
      The picture, uint8 (h'', w'', 3); where the object is in the photograph, and what of the
      photograph the picture shows, both bool (h, w).
    """
    height, width = rgb.shape[:2]
    field = cv2.resize(
        rng.normal(size=(5, 5, 2)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    field *= SHIFT * min(height, width) / np.hypot(field[..., 0], field[..., 1]).max()
    rows, columns = np.indices((height, width), np.float32)
    places = columns + field[..., 0], rows + field[..., 1]
    picture = cv2.remap(rgb, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    object_height, object_width = height // OBJECT, width // OBJECT
    top = rng.integers(height // OBJECT, height - 2 * object_height)
    left = rng.integers(width // OBJECT, width - 2 * object_width)
    here = np.s_[top : top + object_height, left : left + object_width]
    picture[here] = cv2.resize(foreign, (object_width, object_height), interpolation=cv2.INTER_AREA)
    there = np.zeros((height, width), np.float32)
    there[here] = 1
    # The field is smooth: its negative undoes it up to a fraction of a pixel.
    there = cv2.remap(there, columns - field[..., 0], rows - field[..., 1], cv2.INTER_LINEAR) > 0.5
    gamma, white, black = rng.uniform(0.8, 1.25), rng.uniform(0.92, 1), rng.uniform(0, 8)
    toned = 255 * white * (picture / 255) ** gamma + black
    lost = [int(CROP * side) for side in (height, width)]
    top, left = (int(rng.integers(0, each + 1)) for each in lost)
    kept = np.s_[top : height - lost[0] + top, left : width - lost[1] + left]
    shown = np.zeros((height, width), bool)
    shown[kept] = True
    scale = rng.uniform(0.7, 1.5)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    toned = np.ascontiguousarray(toned[kept].clip(0, 255).astype(np.uint8))
    return cv2.resize(toned, None, fx=scale, fy=scale, interpolation=how), there, shown


def measure(truth: np.ndarray, foreign: np.ndarray, seed: int) -> list[float]:
    """The figures of one photograph, in the order of the module's text."""
    picture, is_foreign, is_shown = edit(truth, foreign, np.random.default_rng(seed))
    true = cielab_numpy.rgb_to_lab(truth)
    gray = np.rint(255 * cielab_numpy.gray_of(true[..., 0])).astype(np.uint8)
    fitting = transfer.fit(gray, transfer.Source(picture))
    fits, size = fitting.fits, fitting.fits.shape[::-1]
    small = cielab_numpy.rgb_to_lab(cv2.resize(truth, size, interpolation=cv2.INTER_AREA))
    object_there, shown = (
        cv2.resize(each.astype(np.float32), size) > 0.5 for each in (is_foreign, is_shown)
    )
    taken = np.dstack([small[..., 0], 110 * fitting.ab])
    off_taken = ciede2000.ciede2000(taken, small, np)[fits & ~object_there]
    network = runtimes.load()
    made, own = (
        cielab_numpy.rgb_to_lab(rendering.colorize(gray, network, colors_from=other))
        for other in (picture, None)
    )
    off, off_own = (ciede2000.ciede2000(each, true, np)[~is_foreign] for each in (made, own))
    lightness = cielab_numpy.rgb_to_lab(np.repeat(gray[..., None], 3, -1))[..., 0]
    return [
        fits[shown & ~object_there].mean(),
        fits[~object_there].mean(),
        fits[object_there].mean(),
        off_taken.mean(),
        off.mean(),
        off_own.mean(),
        np.abs(made[..., 0] - lightness).max(),
    ]


@click.command()
@click.option("--data", required=True, help="A folder of photographs in color.")
@click.option("--count", default=100, help="How many of them.")
def main(data: str, count: int) -> None:
    """Measures every photograph with a piece of the next one on it."""
    paths = searching.search(data)
    chosen = paths[:: max(len(paths) // count, 1)][:count]
    photographs = [images.read(path).pixels for path in chosen]
    photographs = [each for each in photographs if each.ndim == 3]
    pairs = zip(photographs, [*photographs[1:], photographs[0]], strict=True)
    rows = np.array([measure(*pair, seed) for seed, pair in enumerate(pairs)])
    names = ("fits_of_shown", "fits", "object_fits", "taken", "result", "network_alone")
    found = dict(zip(names, rows.mean(0).round(4).tolist(), strict=False))
    print(json.dumps({"photographs": len(rows), **found, "lightness_max": float(rows[:, 6].max())}))


if __name__ == "__main__":
    main()
