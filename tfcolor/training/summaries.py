"""Records of a run for people: TensorBoard events, metrics.jsonl, a picture of the progress."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.hparams import api as hparams

from tfcolor import config
from tfcolor.color import cielab
from tfcolor.config import fields
from tfcolor.runtimes import workdirs
from tfcolor.support import disk

EVENTS = "events"


class Summaries:
    """The records of a run, which lose the steps after the one that the run resumes from."""

    def __init__(self, folder: Path, settings: config.TrainConfig, resumed_step: int) -> None:
        self._folder = folder
        self._metrics = folder / workdirs.METRICS
        self._keep_until(resumed_step)
        self._writer = tf.summary.create_file_writer(str(folder / EVENTS))
        with self._writer.as_default():
            hparams.hparams(
                {
                    name: value
                    for name, value in fields.flatten(settings).items()
                    if isinstance(value, str | int | float) and not fields.is_resumable(name)
                }
            )

    def scalars(self, stage: str, step: int, values: dict[str, float]) -> None:
        """Writes a line of metrics.jsonl, and a TensorBoard scalar for each value."""
        with open(self._metrics, "a", encoding="utf-8") as lines:
            lines.write(json.dumps({"step": step, "stage": stage, **values}) + "\n")
        with self._writer.as_default(step):
            for tag, value in values.items():
                tf.summary.scalar(tag, value)
        self._writer.flush()

    def text(self, step: int, tag: str, words: str) -> None:
        """Writes a TensorBoard text."""
        with self._writer.as_default(step):
            tf.summary.text(tag, words)
        self._writer.flush()

    def of(self, stage: str, tag: str) -> list[dict[str, Any]]:
        """The lines of a stage that have a value under a tag, oldest first."""
        return [
            line
            for line in workdirs.read_metrics(self._folder)
            if line["stage"] == stage and tag in line
        ]

    def pictures(self, step: int, truth: np.ndarray, fake: np.ndarray) -> None:
        """Writes a row "gray | colorized | truth" per photograph, and histograms of their ab.

        Args:
          step: of the run.
          truth, fake: uint8 (n, s, s, 3).
        """
        grid = np.concatenate([cielab.without_color(truth).numpy(), fake, truth], axis=2)
        grid = grid.reshape(1, -1, *grid.shape[2:])  # (n, s, 3s, 3) -> (1, ns, 3s, 3)
        planes = {"truth": cielab.rgb_to_lab(truth), "fake": cielab.rgb_to_lab(fake)}
        with self._writer.as_default(step):
            tf.summary.image("val/gray_colorized_truth", grid)
            for name, lab in planes.items():
                tf.summary.histogram(f"val/{name}_a", lab[..., 1])
                tf.summary.histogram(f"val/{name}_b", lab[..., 2])
        self._writer.flush()
        disk.write(self._folder / workdirs.GRID, tf.io.encode_png(grid[0]).numpy())

    def __enter__(self) -> "Summaries":
        return self

    def __exit__(self, *unused: object) -> None:
        self._writer.close()

    def _keep_until(self, step: int) -> None:
        kept = [
            json.dumps(line) for line in workdirs.read_metrics(self._folder) if line["step"] <= step
        ]
        disk.write(self._metrics, "".join(line + "\n" for line in kept))
        for path in (self._folder / EVENTS).glob("*tfevents*"):
            if all(_step(event) <= step for event in _events(path)):
                continue
            with disk.replacing(path) as partial, tf.io.TFRecordWriter(str(partial)) as file:
                for event in _events(path):
                    if _step(event) <= step:
                        file.write(event)


def _events(path: Path) -> Iterator[bytes]:
    """The serialized events of a file, up to one that a kill cut short."""
    try:
        yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    except tf.errors.DataLossError:
        return


def _step(event: bytes) -> int:
    return event_pb2.Event.FromString(event).step
