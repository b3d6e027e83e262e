"""bin/train-packed: training where TensorFlow is not."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfcolor import config
from tfcolor.data import files, samples
from tfcolor.models import networks

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parent.parent / "bin" / "train-packed"

# Keras on JAX, in a process in which TensorFlow cannot be imported.
WITHOUT_TENSORFLOW = f"""
import runpy, sys
sys.modules["tensorflow"] = None
sys.argv = sys.argv[1:]
runpy.run_path({str(PROGRAM)!r}, run_name="__main__")
"""


def run(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_steps_on_packed_photographs_give_weights_that_a_run_begins_with(tmp_path):
    said = run(PROGRAM, "pack", tmp_path / "parts", samples.FOLDER)
    names = [path.name for path in samples.FOLDER.rglob("*.jpg")]
    wanted = [name for name in names if not files.is_validation(name)]
    assert said.startswith(f"1 parts of {len(wanted)} photographs")
    with np.load(tmp_path / "parts" / "part-000.npz") as part:
        assert len(part["lengths"]) == len(wanted)
        first = Image.open(io.BytesIO(part["jpegs"][: part["lengths"][0]].tobytes()))
    assert first.size == (160, 160)

    weights = tmp_path / "weights.npz"
    given = (tmp_path / "parts", weights, "--minutes", 30, "--steps", 2, "--batch", 2)
    said = run(
        "-c",
        WITHOUT_TENSORFLOW,
        PROGRAM,
        "train",
        *given,
        KERAS_BACKEND="jax",
        JAX_PLATFORMS="cpu",
        JAX_DISABLE_MOST_OPTIMIZATIONS="1",  # Compiling would take most of the time.
    )
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines[-1] == {"step": 2, "crops": 4, "photographs": len(wanted)}
    assert np.isfinite(lines[0]["loss"])
    settings = config.ModelConfig(generator="hintnet", width=32)
    start = networks.build_generator(settings, "float32", 0, "imagenet")
    trained = networks.build_generator(settings, "float32", 0, str(weights))
    before, after = ({v.path: v.numpy() for v in model.variables} for model in (start, trained))
    # What is frozen was only rounded, to the file's 16 bits.
    rounded = before["encoder_stem/kernel"].astype(np.float16)
    np.testing.assert_array_equal(after["encoder_stem/kernel"], rounded)
    moved = after["encoder_block15_project/kernel"] - before["encoder_block15_project/kernel"]
    assert 1e-6 < np.abs(moved).max() < 0.01
    assert 0 < np.abs(after["bins/bias"]).max() < 0.01  # 0 before
