"""Checks that a server does all that a model of ours should; see `tfcolor serving-check`."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tfcolor.color import cielab_numpy
from tfcolor.serving import contract, remote
from tfcolor.support import errors

LIGHTNESS = 1.0  # of 100, on average: decoders of JPEG differ by less, another picture by more
SIDE = 64  # pixels; the planes that are sent are squares


@dataclasses.dataclass(frozen=True)
class Finding:
    """A line of the check."""

    is_good: bool
    text: str


def findings(
    model: remote.Remote, name: str, photograph: bytes, decode: Callable[[bytes], np.ndarray]
) -> Iterator[Finding]:
    """Checks everything in turn: state, signatures, a photograph, planes.

    Args:
      model: what is checked.
      name: of the photograph.
      photograph: a file for the server to colorize.
      decode: such a file -> uint8 (h, w, 3); raises ValueError if it is damaged.
    """
    checks: tuple[Callable[[], list[Finding]], ...] = (
        lambda: of_status(model),
        lambda: of_signatures(model),
        lambda: of_photograph(model, name, photograph, decode),
        lambda: of_planes(model),
    )
    for index, each in enumerate(checks):
        try:
            found = each()
        except OSError as error:
            found = [Finding(False, str(error))]
        yield from found
        # Without a server or its model, or with a model of another kind, no more can be checked.
        if index < 2 and not all(finding.is_good for finding in found):
            return


def of_status(model: remote.Remote) -> list[Finding]:
    """Whether a version is available."""
    rows = model.status()
    text = ", ".join(f"version {row.get('version')} is {row.get('state')}" for row in rows)
    return [Finding(any(row.get("state") == "AVAILABLE" for row in rows), text or "no version")]


def of_signatures(model: remote.Remote) -> list[Finding]:
    """Whether the signatures are those of the contract."""
    told = model.signatures()
    wrong = list(deviations(told))
    if wrong:
        return [Finding(False, text) for text in wrong]
    names = ", ".join(name for name in contract.ALL if name in told)
    return [Finding(True, f"signatures of contract {contract.VERSION}: {names}")]


def deviations(told: Mapping[str, Any]) -> Iterator[str]:
    """A line for each difference from the contract; further signatures do not count.

    Args:
      told: SignatureDefs by name, in protocol buffers' JSON form.
    """
    optional = {name: each for name, each in contract.OPTIONAL.items() if name in told}
    for name, signature in {**contract.SIGNATURES, **optional}.items():
        if name not in told:
            yield f"signature {name} is missing"
            continue
        sides = {"inputs": signature.inputs, "outputs": signature.outputs}
        for side, expected in sides.items():
            found = told[name].get(side, {})
            for key in sorted(expected.keys() | found.keys()):
                what = f"signature {name}: {side[:-1]} {key}"
                if key not in found:
                    yield f"{what} is missing"
                elif key not in expected:
                    yield f"{what} is unknown"
                elif _told(found[key]) != _wanted(expected[key]):
                    yield f"{what} is {_told(found[key])}, must be {_wanted(expected[key])}"


def of_photograph(
    model: remote.Remote, name: str, photograph: bytes, decode: Callable[[bytes], np.ndarray]
) -> list[Finding]:
    """Whether a photograph comes back in its size and lightness, as PNG and as JPEG."""
    before = decode(photograph)
    found = []
    for kind, jpeg in {"PNG": False, "JPEG": True}.items():
        began = time.perf_counter()
        (answer,) = model.colorize([photograph], jpeg=jpeg)
        took = f"{name} as {kind} in {1000 * (time.perf_counter() - began):.0f} ms"
        if isinstance(answer, Exception):
            found.append(Finding(False, f"{took}: {answer}"))
            continue
        try:
            found.append(_compared(before, decode(answer), took))
        except errors.InputError as error:
            found.append(Finding(False, f"{took}: {error}"))
    return found


def _compared(before: np.ndarray, after: np.ndarray, took: str) -> Finding:
    size = f"{after.shape[1]} x {after.shape[0]}"
    if before.shape != after.shape:
        return Finding(False, f"{took}: {size}, must be {before.shape[1]} x {before.shape[0]}")
    away = np.abs(cielab_numpy.tones(after)[1] - cielab_numpy.tones(before)[1]).mean()
    text = f"{took}: {size}, L* {away:.2f} away on average"
    good = bool(away <= LIGHTNESS)
    return Finding(good, text if good else f"{text}, must be at most {LIGHTNESS:g}")


def of_planes(model: remote.Remote) -> list[Finding]:
    """Whether a ramp of lightness gets colors, as `tfcolor colorize --server` asks for them."""
    ramp = np.linspace(-1, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    asked: dict[str, list[np.ndarray]] = {"": [ramp]}
    if remote.HINTED in model.signatures():
        asked[" with a hint"] = [ramp, _hint()]
    found = []
    for what, shown in asked.items():
        began = time.perf_counter()
        model(*shown)
        took = 1000 * (time.perf_counter() - began)
        found.append(Finding(True, f"planes of {SIDE} x {SIDE}{what} in {took:.0f} ms"))
    return found


def _hint() -> np.ndarray:
    """A red place in the middle of the planes; float32 (h, w, 3)."""
    hints: np.ndarray = np.zeros((SIDE, SIDE, 3), np.float32)
    hints[SIDE // 2, SIDE // 2] = 0.6, 0.3, 1.0
    return hints


def _wanted(tensor: contract.Tensor) -> str:
    """A tensor of the contract as text, such as "DT_UINT8 (?, ?, ?, 3)"."""
    return _shaped(tensor.enum, [-1 if side is None else side for side in tensor.shape])


def _told(tensor: Mapping[str, Any]) -> str:
    """A TensorInfo in JSON form as the same kind of text."""
    shape = tensor.get("tensor_shape", {})
    if shape.get("unknown_rank"):
        return f"{tensor.get('dtype')} of any shape"
    sides = [int(dim.get("size", 0)) for dim in shape.get("dim", [])]
    return _shaped(str(tensor.get("dtype")), sides)


def _shaped(dtype: str, sides: list[int]) -> str:
    return f"{dtype} ({', '.join('?' if side < 0 else str(side) for side in sides)})"
