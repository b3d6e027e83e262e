"""Every way to colorize a photograph gives the pixels of `rendering.colorize`."""

import io

import av
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo
from PIL import Image

from tfcolor import runtimes
from tfcolor.cli import main
from tfcolor.colorizing import beam_pipeline, folder, rendering
from tfcolor.video import film_options, run, write

HOW = {"size": 48, "strength": 0.9, "saturation": 1.3}


@pytest.fixture(scope="module")
def gray():
    return colorful_photo(4, 96, 64)[..., 1].copy()


@pytest.fixture(scope="module")
def expected(gray):
    return rendering.colorize(gray, runtimes.load(), **HOW)


@pytest.fixture
def path(gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "gray.png")
    return tmp_path / "gray.png"


def pixels(file):
    return np.asarray(Image.open(file))


def test_a_file_has_them(path, expected):
    (result,) = folder.colorize_files(
        runtimes.load(), [(path, path.with_name("color.png"))], folder.FileOptions(**HOW)
    )
    np.testing.assert_array_equal(pixels(result.target), expected, strict=True)


def test_standard_output_has_them(path, expected):
    options = [f"--{name}={value}" for name, value in HOW.items()]
    done = CliRunner().invoke(
        main.cli, ["colorize", "-", "-o", "-", *options], input=path.read_bytes()
    )
    np.testing.assert_array_equal(pixels(io.BytesIO(done.stdout_bytes)), expected, strict=True)


def test_a_beam_pipeline_has_them(path, expected):
    target = path.with_name("color.png")
    flags = ["--runner=DirectRunner", "--direct_num_workers=1"]
    beam_pipeline.colorize_files(
        None, [(path, target)], folder.FileOptions(**HOW), path.parent, flags
    )
    np.testing.assert_array_equal(pixels(target), expected, strict=True)


def test_a_frame_of_a_film_has_them(gray, expected, tmp_path, monkeypatch):
    source = tmp_path / "gray.mkv"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width, stream.pix_fmt = *gray.shape, "gray"
        stream.codec_context.color_range = 2  # full
        container.mux(stream.encode(av.VideoFrame.from_ndarray(gray, format="gray")))
        container.mux(stream.encode(None))
    painted, frame = [], write.frame
    # What goes to the encoder, which halves the color's resolution.
    monkeypatch.setattr(write, "frame", lambda *args: painted.append(args[-1]) or frame(*args))
    run.colorize_film(
        source, tmp_path / "color.mkv", film_options.FilmOptions(**HOW, smoothing=0.0)
    )
    _trial, picture = painted
    np.testing.assert_array_equal(picture, expected, strict=True)
