"""Checks of the fields of a dataclass; each raises a `ValueError` that names the field."""

import math
from collections.abc import Collection
from typing import Any

from tfcolor.support import errors


def positive(part: Any, *names: str) -> None:
    for name in names:
        value = getattr(part, name)
        if not 0 < value < math.inf:
            raise errors.InputError(f"{name} must be greater than 0, got {value}")


def not_negative(part: Any, *names: str) -> None:
    for name in names:
        value = getattr(part, name)
        if not 0 <= value < math.inf:
            raise errors.InputError(f"{name} must be 0 or more, got {value}")


def fraction(part: Any, *names: str) -> None:
    for name in names:
        value = getattr(part, name)
        if not 0 <= value < 1:
            raise errors.InputError(f"{name} must be in [0, 1), got {value}")


def between(part: Any, name: str, least: int, most: int) -> None:
    value = getattr(part, name)
    if not least <= value <= most:
        raise errors.InputError(f"{name} must be {least} to {most}, got {value}")


def choice(part: Any, name: str, choices: tuple[str, ...]) -> None:
    value = getattr(part, name)
    if value not in choices:
        raise errors.InputError(f"{name} must be one of {', '.join(choices)}, got {value}")


def share(part: Any, *names: str) -> None:
    for name in names:
        value = getattr(part, name)
        if not 0 <= value <= 1:
            raise errors.InputError(f"{name} must be in [0, 1], got {value}")


def generator(asks: str, given: str, known: Collection[str], remedy: str = "") -> None:
    """Checks for one of the known generators; `asks` names what needs it, such as "hints need"."""
    if given not in known:
        raise errors.InputError(f"{asks} a generator {' or '.join(known)}, got {given}{remedy}")


def patches(depth: int, image_size: int, stage: str) -> None:
    """Checks that a PatchGAN has something to judge."""
    if image_size < (least := 3 * 2**depth):
        raise errors.InputError(
            f"discriminator_depth {depth} needs an image_size of {least} or more, got {image_size} "
            f"in stage {stage}"
        )
