"""Search spaces: a range or choices for a config field, and how they are written."""

import dataclasses
import json
import math
import types
import typing
from typing import TYPE_CHECKING, Any

from tfcolor import config
from tfcolor.config import fields
from tfcolor.support import errors

if TYPE_CHECKING:
    import optuna


@dataclasses.dataclass(frozen=True)
class Space:
    """The search space of a config field: a range that includes both ends, or choices."""

    field: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """The space as it is written after "FIELD="."""
        if self.choices:
            return ",".join(json.dumps(choice) for choice in self.choices)
        return f"{self.low:.15g}..{self.high:.15g}{' log' if self.log else ''}"

    def suggest(self, trial: "optuna.Trial") -> Any:
        """The value of the field in a trial."""
        if self.choices:
            # Choices are stored as JSON: Optuna stores no tuples.
            texts = [json.dumps(choice) for choice in self.choices]
            return self.choices[texts.index(trial.suggest_categorical(self.field, texts))]
        if self.whole:
            return trial.suggest_int(self.field, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.field, self.low, self.high, log=self.log)

    def value(self, stored: Any) -> Any:
        """The value of the field that Optuna stored."""
        return next((c for c in self.choices if json.dumps(c) == stored), stored)


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
        raise errors.InputError(f"--search takes FIELD=LOW..HIGH or FIELD=A,B,C, got {text!r}")
    kinds = _kinds(field, settings)
    if ".." in values and kinds & {int, float}:
        return _range(field, values, float not in kinds)
    choices = _choices(values)
    wrong = [choice for choice in choices if type(choice) not in kinds]
    if wrong:
        kind = " or ".join(sorted(kind.__name__ for kind in kinds))
        raise errors.InputError(f"--search {field} takes values of type {kind}, got {wrong[0]!r}")
    if len(choices) < 2 or any(choice in choices[:i] for i, choice in enumerate(choices)):
        raise errors.InputError(
            f"--search {field} takes two different choices or more, got {values}; fix one value "
            f"with --set {field}=VALUE"
        )
    return Space(field, choices=choices)


def shown(value: Any) -> str:
    """A value as readable text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _range(field: str, values: str, whole: bool) -> Space:
    ends, _, scale = values.partition(" ")
    low, high = (fields.parse([f"end={end}"])["end"] for end in ends.split("..", 1))
    shown = f"got {values!r}"
    if scale.strip() not in ("", "log"):
        raise errors.InputError(f"--search {field} takes LOW..HIGH or 'LOW..HIGH log', {shown}")
    if any(type(end) not in (int, float) or not math.isfinite(end) for end in (low, high)):
        raise errors.InputError(f"--search {field} takes a range of numbers, LOW..HIGH, {shown}")
    if whole and not (float(low).is_integer() and float(high).is_integer()):
        raise errors.InputError(f"--search {field} takes whole numbers, LOW..HIGH, {shown}")
    if not low < high:
        raise errors.InputError(f"--search {field} must have LOW less than HIGH, {shown}")
    if scale and low <= 0:
        raise errors.InputError(f"--search {field} must have LOW greater than 0 with log, {shown}")
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
    for no_value in ("name", "recipe", *fields.PARTS):
        hints.pop(no_value, None)
    if name not in hints or (stage and (stage not in stages or name == "total_steps")):
        raise errors.InputError(
            f"--search: unknown config field {field}; `tfcolor recipes {settings.recipe}` lists "
            f"them, and fields of one stage are STAGE.FIELD, of {', '.join(stages)}"
        )
    hint = hints[name]
    union = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kinds = {typing.get_origin(one) or one for one in union}
    return kinds | {int} if float in kinds else kinds
