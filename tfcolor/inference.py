"""SavedModels that `tfcolor export` wrote, as colorizers and as networks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfcolor import config, freezing
from tfcolor.serving import contract

COLORIZE = "rgb"  # signatures of a SavedModel; all of them stand in `serving.contract`
PLANES = "planes"
RAW = "raw"  # what a generator of all of RGB painted, its own lightness too
CARD = "tfcolor.json"  # in assets.extra, where TF Serving leaves files alone
IMAGE_SIZE = "image_size"  # in there: short side that the network is meant to see, pixels

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
            f"{path} holds no SavedModel; make one of a run with: tfcolor export WORKDIR "
            "saved_models/NAME"
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
    graph = _frozen(path, signature)
    return lambda rgb: graph(tf.constant(np.broadcast_to(rgb, (*rgb.shape[:3], 3)))).numpy()


def _frozen(path: str | Path, signature: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """A signature of a SavedModel of ours as a function of its first input, with its defaults."""
    path = newest_version(path)
    expected = {**contract.SIGNATURES, **contract.RAW}[signature].inputs
    first, *rest = expected
    try:
        model = tf.saved_model.load(str(path))
        graph = model.signatures[signature]
        if graph.structured_input_signature[1].keys() != expected.keys():
            raise KeyError(f"inputs of {signature}")
        # TensorFlow's own loader knows no defaults.
        look = {name: tf.constant([expected[name].default], expected[name].dtype) for name in rest}
        whole = tf.function(lambda value: graph(**{first: value}, **look))
        spec = graph.structured_input_signature[1][first]
        return freezing.freeze(whole.get_concrete_function(spec))
    except (KeyError, OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"{path} is not a SavedModel made by tfcolor export ({error}); export it again"
        ) from error


class Saved:
    """The network in a SavedModel that `tfcolor export` wrote; see `network.Network`."""

    stride = 1  # the graph mirrors the borders itself

    def __init__(self, path: str | Path) -> None:
        """Opens a SavedModel, or the newest of a folder of versions.

        Raises:
          ValueError: if there is none, or it is not one of ours, or of an earlier version.
        """
        card = _card(path)
        if card and IMAGE_SIZE not in card:
            raise ValueError(f"{path} is of an earlier version of tfcolor; export it again")
        self._graph = _frozen(path, PLANES)
        # A model that lost its card is shown what most are trained at.
        self.size = card.get(IMAGE_SIZE, config.TrainConfig().stages[-1].image_size)

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """l float32 (h, w) -> ab float32 (h, w, 2).

        Raises:
          ValueError: if the lightness has more pixels than a SavedModel takes.
        """
        if l.size > contract.MAX_PLANE:
            raise ValueError(
                f"a SavedModel takes at most {contract.MAX_PLANE} pixels, got {l.shape[1]} x "
                f"{l.shape[0]}; use a smaller size"
            )
        return self._graph(tf.constant(l[None, ..., None])).numpy()[0]


def read_config(model: str | Path) -> config.TrainConfig | None:
    """The config of the run that a SavedModel comes from; None of the bundled network, or where
    the SavedModel carries none.
    """
    run = _card(model).get("config")
    return config.from_json(json.dumps(run)) if run else None


def _card(model: str | Path) -> dict[str, Any]:
    """What `tfcolor export` noted in a SavedModel; empty where that was lost."""
    card = newest_version(model) / "assets.extra" / CARD
    return json.loads(card.read_text(encoding="utf-8")) if card.is_file() else {}
