"""What a person chose for a photograph, in a file NAME.hints.json: colors of places, options."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfcolor.colorizing import marks, rendering
from tfcolor.config import fields
from tfcolor.support import disk, errors

SUFFIX = ".hints.json"
OPTIONS = typing.get_type_hints(rendering.Rendering)

_STRETCHED = 0.02  # A photograph's aspect ratio may differ by this share, as rounding changes it.
_KEYS = (("x", "y", "color"), ("polygon", "color"), ("stroke", "width", "color"))


@dataclasses.dataclass(frozen=True)
class Choices:
    """Colors and options for a photograph.

    Attributes:
      shape: height and width of the photograph whose pixels the hints are in.
      hints: places and areas with their colors.
      options: `rendering.Rendering`'s values that are not the defaults, by name.
    """

    shape: tuple[int, int]
    hints: tuple[marks.Mark, ...] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError if a hint lies outside, or an option is none or out of range."""
        if not all(type(side) is int and side > 0 for side in self.shape):
            raise errors.InputError("width and height must be whole numbers above 0")
        for name, value in self.options.items():
            if name not in OPTIONS:
                raise errors.InputError(f"no option {name!r}; there are {', '.join(OPTIONS)}")
            if not fields.fits(value, OPTIONS[name]):
                raise errors.InputError(f"option {name} cannot be {value!r}")
        rendering.Rendering(**self.options)
        marks.check(self.hints, self.shape)

    def fit(self, shape: tuple[int, int]) -> dict[str, Any]:
        """These choices for the same photograph at another size, as arguments of `colorize`.

        Args:
          shape: height and width of the photograph, pixels.

        Raises:
          ValueError: if its aspect ratio is another.
        """
        down, across = (new / old for new, old in zip(shape, self.shape, strict=True))
        if abs(down / across - 1) > _STRETCHED:
            (height, width), (other_height, other_width) = shape, self.shape
            raise errors.InputError(
                f"the hints are for a photograph of {other_width} x {other_height} pixels, not of "
                f"{width} x {height}; give those of this photograph"
            )
        return {
            **self.options,
            "hints": tuple(hint.scaled(self.shape, shape) for hint in self.hints),
        }

    def write(self, path: str | Path) -> None:
        """Writes a file that `read` reads.

        Raises:
          OSError: if it cannot be written.
        """
        height, width = self.shape
        whole = {
            "width": width,
            "height": height,
            "hints": [_to_json(hint) for hint in self.hints],
            "options": dict(self.options),
        }
        disk.write(Path(path), (json.dumps(whole, indent=2) + "\n").encode())


def read(path: str | Path) -> Choices:
    """Reads a file of choices.

    Raises:
      ValueError: if it is none; the message names the file and what is wrong.
      OSError: if it cannot be read.
    """
    try:
        return parse(json.loads(Path(path).read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise errors.InputError(f"{path} is no file of hints: {error}") from error


def parse(whole: Any) -> Choices:
    """The choices that the JSON of such a file holds.

    Raises:
      TypeError, ValueError: if it holds none; says what is wrong.
    """
    if not isinstance(whole, dict) or not {"width", "height", "hints"} <= whole.keys():
        raise ValueError('it must be an object with "width", "height" and "hints"')
    hints, options = whole["hints"], whole.get("options", {})
    if not isinstance(hints, list) or not isinstance(options, dict):
        raise ValueError('"hints" must be a list, and "options" an object')
    placed = tuple(_from_json(number, hint) for number, hint in enumerate(hints, 1))
    return Choices((whole["height"], whole["width"]), placed, options)


def path_for(given: Path, photograph: Path) -> Path | None:
    """The file for a photograph: the one given, or its own in the folder given, if it has one."""
    if not given.is_dir():
        return given
    path = given / f"{photograph.stem}{SUFFIX}"
    return path if path.exists() else None


def _to_json(hint: marks.Mark) -> dict[str, Any]:
    color = marks.text_of(hint.rgb)
    if isinstance(hint, marks.Hint):
        return {"x": hint.x, "y": hint.y, "color": color}
    points = [list(point) for point in hint.points]
    if hint.width is None:
        return {"polygon": points, "color": color}
    return {"stroke": points, "width": hint.width, "color": color}


def _from_json(number: int, said: Any) -> marks.Mark:
    try:
        if not isinstance(said, dict) or set(said) not in [set(keys) for keys in _KEYS]:
            forms = ", or ".join(" and ".join(keys) for keys in _KEYS)
            raise ValueError(f"it must have {forms}, and nothing else")
        color = marks.parse_color(str(said["color"]))
        if "x" in said:
            ((x, y),) = _points([[said["x"], said["y"]]])
            return marks.Hint(x, y, color)
        if "polygon" in said:
            return marks.Area(_points(said["polygon"]), color)
        return marks.Area(_points(said["stroke"]), color, float(said["width"]))
    except (TypeError, ValueError) as error:
        raise errors.InputError(f"hint {number}: {error}") from error


def _points(given: Any) -> tuple[tuple[int, int], ...]:
    if not isinstance(given, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and all(type(each) is int for each in pair)
        for pair in given
    ):
        raise ValueError("places must be pairs of whole numbers of pixels, as [120, 80]")
    return tuple((x, y) for x, y in given)
