"""Trains and measures the plain classifier that our own recipe has to beat.

    python benchmarks/classifier.py --data FOLDER --measure-on OTHER [--weights FILE]

It has an encoder at full size with ImageNet weights, a decoder to stride 4 with two convolutions
per step, and only color classes as its objective; it trains 1,395 steps of 24 crops at 128 x 128.
Figures on different photographs cannot be compared: two sets of 400 differ by more than two models.
So both are measured on the same ones, at equal colorfulness, by `strength.py`, which prints our
side. Takes half an hour on two cores; prints one JSON line.
"""

import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import click
import keras
import measure
import strength
import tensorflow as tf
from keras import layers

from tfcolor import config, data
from tfcolor.color import classes
from tfcolor.colorizing import graphs
from tfcolor.data import batches
from tfcolor.models import blocks, encoders
from tfcolor.training import losses

SIDE = 128
BATCH = 24
DECODER = {16: 192, 8: 128, 4: 96}  # stride -> channels
TEMPERATURES = (1.0, 0.6, 0.38)
LEARNING_RATE = 1e-3
WARM_UP_STEPS = 200


def build() -> keras.Model:
    """l (n, 128, 128, 1) -> logits (n, 32, 32, 258); 4.8 M parameters."""
    l = keras.Input((SIDE, SIDE, 1))
    features = encoders.encode(l, weights="imagenet")
    x = features[32]
    for stride, width in DECODER.items():
        x = layers.Concatenate()([blocks.BilinearUp()(x), features[stride]])
        x = _convolve(_convolve(x, width), width)
    x = layers.Concatenate()([x, layers.AveragePooling2D(4)(l)])
    return keras.Model(l, layers.Conv2D(len(classes.ab_bins()), 1)(_convolve(x, DECODER[4])))


def colorizer(model: keras.Model, temperature: float) -> graphs.Colorizer:
    """The model with the mean ab of its sharpened classes, enlarged bicubically to full size."""
    l = keras.Input((SIDE, SIDE, 1))
    ab = blocks.AnnealedMean(temperature)(model(l))
    ab = layers.Lambda(lambda x: tf.image.resize(x, (SIDE, SIDE), "bicubic"))(ab)
    return graphs.from_generator(keras.Model(l, {"ab": ab}), SIDE, SIDE)


def train(model: keras.Model, source: str, steps: int) -> dict[str, float]:
    """Trains by AdamW with a warm-up and half a cosine; returns what it cost."""
    settings = config.DataConfig(source=source, crop_min_fraction=0.6)
    photos = data.open_part(settings, "train")
    stream = batches.train_batches(photos, settings, SIDE, BATCH, seed=0)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - WARM_UP_STEPS, warmup_target=LEARNING_RATE, warmup_steps=WARM_UP_STEPS
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-4, global_clipnorm=5.0),
        losses.classification,
    )
    began = time.monotonic()
    fitted = model.fit(
        stream.map(lambda batch: (batch["l"], batch["ab"])),
        steps_per_epoch=steps,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=_tell)],
    )
    seconds = time.monotonic() - began
    return {
        "photographs": photos.count,
        "steps": steps,
        "loss": fitted.history["loss"][-1],
        "minutes": seconds / 60,
        "images_per_s": steps * BATCH / seconds,
    }


def _convolve(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _tell(step: int, logs: dict[str, float]) -> None:
    if (step + 1) % 100 == 0:
        click.echo(f"step {step + 1}, mean loss {logs['loss']:.3f}", err=True)


@click.command()
@click.option("--data", "source", required=True, help="Photographs to train on.")
@click.option("--measure-on", required=True, help="Others, to measure on.")
@click.option("--limit", default=411, show_default=True, help="Photographs to measure on.")
@click.option("--share", default=0.85, show_default=True, help="Of the truth's colorfulness.")
@click.option("--steps", default=1395, show_default=True)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="FILE.weights.h5: kept there after training; not trained where it exists.",
)
def main(
    source: str, measure_on: str, limit: int, share: float, steps: int, weights: Path | None
) -> None:
    """See the top of the file."""
    keras.utils.set_random_seed(1)
    model = build()
    result = {"benchmark": "classifier", "parameters": model.count_params(), "share": share}
    if weights and weights.exists():
        model.load_weights(weights)
    else:
        result |= {"training": train(model, source, steps)}
        if weights:
            model.save_weights(weights)
    photos = data.open_part(config.DataConfig(source=measure_on), "all").take(limit)
    for temperature in TEMPERATURES:
        figures = strength.at_share(colorizer(model, temperature), photos, SIDE, share)
        result[f"temperature {temperature:g}"] = figures
    print(json.dumps(result | {"device": measure.device()}))


if __name__ == "__main__":
    main()
