"""`tfcolor colorize` as it is typed, with the bundled network."""

import errno
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo
from PIL import Image
from skimage import color as skcolor

from tfcolor import images
from tfcolor.cli import main


@pytest.fixture
def gray(tmp_path):
    """A gray photograph of 100 x 80 pixels."""
    path = tmp_path / "grandmother.jpg"
    Image.fromarray(colorful_photo(4, 80, 100)[..., 0]).save(path, dpi=(300, 300))
    return path


def run(*arguments, **options):
    """Exit code, standard output and standard error."""
    done = CliRunner().invoke(main.cli, ["colorize", *map(str, arguments)], **options)
    return done.exit_code, done.stdout, done.stderr


def test_the_same_photograph_gives_the_same_bytes_in_every_process(gray, tmp_path):
    made = []
    for name in ("one.jpg", "two.jpg"):
        out = tmp_path / name
        program = "from tfcolor.cli.main import main; main()"
        command = [sys.executable, "-c", program, "colorize", gray, "-o", out]
        subprocess.run(command, check=True, capture_output=True)
        made.append(out.read_bytes())
    assert made[0] == made[1]


def test_a_name_alone_is_enough(gray):
    code, output, _ = run(gray)
    made = gray.with_name("grandmother-color.jpg")
    assert (code, output) == (0, f"{made}\n")
    with Image.open(made) as image:
        assert image.mode == "RGB" and image.info["dpi"] == (300, 300)
    code, output, _ = run(gray)
    assert code == 0 and "already exists; --overwrite makes it again" in output
    assert "already" not in run(gray, "--overwrite")[1]


def test_tensorflow_stays_out_of_the_way(gray):
    program = """
import sys
from tfcolor.cli import main
main.cli(["colorize", sys.argv[1]], standalone_mode=False)
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program, gray], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_standard_input_becomes_standard_output(gray):
    done = CliRunner().invoke(main.cli, ["colorize", "-", "-o", "-"], input=gray.read_bytes())
    assert done.exit_code == 0
    with Image.open(io.BytesIO(done.stdout_bytes)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (100, 80), "RGB")


def test_hints_strength_and_saturation_reach_the_photograph(gray, tmp_path):
    def colored(name, *arguments):
        target = tmp_path / f"{name}.png"
        assert run(gray, "-o", target, *arguments)[0] == 0
        return skcolor.rgb2lab(images.read_rgb(target))

    plain, hinted = colored("plain"), colored("hinted", "--hint", "20,30,#2040c0")
    assert hinted[30, 20, 2] < plain[30, 20, 2] - 10  # bluer
    chroma = {
        name: np.hypot(*np.moveaxis(colored(name, *options), -1, 0)[1:]).mean()
        for name, options in {
            "none": ("--strength", 0),
            "half": ("--saturation", 0.5),
            "seen": ("--size", 64),
        }.items()
    }
    assert chroma["none"] < 0.5 < chroma["half"] < np.hypot(plain[..., 1], plain[..., 2]).mean()


def test_two_drives_of_windows_have_no_common_folder(gray, tmp_path, monkeypatch):
    def commonpath(paths):
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", commonpath)
    broken = tmp_path / "broken.jpg"
    broken.touch()
    assert run(gray, broken)[0] == 1
    assert (tmp_path / "failures.csv").exists()


def test_the_file_says_that_its_color_is_synthetic_unless_it_is_not_to(gray, tmp_path):
    run(gray, "-o", tmp_path / "a.jpg")
    run(gray, "-o", tmp_path / "b.jpg", "--no-provenance")
    stamps = [
        b"compositeWithTrainedAlgorithmicMedia" in images.read(tmp_path / f"{n}.jpg").xmp
        for n in "ab"
    ]
    assert stamps == [True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hint", "5,5"], "--hint must be X,Y,#rrggbb"),
        (["--hint", "100,5,#ffffff"], "lies outside the photograph"),
        (["--strength", "2"], "strength must be from 0 to 1"),
        (["--suffix", "a/b"], "--suffix must be part of a file's name"),
        (["-m", "nowhere"], "nowhere does not exist"),
        (["-o", "-", "--gif"], "--certainty and --variants need a file for --output"),
    ],
)
def test_bad_input_is_one_line(gray, arguments, message):
    code, _, errors = run(gray, *arguments)
    (line,) = [line for line in errors.splitlines() if message in line]
    assert code == 2 and line.startswith("Error: ") and "Traceback" not in errors
    assert sorted(path.name for path in gray.parent.iterdir()) == ["grandmother.jpg"]


def test_standard_input_overwrites_nothing_unless_it_is_asked_to(gray):
    before = gray.read_bytes()
    arguments = ["colorize", "-", "-o", str(gray)]
    done = CliRunner().invoke(main.cli, arguments, input=before)
    assert done.exit_code == 0 and "already exists; --overwrite makes it again" in done.output
    assert gray.read_bytes() == before
    assert CliRunner().invoke(main.cli, [*arguments, "--overwrite"], input=before).exit_code == 0
    assert gray.read_bytes() != before


def test_hints_are_for_one_photograph(gray, tmp_path):
    (tmp_path / "b.jpg").write_bytes(gray.read_bytes())
    code, _, errors = run(tmp_path, "--hint", "5,5,#ffffff")
    assert code == 2 and "--hint is for one photograph; give one" in errors


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "utf-8"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "C.UTF-8"},
    ],
)
def test_a_name_that_cannot_be_printed_stops_nothing(tmp_path, environment):
    names = [b"caf\xe9.jpg", "Großmutter.jpg".encode(), b"plain.jpg"]  # the first is not UTF-8
    for name in names:
        Image.new("L", (32, 32), 99).save(os.fsencode(tmp_path) + b"/" + name)
    (tmp_path / "broken\udce9.jpg").write_bytes(b"no photograph")
    program = "from tfcolor.cli.main import main; main()"
    command = [sys.executable, "-c", program, "colorize", tmp_path, "-o", tmp_path / "out"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert done.stdout.endswith(b" s: 3 made, 1 failed\n")
    assert b"1 of 4 photographs failed" in done.stderr
    made = os.listdir(os.fsencode(tmp_path / "out"))
    assert sorted(made) == sorted([*names, b"failures.csv"])
    assert b"broken\xe9.jpg is not a photograph" in (tmp_path / "out/failures.csv").read_bytes()


def test_what_a_folder_holds_beside_photographs_is_told_at_the_end(gray):
    for name in ("a.psd", "b.PSD", "c.cr2"):
        (gray.parent / name).write_bytes(b"8BPS")
    code, output, said = run(gray.parent)
    assert code == 0 and output.count("\n") == 1
    assert said == "3 files passed over: 2 .psd, 1 .cr2\n"
    (gray.parent / "broken.png").write_bytes(b"8BPS")
    code, output, said = run(gray.parent)
    assert code == 1 and said.endswith("\n3 files passed over: 2 .psd, 1 .cr2\n")
    (gray.parent / "broken.png").unlink()
    assert run(gray.parent)[0] == 0  # and the list of failures of before is not counted
    assert run(gray.parent)[2] == "3 files passed over: 2 .psd, 1 .cr2\n"


def test_a_folder_that_cannot_be_read_is_an_error_at_the_end(gray, monkeypatch):
    closed, scandir = gray.parent / "closed", os.scandir
    closed.mkdir()

    def guarded(folder):
        if os.fspath(folder) == str(closed):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(closed))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    code, output, said = run(gray.parent)
    assert code == 1 and "grandmother-color.jpg" in output
    assert said == f"Error: {closed}: Permission denied; what is in it was passed over\n"


def test_a_fault_that_takes_no_pixels_is_one_line(tmp_path):
    Image.fromarray(colorful_photo(4, 400, 600)).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:-2])
    code, output, said = run(tmp_path / "cut.jpg", "--recolor")
    assert code == 0 and output == f"{tmp_path / 'cut-color.jpg'}\n"
    assert said == f"{tmp_path / 'cut.jpg'} has no end marker, but has all its pixels\n"


def test_too_little_memory_is_one_line(gray, monkeypatch):
    def full(*anything):
        raise MemoryError("Unable to allocate 9 GiB")

    monkeypatch.setattr(images, "read", full)
    code, _, said = run(gray, "-o", "-")
    assert code == 1 and said == "Error: Unable to allocate 9 GiB\n"
