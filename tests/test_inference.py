"""SavedModels loaded again, beside the generators that they were made of."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo
from skimage import color as skcolor

from tfcolor import config, runtimes
from tfcolor.cli import main
from tfcolor.color import cielab
from tfcolor.colorizing import graphs, reduction
from tfcolor.config import fields, recipes
from tfcolor.export import saved_model
from tfcolor.runtimes import saved_models, workdirs
from tfcolor.training import loop


@pytest.fixture(scope="module")
def run(photo_folder, tmp_path_factory):
    """The workdir of a short run; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    tiny = {"source": str(photo_folder), "image_size": 32, "width": 4, "depth": 3}
    tiny |= {"total_steps": 60, "learning_rate": 5e-3, "gan_weight": 0.0}  # enough for some color
    loop.train(fields.override(config.TrainConfig(), **tiny), folder)
    return folder


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """A folder of versions with one SavedModel; not to be changed."""
    folder = tmp_path_factory.mktemp("saved_models") / "tiny"
    saved_model.export(run, folder)
    return folder


def lightness_error(rgb, gray):
    return np.abs(skcolor.rgb2lab(rgb)[..., 0] - skcolor.rgb2lab(gray)[..., 0])


@pytest.mark.slow
def test_a_saved_model_gives_what_the_generator_gives(run, exported):
    generator, _ = workdirs.load_generator(run)
    rgb = np.stack([colorful_photo(seed, 50, 70) for seed in range(2)])
    expected = graphs.from_generator(generator, 32, 8)(rgb)
    colorizer = saved_models.load(exported)
    assert np.abs(colorizer(rgb).astype(int) - expected).max() <= 1
    gray = rgb[..., :1]
    np.testing.assert_array_equal(colorizer(gray), colorizer(np.repeat(gray, 3, -1)))
    assert np.ptp(expected.astype(int), axis=-1).max() > 3  # there is color to compare


def network_input():
    """The lightness of a photograph as a network of the stride is shown it, (64, 96)."""
    return reduction.reduce(colorful_photo(5, 64, 96)[..., 0], 64)


def test_planes_of_a_saved_model_are_those_of_the_generator(run, exported):
    generator, _ = workdirs.load_generator(run)
    l = network_input()
    expected = generator(l[None, ..., None], training=False)["ab"][0].numpy()
    saved = runtimes.load(exported)
    assert saved.size == 32
    np.testing.assert_allclose(saved(l), expected, atol=1e-5)
    uneven = saved(l[:61, :90])  # it mirrors the borders itself
    assert uneven.shape == (61, 90, 2) and np.isfinite(uneven).all()
    assert np.abs(expected).max() > 0.02  # there is color to compare


def test_a_model_that_lost_its_card_works_and_one_of_an_earlier_version_is_an_error(
    exported, tmp_path
):
    shutil.copytree(exported / "1", tmp_path / "1")
    card = tmp_path / "1" / "assets.extra" / "tfcolor.json"
    told = json.loads(card.read_text())
    del told["image_size"]
    card.write_text(json.dumps(told))
    with pytest.raises(ValueError, match="is of an earlier version of tfcolor; export it again"):
        runtimes.load(tmp_path)
    card.unlink()
    assert runtimes.load(tmp_path).size == 256
    assert saved_models.read_config(tmp_path) is None


@pytest.mark.parametrize("content", [None, b"not a model", b"\x00\n", b"\n"])
def test_loading_what_is_no_saved_model_is_an_error(tmp_path, content):
    if content:
        (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"holds no SavedModel|is not a SavedModel made by tfcolor"
    ):
        saved_models.load(tmp_path)


@pytest.fixture(scope="module")
def rgb_model(photo_folder, tmp_path_factory):
    """A SavedModel of a network that paints RGB; not to be changed."""
    folder = tmp_path_factory.mktemp("rgb")
    tiny = {"source": str(photo_folder), "image_size": 32, "width": 2, "depth": 3}
    tiny |= {"gan_weight": 0.0}
    loop.train(fields.override(recipes.get("pix2pix-rgb"), total_steps=2, **tiny), folder / "run")
    return saved_model.export(folder / "run", folder / "model")


@pytest.mark.slow
def test_a_network_that_paints_rgb_is_shown_raw_and_with_the_photographs_lightness(rgb_model):
    gray = cielab.without_color(colorful_photo(3)[None]).numpy()
    signatures = saved_models.COLORIZE, saved_models.RAW
    restored, raw = (saved_models.load(rgb_model, signature)(gray) for signature in signatures)
    assert lightness_error(restored, gray).max() < 0.7
    assert lightness_error(raw, gray).mean() > 5  # two steps teach no lightness
    # The same colors, but for what the gamut and 8 bits take.
    difference = skcolor.rgb2lab(restored)[..., 1:] - skcolor.rgb2lab(raw)[..., 1:]
    assert np.median(np.abs(difference)) < 3


@pytest.mark.slow
def test_evaluate_measures_both(rgb_model, tmp_path):
    path = tmp_path / "figures.json"
    options = ["--protocol", "center-32", "--features", "none", "--json", str(path)]
    CliRunner().invoke(main.cli, ["evaluate", str(rgb_model), *options])
    rows = json.loads(path.read_text())["rows"]
    assert list(rows)[:3] == ["model/1", "model/1 raw", "gray"]
