"""How many photographs per second does a pix2pix train step take, beside the same in PyTorch?

Targets on 2 CPU cores at 256 x 256, batch 4, float32: at least 1.25 times PyTorch's rate, and 0.75
of the GEMM peak. Times the package's own train step, without data loading. Prints one JSON line.
"""

import json
import os
import sys
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import measure

from tfcolor.config import fields, recipes

GFLOP_PER_IMAGE = 80.0  # of a train step at 256 x 256


@click.command()
@click.option("--rounds", default=8, help="Turns that each side takes.")
@click.option("--seconds", default=6.0, help="Length of a turn.")
@click.option("--size", default=256, help="Height and width, pixels.")
@click.option("--batch", default=4, help="Photographs in a step.")
@click.option("--jit", is_flag=True, help="Compile TensorFlow's step with XLA.")
@click.option("--torch", default=sys.executable, help="A Python that has PyTorch.")
def main(rounds: int, seconds: float, size: int, batch: int, jit: bool, torch: str) -> None:
    """Measures both sides in turn."""
    load = measure.load()

    settings = fields.override(recipes.get("pix2pix"), jit=jit, image_size=size, batch_size=batch)
    torch_step, version = measure.torch_call(torch, "train_step", size, batch)
    calls = {
        "gemm": measure.gemm(),
        "tensorflow": measure.step_call(settings),
        "torch": torch_step,
    }
    seconds_of = measure.medians_s(calls, rounds, seconds)

    peak = measure.gemm_gflop() / seconds_of["gemm"]
    rates = {name: batch / seconds_of[name] for name in ("tensorflow", "torch")}
    gflop = GFLOP_PER_IMAGE * (size / 256) ** 2
    result: dict[str, Any] = {f"{name}_images_per_s": round(r, 3) for name, r in rates.items()}
    result["tensorflow_over_torch"] = round(rates["tensorflow"] / rates["torch"], 3)
    result["tensorflow_of_gemm"] = round(rates["tensorflow"] * gflop / peak, 3)
    result["targets"] = {"tensorflow_over_torch": 1.25, "of_gemm": 0.75}
    result |= {"gemm_gflop_per_s": round(peak, 1), "size": size, "batch": batch, "jit": jit}
    versions = measure.versions("tensorflow", "keras") | {"torch": version}
    result |= {"rounds": rounds, "device": measure.device(), "load_at_start": load}
    print(json.dumps(result | {"versions": versions}))


if __name__ == "__main__":
    main()
