"""The folder of a training run: what training writes there and what export reads."""

import contextlib
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfcolor import config
from tfcolor.color import quantize
from tfcolor.config import fields
from tfcolor.models import folding, networks, shipped
from tfcolor.support import errors

CONFIG = "config.json"
METRICS = "metrics.jsonl"
LAST = "checkpoints"  # everything that training needs to continue
BEST = "best"  # only the generator, the best of all stages by validation
GRID = "validation.png"
CHECKPOINTS = {"best": BEST, "last": LAST}
BUNDLED = "bundled"  # in place of a run: the network that comes with the package


class TrainedGenerator(NamedTuple):
    """A generator to export.

    Attributes:
      generator: float32, its batch normalizations folded; see `folding.fold`.
      image_size: short side that it is meant to see, pixels: that of its validations, except for
        the bundled one.
      stride: the sides of its input must be multiples of it.
      step: the train steps behind it, and `settings`: of its run; None for the bundled network.
      uniform_share: of the rebalanced classes that it was trained on last; None if on none.
      calibration: a temperature, see `quantize.probabilities`; 1 if it was never fitted.
    """

    generator: keras.Model
    image_size: int
    stride: int
    step: int | None
    settings: config.TrainConfig | None
    uniform_share: float | None = None
    calibration: float = 1.0

    @property
    def probabilities(self) -> Callable[[Any], Any] | None:
        """Logits of its classes -> their probabilities; None if it was trained on none."""
        if self.uniform_share is None:
            return None
        return functools.partial(
            quantize.probabilities,
            uniform_share=self.uniform_share,
            calibration=self.calibration,
        )


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints in a folder, as TensorFlow's path prefixes, oldest first."""
    names = [path.stem for path in folder.glob("step-*.index")]
    steps = sorted(int(name[5:]) for name in names if name[5:].isdigit())
    return [folder / f"step-{step}" for step in steps]


def read_config(folder: str | Path) -> config.TrainConfig:
    """The config of a run.

    Raises:
      ValueError: if the folder is no run's, or the config cannot be read.
    """
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise errors.InputError(
            f"{folder} is not a training run (no {CONFIG}); make one: tfcolor train"
        )
    try:
        return fields.from_json(path.read_text(encoding="utf-8"))
    except (errors.InputError, UnicodeDecodeError) as error:
        raise errors.InputError(f"{path}: {error}; use another workdir") from error


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics.jsonl, oldest first; none if it has no such file yet."""
    path = folder / METRICS
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        with contextlib.suppress(json.JSONDecodeError):  # cut short when the run was killed
            lines.append(json.loads(text))
    return lines


def step_of(checkpoint: Path) -> int:
    """The number of train steps after which a checkpoint was written."""
    return int(checkpoint.name.removeprefix("step-"))


def steps_done(folder: Path) -> int:
    """The train steps of a run up to its newest checkpoint."""
    paths = checkpoints(folder / LAST)
    return step_of(paths[-1]) if paths else 0


def stage_of(checkpoint: Path) -> int:
    """The stage that a checkpoint of the state was written in, counted from 0."""
    return _counter(checkpoint, "stage")


def stage_step_of(checkpoint: Path) -> int:
    """The number of steps of its stage after which a checkpoint was written."""
    return _counter(checkpoint, "stage_step")


def _counter(checkpoint: Path, name: str) -> int:
    saved = tf.train.load_checkpoint(str(checkpoint))
    return int(saved.get_tensor(f"state/{name}/.ATTRIBUTES/VARIABLE_VALUE"))


def load_generator(folder: str | Path, checkpoint: str = "best") -> tuple[keras.Model, int]:
    """The trained generator of a run, in float32, and the step it comes from.

    Args:
      folder: the run's.
      checkpoint: "best" (by validation) or "last".

    Raises:
      ValueError: if the run or the checkpoint is not there or cannot be read.
    """
    settings = read_config(folder)
    generator = networks.build_generator(settings.model, "float32", settings.seed)
    paths = checkpoints(Path(folder) / CHECKPOINTS[checkpoint])
    if not paths:
        remedy = "train it further"
        if checkpoint == "best":
            remedy += " until a validation, or give --checkpoint last"
        raise errors.InputError(f"{folder} has no {checkpoint} checkpoint yet; {remedy}")
    path = paths[-1]
    try:
        averaged = checkpoint == "last" and settings.stages[stage_of(path)].ema
        part = {"average" if averaged else "generator": generator}
        saved = tf.train.Checkpoint(state=tf.train.Checkpoint(**part)).read(str(path))
        saved.assert_existing_objects_matched().expect_partial()
    except Exception as error:  # a damaged file can raise anything
        remedy = {"best": "use --checkpoint last", "last": "train further for a new one"}[
            checkpoint
        ]
        raise errors.InputError(
            f"checkpoint {path} is damaged or of another version of tfcolor; {remedy}, or train "
            "again in another workdir"
        ) from error
    return generator, step_of(path)


def generator_of(run: str | Path, checkpoint: str = "best") -> TrainedGenerator:
    """The generator of a run, or the one that comes with the package.

    Args:
      run: the run's folder, or "bundled" if no folder has that name.
      checkpoint: of a run: "best" (by validation) or "last".

    Raises:
      ValueError: if the run or the checkpoint is not there or cannot be read.
    """
    if str(run) == BUNDLED and not Path(run).exists():
        card = shipped.card()
        return TrainedGenerator(
            folding.fold(shipped.build()),
            card.image_size,
            card.stride,
            None,
            None,
            card.uniform_share,
            card.calibration,
        )
    settings = read_config(run)
    generator, step = load_generator(run, checkpoint)
    size, stride = settings.validation_size, settings.model.stride
    shares = [stage.uniform_share for stage in settings.stages if stage.classification_weight]
    share = shares[-1] if shares else None
    return TrainedGenerator(folding.fold(generator), size, stride, step, settings, share)
