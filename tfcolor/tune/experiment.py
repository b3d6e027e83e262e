"""The definition of a study: fixed when its folder is made, and described for TensorBoard."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from tfcolor import config
from tfcolor.config import fields
from tfcolor.support import disk, errors
from tfcolor.tune import spaces

STUDY = "study.json"
Direction = Literal["minimize", "maximize"]
METRICS: dict[str, Direction] = {
    "val/ab_error": "minimize",
    "val/delta_e00": "minimize",
    "val/mse": "minimize",
    f"val/{config.FRECHET}": "minimize",
    "val/ssim": "maximize",
    "val/psnr": "maximize",
}
# Fields that may differ when a run is resumed, but decide what its figures mean.
COMPARED = {"steps", "patience", "validate_every_steps"}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What all trials have in common, and what is searched."""

    settings: config.TrainConfig  # every trial has these, except for the fields that are searched
    searched: Sequence[spaces.Space]
    metric: str = "val/ab_error"
    seed: int = 0  # for the search; trials take theirs from the settings

    def __post_init__(self) -> None:
        names = [space.field for space in self.searched]
        if not names:
            raise errors.InputError(
                "nothing to search: give --search FIELD=LOW..HIGH or FIELD=A,B,C"
            )
        if len(set(names)) < len(names):
            raise errors.InputError(f"--search takes each field once, got {', '.join(names)}")
        if self.metric not in METRICS:
            raise errors.InputError(
                f"metric must be one of {', '.join(METRICS)}, got {self.metric}"
            )
        if self.metric.endswith(config.FRECHET) and not all(
            stage.patience or stage.best_by == config.FRECHET for stage in self.settings.stages
        ):
            raise errors.InputError(
                f"metric {self.metric} is measured only with --set best_by={config.FRECHET}"
            )

    @property
    def direction(self) -> Direction:
        """Whether lower or higher values of the metric are better."""
        return METRICS[self.metric]

    def better(self, value: float) -> float:
        """A value of the metric, with its sign changed if higher is better."""
        return value if self.direction == "minimize" else -value


def claim(folder: Path, experiment: Experiment) -> None:
    """Writes the definition of a study to a new folder; in an old one it must be the same.

    Raises:
      ValueError: if the folder holds another study; the message names what differs.
    """
    path = folder / STUDY
    now = _identity(experiment)
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise errors.InputError(
                f"{path} cannot be read ({error}); use another folder"
            ) from error
        changes = [
            f"{name} {before.get(name, 'not given')} (now {now.get(name, 'not given')})"
            for name in {**before, **now}
            if before.get(name) != now.get(name)
        ]
        if changes:
            raise errors.InputError(
                f"{folder} holds a study with {', '.join(changes)}; its trials could not be "
                "compared: use the old values or another folder"
            )
    else:
        disk.write(path, json.dumps(now, indent=2) + "\n")
    if not list(folder.glob("events.out.tfevents.*")):
        _describe(folder, experiment)


def _identity(experiment: Experiment) -> dict[str, Any]:
    """What must not change, as JSON returns it."""
    identity: dict[str, Any] = {"metric": experiment.metric, "sampler seed": experiment.seed}
    for space in experiment.searched:
        identity[f"search {space.field}"] = space.text
    for name, value in fields.flatten(experiment.settings).items():
        if not fields.is_resumable(name) or name.rpartition(".")[2] in COMPARED:
            identity[name] = list(value) if isinstance(value, tuple) else value
    return identity


def _describe(folder: Path, experiment: Experiment) -> None:
    """Tells TensorBoard's HParams which of the fields that trials write are of interest."""
    columns = [
        hparams.HParam(name, _domain(space))
        for space in experiment.searched
        for name, value in fields.flatten(experiment.settings).items()
        # A field of the stages has a column for each stage, as the trials write it.
        if name == space.field or name.endswith(f".{space.field}")
        if not fields.is_resumable(name) and not isinstance(value, tuple)
    ]
    metrics = [hparams.Metric(experiment.metric, dataset_type=hparams.Metric.VALIDATION)]
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        hparams.hparams_config(hparams=columns, metrics=metrics)
    writer.close()


def _domain(space: spaces.Space) -> Any:
    """A search space in TensorBoard's form: an interval, or values of one type."""
    if not space.choices:
        if space.whole:
            return hparams.IntInterval(int(space.low), int(space.high))
        return hparams.RealInterval(space.low, space.high)
    known = [choice for choice in space.choices if choice is not None]
    if any(isinstance(choice, float) for choice in known):
        known = [float(choice) for choice in known]
    return hparams.Discrete(known)
