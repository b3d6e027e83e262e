"""Runs networks of others in ONNX files, which a JSON file beside them describes."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfcolor.color import cielab_numpy, constants
from tfcolor.config import fields
from tfcolor.images.resizing import arrays
from tfcolor.support import errors

LAYOUTS = ("NCHW", "NHWC")
INPUTS = {"l": 1, "gray": 1, "rgb": 3}  # what a network may take, and its number of channels
OUTPUTS = {"ab": 2, "lab": 3, "rgb": 3}  # what it may give


@dataclasses.dataclass(frozen=True)
class Side:
    """The input or the output of a network.

    Attributes:
      channels: "l" is L*, "gray" and "rgb" are the gray photograph in sRGB, in one or three
        channels; an output is "ab", "lab" or "rgb".
      layout: "NCHW" or "NHWC".
      range: what L* of 0 and 100, or black and white, are for the network.
      mean, std: of the channels, subtracted and divided by after that; inputs only.
      scale: CIE units that a* and b* of 1 stand for; outputs only.
      name: in the file; its first input or output if not given.
    """

    channels: str
    layout: str = "NCHW"
    range: tuple[float, ...] = (0.0, 1.0)
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    scale: float = 1.0
    name: str | None = None


@dataclasses.dataclass(frozen=True)
class Description:
    """What a JSON file says of the network beside it.

    Attributes:
      size: side of the square that it takes, pixels; or, if `square` is false, the short side that
        it is shown by default.
      input, output: see `Side`.
      square: whether it takes squares of that size only; photographs are squeezed to them.
      stride: if it does not, the sides must be multiples of it.
    """

    size: int
    input: Side
    output: Side
    square: bool = True
    stride: int = 1


def path_of(network: Path) -> Path:
    """Where a network is described, if it is."""
    return network.with_suffix(".json")


def read(path: Path) -> Description:
    """Reads a description.

    Raises:
      ValueError: if it is none; names the file and the field.
      OSError: if it cannot be read.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        sides = {
            "input": _side(said, "input", INPUTS, {"mean", "std"}),
            "output": _side(said, "output", OUTPUTS, {"scale"}),
        }
        found = _taken(Description, {**said, **sides}, "")
    except (TypeError, ValueError) as error:
        raise errors.InputError(f"{path} describes no network: {error}") from error
    if not 0 < found.size <= 4096 or not 0 < found.stride <= 4096:
        raise errors.InputError(f"{path}: size and stride must be from 1 to 4096 pixels")
    return found


def _side(said: Any, which: str, kinds: Mapping[str, int], own: set[str]) -> Side:
    values = said[which] if isinstance(said, dict) and which in said else None
    if not isinstance(values, dict):
        raise ValueError(f'it must be an object with "size", "input" and "output"; no {which}')
    allowed = {"channels", "layout", "range", "name"} | own
    if unknown := values.keys() - allowed:
        raise ValueError(f"{which} has no {unknown.pop()!r}; it has {', '.join(sorted(allowed))}")
    found = _taken(Side, values, f"{which}.")
    if found.channels not in kinds:
        raise ValueError(f"{which}.channels must be one of {', '.join(kinds)}")
    if found.layout not in LAYOUTS:
        raise ValueError(f"{which}.layout must be one of {', '.join(LAYOUTS)}")
    if len(found.range) != 2 or found.range[0] == found.range[1]:
        raise ValueError(f"{which}.range must be two different numbers")
    count = kinds[found.channels]
    if {len(found.mean), len(found.std)} - {1, count} or 0 in found.std or not found.scale:
        raise ValueError(f"{which}.mean and std must be {count} numbers, and std and scale not 0")
    return found


def _taken(kind: Any, values: Mapping[str, Any], prefix: str) -> Any:
    """A dataclass from values of the types of its fields; a list is a tuple."""
    hints = typing.get_type_hints(kind)
    taken = {}
    for name, value in values.items():
        if name not in hints:
            raise ValueError(f"there is no {prefix}{name}; see {', '.join(hints)}")
        taken[name] = tuple(value) if isinstance(value, list) else value
        if not fields.fits(taken[name], hints[name]):
            raise ValueError(f"{prefix}{name} cannot be {value!r}")
    return kind(**taken)


class DescribedNetwork:
    """A network of others; see `runtimes.Network`."""

    takes_hints = False

    def __init__(self, session: Any, description: Description) -> None:
        """Takes a session of ONNX Runtime.

        Raises:
          ValueError: if the file has no input or output of the names in the description, or takes
            planes of another shape.
        """
        self._session, self._description = session, description
        self.size = description.size
        self.stride = 1 if description.square else description.stride
        self._names = [
            _name_of(side, [each.name for each in there])
            for side, there in (
                (description.input, session.get_inputs()),
                (description.output, session.get_outputs()),
            )
        ]
        side = description.size if description.square else None
        _require_shape(session.get_inputs(), self._names[0], description.input, INPUTS, side)
        _require_shape(session.get_outputs(), self._names[1], description.output, OUTPUTS)

    def __call__(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Network`."""
        seen = l
        if self._description.square:
            seen = arrays.resize(l, self.size, self.size)
        shown, made = self._names
        (found,) = self._session.run([made], {shown: _shown(seen, self._description.input)})
        ab = _colors(found, self._description.output)
        if ab.shape[:2] != l.shape:
            ab = arrays.resize(ab, *l.shape)
        return ab


def _name_of(side: Side, there: list[str]) -> str:
    if side.name is not None and side.name not in there:
        raise errors.InputError(f"the network has no {side.name!r}; it has {', '.join(there)}")
    return side.name or there[0]


def _require_shape(
    there: list[Any], name: str, said: Side, kinds: Mapping[str, int], length: int | None = None
) -> None:
    """Refuses a side of a network whose shape in the file is not the one that is described."""
    shape = next(each.shape for each in there if each.name == name)
    channels = kinds[said.channels]
    is_nchw = said.layout == "NCHW"
    wanted = (1, channels, length, length) if is_nchw else (1, length, length, channels)
    # A length that the file leaves open has a name, or none, instead of a number.
    pairs = zip(shape, wanted, strict=False)
    if len(shape) != 4 or any(isinstance(x, int) and y and x != y for x, y in pairs):
        raise errors.InputError(
            f"{name} of the network is an array of shape {tuple(shape)}, its description says "
            f"{tuple(y or '?' for y in wanted)}; correct size, square, channels or layout"
        )


def _shown(l: np.ndarray, side: Side) -> np.ndarray:
    """Lightness as a network takes it; float32, four dimensions."""
    low, high = side.range
    lightness = np.float32(constants.L_SCALE) * (l + 1)
    value = lightness / 100 if side.channels == "l" else cielab_numpy.gray_of(lightness)
    plane = (low + (high - low) * value)[..., None]
    planes = (plane - np.array(side.mean)) / np.array(side.std)
    planes = np.broadcast_to(planes, (*l.shape, INPUTS[side.channels])).astype(np.float32)
    return np.ascontiguousarray(planes.transpose(2, 0, 1) if side.layout == "NCHW" else planes)[
        None
    ]


def _colors(found: np.ndarray, side: Side) -> np.ndarray:
    """A network's answer -> a*b* / 110, float32 (h, w, 2)."""
    count = OUTPUTS[side.channels]
    if found.ndim != 4 or found.shape[1 if side.layout == "NCHW" else 3] != count:
        raise errors.InputError(
            f"the network gives an array of shape {found.shape}, but {side.channels} in "
            f"{side.layout} has {count} channels; correct its description"
        )
    planes = found[0].transpose(1, 2, 0) if side.layout == "NCHW" else found[0]
    if side.channels == "rgb":
        low, high = side.range
        light = np.clip((planes - low) / (high - low), 0, 1)
        ab = cielab_numpy.rgb_to_lab(np.rint(65535 * light).astype(np.uint16))[..., 1:]
    else:
        ab = side.scale * planes[..., -2:]
    return (ab / np.float32(constants.AB_SCALE)).astype(np.float32)
