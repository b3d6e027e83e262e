"""Loads SavedModels that `tfcolor export` wrote, as colorizers and as networks."""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfcolor import config
from tfcolor.config import fields
from tfcolor.runtimes import freezing
from tfcolor.serving import contract
from tfcolor.support import errors

COLORIZE = "rgb"  # signatures of a SavedModel; all of them are in `serving.contract`
PLANES = "planes"
HINTED = "hinted_planes"  # only a network that takes hints has it
CLASSES = "classes"  # only a network that was trained on color classes has it
RAW = "raw"  # the RGB that a generator of RGB paints, with its own lightness
CARD = "tfcolor.json"  # in assets.extra, where TF Serving ignores it
IMAGE_SIZE = "image_size"  # in the card: short side that the network is meant to see, pixels

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
        raise errors.InputError(
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
    graph = _frozen(path, _load(path), signature)
    return lambda rgb: graph(tf.constant(np.broadcast_to(rgb, (*rgb.shape[:3], 3)))).numpy()


def _load(path: str | Path) -> Any:
    """A SavedModel, or the newest of a folder of versions, as TensorFlow loads it."""
    path = newest_version(path)
    with _reading(path):
        return tf.saved_model.load(str(path))


def _frozen(path: str | Path, model: Any, signature: str) -> Callable[..., tf.Tensor]:
    """A signature of a loaded model of ours as a function of the inputs without a default."""
    expected = contract.ALL[signature].inputs
    # TensorFlow's own loader does not fill in defaults.
    rendering = {
        name: tf.constant([each.default], each.dtype)
        for name, each in expected.items()
        if each.default is not None
    }
    with _reading(path):
        graph = model.signatures[signature]
        specs = graph.structured_input_signature[1]
        if specs.keys() != expected.keys():
            raise KeyError(f"inputs of {signature}")
        names = [name for name in expected if name not in rendering]
        whole = tf.function(
            lambda *given: graph(**dict(zip(names, given, strict=True)), **rendering),
            autograph=False,
        )
        return freezing.freeze(whole.get_concrete_function(*(specs[name] for name in names)))


@contextlib.contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """Turns all errors that a file of another kind causes into one."""
    try:
        yield
    except (KeyError, OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
        raise errors.InputError(
            f"{path} is not a SavedModel made by tfcolor export ({error}); export it again"
        ) from error


class SavedNetwork:
    """The network in a SavedModel that `tfcolor export` wrote; see `runtimes.Network`."""

    stride = 1  # the graph mirrors the borders itself

    def __init__(self, path: str | Path) -> None:
        """Opens a SavedModel, or the newest of a folder of versions.

        Raises:
          ValueError: if there is none, or it is not one of ours, or of an earlier version.
        """
        card = _card(path)
        if card and IMAGE_SIZE not in card:
            raise errors.InputError(f"{path} is of an earlier version of tfcolor; export it again")
        self._path, self._model = path, _load(path)
        self.takes_hints = HINTED in self._model.signatures
        self.tells_classes = CLASSES in self._model.signatures
        self._graph = _frozen(path, self._model, HINTED if self.takes_hints else PLANES)
        # A model without a card gets the size at which most are trained.
        self.size = card.get(IMAGE_SIZE, config.TrainConfig().stages[-1].image_size)

    def __call__(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Network`.

        Raises:
          ValueError: if the lightness has more pixels than a SavedModel takes.
        """
        return self._graph(*_planes(l, hints, self.takes_hints)).numpy()[0]

    def classes(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Classifier`; raises as above."""
        return self._classes(*_planes(l, hints, with_hints=True)).numpy()[0]

    @functools.cached_property
    def _classes(self) -> Callable[..., tf.Tensor]:
        return _frozen(self._path, self._model, CLASSES)


def _planes(l: np.ndarray, hints: np.ndarray | None, with_hints: bool) -> list[tf.Tensor]:
    """Lightness (1, h, w, 1) and, if wanted, hints (1, h, w, 3), zeros if there are none."""
    if l.size > contract.MAX_PLANE:
        raise errors.InputError(
            f"a SavedModel takes at most {contract.MAX_PLANE} pixels, got {l.shape[1]} x "
            f"{l.shape[0]}; use a smaller size"
        )
    shown = [l[..., None]]
    if with_hints:
        shown.append(np.zeros((*l.shape, 3), np.float32) if hints is None else hints)
    return [tf.constant(each[None]) for each in shown]


def read_config(model: str | Path) -> config.TrainConfig | None:
    """The config of the run behind a SavedModel; None if it has none, like the bundled network."""
    run = _card(model).get("config")
    return fields.from_json(json.dumps(run)) if run else None


def _card(model: str | Path) -> dict[str, Any]:
    """The card that `tfcolor export` wrote into a SavedModel; empty if it is missing."""
    card = newest_version(model) / "assets.extra" / CARD
    return json.loads(card.read_text(encoding="utf-8")) if card.is_file() else {}
