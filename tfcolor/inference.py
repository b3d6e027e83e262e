"""SavedModels that `tfcolor export` wrote, as colorizers and as networks."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfcolor import config, freezing

COLORIZE = "serving_default"  # signatures of a SavedModel
PLANES = "planes"
RAW = "raw"  # what a generator of all of RGB painted, its own lightness too
CARD = "tfcolor.json"  # in assets.extra, where TF Serving leaves files alone

Colorizer = Callable[[np.ndarray], np.ndarray]


def newest_version(path: str | Path) -> Path:
    """The SavedModel that a path stands for.

    Args:
      path: a SavedModel, or a folder of versions as TF Serving reads it (`NAME/1`, `NAME/2`).

    Raises:
      ValueError: if there is none.
    """
    path = Path(path)
    if (path / "saved_model.pb").is_file():
        return path
    versions = [p for p in path.glob("*/") if p.name.isdigit() and (p / "saved_model.pb").is_file()]
    if not versions:
        raise ValueError(
            f"{path} holds no SavedModel; make one with: tfcolor export WORKDIR {path}"
        )
    return max(versions, key=lambda version: int(version.name))


def load(path: str | Path, signature: str = COLORIZE) -> Colorizer:
    """The colorizer in a SavedModel that `tfcolor export` wrote.

    Args:
      path: a SavedModel, or a folder of versions, of which the newest is taken.
      signature: `COLORIZE`, or `RAW` of a model that paints RGB.

    Returns:
      A function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3).

    Raises:
      ValueError: if there is no SavedModel or it is not one of ours.
    """
    graph = _frozen(path, signature, "rgb")
    return lambda rgb: graph(tf.constant(rgb)).numpy()


def _frozen(path: str | Path, signature: str, argument: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """A signature of a SavedModel of ours as a function of that argument."""
    path = newest_version(path)
    try:
        model = tf.saved_model.load(str(path))
        graph = model.signatures[signature]
        if argument not in graph.structured_input_signature[1]:
            raise KeyError(argument)
        return freezing.freeze(graph)
    except (KeyError, OSError, tf.errors.OpError) as error:
        raise ValueError(
            f"{path} is not a SavedModel made by tfcolor export ({error}); export it again"
        ) from error


class Saved:
    """The network in a SavedModel that `tfcolor export` wrote; see `network.Network`."""

    stride = 1  # the graph mirrors the borders itself

    def __init__(self, path: str | Path) -> None:
        """Opens a SavedModel, or the newest of a folder of versions.

        Raises:
          ValueError: if there is none, or it is not one of ours.
        """
        self._graph = _frozen(path, PLANES, "l")
        run = read_config(path)
        self.size = (run or config.TrainConfig()).stages[-1].image_size

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """l float32 (h, w) -> ab float32 (h, w, 2)."""
        return self._graph(tf.constant(l[None, ..., None])).numpy()[0]


def read_config(model: str | Path) -> config.TrainConfig | None:
    """The config of the run that a SavedModel comes from; None where it carries none."""
    card = newest_version(model) / "assets.extra" / CARD
    if not card.is_file():
        return None
    return config.from_json(json.dumps(json.loads(card.read_text())["config"]))
