"""How much do a few color hints help, if the network spreads them, or only lightness does?

    python benchmarks/places.py --data ../shared/data/test/coco

In the center square of each photograph, of 256 x 256 pixels, 0, 1, 3, 10 and 30 random places get
their true color: the mean of 7 x 7 pixels. The same hints are spread by the network, if it takes
any, and over its colors by Levin's method, `local_hints.spread`. Prints the mean PSNR and CIEDE2000
of each as one JSON line.
"""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import click
import numpy as np

from tfcolor import config, data, runtimes
from tfcolor.color import cielab
from tfcolor.colorizing import marks, rendering
from tfcolor.data import batches
from tfcolor.evaluation.metrics import delta_e, mse

SIDE = 256
COUNTS = (0, 1, 3, 10, 30)
RADIUS = 3  # pixels; a person looks at an area, not at a pixel


class LightnessAlone:
    """A network that hides that it takes hints, so that Levin's method spreads them."""

    takes_hints = False

    def __init__(self, network: runtimes.Network) -> None:
        self._network = network
        self.size, self.stride = network.size, network.stride

    def __call__(self, l: np.ndarray, hints: None = None) -> np.ndarray:
        """The network's colors without hints."""
        return self._network(l)


def draw(rgb: np.ndarray, count: int, rng: np.random.Generator) -> list[marks.Hint]:
    """Hints at random places of a photograph, uint8 (h, w, 3), in their true colors."""
    height, width = rgb.shape[:2]
    places = zip(rng.integers(0, height, count), rng.integers(0, width, count), strict=True)
    found = []
    for y, x in places:
        around = rgb[max(y - RADIUS, 0) : y + RADIUS + 1, max(x - RADIUS, 0) : x + RADIUS + 1]
        red, green, blue = np.round(around.mean((0, 1))).astype(int).tolist()
        found.append(marks.Hint(int(x), int(y), (red, green, blue)))
    return found


@click.command()
@click.option("-m", "--model", help="A file, SavedModel or server; the bundled one if not given.")
@click.option("--data", "source", default="samples", show_default=True)
@click.option("--part", default="all", show_default=True)
@click.option("--limit", type=int, default=100, show_default=True, help="Photographs, scattered.")
@click.option("--seed", default=0, show_default=True, help="Of the places.")
def main(model: str | None, source: str, part: str, limit: int, seed: int) -> None:
    """See the top of the file."""
    network = runtimes.load(model)
    sides = {"levin": LightnessAlone(network)}
    if network.takes_hints:
        sides = {"network": network, **sides}
    photos = data.open_part(config.DataConfig(source=source), part).sample(limit)
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for batch in batches.eval_batches(photos, SIDE, 1):
        truth = batch["rgb"].numpy()
        gray = cielab.without_color(truth).numpy()[0]
        for count in COUNTS:
            # Each side has the same places, and so has every run.
            rng = np.random.default_rng([seed, count, int(batch["image_id"][0])])
            given = draw(truth[0], count, rng)
            for name, side in sides.items():
                fake = rendering.colorize(gray, side, hints=given)[None]
                figures = float(mse.psnr(truth, fake)[0]), float(delta_e.delta_e(truth, fake)[0])
                found.setdefault((name, count), []).append(figures)
    table = {
        name: {
            str(count): dict(
                zip(
                    ("psnr", "delta_e00"),
                    np.mean(found[name, count], 0).round(3).tolist(),
                    strict=True,
                )
            )
            for count in COUNTS
        }
        for name in sides
    }
    print(
        json.dumps(
            {
                "benchmark": "places",
                "model": model or "bundled",
                "photographs": len(found["levin", 0]),
                "places": table,
            }
        )
    )


if __name__ == "__main__":
    main()
