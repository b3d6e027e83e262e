"""How long does a chosen color take to show, in the app and in the page of `bin/web`?

    bin/web page
    python benchmarks/recolor.py page

Opens both in headless Chromium with a gray photograph of 1 MP, clicks places of it, one after the
other, and takes a color that is offered. Prints one JSON line: medians of seconds from the click on
the picture until likely colors are offered, from the click on a color until the picture shows it,
and until that picture has all pixels of the screen. Target for the second: under 0.5 s.
"""

import contextlib
import functools
import http.server
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click
from PIL import Image
from playwright import sync_api

import tfcolor
from tfcolor.data import samples

SIDES = (1224, 816)  # pixels, 1 MP
COLORS = 8
WAIT_MS = 60_000
CHOICE_S = 1.0  # a visitor looks at the colors for so long
PICTURE = """(() => {
  const picture = document.querySelector("#after");
  return picture.getContext("2d").getImageData(0, 0, picture.width, 1).data.join();
})()"""


@contextlib.contextmanager
def app() -> Iterator[str]:
    """The address of the app."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = f"from tfcolor.cli import main; main.cli(['app', '--no-browser', '--port', '{port}'])"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as running:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
        running.terminate()


@contextlib.contextmanager
def files(folder: Path) -> Iterator[str]:
    """The address of a web server of files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def recolor(browser: sync_api.Browser, address: str, photograph: Path) -> dict[str, float]:
    """Median seconds; see the top of this file."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.set_input_files("#files", photograph)
    page.locator("#picture").wait_for()
    page.locator("body:not(.busy)").wait_for()
    page.wait_for_timeout(5000)  # until the variants are made
    offered, shown, finished = [], [], []
    for index in range(COLORS):
        place = {"x": 150 + 40 * index, "y": 120 + 20 * (index % 3)}
        began = time.perf_counter()
        page.locator("#picture").click(position=place)
        swatch = page.locator("#likely .swatch").first
        swatch.wait_for()
        offered.append(time.perf_counter() - began)
        page.wait_for_timeout(1000 * CHOICE_S)
        before = page.evaluate(PICTURE)
        began = time.perf_counter()
        swatch.click()
        page.wait_for_function(f"before => {PICTURE} !== before", arg=before, polling=20)
        shown.append(time.perf_counter() - began)
        page.locator("body:not(.busy)").wait_for()
        finished.append(time.perf_counter() - began)
        page.get_by_role("button", name="Done").click()
        page.wait_for_timeout(3000)  # until the variants are made again
    page.close()
    timed = {"offered_s": offered, "shown_s": shown, "finished_s": finished}
    return {name: statistics.median(seconds) for name, seconds in timed.items()}


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--chromium", default=shutil.which("chromium") or "chromium", show_default=True)
def main(folder: Path, chromium: str) -> None:
    """Measures the app, and the page that `bin/web` has built in FOLDER."""
    result: dict[str, object] = {"benchmark": "recolor", "sides": SIDES, "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name, sync_api.sync_playwright() as playwright:
        photograph = Path(name) / "gray.jpg"
        with Image.open(sorted((samples.FOLDER / "gray").glob("*.jpg"))[0]) as image:
            image.convert("L").resize(SIDES).save(photograph)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for kind, opened in (("app", app()), ("page", files(folder))):
            with opened as address:
                result[kind] = recolor(browser, address, photograph)
        browser.close()
    result |= {"target_s": 0.5, "cpus": os.cpu_count(), "tfcolor": tfcolor.__version__}
    print(json.dumps(result | {"machine": platform.machine()}))


if __name__ == "__main__":
    main()
