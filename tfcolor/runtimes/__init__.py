"""What runs a network: the bundled file, LiteRT, ONNX, SavedModels, and runs of training."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np


class Network(Protocol):
    """A colorizing network, whatever runs it.

    Attributes:
      size: short side that it is shown unless another is asked for, pixels.
      stride: what its sides must be multiples of.
      takes_hints: whether it can be told the colors of places.
    """

    @property
    def size(self) -> int: ...

    @property
    def stride(self) -> int: ...

    @property
    def takes_hints(self) -> bool: ...

    def __call__(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """The colors of a lightness; from any thread.

        Args:
          l: L* / 50 - 1, float32 (h, w).
          hints: of one that takes them: a*b* / 110 in [-1, 1] and a mask in [0, 1], how sure each
            is, float32 (h, w, 3). Where the mask is 0 there is no hint; nowhere if not given.

        Returns:
          a*b* / 110, float32 (h, w, 2).
        """
        ...


def load(path: str | Path | None = None, threads: int | None = None) -> Network:
    """A network from a file or behind an address.

    Args:
      path: a SavedModel or a folder of versions of it, or a TFLite or ONNX file, made by `tfcolor
        export`; or the address of such a SavedModel at TF Serving, see `serving.remote`. The
        bundled network if not given.
      threads: that one call of a TFLite or ONNX network uses; all cores if not given.

    Raises:
      ValueError: if it is none of ours.
      OSError: if a server does not answer.
    """
    # Each way is imported where it is taken: a SavedModel brings TensorFlow, which takes seconds.
    if path is None:
        from tfcolor.runtimes import bundled

        return bundled.load(threads)
    if "://" in str(path):
        from tfcolor.serving import remote

        return remote.connect(str(path))
    if not Path(path).is_file():
        from tfcolor.runtimes import saved_models

        return saved_models.SavedNetwork(path)
    if Path(path).suffix.lower() == ".onnx":
        from tfcolor.runtimes import onnx

        return onnx.OnnxNetwork(path, threads)
    from tfcolor.runtimes import lite

    return lite.LiteNetwork(path, threads)
