"""Do all formats of a model give the same colors, and how large and fast are they?

A model is exported as a SavedModel, TFLite with weights of 32, 16 and 8 bits, and ONNX, and each
colorizes photographs. Figures of a format: CIEDE2000 of its photographs to the SavedModel's (mean
over a photograph; of these the mean and the largest), size of the files, passes of the network per
second with its short side at the model's own size and the long one 4/3 of it, and seconds of a
whole process that colorizes one photograph. Formats take turns. Target: a mean under 0.1 with
weights of 16 bits. Prints one JSON line.

    python benchmarks/formats.py MODEL PHOTOS      # MODEL: a run, or "bundled"
"""

import json
import statistics
import tempfile
from pathlib import Path

import click
import colorize as colorizing
import measure
import numpy as np

from tfcolor import images, runtimes
from tfcolor.colorizing import rendering
from tfcolor.evaluation.metrics import delta_e
from tfcolor.export import lite_onnx, saved_model
from tfcolor.images import searching

REFERENCE = "saved_model"


def exported(model: str, folder: Path) -> dict[str, Path]:
    """The model in every format, below a folder."""
    lite = {
        f"tflite_{weights}": lite_onnx.export_lite(
            model, folder / f"{weights}.tflite", weights=weights
        )
        for weights in lite_onnx.WEIGHTS
    }
    saved = saved_model.export(model, folder / REFERENCE)
    return {REFERENCE: saved, **lite, "onnx": lite_onnx.export_onnx(model, folder / "model.onnx")}


def differences(
    nets: dict[str, runtimes.Network], paths: list[Path]
) -> dict[str, dict[str, float]]:
    """Mean and largest CIEDE2000 between photographs and those of the SavedModel."""
    found: dict[str, list[float]] = {name: [] for name in nets}
    for path in paths:
        rgb = images.read_rgb(path)
        colored = {name: rendering.colorize(rgb, net)[None] for name, net in nets.items()}
        for name, each in colored.items():
            found[name].append(float(delta_e.delta_e(colored[REFERENCE], each)[0]))
    return {
        name: {"mean": round(statistics.mean(values), 4), "max": round(max(values), 4)}
        for name, values in found.items()
    }


def passes_s(nets: dict[str, runtimes.Network], rounds: int) -> dict[str, float]:
    """Seconds of a pass, median of rounds."""
    size, stride = nets["onnx"].size, nets["onnx"].stride
    l = np.random.default_rng(0).uniform(-1, 1, (size, round(size * 4 / 3 / stride) * stride))
    l = l.astype(np.float32)
    return measure.medians_s({n: lambda net=net: net(l) for n, net in nets.items()}, rounds, 0.5)  # type: ignore[misc]


def megabytes(path: Path) -> float:
    """Size of a file, or of all in a folder, MB."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / 1e6


@click.command()
@click.argument("model")
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--count", default=100, help="Photographs, evenly picked.")
@click.option("--rounds", default=7, help="Turns that each format takes.")
def main(model: str, photos: Path, count: int, rounds: int) -> None:
    """Measures MODEL with photographs of PHOTOS."""
    load = measure.load()
    found = searching.search(photos)
    count = min(count, len(found))
    paths = [found[index * len(found) // count] for index in range(count)]
    with tempfile.TemporaryDirectory() as name:
        files = exported(model, Path(name))
        nets = {each: runtimes.load(path) for each, path in files.items()}
        delta_e00 = differences(nets, paths)
        seconds = passes_s(nets, rounds)
        options = {each: ["-m", str(path)] for each, path in files.items()}
        cold_s = colorizing.cold(paths[0], Path(name), options, rounds)
        measured = {
            each: {
                "delta_e00": delta_e00[each],
                "mb": round(megabytes(path), 2),
                "passes_per_s": round(1 / seconds[each], 1),
                "cold_start_s": round(cold_s[each], 2),
            }
            for each, path in files.items()
        }
    result = {
        "model": model,
        "photographs": len(paths),
        "formats": measured,
        "targets": {"tflite_float16_mean_delta_e00": 0.1},
        "rounds": rounds,
        "device": measure.device(),
        "load_at_start": load,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
