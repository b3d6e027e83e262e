"""`bin/train-bundled`: it prepares a dataset, trains by the recipe, stops and resumes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tfcolor.data import samples
from tfcolor.images import searching

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def train_until(said, *arguments, environment):
    """Starts the script, interrupts it at a line that contains `said`; returns all lines."""
    with subprocess.Popen(
        [ROOT / "bin/train-bundled", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        lines, asked = [], False
        for line in process.stdout:
            lines.append(line)
            if said in line and not asked:
                os.killpg(process.pid, signal.SIGINT)
                asked = True
    assert process.returncode, lines
    return lines


def test_the_bundled_model_is_trained_by_one_command_that_resumes(tmp_path):
    photographs = searching.search(samples.FOLDER)
    for name, chosen in (("training", photographs[:12]), ("measured", photographs[12:14])):
        (tmp_path / name).mkdir()
        for path in chosen:
            (tmp_path / name / path.name).symlink_to(path)
    work, left_out = tmp_path / "work", photographs[0].name
    environment = {**os.environ, "VIRTUAL_ENV": str(tmp_path)}  # so that nothing is installed
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    (tmp_path / ".tfcolor").write_text(f"{ROOT}\n")
    given = ("--times", f"{left_out}=0", work, tmp_path / "measured", tmp_path / "training")
    lines = train_until("classify 1/180000", *given, environment=environment)
    assert any("run the same command to go on" in line for line in lines), lines
    settings = json.loads((work / "run/config.json").read_text())
    assert settings["data"]["film"] == 0.25 and settings["model"]["weights"] == "imagenet"
    assert json.loads((work / "set/report.json").read_text())["test"]["kept"] == 2
    assert left_out in (work / "set/dropped.csv").read_text()
    lines = train_until("classify ", *given, environment=environment)
    assert any("resum" in line for line in lines), lines
