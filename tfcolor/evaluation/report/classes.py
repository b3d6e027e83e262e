"""Photographs by what they are themselves: how bright, how contrasty, how colorful."""

import numpy as np

from tfcolor.color import brightness
from tfcolor.evaluation import scores
from tfcolor.evaluation.report import choice

# Hasler and Süsstrunk 2003, table 1: colorfulness from which on people call a photograph so.
COLORFULNESS = {"not": 0.0, "slightly": 15.0, "moderately": 33.0, "quite": 59.0, "extremely": 109.0}
THIRDS = ("low", "middle", "high")

Classes = dict[str, np.ndarray]  # name -> bool (n,), which of a view's photographs; none is empty


def by_brightness(view: choice.View) -> Classes:
    """The classes of `brightness`."""
    facts = view.evaluation.photographs
    measures = (facts[name][view.places] for name in ("lightness", "dark", "bright"))
    found = np.array(brightness.classify(*measures))
    return _present({name: found == name for name in brightness.CLASSES})


def by_contrast(view: choice.View) -> Classes:
    """Thirds of these photographs by the standard deviation of L*."""
    contrast = view.evaluation.photographs["contrast"][view.places]
    place = np.searchsorted(contrast_limits(view), contrast, side="right")
    return _present({name: place == index for index, name in enumerate(THIRDS)})


def contrast_limits(view: choice.View) -> np.ndarray:
    """Between the thirds; float (2,)."""
    contrast = view.evaluation.photographs["contrast"][view.places]
    return np.quantile(contrast, (1 / 3, 2 / 3))


def by_colorfulness(view: choice.View) -> Classes:
    """The words of Hasler and Süsstrunk for the photographs' own colorfulness."""
    values = view.values(scores.TRUTH, choice.COLORFULNESS)
    place = np.searchsorted(list(COLORFULNESS.values())[1:], values, side="right")
    return _present({name: place == index for index, name in enumerate(COLORFULNESS)})


def _present(classes: Classes) -> Classes:
    return {name: which for name, which in classes.items() if which.any()}
