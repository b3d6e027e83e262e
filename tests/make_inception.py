#!/usr/bin/env python3
"""Write tests/data/: what PyTorch makes of seeded random numbers.

usage: tests/make_inception.py

Needs torch, which the tests do without. The numbers come from np.random.RandomState,
which gives the same for ever, so both sides make them.
"""

import zlib
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "data"


def normal(name, shape):
    """Standard normal numbers of a name; float64."""
    return np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)


def small_tensors():
    """A state dict with views, other dtypes and no sizes, before PyTorch has it."""
    return {
        "layer.weight": normal("layer.weight", (4, 3, 2)).astype(np.float32),
        "layer.bias": normal("layer.bias", 5).astype(np.float64),
        "half": normal("half", (2, 3)).astype(np.float16),
        "bn.num_batches_tracked": np.array(7, np.int64),
        "mask": np.array([True, False, True]),
        "empty": np.zeros((0, 3), np.float32),
    }


def write_states():
    """The small state dict in both formats of PyTorch, with a transposed view and a shared one."""
    import torch

    state = {name: torch.from_numpy(values) for name, values in small_tensors().items()}
    state["turned"] = state["layer.weight"].permute(2, 0, 1)
    state["part"] = state["layer.bias"][1:4]
    torch.save(state, FOLDER / "state-zip.pth")
    torch.save(state, FOLDER / "state-stream.pth", _use_new_zipfile_serialization=False)


def main():
    """Writes all of it."""
    FOLDER.mkdir(exist_ok=True)
    write_states()


if __name__ == "__main__":
    main()
