"""How long does an evaluation take, with all metrics of pixels, for one row and all controls?

Target: 3,000 photographs at 256 in under 10 minutes on 2 cores, beside the networks' own time.
The other side is scikit-image's SSIM and CIEDE2000 of only one row, on the first photographs.
Prints one JSON line.

    python benchmarks/evaluation.py FOLDER [--limit 3000]
"""

import itertools
import json
import time

import click
import measure  # before TensorFlow, whose oneDNN it turns on
import numpy as np
import tensorflow as tf
from skimage import color as skcolor
from skimage import metrics as skmetrics

from tfcolor import config, data
from tfcolor.color import cielab
from tfcolor.evaluation import protocol, run, scores

TARGET_PHOTOGRAPHS, TARGET_S = 3000, 600
SLOW = 40  # photographs that scikit-image is timed on


def by_skimage(rgb: np.ndarray) -> None:
    """Two metrics of a photograph against its gray; uint8 (h, w, 3)."""
    gray = cielab.without_color(rgb).numpy()
    skmetrics.structural_similarity(
        rgb / 255.0, gray / 255.0, gaussian_weights=True, data_range=1, channel_axis=-1
    )
    skcolor.deltaE_ciede2000(skcolor.rgb2lab(rgb), skcolor.rgb2lab(gray)).mean()


@click.command()
@click.argument("source")
@click.option("--limit", default=TARGET_PHOTOGRAPHS, show_default=True)
@click.option("--part", default="all", show_default=True)
def main(source: str, limit: int, part: str) -> None:
    """Measures a row that copies its gray photograph, so that no network runs."""
    photos = data.open_part(config.DataConfig(source=source), part).take(limit)
    how = protocol.parse("center-256")
    noted: list[tuple[float, float]] = []

    def note(done: int, total: int) -> None:
        if done == total or done * 10 // total > len(noted):
            noted.append((time.perf_counter(), measure.resident_mb()))

    began = time.perf_counter()
    copy = scores.from_colorizer(lambda gray: gray)
    measured = run.run({"copy": copy}, photos, how, min_chroma=4.0, progress=note)
    seconds = noted[-1][0] - began
    count = len(measured.names)
    rows = len(measured.rows)

    few = [batch["rgb"][0].numpy() for batch in itertools.islice(how.batches(photos, 1), SLOW)]
    start = time.perf_counter()
    for rgb in few:
        by_skimage(rgb)
    skimage_s = (time.perf_counter() - start) / len(few)
    result = {
        "photographs": count,
        "rows": rows,
        "metrics": len(measured.rows["copy"].scores),
        "seconds": round(seconds, 1),
        "seconds_of_3000": round(seconds / count * TARGET_PHOTOGRAPHS, 1),
        "target_seconds_of_3000": TARGET_S,
        "ms_a_row_and_photograph": round(1e3 * seconds / count / rows, 2),
        "skimage_ssim_and_delta_e_ms": round(1e3 * skimage_s, 2),
        "resident_mb": [round(mb) for _, mb in noted],
        "device": measure.device(),
        "tensorflow": tf.__version__,
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
