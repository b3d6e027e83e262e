"""One photograph in memory, colorized."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tfcolor.colorizing import local_hints, painting, reduction
from tfcolor.runtimes import bundled, lite, onnx
from tfcolor.serving import remote


def colorize(
    network: reduction.Network,
    pixels: np.ndarray,
    *,
    size: int | None = None,
    strength: float = 1.0,
    saturation: float = 1.0,
    hints: Sequence[local_hints.Hint] = (),
) -> np.ndarray:
    """A photograph in the colors of a network, its own lightness kept.

    Args:
      network: from `load`, or any other `reduction.Network`.
      pixels: uint8 or uint16, gray (h, w) or sRGB (h, w, 3), of which the lightness counts.
      size: short side that the network sees, pixels; its own choice if not given.
      strength: 1 for the network's colors, 0 for the photograph's own, and between them a mixture.
      saturation: factor of the network's chroma; hints keep theirs.
      hints: colors of places. A network that takes them spreads them over what it takes for one
        object; where one does not hold at its own place, and with other networks, they spread to
        what is of like lightness around them.

    Returns:
      (h, w, 3) of the dtype of `pixels`.

    Raises:
      ValueError: if the photograph is too small, a hint lies outside, or a number is out of range.
    """
    l = reduction.reduce(pixels, network.size if size is None else size)
    painting.check(strength, saturation)
    ab = _colors(network, l, hints, pixels.shape[:2], saturation)
    return painting.paint(pixels, l, ab, strength, saturation)


def _colors(
    network: reduction.Network,
    l: np.ndarray,
    hints: Sequence[local_hints.Hint],
    shape: tuple[int, int],
    saturation: float,
) -> np.ndarray:
    """The network's colors with those of hints; see `local_hints.spread` for what these are."""
    if not hints:
        return reduction.colors(network, l)
    about = hints, shape, saturation
    if not network.takes_hints:
        return local_hints.spread(l, reduction.colors(network, l), *about)
    ab = reduction.colors(network, l, local_hints.planes(l, *about))
    return ab if local_hints.hold(l, ab, *about) else local_hints.spread(l, ab, *about)


def load(path: str | Path | None = None, threads: int | None = None) -> reduction.Network:
    """A network from a file; see `reduction.Network`.

    Args:
      path: a SavedModel or a folder of versions of it, or a TFLite or ONNX file, made by `tfcolor
        export`; or the address of such a SavedModel at TF Serving, see `serving.remote`. The
        bundled network if not given.
      threads: that one call of a TFLite or ONNX network uses; all cores if not given.

    Raises:
      ValueError: if it is none of ours.
      OSError: if a server does not answer.
    """
    if path is None:
        return bundled.load(threads)
    if "://" in str(path):
        return remote.connect(str(path))
    if Path(path).is_file():
        kind = onnx.Onnx if Path(path).suffix.lower() == ".onnx" else lite.Lite
        return kind(path, threads)
    from tfcolor.runtimes import saved_models  # imports TensorFlow, which takes seconds

    return saved_models.Saved(path)


def of_batches(network: reduction.Network) -> Callable[[np.ndarray], np.ndarray]:
    """A network as a function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3), as it is measured."""
    return lambda rgb: np.stack(
        [colorize(network, each[..., 0] if each.shape[-1] == 1 else each) for each in rgb]
    )
