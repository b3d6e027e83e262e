"""How many photographs per second does each recipe train, and its generator colorize?

Each stage is measured by its own step at its own size, with batches of at most `--batch` so that
all fit on a laptop, and the generator at 256 x 256, one photograph at a time. Prints one JSON line.
"""

import json
import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import click
import measure
import tensorflow as tf

from tfcolor.config import fields, recipes
from tfcolor.models import networks

SIZE = 256  # of the inference


@click.command()
@click.option("--recipe", "names", multiple=True, help="Only these.", show_default="all")
@click.option("--rounds", default=3, show_default=True)
@click.option("--batch", default=4, show_default=True, help="Most photographs in a step.")
def main(names: tuple[str, ...], rounds: int, batch: int) -> None:
    """Measures one recipe after the other."""
    result: dict[str, Any] = {}
    for name in names or recipes.RECIPES:
        settings = recipes.get(name)
        smaller = {
            f"{stage.name}.batch_size": min(batch, stage.batch_size) for stage in settings.stages
        }
        settings = fields.override(settings, **smaller)
        generator = networks.build_generator(settings.model, "float32", 0)
        calls = {"inference": measure.inference_call(measure.deployed(generator), SIZE)}
        for index, stage in enumerate(settings.stages):
            calls[stage.name] = measure.step_call(settings, index)
        seconds = measure.medians_s(calls, rounds, 1.0)
        row = {"inference": round(1 / seconds["inference"], 2)}
        for stage in settings.stages:
            row[stage.name] = round(stage.batch_size / seconds[stage.name], 2)
        result[name] = row
        tf.keras.backend.clear_session()
    print(
        json.dumps(
            {
                "benchmark": "recipes",
                "images_per_second": result,
                "device": measure.device(),
                "versions": measure.versions("tensorflow", "keras"),
            }
        )
    )


if __name__ == "__main__":
    main()
