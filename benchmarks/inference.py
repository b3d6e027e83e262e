"""How many photographs per second do the generators colorize, beside pix2pix in PyTorch?

Targets on 2 CPU cores at 256 x 256: the pix2pix generator at least at PyTorch's rate, at batch 1
and 8, and 0.85 of the GEMM peak; tfcolor's own at least 8 times pix2pix's rate. Only the network
is timed, in inference mode. Prints one JSON line.
"""

import json
import os
import sys
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import click
import keras
import measure

from tfcolor.models import hintnet, unet

GFLOP_PER_IMAGE = 12.0  # of the pix2pix generator at 256 x 256
BATCHES = (1, 8)


@click.command()
@click.option("--rounds", default=5, help="Turns that each side takes.")
@click.option("--seconds", default=1.0, help="Length of a turn.")
@click.option("--size", default=256, help="Height and width, pixels.")
@click.option("--torch", default=sys.executable, help="A Python that has PyTorch.")
def main(rounds: int, seconds: float, size: int, torch: str) -> None:
    """Measures all generators in turn."""
    load = measure.load()

    ours: dict[str, keras.Model] = {
        "pix2pix": measure.deployed(unet.build()),
        "tfcolor": measure.deployed(hintnet.build()),
    }
    calls: dict[str, measure.Call] = {"gemm": measure.gemm()}
    for batch in BATCHES:
        for name, model in ours.items():
            calls[f"{name}_b{batch}"] = measure.inference_call(model, size, batch)
        called, version = measure.torch_call(torch, "generator", size, batch)
        calls[f"torch_b{batch}"] = called
    seconds_of = measure.medians_s(calls, rounds, seconds)

    peak = measure.gemm_gflop() / seconds_of["gemm"]
    result: dict[str, Any] = {"gemm_gflop_per_s": round(peak, 1)}
    for batch in BATCHES:
        rates = {
            name: batch / seconds_of[f"{name}_b{batch}"] for name in ("pix2pix", "torch", "tfcolor")
        }
        result |= {f"{name}_images_per_s_b{batch}": round(r, 2) for name, r in rates.items()}
        gflop = GFLOP_PER_IMAGE * (size / 256) ** 2
        result[f"pix2pix_over_torch_b{batch}"] = round(rates["pix2pix"] / rates["torch"], 3)
        result[f"tfcolor_over_pix2pix_b{batch}"] = round(rates["tfcolor"] / rates["pix2pix"], 3)
        result[f"pix2pix_of_gemm_b{batch}"] = round(rates["pix2pix"] * gflop / peak, 3)
    result["targets"] = {"pix2pix_over_torch": 1, "tfcolor_over_pix2pix": 8, "of_gemm": 0.85}
    versions = measure.versions("tensorflow", "keras") | {"torch": version}
    result |= {"size": size, "rounds": rounds, "device": measure.device(), "load_at_start": load}
    print(json.dumps(result | {"versions": versions}))


if __name__ == "__main__":
    main()
