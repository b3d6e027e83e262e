"""Colorizing from an installation without TensorFlow, in a virtual environment of its own."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "tfcolor/data/samples/gray"


@pytest.fixture(scope="module")
def run(tmp_path_factory, wheel):
    """A function that runs a program of that environment in an empty folder; gives its output."""
    folder = tmp_path_factory.mktemp("small")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)

    def program(name, *arguments):
        done = subprocess.run(
            [folder / "venv/bin" / name, *arguments], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # Our own pip, which is there already, installs into it.
    pip = [sys.executable, "-m", "pip", "--python", folder / "venv/bin/python"]
    install = [*pip, "install", "--quiet", "--disable-pip-version-check"]
    for what in (["-r", ROOT / "requirements-colorize.txt"], ["--no-deps", wheel]):
        done = subprocess.run([*install, *what], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return program


@pytest.mark.slow
def test_photographs_and_films_are_colorized_without_tensorflow(run, tmp_path):
    found = run("python", "-c", "import importlib.util as u; print(u.find_spec('tensorflow'))")
    assert found.strip() == "None"
    run("tfcolor", "colorize", SAMPLES, "-o", tmp_path / "color")
    for path in SAMPLES.glob("*.jpg"):
        color = np.asarray(Image.open(tmp_path / "color" / path.name)).astype(int)
        assert np.ptp(color, axis=-1).mean() > 5
    film = tmp_path / "gray.mkv"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "gray"
        gray = np.tile(np.arange(96, dtype=np.uint8) * 2, (64, 1))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(gray, format="gray")))
        container.mux(stream.encode(None))
    run("tfcolor", "video", film, "-o", tmp_path / "color.mp4")
    with av.open(str(tmp_path / "color.mp4")) as container:
        assert len(list(container.decode(video=0))) == 1
    run("python", "-c", "from tfcolor.app import launch")  # what the app is made of
    assert "--port" in run("tfcolor", "app", "--help")
