"""Does upsampled color follow edges better than by bicubic interpolation?

The color of each photograph is reduced to a short side as a network sees it and enlarged again by
our upsampling, which follows lightness, and by bicubic interpolation. The figure is the mean
CIEDE2000 to the photograph. Photographs are halved first, since most JPEGs store color at half
their size. Target: lower than bicubic. Prints one JSON line.

    python benchmarks/upsampling.py FOLDER      # photographs of 512 pixels or more
"""

import json
import statistics
from pathlib import Path

import click
import cv2
import numpy as np
from skimage import color as skcolor

from tfcolor import images
from tfcolor.color import cielab_numpy
from tfcolor.colorizing import upsample
from tfcolor.images import searching


def restored(lab: np.ndarray, side: int) -> dict[str, np.ndarray]:
    """ab float32 (h, w, 2), enlarged from planes of that short side in both ways."""
    height, width = lab.shape[:2]
    scale = side / min(height, width)
    size = round(width * scale), round(height * scale)
    l, ab = (
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        for plane in (lab[..., 0], lab[..., 1:])
    )
    flat = np.zeros_like(lab[..., 0])  # without edges of lightness, only bicubic is left
    ours = upsample.Upsampler(l, ab, (height, width)).rows(slice(None), lab[..., 0])
    bicubic = upsample.Upsampler(l * 0, ab, (height, width)).rows(slice(None), flat)
    return {name: np.moveaxis(x, 0, -1) for name, x in (("ours", ours), ("bicubic", bicubic))}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--limit", default=100, help="Photographs.")
def main(folder: Path, limit: int) -> None:
    """Measures both on photographs of FOLDER."""
    rows: dict[str, dict[str, list[float]]] = {}
    for path in searching.search(folder)[:limit]:
        rgb = cv2.resize(images.read_rgb(path), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        lab = cielab_numpy.rgb_to_lab(rgb)
        for factor in (2, 4, 8):
            row = rows.setdefault(str(factor), {"ours": [], "bicubic": []})
            for name, ab in restored(lab, min(lab.shape[:2]) // factor).items():
                back = np.concatenate([lab[..., :1], ab], axis=-1)
                row[name].append(float(skcolor.deltaE_ciede2000(lab, back).mean()))
    result = {
        "photographs": limit,
        "mean_delta_e00_by_reduction": {
            factor: {name: round(statistics.mean(values), 3) for name, values in row.items()}
            for factor, row in rows.items()
        },
        "share_where_ours_is_closer": {
            factor: round(
                statistics.mean(a < b for a, b in zip(row["ours"], row["bicubic"], strict=True)), 2
            )
            for factor, row in rows.items()
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
