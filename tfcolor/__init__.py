"""tfcolor: colorize black-and-white photographs, and train, measure and export a colorizer.

The names below are all that a program needs to colorize and to train; each is imported on its first
use:

    photograph = tfcolor.read("grandmother.jpg")
    tfcolor.write("grandmother-color.jpg", tfcolor.colorize(photograph))

    tfcolor.train(tfcolor.recipe("tfcolor", source="photographs"), "runs/mine")
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfcolor.colorizing.choices import read as read_choices
    from tfcolor.colorizing.likelihood import certainty_map as certainty
    from tfcolor.colorizing.likelihood import likely
    from tfcolor.colorizing.marks import Area, Hint
    from tfcolor.colorizing.rendering import colorize
    from tfcolor.config.recipes import recipe
    from tfcolor.images import Photograph, read, write
    from tfcolor.runtimes import load
    from tfcolor.training.hooks import Callback
    from tfcolor.training.loop import train

__version__ = "0.1.0"

# Set before TensorFlow is imported. By default TensorFlow uses oneDNN only on processors with VNNI
# instructions; on other processors convolutions take up to twice as long without it.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_HOMES = {  # public name -> module, and the name there if it is another
    "Area": "tfcolor.colorizing.marks",
    "Callback": "tfcolor.training.hooks",
    "Hint": "tfcolor.colorizing.marks",
    "Photograph": "tfcolor.images",
    "certainty": "tfcolor.colorizing.likelihood:certainty_map",
    "colorize": "tfcolor.colorizing.rendering",
    "likely": "tfcolor.colorizing.likelihood",
    "load": "tfcolor.runtimes",
    "read": "tfcolor.images",
    "read_choices": "tfcolor.colorizing.choices:read",
    "recipe": "tfcolor.config.recipes",
    "train": "tfcolor.training.loop",
    "write": "tfcolor.images",
}
__all__ = [
    "Area",
    "Callback",
    "Hint",
    "Photograph",
    "certainty",
    "colorize",
    "likely",
    "load",
    "read",
    "read_choices",
    "recipe",
    "train",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tfcolor' has no attribute {name!r}")
    module, _, inside = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), inside or name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
