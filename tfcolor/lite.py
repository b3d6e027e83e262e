"""LiteRT (TFLite) files as networks; TensorFlow is not needed, nor imported."""

import json
import os
import threading
import zipfile
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert import interpreter as litert

from tfcolor import quiet
from tfcolor.resizing import arrays

CARD = "tfcolor.json"  # in a zip archive behind the network, where TFLite files carry such things
SIZE, STRIDE = 192, 64  # of a file without a card: networks want no larger multiple than ours


class Lite:
    """A network in a LiteRT file; see `network.Network`."""

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        """Opens a file of planes: l (1, h, w, 1) to ab (1, h, w, 2), both in [-1, 1].

        Args:
          path: the file; float32 in and out.
          threads: that one call uses; all cores if not given.

        Raises:
          ValueError: if it is no LiteRT file, or not of planes.
        """
        self._path, self._threads = path, threads or os.cpu_count()
        self._local = threading.local()  # an interpreter is not to be used by two threads at once
        try:
            source, target = self._interpreter()[1:]
        except ValueError as error:
            raise ValueError(
                f"{path} is no TFLite file of a colorizer ({error}); make one with: tfcolor export "
                "WORKDIR NAME.tflite"
            ) from error
        shape = source["shape_signature"]
        if len(shape) != 4 or shape[-1] != 1 or target["shape_signature"][-1] != 2:
            raise ValueError(f"{path} does not turn l (1, h, w, 1) into ab (1, h, w, 2)")
        self._fixed = None if shape[1] < 0 else (int(shape[1]), int(shape[2]))
        card = _read_card(path)
        self.size: int = min(self._fixed) if self._fixed else card.get("size", SIZE)
        self.stride: int = 1 if self._fixed else card.get("stride", STRIDE)

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """l float32 (h, w) -> ab float32 (h, w, 2); one of a fixed size is shown that."""
        height, width = l.shape
        ran, source, target = self._interpreter()
        shown = l if self._fixed is None else _resize(l, self._fixed)
        if getattr(self._local, "shape", None) != shown.shape:
            ran.resize_tensor_input(source["index"], (1, *shown.shape, 1))
            with quiet.stderr():
                ran.allocate_tensors()
            self._local.shape = shown.shape
        ran.set_tensor(source["index"], shown[None, ..., None])
        ran.invoke()
        return _resize(ran.get_tensor(target["index"])[0], (height, width))

    def _interpreter(self) -> tuple[litert.Interpreter, dict, dict]:
        """This thread's, with the details of its input and output."""
        if not hasattr(self._local, "opened"):
            with quiet.stderr():  # it announces its delegate
                ran = litert.Interpreter(model_path=str(self._path), num_threads=self._threads)
            (source,), (target,) = ran.get_input_details(), ran.get_output_details()
            self._local.opened = ran, source, target
        return self._local.opened


def add_card(path: str | Path, size: int, stride: int) -> None:
    """Writes into a LiteRT file what it is to be shown.

    Args:
      path: the file.
      size: short side that its network sees by default, pixels.
      stride: what its sides must be multiples of.
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
    # A side that is reduced is averaged, whatever becomes of the other one.
    height, width = (min(sides) for sides in zip(plane.shape, size, strict=False))
    reduced = arrays.resize(plane, height, width)
    return cv2.resize(reduced, size[::-1], interpolation=cv2.INTER_CUBIC)
