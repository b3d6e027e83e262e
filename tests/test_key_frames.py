"""Frames of a film that are given in color, and hold for their scene."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import gray_of
from PIL import Image
from skimage import color as reference
from skimage import data as photographs
from test_video import Tint, film, frames_of

from tfcolor.cli import main
from tfcolor.colorizing import choices, marks
from tfcolor.video import film_options, read, run

HEIGHT, WIDTH, COUNT, STEP = 120, 160, 16, 2  # pixels, frames of a scene, pixels that it pans


@pytest.fixture(autouse=True)
def net(monkeypatch):
    """A quick network in the place of the bundled one."""
    monkeypatch.setattr(run.runtimes, "load", lambda model, threads: Tint())


def panned(rgb):
    """Frames of a view that moves over a photograph; uint8 (n, h, w, 3)."""
    small = cv2.resize(rgb, (WIDTH + COUNT * STEP, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.stack([small[:, i * STEP : i * STEP + WIDTH] for i in range(COUNT)])


@pytest.fixture(scope="module")
def two_scenes(tmp_path_factory):
    """A gray film of two scenes, and the truth of its frames."""
    truth = np.concatenate([panned(photographs.coffee()), panned(photographs.chelsea())])
    path = tmp_path_factory.mktemp("film") / "in.mkv"
    return film(
        path, np.repeat(gray_of(truth)[..., None], 3, -1), codec="ffv1", pix_fmt="bgr0"
    ), truth


def differences(source, truth, target, frames):
    """Mean CIEDE2000 of each frame of a film that was made with key frames, to the truth."""
    settings = film_options.FilmOptions(quality=1, frames=frames)
    run.colorize_film(source, target, settings)
    made = [read.pixels(read.open_film(target), frame.picture) for frame in frames_of(target)]
    off = reference.deltaE_ciede2000(reference.rgb2lab(np.stack(made)), reference.rgb2lab(truth))
    return off.mean((1, 2))


@pytest.mark.parametrize("name", ["8.png", "frame-0008.png", "0.32s.png"])  # 25 frames a second
def test_a_frame_holds_for_its_scene_before_and_after_it(two_scenes, tmp_path, name):
    source, truth = two_scenes
    (tmp_path / "keys").mkdir()
    Image.fromarray(truth[8]).save(tmp_path / "keys" / name)
    without = differences(source, truth, tmp_path / "without.mkv", None)
    held = differences(source, truth, tmp_path / "held.mkv", tmp_path / "keys")
    assert held[:COUNT].max() < 0.5 * without[:COUNT].min()
    assert held[8] < 2.5
    np.testing.assert_allclose(held[COUNT:], without[COUNT:], atol=0.3)  # the other scene


def test_hints_for_a_frame_hold_for_its_scene(two_scenes, tmp_path):
    source, _ = two_scenes
    (keys := tmp_path / "keys").mkdir()
    right, bottom = WIDTH - 1, HEIGHT - 1
    whole = marks.Area(((0, 0), (right, 0), (right, bottom), (0, bottom)), (40, 60, 160))
    choices.Choices((HEIGHT, WIDTH), (whole,)).write(keys / "8.hints.json")
    blue = []
    for frames in (None, keys):
        target = tmp_path / f"{frames and 'held'}.mkv"
        run.colorize_film(source, target, film_options.FilmOptions(quality=1, frames=frames))
        opened = read.open_film(target)
        made = [read.pixels(opened, frame.picture) for frame in read.frames(opened)]
        blue.append(reference.rgb2lab(np.stack(made))[..., 2].mean((1, 2)))
    without, held = blue
    assert (held[:COUNT] < without[:COUNT] - 10).all()
    np.testing.assert_allclose(held[COUNT:], without[COUNT:], atol=0.3)  # the other scene


def test_another_folder_makes_the_film_anew(two_scenes, tmp_path):
    source, truth = two_scenes
    keys = []
    for place in (3, COUNT + 3):
        (folder := tmp_path / f"keys{place}").mkdir()
        Image.fromarray(truth[place]).save(folder / f"{place}.png")
        keys.append(run._key(read.open_film(source), film_options.FilmOptions(frames=folder), None))
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("name", "pixels", "message"),
    [
        ("cover.png", np.zeros((9, 9, 3), np.uint8), "names no frame; name it by its number"),
        ("3.png", np.zeros((60, 60), np.uint8), "is gray; give one in color"),
        ("99.png", np.full((60, 60, 3), (200, 60, 20), np.uint8), "it is for frame 99"),
    ],
)
def test_what_is_no_key_frame_is_named(two_scenes, tmp_path, name, pixels, message):
    (tmp_path / "keys").mkdir()
    Image.fromarray(pixels).save(tmp_path / "keys" / name)
    arguments = ["video", two_scenes[0], "-o", tmp_path / "a.mkv", "--frames", tmp_path / "keys"]
    done = CliRunner().invoke(main.cli, [str(each) for each in arguments])
    assert done.exit_code == 2 and message in done.output and name in done.output
    assert not (tmp_path / "a.mkv").exists()


def test_hints_for_a_frame_beyond_the_end_are_named(two_scenes, tmp_path):
    (keys := tmp_path / "keys").mkdir()
    choices.Choices((HEIGHT, WIDTH)).write(keys / "99.hints.json")
    with pytest.raises(ValueError, match="hints for frame 99, but the film has only 32"):
        run.colorize_film(two_scenes[0], tmp_path / "a.mkv", film_options.FilmOptions(frames=keys))


def test_a_film_that_is_there_is_made_again_only_if_it_is_asked_for(two_scenes, tmp_path):
    (made := tmp_path / "a.mkv").write_bytes(b"kept")
    done = CliRunner().invoke(main.cli, ["video", str(two_scenes[0]), "-o", str(made)])
    assert done.exit_code == 0 and "already exists; --overwrite makes it again" in done.output
    assert made.read_bytes() == b"kept"
    done = CliRunner().invoke(main.cli, ["video", str(two_scenes[0]), "-o", str(two_scenes[0])])
    assert done.exit_code == 2 and "would be overwritten" in done.output
