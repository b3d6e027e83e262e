"""How well are faces colorized, from light to dark skin?

    python benchmarks/faces.py TEST

TEST is the folder of test photographs; `study/faces.csv` has boxes of faces in some of them, which
were drawn by eye. The faces are in thirds by their individual typology angle (ITA), atan((L* - 50)
/ b*) of their median color: high for light skin. Prints one JSON line with the mean CIEDE2000, how
many degrees the median hue is off (positive: towards yellow), and chroma over the truth's, each
with half the width of its 95 % interval.
"""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import subjects

import tfcolor
from tfcolor.color import ciede2000, cielab_numpy

BOXES = Path(__file__).parent / "study" / "faces.csv"
THIRDS = ("light", "middle", "dark")


class Face(NamedTuple):
    """Figures of a face: degrees, CIEDE2000, degrees, ratio."""

    ita: float
    delta_e00: float
    hue_off: float
    chroma: float


def measured(truth: np.ndarray, color: np.ndarray) -> Face:
    """The figures of a face from two pictures of it, sRGB uint8 (h, w, 3)."""
    ours, theirs = (cielab_numpy.rgb_to_lab(rgb) for rgb in (color, truth))
    # Medians: a box may also hold an eye, teeth or the frame of glasses.
    (_, our_a, our_b), (l, a, b) = (np.median(each, (0, 1)) for each in (ours, theirs))
    hues = np.degrees([np.arctan2(our_b, our_a), np.arctan2(b, a)])
    return Face(
        ita=float(np.degrees(np.arctan2(l - 50, b))),
        delta_e00=float(ciede2000.ciede2000(ours, theirs, np).mean()),
        hue_off=float((hues[0] - hues[1] + 180) % 360 - 180),
        chroma=float(np.hypot(our_a, our_b) / np.hypot(a, b)),
    )


@click.command()
@click.argument("test", type=click.Path(exists=True, path_type=Path))
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="The bundled one.")
def main(test: Path, model: Path | None) -> None:
    """Measures the faces in the photographs of TEST."""
    network = tfcolor.load(model)
    with open(BOXES, newline="") as file:
        rows = list(csv.DictReader(file))
    faces = []
    for name in sorted({row["file"] for row in rows}):
        truth = tfcolor.read(test / name).pixels
        level = cielab_numpy.gray_of(cielab_numpy.rgb_to_lab(truth)[..., 0])
        gray = np.rint(255 * level).astype(np.uint8)
        color = tfcolor.colorize(gray, network)
        for row in [row for row in rows if row["file"] == name]:
            left, top, right, bottom = (int(row[s]) for s in ("left", "top", "right", "bottom"))
            faces.append(measured(*(each[top:bottom, left:right] for each in (truth, color))))
    faces.sort(key=lambda face: -face.ita)
    thirds = np.array_split(np.array(faces), len(THIRDS))
    result = {}
    for name, third in zip(THIRDS, thirds, strict=True):
        figures = {
            figure: subjects.interval(values)
            for figure, values in zip(Face._fields[1:], third.T[1:], strict=True)
        }
        ita = [round(float(edge)) for edge in (third[:, 0].min(), third[:, 0].max())]
        result[name] = {"faces": len(third), "ita": ita, **figures}
    print(json.dumps({"benchmark": "faces", **result, "tfcolor": tfcolor.__version__}))


if __name__ == "__main__":
    main()
