"""Hyperparameter search: Optuna proposes values of config fields, each trial is a run of its own."""

import contextlib
import dataclasses
import functools
import gc
import json
import logging
import math
import signal
import socket
import time
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import optuna
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from tfcolor import config, data, errors, fields, workdir
from tfcolor.data import batches
from tfcolor.training import loop, progress

STUDY = "study.json"  # what may not change while the study goes on
TRIALS = "study.db"  # Optuna's, SQLite
METRICS = {  # -> Optuna's direction
    "val/ab_error": "minimize",
    "val/delta_e00": "minimize",
    "val/mse": "minimize",
    f"val/{config.FRECHET}": "minimize",
    "val/ssim": "maximize",
    "val/psnr": "maximize",
}
# Of the fields that a run may be resumed with, those that decide what its figures mean.
COMPARED = {"steps", "patience", "validate_every_steps"}
STARTUP_TRIALS = 5  # complete ones, before any is pruned

State = optuna.trial.TrialState
FINISHED = (State.COMPLETE, State.PRUNED)

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Space:
    """What a config field is searched in: a range with both ends, or choices."""

    field: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return f"{self.field}={','.join(json.dumps(choice) for choice in self.choices)}"
        return f"{self.field}={self.low:g}..{self.high:g}{' log' if self.log else ''}"

    def suggest(self, trial: optuna.Trial) -> Any:
        """The value of a trial."""
        if self.choices:
            # As JSON: Optuna stores no tuples.
            texts = [json.dumps(choice) for choice in self.choices]
            return self.choices[texts.index(trial.suggest_categorical(self.field, texts))]
        if self.whole:
            return trial.suggest_int(self.field, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.field, self.low, self.high, log=self.log)

    def value(self, stored: Any) -> Any:
        """What Optuna stored, as a value of the field."""
        return next((c for c in self.choices if json.dumps(c) == stored), stored)

    def domain(self) -> hparams.Domain | None:
        """For TensorBoard, which knows numbers, texts and booleans."""
        if not self.choices:
            if self.whole:
                return hparams.IntInterval(int(self.low), int(self.high))
            return hparams.RealInterval(self.low, self.high)
        known = [choice for choice in self.choices if choice is not None]
        if any(isinstance(choice, float) for choice in known):
            known = [float(choice) for choice in known]
        return None if isinstance(known[0], tuple) else hparams.Discrete(known)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A trial of a study as it stands."""

    workdir: Path
    state: str  # "complete", "pruned", "running"
    value: float | None  # the best validation of the last stage; of a pruned trial, its last
    step: int | None  # of that validation
    params: dict[str, Any]
    reason: str  # why it was pruned, or where its value is from


def parse(text: str, settings: config.TrainConfig) -> Space:
    """A search space from "FIELD=LOW..HIGH", "FIELD=LOW..HIGH log" or "FIELD=A,B,C".

    A range of an int field has whole ends. Choices are numbers, true, false, null, ["lists"], else
    plain text. A field of the stages is searched for all of them together, or for one as
    "STAGE.FIELD".

    Raises:
      ValueError: for an unknown field, or values that are not of its type.
    """
    field, equals, values = (part.strip() for part in text.partition("="))
    if not (field and equals and values):
        raise ValueError(f"--search takes FIELD=LOW..HIGH or FIELD=A,B,C, got {text!r}")
    kinds = _kinds(field, settings)
    if ".." in values and kinds & {int, float}:
        return _range(field, values, float not in kinds)
    choices = _choices(values)
    wrong = [choice for choice in choices if type(choice) not in kinds]
    if wrong:
        kind = " or ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"--search {field} takes values of type {kind}, got {wrong[0]!r}")
    if len(choices) < 2 or any(choice in choices[:i] for i, choice in enumerate(choices)):
        raise ValueError(
            f"--search {field} takes two different choices or more, got {values}; fix one value "
            f"with --set {field}=VALUE"
        )
    return Space(field, choices=choices)


def _range(field: str, values: str, whole: bool) -> Space:
    ends, _, scale = values.partition(" ")
    low, high = (fields.parse([f"end={end}"])["end"] for end in ends.split("..", 1))
    shown = f"got {values!r}"
    if scale.strip() not in ("", "log"):
        raise ValueError(f"--search {field} takes LOW..HIGH or 'LOW..HIGH log', {shown}")
    if any(type(end) not in (int, float) or not math.isfinite(end) for end in (low, high)):
        raise ValueError(f"--search {field} takes a range of numbers, LOW..HIGH, {shown}")
    if whole and not (float(low).is_integer() and float(high).is_integer()):
        raise ValueError(f"--search {field} takes whole numbers, LOW..HIGH, {shown}")
    if not low < high:
        raise ValueError(f"--search {field} must have LOW less than HIGH, {shown}")
    if scale and low <= 0:
        raise ValueError(f"--search {field} must have LOW greater than 0 with log, {shown}")
    return Space(field, float(low), float(high), bool(scale), whole)


def _choices(values: str) -> tuple[Any, ...]:
    try:
        parsed = json.loads(f"[{values}]")  # lists have commas of their own
    except json.JSONDecodeError:
        parsed = [fields.parse([f"choice={one.strip()}"])["choice"] for one in values.split(",")]
    return tuple(tuple(choice) if isinstance(choice, list) else choice for choice in parsed)


def _kinds(field: str, settings: config.TrainConfig) -> set[type]:
    """The types that values of a field can have."""
    stages = [stage.name for stage in settings.stages]
    stage, _, name = field.rpartition(".")
    hints: dict[str, Any] = {"total_steps": int} | typing.get_type_hints(config.StageConfig)
    if not stage:
        for part in (config.DataConfig, config.ModelConfig, config.TrainConfig):
            hints |= typing.get_type_hints(part)
    for no_value in ("name", "recipe", "data", "model", "stages"):
        hints.pop(no_value, None)
    if name not in hints or (stage and (stage not in stages or name == "total_steps")):
        raise ValueError(
            f"--search: unknown config field {field}; `tfcolor recipes {settings.recipe}` lists "
            f"them, and fields of one stage are STAGE.FIELD, of {', '.join(stages)}"
        )
    hint = hints[name]
    union = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kinds = {typing.get_origin(one) or one for one in union}
    return kinds | {int} if float in kinds else kinds


def tune(
    settings: config.TrainConfig,
    spaces: Sequence[Space],
    folder: str | Path,
    trials: int,
    metric: str = "val/ab_error",
    seed: int = 0,
    minutes: float | None = None,
) -> bool:
    """Searches until so many trials are finished, or goes on with a search that was stopped.

    Each trial is a workdir, folder/trial-0000 and so on. Optuna's TPE proposes the values and its
    median pruner is told of every validation. A trial whose values make no valid config, whose
    loss is not finite or which does not fit into memory is pruned with its reason. Several
    processes may work on one folder; a trial of a process that was killed is gone on with.

    Args:
      settings: of every trial, but for the fields that are searched.
      spaces: from `parse`.
      folder: of the study, made if missing.
      trials: complete and pruned ones, over all calls.
      metric: one of METRICS.
      seed: of what is proposed; trials take theirs from the settings.
      minutes: after these no trial is begun, and the running one stops at its next validation.

    Returns:
      False when interrupted by Ctrl-C or SIGTERM.

    Raises:
      ValueError: for options that cannot be used, or a folder of another study.
    """
    folder = Path(folder)
    _check(settings, spaces, trials, metric, minutes)
    photos = data.open_part(settings.data, "train")
    batches.require_usable(photos, settings.data)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, settings, spaces, metric, seed)
    deadline = math.inf if minutes is None else time.monotonic() + 60 * minutes
    with _open(folder, metric) as study, progress.interruptible(), _signals() as arrived:
        search = _Search(study, settings, spaces, folder, metric, seed, deadline)
        while not arrived() and time.monotonic() < deadline:
            with search.next(trials) as trial:
                if trial is None:
                    return True
                search.run(trial)
            gc.collect()  # networks hold themselves in cycles, and with them their memory
        return not arrived()


def outcomes(folder: str | Path, spaces: Sequence[Space], metric: str) -> list[Outcome]:
    """The trials of a study, complete ones first, the best ones first."""
    values = {space.field: space.value for space in spaces}
    sign = 1 if METRICS[metric] == "minimize" else -1
    with _open(Path(folder), metric) as study:
        found = [
            Outcome(
                Path(folder) / trial.user_attrs.get("workdir", ""),
                trial.state.name.lower(),
                trial.value,
                trial.user_attrs.get("step"),
                {name: values[name](value) for name, value in trial.params.items()},
                trial.user_attrs.get("reason", ""),
            )
            for trial in study.get_trials(deepcopy=False, states=(*FINISHED, State.RUNNING))
        ]
    worst = math.inf

    def rank(outcome: Outcome) -> tuple[bool, float]:
        value = worst if outcome.value is None else sign * outcome.value
        return outcome.state != "complete", value

    return sorted(found, key=rank)
