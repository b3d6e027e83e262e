"""Runs networks in LiteRT (TFLite) files, without TensorFlow."""

import json
import os
import threading
import zipfile
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert import interpreter as litert

from tfcolor.color import classes
from tfcolor.images.resizing import arrays
from tfcolor.support import errors, quiet

CARD = "tfcolor.json"  # in a zip archive after the network, where TFLite files have metadata
_L, _HINTS, _AB, _CLASSES = 1, 3, 2, classes.COUNT  # channels of inputs and outputs
SIZE = 192  # what a file without a card is shown
STRIDE = 64  # for a file without a card; no network of ours has a larger one


class LiteNetwork:
    """A network in a LiteRT file; see `runtimes.Network`."""

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        """Opens a file of a network from l (1, h, w, 1) to ab (1, h, w, 2), both in [-1, 1].

        A second input of three channels is taken for hints, a second output of 258 for the
        probabilities of color classes (1, h / 4, w / 4, 258).

        Args:
          path: the file; float32 in and out.
          threads: of one call; as many as cores by default.

        Raises:
          ValueError: if it is no such LiteRT file, or takes hints at one size only.
        """
        self._path, self._threads = path, threads or os.cpu_count()
        self._local = threading.local()  # an interpreter must not be used by two threads at once
        try:
            inputs, outputs = self._interpreter()[1:]
        except ValueError as error:
            raise errors.InputError(
                f"{path} is not a TFLite file of a colorizer ({error}); make one with: "
                "tfcolor export WORKDIR NAME.tflite"
            ) from error
        if inputs.keys() not in ({_L}, {_L, _HINTS}) or _AB not in outputs:
            raise errors.InputError(f"{path} does not turn l (1, h, w, 1) into ab (1, h, w, 2)")
        shape = inputs[_L]["shape_signature"]
        self._fixed = None if shape[1] < 0 else (int(shape[1]), int(shape[2]))
        self.takes_hints: bool = _HINTS in inputs
        if self.takes_hints and self._fixed:
            raise errors.InputError(
                f"{path} takes hints at one size only; export it for every size"
            )
        self.tells_classes: bool = _CLASSES in outputs and self._fixed is None
        card = _read_card(path)
        self.size: int = min(self._fixed) if self._fixed else card.get("size", SIZE)
        self.stride: int = 1 if self._fixed else card.get("stride", STRIDE)

    def __call__(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Network`; planes are resized for a file of a fixed size, and back."""
        return _resize(self._output(_AB, l, hints), l.shape)

    def classes(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Classifier`."""
        return self._output(_CLASSES, l, hints).copy()

    def _output(self, channels: int, l: np.ndarray, hints: np.ndarray | None) -> np.ndarray:
        """Runs the network; the output of so many channels, (h', w', channels)."""
        height, width = l.shape
        ran, inputs, outputs = self._interpreter()
        shown = {_L: (l if self._fixed is None else _resize(l, self._fixed))[..., None]}
        if self.takes_hints:
            shown[_HINTS] = np.zeros((height, width, 3), np.float32) if hints is None else hints
        if getattr(self._local, "shape", None) != shown[_L].shape:
            for which, plane in shown.items():
                ran.resize_tensor_input(inputs[which]["index"], (1, *plane.shape))
            with quiet.stderr():
                ran.allocate_tensors()
            self._local.shape = shown[_L].shape
        for which, plane in shown.items():
            ran.set_tensor(inputs[which]["index"], plane[None])
        ran.invoke()
        return ran.get_tensor(outputs[channels]["index"])[0]

    def _interpreter(self) -> tuple[litert.Interpreter, dict[int, dict], dict[int, dict]]:
        """This thread's interpreter, with details of its inputs and outputs by number of channels.

        The channels tell them apart, since a converter chooses their order and names.
        """
        if not hasattr(self._local, "opened"):
            with quiet.stderr():  # it prints the name of its delegate
                ran = litert.Interpreter(model_path=str(self._path), num_threads=self._threads)
            both = ran.get_input_details(), ran.get_output_details()
            self._local.opened = ran, *map(_by_channels, both)
        return self._local.opened


def _by_channels(details: list[dict]) -> dict[int, dict]:
    shapes = [each["shape_signature"] for each in details]
    return {
        int(shape[-1]) if len(shape) == 4 else 0: each
        for shape, each in zip(shapes, details, strict=True)
    }


def add_card(path: str | Path, size: int, stride: int) -> None:
    """Adds a card to a LiteRT file, which says what its input must be.

    Args:
      path: the file.
      size: short side that its network sees by default, pixels.
      stride: the sides of its input must be multiples of it.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(CARD, json.dumps({"size": size, "stride": stride}))


def _read_card(path: str | Path) -> dict[str, int]:
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(CARD))
    except (zipfile.BadZipFile, KeyError):
        return {}


def _resize(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if plane.shape[:2] == size:
        return plane
    # A side that is reduced is averaged, even where the other one is enlarged.
    height, width = (min(sides) for sides in zip(plane.shape, size, strict=False))
    reduced = arrays.resize(plane, height, width)
    return cv2.resize(reduced, size[::-1], interpolation=cv2.INTER_CUBIC)
