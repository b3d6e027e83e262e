"""The notebook runs from its first cell to its last."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NOTEBOOK = Path(__file__).parent.parent / "docs" / "colorizer.ipynb"
# Runs cells as Jupyter does: a line that begins with ! is a command, with {names} filled in.
PROGRAM = """
import json, subprocess, sys
names = {}
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        source = "".join(cell["source"])
        if source.startswith("!"):
            subprocess.run(source[1:].format(**names), shell=True, check=True)
        else:
            exec(source, names)
"""


@pytest.mark.slow
def test_the_notebook_goes_from_photographs_to_an_answer(tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, NOTEBOOK],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert np.ptp(np.asarray(Image.open(tmp_path / "colorized.jpg")), axis=-1).mean() > 1
    assert (tmp_path / "report" / "evaluation.html").is_file()
    assert (tmp_path / "saved_models" / "notebook" / "1" / "saved_model.pb").is_file()


def test_the_notebook_holds_no_outputs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs")]
