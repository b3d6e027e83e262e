"""Measures colorizers on photographs, always beside gray and the truth."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import tensorflow as tf

from tfcolor.color import brightness, cielab
from tfcolor.data import squares
from tfcolor.evaluation import compiled, metrics
from tfcolor.runtimes import saved_models
from tfcolor.support import errors

# A row of a table: metric -> one value per photograph, float32 (count,).
Scores = dict[str, np.ndarray]

Batch = Mapping[str, tf.Tensor]  # {"rgb": uint8 (n, h, w, 3)}, and "image_id" int64 (n,)
Painter = Callable[[np.ndarray, Batch], np.ndarray]  # gray and the batch -> uint8 (n, h, w, 3)
Observer = Callable[[str, Batch, np.ndarray], None]  # row, batch, uint8 (n, h, w, 3)

GRAY, TRUTH = "gray", "truth"


def _truth(gray: np.ndarray, batch: Batch) -> np.ndarray:
    return batch["rgb"].numpy()


def _with_chroma(factor: float) -> Painter:
    def paint(gray: np.ndarray, batch: Batch) -> np.ndarray:
        return change_chroma(batch["rgb"], tf.constant(factor)).numpy()

    return paint


# Controls: a row that adds no color, and one that is the photograph itself.
LEAST_CONTROLS: dict[str, Painter] = {GRAY: lambda gray, batch: gray, TRUTH: _truth}
# More controls, with known errors: rounding, too little color, too much color.
CONTROLS = LEAST_CONTROLS | {
    "truth, Lab and back": _with_chroma(1.0),
    "truth, chroma x 0.5": _with_chroma(0.5),
    "truth, chroma x 1.5": _with_chroma(1.5),
}


def evaluate(
    colorizers: Mapping[str, saved_models.Colorizer],
    batches: Iterable[Batch],
    observe: Observer | None = None,
) -> dict[str, Scores]:
    """Every metric for every colorizer, for the gray photograph and for the truth.

    Colorizers are shown an 8-bit gray photograph with the truth's L*, so that no color can leak.
    SSIM and PSNR reward gray itself (L* is copied): compare each row with the `gray` one.

    Args:
      colorizers: name -> function uint8 (n, h, w, 3) -> uint8 (n, h, w, 3).
      batches: of {"rgb": uint8 (n, h, w, 3)}, at least one.
      observe: called with every row's pictures, batch by batch.

    Returns:
      name -> metric -> float32 (count,), the colorizers first, then "gray" and "truth".

    Raises:
      ValueError: if a colorizer has the name of a control row, or there is no photograph.
    """
    painters = {name: from_colorizer(colorize) for name, colorize in colorizers.items()}
    return measure(painters, LEAST_CONTROLS, batches, observe)


def from_colorizer(colorize: saved_models.Colorizer) -> Painter:
    """A painter that sees only the gray photograph."""
    return lambda gray, batch: colorize(gray)


def measure(
    painters: Mapping[str, Painter],
    controls: Mapping[str, Painter],
    batches: Iterable[Batch],
    observe: Observer | None = None,
) -> dict[str, Scores]:
    """As `evaluate`, for painters, which may see more than gray, and for any controls."""
    if taken := painters.keys() & controls.keys():
        raise errors.InputError(f"{taken.pop()!r} is the name of a control row; rename the model")
    rows = {**painters, **controls}
    parts: dict[str, list[Scores]] = {name: [] for name in rows}
    for batch in batches:
        gray = _to_gray(batch["rgb"]).numpy()
        for name, paint in rows.items():
            fake = paint(gray, batch)
            parts[name].append(_arrays(_score(batch["rgb"], fake)))
            if observe:
                observe(name, batch, fake)
    return {name: _joined(row) for name, row in parts.items()}


class Description:
    """An observer that collects facts about the photographs themselves."""

    def __init__(self) -> None:
        self._parts: list[Scores] = []

    def __call__(self, row: str, batch: Batch, fake: np.ndarray) -> None:
        """Adds a batch of the row "truth"; ignores other rows."""
        if row == TRUTH:
            facts = {**_describe(batch["rgb"]), "chroma": mean_chroma(batch["rgb"])}
            self._parts.append(_arrays(facts))

    def result(self) -> Scores:
        """The facts of every photograph, each float32 (count,).

        Returns:
          "lightness" and "contrast", the mean and standard deviation of L*; "dark" and "bright",
          the shares of `brightness`'s pixels; "chroma", the mean that tells gray from color; and
          the weight in each of `metrics.WEIGHTS`, by its name.
        """
        return _joined(self._parts)


def means(scores: Scores, weights: Scores | None = None) -> dict[str, float]:
    """The mean of each metric over the photographs; the truth's PSNR is infinite.

    Args:
      scores: metric -> values.
      weights: metric -> weights of the photographs; equal for metrics that are not in it.
    """
    weights = weights or {}
    return {
        metric: float(np.average(values.astype(np.float64), weights=weights.get(metric)))
        for metric, values in scores.items()
    }


def _joined(parts: list[Scores]) -> Scores:
    if not parts:
        raise errors.InputError("no photograph to measure on")
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in parts[0]}


def _arrays(tensors: Mapping[str, tf.Tensor]) -> Scores:
    return {name: values.numpy() for name, values in tensors.items()}


@compiled.compiled
def _score(truth: tf.Tensor, fake: tf.Tensor) -> dict[str, tf.Tensor]:
    return {name: metric(truth, fake) for name, metric in metrics.PER_PHOTOGRAPH.items()}


@compiled.compiled
def _describe(rgb: tf.Tensor) -> dict[str, tf.Tensor]:
    l = cielab.rgb_to_lab(rgb)[..., 0]
    mean, variance = tf.nn.moments(l, axes=(1, 2))
    shares = {"dark": l < brightness.DARK, "bright": l > brightness.BRIGHT}
    return {
        "lightness": mean,
        "contrast": tf.sqrt(variance),
        **{
            name: tf.reduce_mean(tf.cast(which, tf.float32), (1, 2))
            for name, which in shares.items()
        },
        **{name: weight(rgb) for name, weight in metrics.WEIGHTS.items()},
    }


# The same function tells gray from color everywhere, so that rounding cannot decide both ways.
mean_chroma = compiled.compiled(squares.mean_chroma)
_to_gray = compiled.compiled(cielab.without_color)


@compiled.compiled
def change_chroma(rgb: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Photographs with their chroma multiplied, at their own L* and within sRGB.

    Args:
      rgb: uint8 (n, h, w, 3).
      factor: float32 (); 0 gives gray.

    Returns:
      uint8 (n, h, w, 3).
    """
    l, ab = cielab.rgb_to_planes(rgb)
    return cielab.to_uint8(cielab.planes_to_rgb(l, factor * ab))
