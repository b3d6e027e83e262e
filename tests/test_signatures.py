"""What the signatures of a SavedModel make of options, and what they refuse."""

import asking
import numpy as np
import pytest
import tensorflow as tf

from tfcolor.color import cielab
from tfcolor.serving import contract


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel of a network of color planes; not to be changed."""
    return asking.save(tmp_path_factory.mktemp("saved") / "1")


@pytest.fixture(scope="module")
def model(saved):
    return tf.saved_model.load(str(saved))


def call(model, signature, **inputs):
    """A signature by TensorFlow's Python loader, which knows no defaults."""
    expected = contract.ALL[signature].inputs
    values = {name: inputs.get(name, [each.default]) for name, each in expected.items()}
    return model.signatures[signature](
        **{name: tf.constant(value, expected[name].dtype) for name, value in values.items()}
    )


def test_each_photograph_of_a_batch_has_options_of_its_own(model, saved):
    rgb = asking.photograph()
    look = {"size": [0, 48, 24], "strength": [1, 0.5, 0], "saturation": [1, 1.3, 0.2]}
    answers = call(model, "rgb", rgb=np.stack([rgb] * 3), **look)["rgb"].numpy()
    files = call(model, "serving_default", image_bytes=[asking.png(rgb)] * 3, **look)["png_bytes"]
    for index, size in enumerate([32, 48, 24]):
        each = {name: look[name][index] for name in ("strength", "saturation")}
        expected = asking.python(saved, rgb, size=size, **each)
        assert asking.levels_apart(answers[index], expected) <= 1
        np.testing.assert_array_equal(asking.pixels_of(files[index].numpy()), answers[index])


def test_one_value_counts_for_every_photograph(model):
    rgb = np.stack([asking.photograph()] * 2)
    one = call(model, "rgb", rgb=rgb, strength=[0.3])["rgb"]
    np.testing.assert_array_equal(one, call(model, "rgb", rgb=rgb, strength=[0.3, 0.3])["rgb"])
    assert asking.levels_apart(one.numpy(), call(model, "rgb", rgb=rgb)["rgb"].numpy()) > 5


def test_no_files_give_none(model):
    files = call(model, "serving_default", image_bytes=np.array([], object))
    assert [len(values) for values in files.values()] == [0, 0]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"rgb": np.zeros((1, 7, 90, 3), np.uint8)}, "sides of at least 8"),
        ({"rgb": np.zeros((1, 5000, 5001, 3), np.uint8)}, "at most 25000000 pixels"),
        ({"rgb": np.zeros((1, 8, 65_501, 3), np.uint8)}, "65500 on a side"),
        ({"size": [-1]}, "size must be from 1 to 1024"),
        ({"size": [1025]}, "size must be from 1 to 1024"),
        ({"strength": [1.5]}, "strength must be"),
        ({"strength": [np.nan]}, "strength must be"),
        ({"saturation": [-0.1]}, "saturation must be"),
        ({"saturation": [np.inf]}, "saturation must be"),
        ({"saturation": [1e30]}, "saturation must be from 0 to 100"),
        ({"saturation": [1, 1]}, "saturation must have one value or one for each photograph"),
    ],
)
def test_pixels_or_options_out_of_range_are_an_error_that_says_so(model, inputs, said):
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        call(model, "rgb", **{"rgb": asking.photograph()[None], **inputs})


# The last three are few pixels, but each side is mirrored to the stride of 8.
@pytest.mark.parametrize(
    "shape", [(3, 1024, 1366), (1, 600_000, 1), (1, 1, 600_000), (70_000, 1, 1)]
)
def test_more_lightness_than_a_request_may_have_is_an_error(model, shape):
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 4194304"):
        call(model, "planes", l=np.zeros((*shape, 1), np.float32))


@pytest.mark.parametrize("shape", [(2048, 2049), (600_000, 1)])
def test_a_file_of_more_lightness_is_an_error(model, shape):
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 4194304"):
        call(model, "planes_png", l_bytes=[asking.lightness_png(np.zeros(shape))])


def test_a_network_in_a_saved_model_is_bounded_too(saved):
    with pytest.raises(ValueError, match="at most 4194304 pixels, got 2049 x 2048"):
        asking.network_of(saved)(np.zeros((2048, 2049), np.float32))


@pytest.mark.slow
def test_what_a_network_of_rgb_painted_can_be_asked_for(tmp_path):
    model = tf.saved_model.load(str(asking.save(tmp_path / "1", raw=True)))
    gray = np.repeat(asking.photograph()[None, ..., :1], 3, -1)
    raw, own = call(model, "raw", rgb=gray)["rgb"], call(model, "rgb", rgb=gray)["rgb"]
    lightness_of = [cielab.rgb_to_planes(rgb)[0].numpy() for rgb in (raw, own, tf.constant(gray))]
    assert np.abs(lightness_of[1] - lightness_of[2]).max() < 0.015
    assert np.abs(lightness_of[0] - lightness_of[2]).mean() > 0.1
    with pytest.raises(tf.errors.InvalidArgumentError, match="sides of at least 8"):
        call(model, "raw", rgb=np.zeros((1, 7, 90, 3), np.uint8))
