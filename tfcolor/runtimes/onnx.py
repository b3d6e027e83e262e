"""Runs networks in ONNX files by ONNX Runtime, without TensorFlow."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from tfcolor.runtimes import described
from tfcolor.support import errors, quiet

SIZE, STRIDE = "tfcolor.size", "tfcolor.stride"  # keys of a file's metadata
CLASSES = "probabilities"  # the output of networks that tell the probabilities of color classes


class OnnxNetwork:
    """A network in an ONNX file; see `runtimes.Network`."""

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        """Opens a file that `tfcolor export` wrote.

        Args:
          path: the file: l float32 (n, h, w, 1), and hints (n, h, w, 3) if it takes them, to ab
            float32 (n, h, w, 2), all in [-1, 1].
          threads: of one call; as many as cores by default.

        Raises:
          ValueError: if it is no ONNX file, or not made by tfcolor, or ONNX Runtime is missing.
        """
        self._session = _session(path, threads or os.cpu_count() or 1)
        said = self._session.get_modelmeta().custom_metadata_map
        try:
            self.size, self.stride = int(said[SIZE]), int(said[STRIDE])
        except (KeyError, ValueError) as error:
            raise errors.InputError(
                f"{path} does not say what size of photograph its network takes; export it again, "
                f"or describe a network of others in {described.path_of(Path(path))}: see "
                "docs/serving.md"
            ) from error

        self.takes_hints = "hints" in {each.name for each in self._session.get_inputs()}
        self.tells_classes = CLASSES in {each.name for each in self._session.get_outputs()}

    def __call__(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Network`; sides are multiples of the stride."""
        return self._output("ab", l, hints)

    def classes(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Classifier`; sides are multiples of the stride."""
        return self._output(CLASSES, l, hints)

    def _output(self, name: str, l: np.ndarray, hints: np.ndarray | None) -> np.ndarray:
        shown = {"l": l[None, ..., None]}
        if self.takes_hints:
            hints = np.zeros((*l.shape, 3), np.float32) if hints is None else hints
            shown["hints"] = hints[None]
        return self._session.run([name], shown)[0][0]


def load(path: Path, threads: int | None = None) -> OnnxNetwork | described.DescribedNetwork:
    """The network in an ONNX file: one of others if a JSON file beside it describes it.

    Raises:
      ValueError: as `OnnxNetwork` and `described.read`.
    """
    description = described.path_of(path)
    if not description.is_file():
        return OnnxNetwork(path, threads)
    session = _session(path, threads or os.cpu_count() or 1)
    try:
        return described.DescribedNetwork(session, described.read(description))
    except errors.InputError as error:
        if str(description) in str(error):
            raise
        raise errors.InputError(f"{description}: {error}") from error


def card(size: int, stride: int) -> dict[str, str]:
    """The metadata of an ONNX file.

    Args:
      size: short side that its network sees by default, pixels.
      stride: the sides of its input must be multiples of it.
    """
    return {SIZE: str(size), STRIDE: str(stride)}


def missing(package: str) -> errors.InputError:
    """The error to raise if a package for ONNX is not installed."""
    # The extra would bring TensorFlow, which running a file does not need.
    wanted = "'tfcolor[onnx]'" if package == "tf2onnx" else package
    return errors.InputError(f"ONNX files need {package}; install it with: pip install {wanted}")


def _session(path: str | Path, threads: int) -> Any:
    """Opens the file; several threads can use the session at once."""
    with quiet.stderr():  # it prints which GPUs it does not find
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise missing("onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin between layers would keep the cores from decoding the next photographs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
        except Exception as error:  # its errors have no common base class
            raise errors.InputError(
                f"{path} is no ONNX file of a colorizer ({error}); make one with: tfcolor export "
                "WORKDIR NAME.onnx"
            ) from error
