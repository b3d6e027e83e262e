"""Changes, lists, compares and reads the fields of a config by name, whatever part they are in."""

import dataclasses
import json
import re
import types
import typing
from collections.abc import Iterable
from typing import Any

from tfcolor import config
from tfcolor.support import errors

PARTS = ("data", "model", "stages")  # what a config consists of; no fields themselves


def override(settings: config.TrainConfig, **fields: Any) -> config.TrainConfig:
    """A config with some fields changed.

    A field of the stages is changed in all of them, or in one as "STAGE.FIELD". `total_steps` is
    shared out in proportion to the stages' steps. An `image_size` without a `depth` lowers the
    depth of a U-Net to log2 of that size, and one without a `seen_size` is what the network is to
    see, too, so that trial runs at 128 or 64 need one option, not two.

    Args:
      settings: what to start from.
      **fields: field name -> value; every name is unique over the dataclasses.

    Raises:
      ValueError: for an unknown name or a value out of its range.
    """
    fields = dict(fields)
    if "image_size" in fields:
        fields.setdefault("seen_size", None)
    total_steps = fields.pop("total_steps", None)
    own = {part: _take(fields, getattr(settings, part)) for part in ("data", "model")}
    common = {name: fields.pop(name) for name in _names(config.StageConfig) & fields.keys()}
    stages = [
        _replace(stage, **{**common, **_take(fields, stage, f"{stage.name}.")})
        for stage in settings.stages
    ]
    if given := [part for part in PARTS if part in fields]:
        raise errors.InputError(
            f"{given[0]} is not a field but a part of the config; set its fields one by one, see: "
            f"tfcolor recipes {settings.recipe}"
        )
    unknown = fields.keys() - (_names(config.TrainConfig) - {"recipe"})
    if unknown:
        known = ", ".join(stage.name for stage in settings.stages)
        raise errors.InputError(
            f"unknown config field {', '.join(sorted(unknown))}; fields of one stage are "
            f"STAGE.FIELD, of {known}; see: tfcolor recipes {settings.recipe}"
        )
    if total_steps is not None:
        stages = _share(stages, total_steps)
    model = {**own["model"], **_depth(settings, stages, own["model"])}
    return _replace(
        settings,
        data=_replace(settings.data, **own["data"]),
        model=_replace(settings.model, **model),
        stages=tuple(stages),
        **fields,
    )


def flatten(settings: config.TrainConfig) -> dict[str, Any]:
    """Every field by its name, those of stages as "STAGE.FIELD"."""
    fields = dataclasses.asdict(settings)
    parts = {**fields.pop("data"), **fields.pop("model")}
    for stage in fields.pop("stages"):
        name = stage.pop("name")
        parts |= {f"{name}.{field}": value for field, value in stage.items()}
    return {**fields, **parts}


def is_resumable(name: str) -> bool:
    """Whether a field of `flatten` may differ when a run is resumed."""
    return name.rpartition(".")[2] in config.RESUMABLE


def changed(old: config.TrainConfig, new: config.TrainConfig) -> dict[str, tuple[Any, Any]]:
    """Fields that differ although a resumed run must keep them: name -> (old, new)."""
    before, after = flatten(old), flatten(new)
    return {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name) and not is_resumable(name)
    }


def parse(assignments: Iterable[str]) -> dict[str, Any]:
    """Parses "FIELD=VALUE" texts; VALUE is JSON (a number, true, null, ["a list"]), or else text.

    Raises:
      ValueError: if one has no "=".
    """
    fields: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (name and equals):
            raise errors.InputError(f"--set takes FIELD=VALUE, got {assignment!r}")
        try:
            fields[name] = json.loads(value)
        except json.JSONDecodeError:
            fields[name] = value
        if isinstance(fields[name], list):
            fields[name] = tuple(fields[name])
    return fields


def _names(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)} - {"name"}


def _take(fields: dict[str, Any], part: Any, prefix: str = "") -> dict[str, Any]:
    """Removes the fields of a part from those given; returns them without their prefix."""
    names = {f"{prefix}{name}" for name in _names(part)} & fields.keys()
    return {name.removeprefix(prefix): fields.pop(name) for name in names}


def _replace(part: Any, **fields: Any) -> Any:
    """As `dataclasses.replace`; a value of a wrong type is an error that names its field."""
    hints = typing.get_type_hints(type(part))
    for name, value in fields.items():
        if not fits(value, hints[name]):
            kind = getattr(hints[name], "__name__", str(hints[name]))
            remedy = """; write '["encoder"]'""" if name == "frozen" else ""
            raise errors.InputError(f"{name} must be of type {kind}, got {value!r}{remedy}")
    return dataclasses.replace(part, **fields)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value has a field's type; a whole number may stand for a float."""
    if isinstance(hint, types.UnionType):
        return any(fits(value, one) for one in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        one, _ = typing.get_args(hint)  # tuple[str, ...]
        return isinstance(value, tuple) and all(fits(each, one) for each in value)
    kind = {float: (int, float)}.get(hint, typing.get_origin(hint) or hint)
    return isinstance(value, kind) and (hint is bool or not isinstance(value, bool))


def _share(stages: list[config.StageConfig], total_steps: int) -> list[config.StageConfig]:
    """The stages with `total_steps` steps in all, in the proportions that they had."""
    if total_steps < len(stages):
        raise errors.InputError(
            f"total_steps must be {len(stages)} or more, one for each stage, got {total_steps}"
        )
    before, done = sum(stage.steps for stage in stages), 0
    ends: list[int] = []
    for index, stage in enumerate(stages):
        done += stage.steps
        left = len(stages) - 1 - index
        end = round(total_steps * done / before)
        ends.append(min(max(end, (ends[-1] if ends else 0) + 1), total_steps - left))
    starts = [0, *ends]
    return [
        dataclasses.replace(stage, steps=end - start)
        for stage, start, end in zip(stages, starts, ends, strict=False)
    ]


def _depth(
    settings: config.TrainConfig, stages: list[config.StageConfig], model: dict[str, Any]
) -> dict[str, int]:
    """The depth that follows from changed image sizes, or nothing."""
    resized = [stage.image_size for stage in stages] != [s.image_size for s in settings.stages]
    smallest = min(stage.image_size for stage in stages)
    generator = model.get("generator", settings.model.generator)
    has_depth = config.GENERATORS.get(generator) == 0
    if not resized or "depth" in model or not has_depth:
        return {}
    return {"depth": min(settings.model.depth, smallest.bit_length() - 1)}


def to_json(settings: config.TrainConfig) -> str:
    """JSON text that `from_json` reads back to an equal config."""
    return json.dumps(dataclasses.asdict(settings), indent=2) + "\n"


def from_json(text: str) -> config.TrainConfig:
    """The config that `to_json` wrote.

    Raises:
      ValueError: for text that is no JSON, unknown fields or values out of their range.
    """
    try:
        read = json.loads(text)
        data = config.DataConfig(**read.pop("data"))
        model = config.ModelConfig(**read.pop("model"))
        stages = tuple(
            config.StageConfig(**{**stage, "frozen": tuple(stage["frozen"])})
            for stage in read.pop("stages")
        )
        return config.TrainConfig(data=data, model=model, stages=stages, **read)
    except KeyError as error:
        raise errors.InputError(
            f"{error.args[0]} is missing; start from what this prints: tfcolor recipes tfcolor"
        ) from error
    except (AttributeError, TypeError, json.JSONDecodeError) as error:
        wrong = re.sub(
            r"(\w+)Config\.__init__\(\) got an unexpected keyword argument",
            lambda found: f"{found[1].lower()} has no field",
            str(error),
        )
        raise errors.InputError(f"not a config of this version of tfcolor: {wrong}") from error
