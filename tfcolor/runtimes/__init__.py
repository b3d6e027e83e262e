"""Loads networks: the bundled file, LiteRT, ONNX, SavedModels, and those of training runs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from tfcolor.support import quiet


class Network(Protocol):
    """A colorizing network, whatever runs it.

    Attributes:
      size: short side of its input by default, pixels.
      stride: the sides of its input must be multiples of it.
      takes_hints: whether it takes color hints.
    """

    @property
    def size(self) -> int: ...

    @property
    def stride(self) -> int: ...

    @property
    def takes_hints(self) -> bool: ...

    def __call__(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """The colors for a lightness; can be called from any thread.

        Args:
          l: L* / 50 - 1, float32 (h, w).
          hints: for a network that takes them: a*b* / 110 in [-1, 1] and a mask in [0, 1], the
            certainty of each hint (0 is no hint), float32 (h, w, 3). No hints by default.

        Returns:
          a*b* / 110, float32 (h, w, 2).
        """
        ...


@runtime_checkable
class Classifier(Network, Protocol):
    """A network that may also tell how likely colors are.

    Attributes:
      tells_classes: whether it does.
    """

    @property
    def tells_classes(self) -> bool: ...

    def classes(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """The probabilities of color classes, if the network tells them.

        Args:
          l, hints: see `Network`; sides are multiples of `color.classes.CELL`, too.

        Returns:
          Of each of `color.classes.ab_bins()` in each cell, float32 (h / 4, w / 4, 258), sum 1.
        """
        ...


def load(path: str | Path | None = None, threads: int | None = None) -> Network:
    """Loads a network from a file, or connects to one at an address.

    Args:
      path: a SavedModel or a folder of versions of it, or a TFLite or ONNX file, made by `tfcolor
        export`; an ONNX file of others that is described, see `described`; or the address of such
        a SavedModel at TF Serving, see `serving.remote`. The bundled network if not given.
      threads: of one call of a TFLite or ONNX network; as many as cores by default.

    Raises:
      ValueError: if it is not a model made by tfcolor.
      OSError: if a server does not answer.
    """
    # Modules are imported when they are needed: SavedModels need TensorFlow, which takes seconds.
    if path is None:
        from tfcolor.runtimes import bundled

        return bundled.load(threads)
    if "://" in str(path):
        from tfcolor.serving import remote

        return remote.connect(str(path))
    if not Path(path).is_file():
        with quiet.stderr():  # TensorFlow prints which GPUs it does not find
            from tfcolor.runtimes import saved_models

            return saved_models.SavedNetwork(path)
    if Path(path).suffix.lower() == ".onnx":
        from tfcolor.runtimes import onnx

        return onnx.load(Path(path), threads)
    from tfcolor.runtimes import lite

    return lite.LiteNetwork(path, threads)
