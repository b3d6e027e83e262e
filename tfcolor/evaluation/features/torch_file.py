"""Reads tensors of a PyTorch file (.pth), without PyTorch and without running code in the file.

It reads the zip archive that `torch.save` writes since 1.6, and the older stream of pickles.
"""

import collections
import dataclasses
import pickle
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfcolor.support import errors

MAGIC = 0x1950A86A20F9469CFC6C  # first in the stream of pickles
DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclasses.dataclass(frozen=True)
class Storage:
    """The values that tensors are views of: `count` of one dtype under a key."""

    dtype: str
    key: str
    count: int


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A view of a storage; offset and strides are counted in values."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self, values: np.ndarray) -> np.ndarray:
        """Copies the tensor's values from all values of the storage.

        Raises:
          ValueError: if the tensor reaches outside the storage.
        """
        reach = sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        inside = min((self.offset, *self.shape, *self.strides)) >= 0
        if 0 in self.shape:
            return np.zeros(self.shape, values.dtype)
        # Otherwise a file could expose any memory of this process.
        if not inside or self.offset + reach >= len(values):
            raise ValueError("a tensor looks outside its storage")
        steps = [step * values.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps).copy()


class Unpickler(pickle.Unpickler):
    """Builds dicts of tensors and nothing else: a pickle can name any function to be called."""

    def find_class(self, module: str, name: str) -> Any:
        """The only names that a state dict may contain."""
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: Tensor(
                storage, offset, shape, strides
            )
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"a state dict has no {module}.{name}")

    def persistent_load(self, reference: Any) -> Storage:
        """A storage, whose values are elsewhere in the file."""
        _, dtype, key, _, count, *_ = reference
        return Storage(dtype, key, count)


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a saved state dict by name; anything else in it is left out.

    Raises:
      ValueError: if the file is no state dict of PyTorch, is damaged, or names anything but
        tensors.
      OSError: if it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            return _read_zip(file) if zipfile.is_zipfile(file) else _read_stream(file)
        except OSError:
            raise
        except Exception as error:  # a damaged pickle can raise anything
            raise errors.InputError(f"{path} is not a state dict of PyTorch: {error}") from error


def _read_zip(file: BinaryIO) -> dict[str, np.ndarray]:
    """Reads the format of PyTorch 1.6 and later: one pickle, and a member for each storage."""
    with zipfile.ZipFile(file) as archive:
        (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = pickled.removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise ValueError("its values are big-endian")
        with archive.open(pickled) as member:
            tensors = _tensors(Unpickler(member).load())
        storages = {tensor.storage for tensor in tensors.values()}
        values = {s: _values(s, archive.read(f"{folder}data/{s.key}")) for s in storages}
    return {name: tensor.read(values[tensor.storage]) for name, tensor in tensors.items()}


def _read_stream(file: BinaryIO) -> dict[str, np.ndarray]:
    """Reads the older format: pickles one after another, then each storage with its length."""
    file.seek(0)
    if Unpickler(file).load() != MAGIC:
        raise ValueError("it begins with another number")
    for _ in range(2):  # version of the protocol, sizes of C types
        Unpickler(file).load()
    tensors = _tensors(Unpickler(file).load())
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    values = {}
    for key in Unpickler(file).load():
        storage = storages[key]
        if int.from_bytes(file.read(8), "little") != storage.count:
            raise ValueError(f"storage {key} does not have its {storage.count} values")
        size = storage.count * np.dtype(storage.dtype).itemsize
        values[storage] = _values(storage, file.read(size))
    return {name: tensor.read(values[tensor.storage]) for name, tensor in tensors.items()}


def _tensors(described: Any) -> dict[str, Tensor]:
    tensors = {name: tensor for name, tensor in described.items() if isinstance(tensor, Tensor)}
    if not tensors:
        raise ValueError("it holds no tensors")
    return tensors


def _values(storage: Storage, encoded: bytes) -> np.ndarray:
    values = np.frombuffer(encoded, storage.dtype)
    if len(values) != storage.count:
        raise ValueError(f"storage {storage.key} has {len(values)} of {storage.count} values")
    return values
