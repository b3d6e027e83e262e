"""How fast is the page of `bin/web`, and how near are its downloads to `tfcolor colorize`?

    bin/web page
    python benchmarks/page.py page

Opens the page in headless Chromium and gives it gray photographs, enlarged from a bundled one.
Prints one JSON line: seconds until the page is ready, until a photograph shows in color (the first
of its size, and later ones), and until its full-size download is there; and for sizes up to 12 MP
the mean CIEDE2000 and the largest difference in levels from the command's PNG.
"""

import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import recolor
from PIL import Image
from playwright import sync_api

import tfcolor
from tfcolor.color import ciede2000, cielab_numpy
from tfcolor.data import samples

SIDES = {  # width and height, pixels
    "1 MP": (1224, 816),
    "12 MP": (4000, 3000),
    "100 MP": (10000, 10000),
    "panorama": (1501, 251),
    "smaller than the network's size": (90, 61),
    "narrow": (100, 1000),
}
COMPARED = 12_000_000  # pixels, at most
WAIT_MS = 300_000


def shown(page: sync_api.Page, path: Path) -> float:
    """Seconds until a photograph shows in color."""
    before = page.evaluate(recolor.PICTURE)
    began = time.perf_counter()
    page.set_input_files("#files", path)
    page.get_by_role("heading", name=path.name, exact=True).wait_for()
    page.locator("body:not(.busy)").wait_for()
    assert page.evaluate(recolor.PICTURE) != before
    return time.perf_counter() - began


def download(page: sync_api.Page, kind: str) -> tuple[float, Path]:
    """Seconds until the file is there, and the file."""
    page.get_by_label("File type").select_option(kind)
    began = time.perf_counter()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download", exact=True).click()
    path = Path(waiting.value.path())
    return time.perf_counter() - began, path


def apart(made: Path, photograph: Path) -> dict[str, float]:
    """What the page's PNG differs by from what the command makes of the photograph."""
    theirs = tfcolor.colorize(tfcolor.read(photograph)).pixels
    ours = np.asarray(Image.open(made).convert("RGB"))
    first, second = (cielab_numpy.rgb_to_lab(rgb[::2, ::2]) for rgb in (ours, theirs))
    return {
        "delta_e00": round(float(ciede2000.ciede2000(first, second, np).mean()), 4),
        "levels": int(np.abs(ours.astype(int) - theirs.astype(int)).max()),
    }


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--chromium", default=shutil.which("chromium") or "chromium", show_default=True)
def main(folder: Path, chromium: str) -> None:
    """Measures the page that `bin/web` has built in FOLDER."""
    result: dict[str, object] = {"benchmark": "page", "load": os.getloadavg()[0]}
    source = Image.open(sorted((samples.FOLDER / "gray").glob("*.jpg"))[0]).convert("L")
    with (
        tempfile.TemporaryDirectory() as name,
        recolor.files(folder) as address,
        sync_api.sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        began = time.perf_counter()
        page.goto(address)
        page.locator("#files:not([disabled])").wait_for(state="attached")
        result["ready_s"] = round(time.perf_counter() - began, 2)
        for kind, sides in SIDES.items():
            paths = [Path(name) / f"{kind} {index}.jpg" for index in range(3)]
            seconds, saved = [], []
            for index, path in enumerate(paths if kind != "100 MP" else paths[:2]):
                turned = source.rotate(index, Image.Resampling.BICUBIC)
                turned.resize(sides, Image.Resampling.BICUBIC).save(path, quality=90)
                seconds.append(shown(page, path))
                saved.append(download(page, "JPEG")[0])
            figures: dict[str, object] = {
                "shown_s": [round(seconds[0], 2), round(statistics.median(seconds[1:]), 2)],
                "jpeg_s": round(statistics.median(saved), 2),
            }
            if sides[0] * sides[1] <= COMPARED:
                figures |= apart(download(page, "PNG")[1], path)
            result[kind] = figures
        browser.close()
    print(json.dumps(result | {"cpus": os.cpu_count(), "tfcolor": tfcolor.__version__}))


if __name__ == "__main__":
    main()
