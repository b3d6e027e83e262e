"""Tables: what a row says, and the control rows beside it."""

import json

import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo

from tfcolor import color, evaluate, metrics


@pytest.fixture
def batches():
    """Three photographs in batches of two and one."""
    pictures = np.stack([colorful_photo(seed, 32, 32) for seed in range(3)])
    return [{"rgb": tf.constant(pictures[:2])}, {"rgb": tf.constant(pictures[2:])}]


def halved(batches):
    """A colorizer that knows the answer at half its chroma."""
    truths = iter(batches)

    def colorize(gray):
        l, ab = color.rgb_to_planes(next(truths)["rgb"])
        return color.to_uint8(color.planes_to_rgb(l, 0.5 * ab)).numpy()

    return colorize


def test_every_photograph_is_measured_by_every_metric(batches):
    table = evaluate.evaluate({"model": halved(batches)}, batches)
    assert list(table) == ["model", "gray", "truth"]
    for row in table.values():
        assert list(row) == list(metrics.PER_PHOTOGRAPH)
        assert all(values.shape == (3,) for values in row.values())


def test_rows_equal_the_metrics_called_by_hand(batches):
    table = evaluate.evaluate({"model": halved(batches)}, batches)
    truth = np.concatenate([batch["rgb"] for batch in batches])
    fake = np.concatenate([halved([batch])(None) for batch in batches])
    for name, metric in metrics.PER_PHOTOGRAPH.items():
        np.testing.assert_allclose(table["model"][name], metric(truth, fake), rtol=1e-4)
        gray = metric(truth, color.to_gray(truth))
        np.testing.assert_allclose(table["gray"][name], gray, rtol=1e-4, atol=1e-4)


def test_half_the_chroma_lies_between_gray_and_truth(batches):
    means = {
        name: evaluate.means(row)
        for name, row in evaluate.evaluate({"model": halved(batches)}, batches).items()
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

    table = evaluate.evaluate({"copy": colorize}, batches)
    for metric in metrics.PER_PHOTOGRAPH:
        np.testing.assert_array_equal(table["copy"][metric], table["gray"][metric])


def test_json_is_standard_and_holds_protocol_and_means(batches):
    table = evaluate.evaluate({}, batches)
    read = json.loads(
        evaluate.to_json(table, {"image_size": 32}), parse_constant=pytest.fail
    )  # NaN and Infinity are no JSON
    assert read["protocol"] == {"image_size": 32}
    assert read["rows"]["truth"]["psnr"] is None
    assert read["rows"]["gray"]["ssim"] == pytest.approx(np.mean(table["gray"]["ssim"]))


def test_the_table_lines_up(batches):
    lines = evaluate.format_table(evaluate.evaluate({}, batches)).splitlines()
    assert [line.split()[0] for line in lines] == ["ssim", "gray", "truth"]
    assert len({len(line) for line in lines}) == 1


def test_nothing_to_measure_and_a_reserved_name_are_errors(batches):
    with pytest.raises(ValueError, match="no photograph to measure on"):
        evaluate.evaluate({}, [])
    with pytest.raises(ValueError, match="'gray' is the name of a control row"):
        evaluate.evaluate({"gray": lambda gray: gray}, batches)
