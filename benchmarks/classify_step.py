"""How many crops per second does stage `classify` of our recipe train, beside costlier ways?

`trained whole` is the same network with batch normalization in its encoder and nothing frozen;
`half size` is the network before it, whose encoder saw the photograph at half its size. Target: 1.5
times `trained whole`. The ways take turns, without data loading; medians are given of the clock and
of processor time, which a busy machine changes less. With --data it also tells the share of the
time that steps wait for batches of these photographs; target: under 0.03. Prints one JSON line.

    python benchmarks/classify_step.py --data sets/mine
"""

import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import measure

from tfcolor import config, data
from tfcolor.config import fields, recipes
from tfcolor.data import batches
from tfcolor.models import efficientnet

TARGET = 1.5


def ways(size: int, batch: int) -> dict[str, measure.Call]:
    """A step of each way of training."""
    now = fields.override(recipes.get("tfcolor"), image_size=size, batch_size=batch, hints=0.0)
    whole = fields.override(now, frozen=())
    half: config.TrainConfig = fields.override(whole, generator="colornet")
    calls = {"now": measure.step_call(now), "half size": measure.step_call(half)}
    encode = efficientnet.encode
    efficientnet.encode = lambda *planes, folded=0, **options: encode(*planes, **options)
    try:
        calls["trained whole"] = measure.step_call(whole)
    finally:
        efficientnet.encode = encode
    return calls


def waiting(source: str, size: int, batch: int, steps: int) -> float:
    """Share of the time that steps wait for batches of a source."""
    settings = fields.override(
        recipes.get("tfcolor"), source=source, image_size=size, batch_size=batch
    )
    take = measure.train_step(settings)
    photos = data.open_part(settings.data, "train")
    stream = iter(batches.train_batches(photos, settings.data, size, batch, seed=0))
    for _ in range(measure.WARM_UP_CALLS + 3):
        take(next(stream))
    began, waited = time.perf_counter(), 0.0
    for _ in range(steps):
        asked = time.perf_counter()
        photographs = next(stream)
        waited += time.perf_counter() - asked
        take(photographs)
    return waited / (time.perf_counter() - began)


def seconds(call: measure.Call) -> tuple[float, float]:
    """Processor and clock seconds of one call."""
    began, used = time.perf_counter(), time.process_time()
    call()
    return time.process_time() - used, time.perf_counter() - began


@click.command()
@click.option("--rounds", default=20, help="Steps of each way, in turn.")
@click.option("--size", default=128, help="Height and width, pixels.")
@click.option("--batch", default=24, help="Crops in a step.")
@click.option("--data", "source", help="A folder or a prepared set.")
def main(rounds: int, size: int, batch: int, source: str | None) -> None:
    """Measures all ways in turn."""
    load, calls = measure.load(), ways(size, batch)
    for call in calls.values():
        for _ in range(measure.WARM_UP_CALLS):
            call()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(seconds(call))
    medians = {
        name: [statistics.median(times) for times in zip(*taken, strict=True)]
        for name, taken in found.items()
    }
    result = {
        "benchmark": "classify_step",
        "crops_per_s": {name: round(batch / clock, 1) for name, (_, clock) in medians.items()},
        "crops_per_processor_s": {
            name: round(batch / used, 1) for name, (used, _) in medians.items()
        },
        "now_over": {
            name: {
                kind: round(taken / least, 2)
                for kind, taken, least in zip(
                    ("processor", "clock"), medians[name], medians["now"], strict=True
                )
            }
            for name in medians
            if name != "now"
        },
        "waiting": round(waiting(source, size, batch, rounds), 4) if source else None,
        "targets": {"trained whole": TARGET, "waiting": 0.03},
        "size": size,
        "batch": batch,
        "rounds": rounds,
        "device": measure.device(),
        "load_at_start": load,
    }
    print(json.dumps(result | {"versions": measure.versions("tensorflow", "keras")}))


if __name__ == "__main__":
    main()
