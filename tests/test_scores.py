"""Tables: what a row says, and the control rows beside it."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo
from skimage import color as skcolor

from tfcolor.color import cielab
from tfcolor.evaluation import compiled, metrics, scores


@pytest.fixture
def batches():
    """Three photographs in batches of two and one."""
    pictures = np.stack([colorful_photo(seed, 32, 32) for seed in range(3)])
    return [{"rgb": tf.constant(pictures[:2])}, {"rgb": tf.constant(pictures[2:])}]


def halved(batches):
    """A colorizer that knows the answer at half its chroma."""
    truths = iter(batches)

    def colorize(gray):
        l, ab = cielab.rgb_to_planes(next(truths)["rgb"])
        return cielab.to_uint8(cielab.planes_to_rgb(l, 0.5 * ab)).numpy()

    return colorize


def test_every_photograph_is_measured_by_every_metric(batches):
    table = scores.evaluate({"model": halved(batches)}, batches)
    assert list(table) == ["model", "gray", "truth"]
    for row in table.values():
        assert list(row) == list(metrics.PER_PHOTOGRAPH)
        assert all(values.shape == (3,) for values in row.values())


def test_rows_equal_the_metrics_called_by_hand(batches):
    table = scores.evaluate({"model": halved(batches)}, batches)
    truth = np.concatenate([batch["rgb"] for batch in batches])
    fake = np.concatenate([halved([batch])(None) for batch in batches])
    for name, metric in metrics.PER_PHOTOGRAPH.items():
        np.testing.assert_allclose(table["model"][name], metric(truth, fake), rtol=1e-4)
        gray = metric(truth, cielab.without_color(truth))
        np.testing.assert_allclose(table["gray"][name], gray, rtol=1e-4, atol=1e-4)


def test_half_the_chroma_lies_between_gray_and_truth(batches):
    means = {
        name: scores.means(row)
        for name, row in scores.evaluate({"model": halved(batches)}, batches).items()
    }
    for metric in ("ab_error", "delta_e00", "mse"):
        assert means["gray"][metric] > means["model"][metric] > means["truth"][metric]
        assert means["truth"][metric] == pytest.approx(0, abs=1e-5)  # float32
    assert means["gray"]["colorfulness"] == pytest.approx(0, abs=1e-3)
    assert 0 < means["model"]["colorfulness"] < means["truth"]["colorfulness"]
    assert means["truth"]["psnr"] == np.inf


def test_a_colorizer_is_shown_no_color(batches):
    def colorize(gray):
        assert gray.dtype == np.uint8
        assert np.all(gray == gray[..., :1])
        return gray

    table = scores.evaluate({"copy": colorize}, batches)
    for metric in metrics.PER_PHOTOGRAPH:
        np.testing.assert_array_equal(table["copy"][metric], table["gray"][metric])


def test_nothing_to_measure_and_a_reserved_name_are_errors(batches):
    with pytest.raises(ValueError, match="no photograph to measure on"):
        scores.evaluate({}, [])
    with pytest.raises(ValueError, match="'gray' is the name of a control row"):
        scores.evaluate({"gray": lambda gray: gray}, batches)


@pytest.mark.slow
def test_compiled_or_not_pictures_score_alike(batches, monkeypatch):
    monkeypatch.setattr(compiled, "MIN_PIXELS", 32 * 32)
    table = scores.evaluate({"model": halved(batches)}, batches)
    one_by_one = [
        {"rgb": batch["rgb"][i : i + 1]} for batch in batches for i in range(len(batch["rgb"]))
    ]
    other_size = {"rgb": tf.constant(colorful_photo(9, 40, 24)[None])}
    mixed = [one_by_one[0], other_size, *one_by_one[1:]]
    again = scores.evaluate({"model": halved(mixed)}, mixed)
    for name, row in table.items():
        for metric, values in row.items():
            # Half a threshold apart, an edge counts or does not: compiled or not, in float32.
            np.testing.assert_allclose(
                np.delete(again[name][metric], 1), values, rtol=1e-3, atol=1e-4, err_msg=metric
            )


def test_controls_are_the_truth_with_errors_that_are_known(batches):
    table = scores.measure({}, scores.CONTROLS, batches)
    means = {name: scores.means(row) for name, row in table.items()}
    rounded, weak, strong = (
        means[f"truth, {what}"] for what in ("Lab and back", "chroma x 0.5", "chroma x 1.5")
    )
    assert rounded["mse"] == 0.0  # the conversion is exact at 8 bits
    assert weak["colorfulness"] < means["truth"]["colorfulness"] < strong["colorfulness"]
    assert weak["delta_e00"] > 1 and strong["delta_e00"] > 1


def test_an_observer_is_told_of_every_picture(batches):
    seen = {}

    def observe(row, batch, fake):
        assert fake.dtype == np.uint8 and fake.shape == batch["rgb"].shape
        seen[row] = seen.get(row, 0) + len(fake)

    scores.evaluate({"model": halved(batches)}, batches, observe)
    assert seen == {"model": 3, "gray": 3, "truth": 3}


def test_the_description_is_of_the_photographs(batches):
    description = scores.Description()
    scores.evaluate({}, batches, description)
    found = description.result()
    lab = skcolor.rgb2lab(np.concatenate([batch["rgb"] for batch in batches]))
    np.testing.assert_allclose(found["lightness"], lab[..., 0].mean((1, 2)), rtol=1e-4)
    np.testing.assert_allclose(found["contrast"], lab[..., 0].std((1, 2)), rtol=1e-3)
    np.testing.assert_allclose(found["dark"], (lab[..., 0] < 20).mean((1, 2)), atol=1e-3)
    np.testing.assert_allclose(found["bright"], (lab[..., 0] > 85).mean((1, 2)), atol=1e-3)
    assert found.keys() == {"lightness", "contrast", "dark", "bright", "chroma", *metrics.WEIGHTS}


def test_means_weigh_photographs_where_a_metric_says_so():
    row = {"a": np.array([1.0, 3.0]), "b": np.array([1.0, 3.0])}
    assert scores.means(row, {"b": np.array([3.0, 1.0])}) == {"a": 2.0, "b": 1.5}
