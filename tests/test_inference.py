"""Photographs of any size through a generator, and through the SavedModel made of it."""

import json
import os
import shutil
import subprocess
import sys
from concurrent import futures

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from conftest import colorful_photo
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import color as skcolor

from tfcolor import (
    color,
    colorize,
    config,
    convert,
    export,
    fields,
    graphs,
    inference,
    network,
    recipes,
    workdir,
)
from tfcolor.cli import main
from tfcolor.training import loop


@pytest.fixture(scope="module")
def run(photo_folder, tmp_path_factory):
    """The workdir of a short run; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    tiny = {"source": str(photo_folder), "image_size": 32, "width": 4, "depth": 3}
    tiny |= {"total_steps": 60, "learning_rate": 5e-3}  # enough for some color
    loop.train(fields.override(config.TrainConfig(), **tiny), folder)
    return folder


@pytest.fixture(scope="module")
def saved_model(run, tmp_path_factory):
    """A folder of versions with one SavedModel; not to be changed."""
    folder = tmp_path_factory.mktemp("saved_models") / "tiny"
    export.export(run, folder)
    return folder


def swirl(l, training):
    """A stand-in for a generator: strong colors, some of them outside sRGB."""
    return {"ab": tf.concat([tf.sin(7.0 * l), tf.cos(5.0 * l)], axis=-1)}


def lightness_error(rgb, gray):
    return np.abs(skcolor.rgb2lab(rgb)[..., 0] - skcolor.rgb2lab(gray)[..., 0])


@settings(max_examples=25)
@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from([(32, 8), (32, 32), (64, 16)]))
def test_any_size_keeps_its_shape_and_its_lightness(height, width, sizes):
    gray = color.to_gray(colorful_photo(height * 100 + width, height, width)[None])
    image_size, stride = sizes
    colored = graphs.colorize_rgb(swirl, gray, image_size, stride).numpy()
    assert colored.dtype == np.uint8
    assert colored.shape == gray.shape
    # Rounding to 8 bits moves the L* of a strong color by up to about 0.6.
    assert lightness_error(colored, gray.numpy()).max() < 0.7
    assert np.ptp(colored.astype(int), axis=-1).mean() > 20


@pytest.mark.parametrize(
    ("height", "width", "seen"),
    [
        (64, 64, (64, 64)),
        (100, 100, (64, 64)),
        (20, 40, (64, 128)),
        (48, 60, (64, 96)),  # 64 x 80, mirrored up to the stride of 32
        (300, 20, (256, 64)),  # squeezed: more than 4 short sides
    ],
)
def test_the_network_sees_its_own_size(height, width, seen):
    sizes = []

    def generator(l, training):
        sizes.append(tuple(l.shape[1:3]))
        return {"ab": tf.zeros_like(tf.concat([l, l], -1))}

    graphs.colorize_rgb(generator, tf.zeros((1, height, width, 3), tf.uint8), 64, 32)
    assert sizes == [seen]


def test_at_the_networks_own_size_nothing_is_resampled():
    rgb = tf.constant(colorful_photo(5, 64, 64)[None])
    l, ab = color.rgb_to_planes(rgb)
    colored = graphs.colorize_rgb(lambda seen, training: {"ab": ab}, rgb, 64, 32).numpy()
    np.testing.assert_array_equal(colored, rgb)


def test_color_input_is_seen_as_gray():
    rgb = colorful_photo(6)[None]
    seen = []

    def generator(l, training):
        seen.append(l.numpy())
        return {"ab": tf.zeros_like(tf.concat([l, l], -1))}

    colored = graphs.colorize_rgb(generator, tf.constant(rgb), 32, 8).numpy()
    # Where half a level decides, L* and luminance may round apart.
    assert np.abs(colored.astype(int) - color.to_gray(rgb).numpy()).max() <= 1
    graphs.colorize_rgb(generator, color.to_gray(rgb), 32, 8)
    np.testing.assert_allclose(*seen, atol=0.01)  # 8-bit rounding of the gray photograph


def test_one_gray_channel_equals_three():
    gray = color.to_gray(colorful_photo(7)[None])
    three = graphs.colorize_rgb(swirl, gray, 32, 8)
    one = graphs.colorize_rgb(swirl, gray[..., :1], 32, 8)
    np.testing.assert_array_equal(one, three)


def test_a_saved_model_gives_what_the_generator_gives(run, saved_model):
    generator, _ = workdir.load_generator(run)
    rgb = np.stack([colorful_photo(seed, 50, 70) for seed in range(2)])
    expected = graphs.colorize_rgb(generator, rgb, 32, 8).numpy()
    colored = inference.load(saved_model)(rgb)
    assert np.abs(colored.astype(int) - expected).max() <= 1  # graph and eager round apart
    assert np.ptp(expected.astype(int), axis=-1).max() > 3  # there is color to compare


def network_input():
    """The lightness of a photograph as a network of the stride is shown it, (64, 96)."""
    return network.reduce(colorful_photo(5, 64, 96)[..., 0], 64)


def test_planes_of_a_saved_model_are_those_of_the_generator(run, saved_model):
    generator, _ = workdir.load_generator(run)
    l = network_input()
    expected = generator(l[None, ..., None], training=False)["ab"][0].numpy()
    saved = colorize.load(saved_model)
    assert saved.size == 32
    np.testing.assert_allclose(saved(l), expected, atol=1e-5)
    uneven = saved(l[:61, :90])  # it mirrors the borders itself
    assert uneven.shape == (61, 90, 2) and np.isfinite(uneven).all()
    assert np.abs(expected).max() > 0.02  # there is color to compare


@pytest.mark.parametrize(("half", "tolerance"), [(True, 0.01), (False, 1e-5)])
def test_a_tflite_file_gives_the_planes_of_the_generator(run, tmp_path, half, tolerance):
    path = convert.export_lite(run, tmp_path / "models" / "tiny.tflite", half=half)
    generator, _ = workdir.load_generator(run)
    l = network_input()
    expected = generator(l[None, ..., None], training=False)["ab"][0].numpy()
    net = colorize.load(path)
    assert (net.size, net.stride) == (32, 8)
    np.testing.assert_allclose(net(l), expected, atol=tolerance)
    with futures.ThreadPoolExecutor(4) as pool:  # each thread with an interpreter of its own
        for each in pool.map(net, [l, l[:32], l[:, :64], l] * 4):
            assert each.shape[:2] in {(64, 96), (32, 96), (64, 64)}
    assert [path.name for path in path.parent.iterdir()] == ["tiny.tflite"]


def test_a_tflite_file_of_a_network_that_paints_rgb(rgb_model, tmp_path):
    run = rgb_model.parents[1] / "run"
    net = colorize.load(convert.export_lite(run, tmp_path / "rgb.tflite"))
    generator, _ = workdir.load_generator(run)
    l = network_input()
    expected = graphs.painted(generator, tf.constant(l[None, ..., None]))[0].numpy()
    np.testing.assert_allclose(net(l), expected, atol=0.02)


def test_a_saved_model_runs_in_a_process_without_tfcolor(saved_model, tmp_path):
    rgb = colorful_photo(3, 37, 53)
    np.save(tmp_path / "in.npy", rgb[None])
    program = """
import sys
import numpy as np, tensorflow as tf
run = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
rgb = np.load("in.npy")
np.save("rgb.npy", run(rgb=tf.constant(rgb))["rgb"])
np.save("gray.npy", run(rgb=tf.constant(rgb[..., :1]))["rgb"])
assert not [name for name in sys.modules if name.startswith("tfcolor")]
"""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(saved_model / "1")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(
        np.load(tmp_path / "rgb.npy"), inference.load(saved_model)(rgb[None])
    )
    gray = np.load(tmp_path / "gray.npy")
    assert gray.shape == (1, 37, 53, 3)
    assert lightness_error(gray[0], np.repeat(rgb[..., :1], 3, -1)).max() < 0.7


def test_versions_count_up_and_the_newest_is_loaded(run, tmp_path):
    versions = [export.export(run, tmp_path / "m").name for _ in range(2)]
    (tmp_path / "m" / "10").mkdir()  # half a version: no saved_model.pb
    assert versions == ["1", "2"]
    assert inference.newest_version(tmp_path / "m") == tmp_path / "m" / "2"
    assert inference.newest_version(tmp_path / "m" / "1") == tmp_path / "m" / "1"
    assert export.export(run, tmp_path / "m").name == "11"
    assert not list((tmp_path / "m").glob(".*"))


def test_the_run_is_written_beside_the_model(run, saved_model):
    assert inference.read_config(saved_model) == workdir.read_config(run)


def test_exporting_what_is_no_run_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="is not a training run"):
        export.export(tmp_path, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_run_without_checkpoint_is_an_error(run, tmp_path):
    (tmp_path / "config.json").write_text((run / "config.json").read_text())
    with pytest.raises(ValueError, match="no best checkpoint yet; train it further"):
        export.export(tmp_path, tmp_path / "m")


@pytest.mark.parametrize("damage", ["cut", "other layers"])
def test_a_checkpoint_that_does_not_fit_is_an_error(run, tmp_path, damage):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    if damage == "cut":
        for path in (folder / "best").glob("*.data*"):
            path.write_bytes(path.read_bytes()[:100])
    else:
        other = fields.override(workdir.read_config(folder), width=8)
        (folder / "config.json").write_text(config.to_json(other))
    with pytest.raises(ValueError, match="is damaged or of another version"):
        export.export(folder, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("content", [None, b"not a model"])
def test_loading_what_is_no_saved_model_is_an_error(tmp_path, content):
    if content:
        (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"holds no SavedModel|is not a SavedModel made by tfcolor"
    ):
        inference.load(tmp_path)


@pytest.fixture(scope="module")
def rgb_model(photo_folder, tmp_path_factory):
    """A SavedModel of a network that paints RGB; not to be changed."""
    folder = tmp_path_factory.mktemp("rgb")
    tiny = {"source": str(photo_folder), "image_size": 32, "width": 2, "depth": 3}
    loop.train(fields.override(recipes.get("pix2pix-rgb"), total_steps=2, **tiny), folder / "run")
    return export.export(folder / "run", folder / "model")


def test_a_network_that_paints_rgb_is_shown_raw_and_with_the_photographs_lightness(rgb_model):
    gray = color.to_gray(colorful_photo(3)[None]).numpy()
    signatures = inference.COLORIZE, inference.RAW
    restored, raw = (inference.load(rgb_model, signature)(gray) for signature in signatures)
    assert lightness_error(restored, gray).max() < 0.7
    assert lightness_error(raw, gray).mean() > 5  # two steps teach no lightness
    # The same colors, but for what the gamut and 8 bits take.
    difference = skcolor.rgb2lab(restored)[..., 1:] - skcolor.rgb2lab(raw)[..., 1:]
    assert np.median(np.abs(difference)) < 3


def test_evaluate_measures_both(rgb_model, tmp_path):
    path = tmp_path / "figures.json"
    options = ["--protocol", "center-32", "--features", "none", "--json", str(path)]
    CliRunner().invoke(main.cli, ["evaluate", str(rgb_model), *options])
    rows = json.loads(path.read_text())["rows"]
    assert list(rows)[:3] == ["model/1", "model/1 raw", "gray"]
