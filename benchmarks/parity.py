"""Do all ways of running one model give the same colors, and how fast?

Colorizes the same photographs by Python, the command line, TensorFlow's C++ loader without tfcolor,
REST and gRPC (files and planes), LiteRT, ONNX and the page in a browser, each against Python with
the SavedModel: greatest difference of a channel, mean and worst CIEDE2000 of a photograph,
milliseconds of one (median) and photographs per second with two callers (for the command line and
the loader, including their start). Prints a table, then one JSON line; exits with 1 if a way
differs by more than it may.

    python benchmarks/parity.py                       # the bundled model, 20 bundled photographs
    python benchmarks/parity.py PHOTOS --run runs/mine --without browser
"""

import base64
import contextlib
import functools
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy, as the command does

# isort: split
import click
import measure
import numpy as np
import tensorflow as tf
from PIL import Image
from skimage import color as skcolor
from tensorflow.core.protobuf import saved_model_pb2

from tfcolor import images, runtimes
from tfcolor.colorizing import rendering
from tfcolor.data import samples
from tfcolor.export import lite_onnx, saved_model
from tfcolor.serving import remote

ROOT = Path(__file__).parents[1]
WAYS = (
    "command line",
    "C++ loader",
    "REST files",
    "REST planes",
    "gRPC files",
    "gRPC planes",
    "LiteRT float16",
    "LiteRT int8",
    "ONNX",
    "browser",
)
# What each may differ by: levels of a channel, mean CIEDE2000.
LEVELS = {way: 1 for way in WAYS if not way.startswith(("LiteRT", "browser"))}
DELTA_E = {"LiteRT float16": 0.1, "LiteRT int8": 2.0, "browser": 1.0}
CALLERS = 2

Way = Callable[[Path], np.ndarray]  # a file -> uint8 (h, w, 3)


def decoded(png: bytes) -> np.ndarray:
    """uint8 (h, w, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def of_network(network: runtimes.Network) -> Way:
    """A network within the Python code for colorizing."""
    return lambda path: rendering.colorize(images.read(path).pixels, network)


def by_loader(photos: list[Path], saved: Path) -> tuple[list[np.ndarray], float]:
    """All photographs by one request to TensorFlow's C++ loader, in a process without tfcolor.

    Returns:
      The pictures, and photographs per second, including the start of the process.
    """
    model = saved_model_pb2.SavedModel()
    model.ParseFromString(next(saved.glob("*/saved_model.pb")).read_bytes())
    signature = model.meta_graphs[0].signature_def["serving_default"]
    texts = [base64.b64encode(path.read_bytes()).decode() for path in photos]
    files = {"dtype": signature.inputs["image_bytes"].dtype, "shape": [len(texts)]}
    feeds = {signature.inputs["image_bytes"].name: {**files, "values": texts}}
    for name, value in signature.defaults.items():
        raw = base64.b64encode(tf.make_ndarray(value).tobytes()).decode()
        tensor = {"dtype": value.dtype, "shape": [1], "values": raw}
        feeds[signature.inputs[name].name] = tensor
    fetches = [signature.outputs[name].name for name in ("png_bytes", "error")]
    libraries = sorted(Path(tf.__file__).parent.glob("libtensorflow_[fc]*.so.2"), reverse=True)
    program = {
        "libraries": [str(path) for path in libraries],
        "model": str(next(saved.glob("[0-9]*"))),
        "runs": [{"feeds": feeds, "fetches": fetches}],
    }
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "tests/c_loader.py"],
        input=json.dumps(program),
        capture_output=True,
        check=True,
        text=True,
    )
    rate = len(photos) / (time.perf_counter() - began)
    pictures, errors = (
        [base64.b64decode(text) for text in tensor["values"]]
        for tensor in json.loads(done.stdout)[0]
    )
    assert not any(errors), errors
    return [decoded(picture) for picture in pictures], rate


@contextlib.contextmanager
def server(saved: Path) -> Iterator[dict[str, str]]:
    """Runs the tests' server with a SavedModel; yields its addresses by "rest" and "grpc"."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "tests/loopback.py", saved],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def browser(model: Path, folder: Path) -> Iterator[Way]:
    """The page of bin/web in a headless Chromium."""
    import page
    import recolor
    from playwright import sync_api

    site = folder / "page"
    subprocess.run([ROOT / "bin/web", site, "--model", model], check=True, capture_output=True)
    with recolor.files(site) as address, sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        shown = opened.new_page()
        shown.goto(address)

        def ask(path: Path) -> np.ndarray:
            shown.set_input_files("#files", path)
            shown.get_by_role("heading", name=path.name, exact=True).wait_for()
            shown.locator("body:not(.busy)").wait_for()
            if (anew := shown.get_by_role("button", name="Replace its colors")).is_visible():
                anew.click()
                shown.locator("body:not(.busy)").wait_for()
            return decoded(page.download(shown, "PNG")[1].read_bytes())

        yield ask
        opened.close()


def of_server(far: remote.Remote, path: Path) -> np.ndarray:
    """Sends a file to the server and decodes the result."""
    (result,) = far.colorize([path.read_bytes()])
    if isinstance(result, Exception):
        raise result
    return decoded(result)


@contextlib.contextmanager
def ways(run: str, chosen: set[str], folder: Path) -> Iterator[dict[str, Way]]:
    """The chosen ways for one model, after "Python", with which they are compared."""
    saved = saved_model.export(run, folder / "saved" / "tfcolor").parent
    lites = {
        weights: lite_onnx.export_lite(run, folder / f"{weights}.tflite", weights=weights)
        for weights in ("float16", "int8")
    }
    found: dict[str, Way] = {"Python": of_network(runtimes.load(saved))}
    with contextlib.ExitStack() as stack:
        if any(way.startswith(("REST", "gRPC")) for way in chosen):
            addresses = stack.enter_context(server(saved))
            for protocol in ("REST", "gRPC"):
                far = remote.connect(addresses[protocol.lower()])
                found[f"{protocol} files"] = functools.partial(of_server, far)
                found[f"{protocol} planes"] = of_network(far)
        for weights, path in lites.items():
            found[f"LiteRT {weights}"] = of_network(runtimes.load(path))
        if "ONNX" in chosen:
            found["ONNX"] = of_network(
                runtimes.load(lite_onnx.export_onnx(run, folder / "model.onnx"))
            )
        if "browser" in chosen:
            found["browser"] = stack.enter_context(browser(lites["float16"], folder))
        yield {name: way for name, way in found.items() if name in {"Python", *chosen}}


def command_line(photos: list[Path], saved: Path, folder: Path) -> tuple[list[np.ndarray], float]:
    """All photographs by one command, and photographs per second, including its start.

    The command keeps formats, so it gets PNG files of the same pixels.
    """
    (folder / "in").mkdir()
    for path in photos:
        Image.fromarray(images.read(path).pixels).save(folder / "in" / f"{path.stem}.png")
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from tfcolor.cli import main; main.main()", "colorize"]
        + [folder / "in", "-o", folder / "out", "-m", saved, "--recolor"],
        check=True,
        capture_output=True,
    )
    rate = len(photos) / (time.perf_counter() - began)
    return [decoded((folder / "out" / f"{path.stem}.png").read_bytes()) for path in photos], rate


def timed(name: str, way: Way, photos: list[Path]) -> tuple[list[np.ndarray], float, float]:
    """Pictures, median seconds of one, and pictures per second with `CALLERS` at once."""
    way(photos[0])
    pictures, seconds = [], []
    for path in photos:
        began = time.perf_counter()
        pictures.append(way(path))
        seconds.append(time.perf_counter() - began)
    if name == "browser":  # its driver belongs to one thread, and so does the page's network
        return pictures, statistics.median(seconds), len(photos) / sum(seconds)
    with futures.ThreadPoolExecutor(CALLERS) as callers:
        began = time.perf_counter()
        list(callers.map(way, photos))
        rate = len(photos) / (time.perf_counter() - began)
    return pictures, statistics.median(seconds), rate


def compared(pictures: list[np.ndarray], reference: list[np.ndarray]) -> dict[str, float]:
    """Differences of pictures from the reference."""
    levels, delta_e = 0, []
    for picture, right in zip(pictures, reference, strict=True):
        levels = max(levels, int(np.abs(picture.astype(int) - right).max()))
        lab = [skcolor.rgb2lab(each) for each in (picture, right)]
        delta_e.append(float(skcolor.deltaE_ciede2000(*lab).mean()))
    return {"levels": levels, "delta_e": statistics.mean(delta_e), "worst": max(delta_e)}


@click.command()
@click.argument("photos", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--run", default="bundled", help="Workdir of a run.", show_default=True)
@click.option("--count", default=20, show_default=True, help="Photographs.")
@click.option("--without", multiple=True, type=click.Choice(WAYS), help="A way to leave out.")
def main(photos: Path | None, run: str, count: int, without: tuple[str, ...]) -> None:
    """See the top of the file."""
    load = measure.load()
    paths = sorted((photos or samples.FOLDER).glob("*.jpg"))[:count]
    chosen = set(WAYS) - set(without)
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ways(run, chosen, folder) as found:
            reference: list[np.ndarray] = []
            for way, call in found.items():
                click.echo(way, err=True)
                pictures, seconds, rate = timed(way, call, paths)
                reference = reference or pictures
                row = compared(pictures, reference)
                rows[way] = {**row, "ms": 1000 * seconds, "per_s": rate}
        together = {
            "command line": lambda: command_line(paths, folder / "saved/tfcolor", folder),
            "C++ loader": lambda: by_loader(paths, folder / "saved/tfcolor"),
        }
        for way in chosen & together.keys():
            pictures, rate = together[way]()
            rows[way] = {**compared(pictures, reference), "per_s": rate}

    click.echo("| way | levels | mean ΔE00 | worst ΔE00 | ms | photographs/s |")
    click.echo("|---|---|---|---|---|---|")
    for way, row in rows.items():
        ms = f"{row['ms']:.0f}" if "ms" in row else ""
        click.echo(
            f"| {way} | {row['levels']} | {row['delta_e']:.3f} | {row['worst']:.3f} | {ms} | "
            f"{row['per_s']:.1f} |"
        )
    facts = {"photographs": len(paths), "run": run, "device": measure.device(), "load": load}
    click.echo(json.dumps({**facts, "ways": rows}))
    off = [
        way
        for way, row in rows.items()
        if row["levels"] > LEVELS.get(way, 255) or row["delta_e"] > DELTA_E.get(way, 100)
    ]
    if off:
        raise SystemExit(f"further off than they may be: {', '.join(off)}")


if __name__ == "__main__":
    main()
