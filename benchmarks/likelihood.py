"""How much does a network know of what it does not know: likely colors, variants, certainty?

    python benchmarks/likelihood.py --data ../shared/data/test

Of the center square of each photograph, 256 x 256 pixels, made gray. Prints one JSON line:

- places: how often the truth of a random place is within a CIEDE2000 of 10 of the network's color,
  and of one of its six likely ones;
- variants: PSNR that the best of four gains over the usual one (which is among them), what the best
  of it and three random tints of the same mean CIEDE2000 gains, and the mean CIEDE2000 between
  variants; the largest Frechet distance of the set of a variant over that of the usual ones;
- certainty: of pixels that are said to be right with a probability in each tenth, the share that
  is; the area under the ROC curve; the mean CIEDE2000 of the least certain tenth over that of the
  most certain tenth.
"""

import itertools
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import click
import cv2
import numpy as np
from scipy import stats

from tfcolor import images, runtimes
from tfcolor.color import ciede2000, cielab_numpy
from tfcolor.colorizing import likelihood, rendering
from tfcolor.evaluation.features import extractors
from tfcolor.evaluation.metrics import frechet, mse
from tfcolor.images import searching

SIDE = 256
PLACES = 8  # of a photograph
PIXELS = 500  # of a photograph, for certainty
COUNT = 4  # variants
SEARCH = 8  # steps in which the strength of a tint is found


class Measured:
    """What is measured of all photographs."""

    def __init__(self, network: runtimes.Network) -> None:
        self._network = network
        self._features = [frechet.Accumulator() for _ in range(COUNT + 1)]  # the last of the truth
        self.guessed: list[bool] = []
        self.likely: list[bool] = []
        self.gains: list[float] = []
        self.tinted: list[float] = []
        self.apart: list[float] = []
        self.certain: list[np.ndarray] = []
        self.off: list[np.ndarray] = []

    def add(self, truth: np.ndarray, seed: int) -> None:
        """Measures a photograph, uint8 (`SIDE`, `SIDE`, 3)."""
        rng = np.random.default_rng(seed)
        true = cielab_numpy.rgb_to_lab(truth)
        gray = np.rint(255 * cielab_numpy.gray_of(true[..., 0])).astype(np.uint8)
        made = [
            rendering.colorize(gray, self._network, variant=number)
            for number in range(1, COUNT + 1)
        ]
        labs = [cielab_numpy.rgb_to_lab(each) for each in made]
        off = _difference(labs[0], true)
        for y, x in rng.integers(0, SIDE, (PLACES, 2)).tolist():
            colors = [each.rgb for each in likelihood.likely(self._network, gray, x, y)]
            told = cielab_numpy.rgb_to_lab(np.array(colors, np.uint8))
            self.guessed.append(bool(off[y, x] < likelihood.RIGHT))
            self.likely.append(bool(_difference(told, true[y, x]).min() < likelihood.RIGHT))
        apart = [_difference(*pair).mean() for pair in itertools.combinations(labs, 2)]
        from_usual = float(np.mean(apart[: COUNT - 1]))
        tints = [_tinted(labs[0], from_usual, rng) for _ in range(COUNT - 1)]
        usual = _psnr(made[0], truth)
        self.apart.append(float(np.mean(apart)))
        self.gains.append(max(_psnr(each, truth) for each in made) - usual)
        self.tinted.append(max(usual, *(_psnr(each, truth) for each in tints)) - usual)
        for features, picture in zip(self._features, [*made, truth], strict=True):
            features.add(extractors.efficientnet_lite0(picture[None]))
        pixels = rng.integers(0, SIDE, (2, PIXELS))
        self.certain.append(likelihood.certainty_map(self._network, gray)[tuple(pixels)])
        self.off.append(off[tuple(pixels)])

    def figures(self) -> dict[str, object]:
        """The figures of all photographs."""
        certain, off = np.concatenate(self.certain), np.concatenate(self.off)
        right = off < likelihood.RIGHT
        ranks = stats.rankdata(certain)
        above = ranks[right].sum() - right.sum() * (right.sum() + 1) / 2
        order, tenth = np.argsort(certain), len(certain) // 10
        *of_variants, of_truth = (each.result() for each in self._features)
        distances = [frechet.frechet_distance(of_truth, each) for each in of_variants]
        bins = np.minimum((certain * 10).astype(int), 9)
        return {
            "photographs": len(self.gains),
            "places": {"guess": np.mean(self.guessed), "one of six": np.mean(self.likely)},
            "variants": {
                "best gains dB": np.mean(self.gains),
                "tints gain dB": np.mean(self.tinted),
                "apart": np.mean(self.apart),
                "distance of usual's": max(distances[1:]) / distances[0],
            },
            "certainty": {
                "right": {
                    f"{certain[bins == each].mean():.2f}": right[bins == each].mean()
                    for each in np.unique(bins)
                },
                "auroc": above / (right.sum() * (~right).sum()),
                "least over most": off[order[:tenth]].mean() / off[order[-tenth:]].mean(),
            },
        }


def _difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return ciede2000.ciede2000(first, second, np)


def _psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    return float(mse.psnr(truth[None], picture[None])[0])


def _tinted(lab: np.ndarray, apart: float, rng: np.random.Generator) -> np.ndarray:
    """A picture with one random color added, so that it is that far from itself on average."""
    angle = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(angle), np.sin(angle)], np.float32)
    low, high = 0.0, 128.0
    for _ in range(SEARCH):
        middle = (low + high) / 2
        flat = lab.reshape(-1, 3)
        color = (flat[:, 1:] + np.float32(middle) * way).astype(np.float32)
        levels = cielab_numpy.to_rgb(np.ascontiguousarray(flat[:, 0]), color, np.dtype(np.uint8))
        tinted = levels.reshape(lab.shape)
        is_near = _difference(cielab_numpy.rgb_to_lab(tinted), lab).mean() < apart
        low, high = (middle, high) if is_near else (low, middle)
    return tinted


def _square(rgb: np.ndarray) -> np.ndarray:
    side = min(rgb.shape[:2])
    top, left = ((each - side) // 2 for each in rgb.shape[:2])
    square = np.ascontiguousarray(rgb[top : top + side, left : left + side])
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return value if isinstance(value, int) else round(float(value), 4)  # type: ignore[arg-type]


@click.command()
@click.option("-m", "--model", help="A file, SavedModel or server; the bundled one if not given.")
@click.option("--data", required=True, help="A folder of photographs in color.")
@click.option("--count", default=200, help="How many of them.")
def main(model: str | None, data: str, count: int) -> None:
    """Measures photographs that are scattered over the folder."""
    paths = searching.search(data)
    measured = Measured(runtimes.load(model))
    for seed, path in enumerate(paths[:: max(len(paths) // count, 1)][:count]):
        pixels = images.read(path).pixels
        if pixels.ndim == 3 and pixels.dtype == np.uint8:
            measured.add(_square(pixels), seed)
    print(json.dumps(_rounded(measured.figures())))


if __name__ == "__main__":
    main()
