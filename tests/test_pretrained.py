"""Our own network and the weights that come with the package."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image
from test_encoded import chunk

from tfcolor import config, images, runtimes
from tfcolor.color import cielab, classes, constants
from tfcolor.colorizing import reduction, rendering
from tfcolor.data import batches, samples
from tfcolor.evaluation import metrics, scores
from tfcolor.export import modelcard
from tfcolor.images import searching
from tfcolor.models import blocks, efficientnet, shipped
from tfcolor.runtimes import bundled, saved_models
from tfcolor.serving import contract

ROOT = Path(__file__).parent.parent
SAVED = ROOT / "saved_models" / "tfcolor-base" / "1"


@pytest.fixture(scope="module")
def generator():
    """The bundled generator; not to be changed."""
    return shipped.build()


def test_every_weight_has_its_place(generator):
    with np.load(shipped.WEIGHTS) as weights:
        assert set(weights) == {variable.path for variable in generator.variables}
        assert all(np.isfinite(weights[name]).all() for name in weights)
    assert generator.count_params() < 8e6
    assert shipped.WEIGHTS.stat().st_size < 25e6


def test_the_card_names_what_config_names():
    assert shipped.card().generator == config.BUNDLED_GENERATOR


def test_bins_are_the_cells_that_srgb_has_colors_in():
    bins = classes.ab_bins()
    assert bins.shape == (258, 2)
    levels = np.append(np.arange(0, 256, 8), 255).astype(np.uint8)
    rgb = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    ab = cielab.rgb_to_lab(rgb).numpy()[:, 1:]
    expected = np.unique(np.round(ab / classes.BIN_WIDTH), axis=0) * classes.BIN_WIDTH
    np.testing.assert_array_equal(bins, expected)


def test_doubling_is_bilinear(rng):
    x = rng.uniform(size=(2, 5, 7, 3)).astype(np.float32)
    expected = tf.image.resize(x, (10, 14))
    np.testing.assert_allclose(blocks.BilinearUp()(x), expected, atol=1e-6)


def test_annealed_mean_of_one_sure_bin_is_its_color():
    logits = np.full((1, 1, 1, 258), -100.0, np.float32)
    logits[..., 31] = 100.0
    expected = classes.ab_bins()[31] / constants.AB_SCALE
    np.testing.assert_allclose(blocks.AnnealedMean(0.6)(logits)[0, 0, 0], expected, atol=1e-6)


def test_the_encoder_gives_features_at_each_stride():
    x = tf.keras.Input((64, 96, 1))
    features = efficientnet.encode(x)
    assert tuple(features) == efficientnet.STRIDES
    assert [features[s].shape[1:3] for s in features] == [
        (64 // s, 96 // s) for s in efficientnet.STRIDES
    ]


@pytest.mark.slow
def test_it_beats_gray_on_photographs_it_never_saw():
    stream = batches.eval_batches(samples.from_package("test"), 256, 8)
    table = scores.evaluate({"pretrained": rendering.of_batches(bundled.load())}, stream)
    means = {name: scores.means(row) for name, row in table.items()}
    ours, gray, truth = (means[name] for name in ("pretrained", "gray", "truth"))
    assert list(ours) == list(metrics.PER_PHOTOGRAPH)
    for metric in ("ab_error", "delta_e00"):
        assert ours[metric] < 0.95 * gray[metric]
    assert ours["psnr"] > gray["psnr"] + 0.5
    assert 0.4 < ours["colorfulness"] / truth["colorfulness"] < 1.15


def test_bushes_become_green():
    gray = images.read_rgb(samples.FOLDER / "gray" / "35d67f3f70aeef92.jpg")
    colored = rendering.colorize(gray, bundled.load())
    a_star = cielab.rgb_to_lab(colored)[215:250, 30:150, 1].numpy()
    assert np.median(a_star) < -3  # they stand at the lower edge


def test_the_litert_file_gives_the_colors_of_its_weights(generator):
    network = bundled.load()
    assert (network.size, network.stride) == (shipped.card().image_size, shipped.card().stride)
    assert_same_colors(network, lambda l: generator(l[None, ..., None], training=False)["ab"][0])


def test_the_saved_model_of_the_repository_gives_the_same_colors():
    assert sum(path.stat().st_size for path in SAVED.rglob("*") if path.is_file()) < 25e6
    saved, network = saved_models.SavedNetwork(SAVED), bundled.load()
    assert saved.size == network.size
    assert_same_colors(network, saved)


def test_the_card_in_the_repository_is_that_of_the_shipped_model():
    card = SAVED / "assets.extra" / "README.md"
    also = {name: contract.OPTIONAL[name] for name in contract.OPTIONAL if name != "raw"}
    signatures = {**contract.SIGNATURES, **also}
    assert card.read_text(encoding="utf-8") == modelcard.text(
        "tfcolor-base", shipped.card().image_size, None, None, None, signatures
    )


@pytest.mark.slow
def test_the_saved_model_of_the_repository_turns_a_png_upright():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    file = io.BytesIO()
    Image.new("L", (60, 40), 90).save(file, "PNG")
    late = chunk(b"eXIf", exif.tobytes()[6:]) + file.getvalue()[-12:]
    ask = tf.saved_model.load(str(SAVED)).signatures["serving_default"]
    asked = {
        "size": tf.constant([32]),
        "strength": tf.constant([1.0]),
        "saturation": tf.constant([1.0]),
    }
    answer = ask(image_bytes=tf.constant([file.getvalue()[:-12] + late]), **asked)
    with Image.open(io.BytesIO(answer["png_bytes"].numpy()[0])) as image:
        assert image.size == (40, 60)


def test_the_page_has_the_figures_of_the_card():
    page = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    exact = {metric: row[0] for metric, *row in shipped.card().rows}
    text = modelcard.text("tfcolor-base", shipped.card().image_size, None, None, None)
    for name, metric in (
        ("PSNR, dB", "psnr"),
        ("ab error", "ab_error"),
        ("ΔE00", "delta_e00"),
        ("colorfulness", "colorfulness"),
        ("Fréchet distance", "fd_efficientnet_lite0"),
        ("spill", "spill"),
    ):
        told = re.search(rf"^\| {name} \|[^|]*\| ([\d.]+)", page, re.M)[1]
        decimals = len(told.partition(".")[2])
        assert float(told) == pytest.approx(
            float(exact[metric].split()[0]), abs=0.51 / 10**decimals
        )
        assert exact[metric] in text


def assert_same_colors(first: runtimes.Network, second: Callable[[np.ndarray], np.ndarray]) -> None:
    for path in searching.search(samples.FOLDER / "gray"):
        l = reduction.reduce(images.read_rgb(path), 192)[:192, :192]
        difference = constants.AB_SCALE * np.abs(first(l) - second(l))
        assert difference.mean() < 0.1 and difference.max() < 2  # weights of 16 bits
