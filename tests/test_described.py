"""Networks of others in ONNX files, described by a JSON file beside them."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo, saved
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from skimage import color as reference

from tfcolor import images, runtimes
from tfcolor.cli import main
from tfcolor.colorizing import rendering

# As DDColor's files: the gray photograph in RGB, 512 x 512, and a*b* in CIE units.
DDCOLOR = {
    "size": 512,
    "input": {"channels": "rgb", "layout": "NCHW", "range": [0, 1]},
    "output": {"channels": "ab", "layout": "NCHW", "scale": 1},
}


def network(path, weight, bias, size=512, layout="NCHW"):
    """An ONNX file of one 1 x 1 convolution with a name of its own for everything."""
    count = weight.shape[1]
    made, shown = ("photo", "color") if layout == "NCHW" else ("turned", "unturned")
    sides = ["h", "w"] if size is None else [size, size]
    shapes = [["n", count, *sides], ["n", len(weight), *sides]]
    if layout == "NHWC":
        shapes = [[n, *rest, c] for n, c, *rest in shapes]
    nodes = [helper.make_node("Conv", [made, "weight", "bias"], [shown])]
    if layout == "NHWC":
        nodes = [
            helper.make_node("Transpose", ["photo"], [made], perm=[0, 3, 1, 2]),
            *nodes,
            helper.make_node("Transpose", [shown], ["color"], perm=[0, 2, 3, 1]),
        ]
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in zip(("photo", "color"), shapes, strict=True)
    ]
    values = [
        numpy_helper.from_array(np.asarray(each, np.float32), name)
        for name, each in (("weight", weight[..., None, None]), ("bias", bias))
    ]
    graph = helper.make_graph(nodes, "g", tensors[:1], tensors[1:], values)
    opset = [helper.make_operatorsetid("", 17)]
    model = helper.make_model(graph, ir_version=8, opset_imports=opset)
    path.write_bytes(model.SerializeToString())
    return path


def described(path, description=DDCOLOR, **changes):
    said = {**description, **changes}
    path.with_suffix(".json").write_text(json.dumps(said))
    return path


def gray(height=300, width=400):
    return colorful_photo(0, height, width)[..., 0]


def test_a_network_of_ddcolors_signature_colorizes(tmp_path):
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(0, 8, (2, 3)), np.array([12.0, -20.0])
    path = described(network(tmp_path / "their.onnx", weight, bias))
    photo = gray()
    color = rendering.colorize(photo, runtimes.load(path))
    lab = reference.rgb2lab(color)
    expected = (photo / 255)[..., None] * weight.sum(axis=1) + bias
    inside = (photo > 60) & (photo < 200)  # near black and white sRGB has no such colors
    assert np.abs(lab[..., 1:] - expected)[inside].mean() < 1
    assert np.abs(lab[..., 0] - reference.rgb2lab(np.dstack(3 * [photo]))[..., 0]).max() < 1


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize(
    ("channels", "low", "high"), [("rgb", 0, 255), ("gray", -1, 1), ("l", 0, 100), ("l", -1, 1)]
)
def test_what_a_network_takes_is_what_is_described(tmp_path, layout, channels, low, high):
    count = 3 if channels == "rgb" else 1
    weight = np.full((2, count), 10 / count / (high - low))  # a* and b* are ten times the share
    path = network(
        tmp_path / "their.onnx", weight, np.full(2, -10 * low / (high - low)), 64, layout
    )
    side = {"channels": channels, "layout": layout, "range": [low, high]}
    described(path, size=64, input=side, output={"channels": "ab", "layout": layout})
    l = np.linspace(-0.8, 0.8, 64 * 96, dtype=np.float32).reshape(64, 96)
    ab = runtimes.load(path)(l) * 110
    lab = np.dstack([50 * (l + 1), np.zeros((64, 96, 2), np.float32)])
    share = 50 * (l + 1) / 100 if channels == "l" else reference.lab2rgb(lab)[..., 0]
    np.testing.assert_allclose(ab, np.repeat(10 * share[..., None], 2, -1), atol=0.15)


def test_means_and_deviations_of_channels_are_applied(tmp_path):
    path = network(tmp_path / "their.onnx", np.array([[1.0, 0, 0], [0, 1, 0]]), np.zeros(2), 32)
    side = {**DDCOLOR["input"], "mean": [0.5, 0.25, 0], "std": [0.5, 0.25, 1]}
    described(path, size=32, input=side, output={"channels": "ab", "scale": 10})
    ab = runtimes.load(path)(np.full((32, 32), 1, np.float32)) * 110  # white
    np.testing.assert_allclose(ab, np.broadcast_to([10, 30], ab.shape), atol=0.01)


def test_a_network_that_gives_rgb_gives_its_color_alone(tmp_path):
    path = network(tmp_path / "their.onnx", np.zeros((3, 3)), np.array([200.0, 90, 40]), None)
    described(
        path,
        size=64,
        square=False,
        stride=8,
        output={"channels": "rgb", "range": [0, 255], "name": "color"},
    )
    net = runtimes.load(path)
    assert (net.size, net.stride) == (64, 8)
    wanted = reference.rgb2lab(np.array([[[200, 90, 40]]], np.uint8))[0, 0, 1:]
    ab = net(np.zeros((64, 72), np.float32)) * 110
    np.testing.assert_allclose(ab, np.broadcast_to(wanted, ab.shape), atol=0.1)


def test_the_commands_take_it(tmp_path):
    path = described(network(tmp_path / "their.onnx", np.zeros((2, 3)), np.array([30.0, 10])))
    photo = saved(tmp_path / "old.tif", Image.fromarray(gray(60, 90).astype(np.uint16) * 257))
    done = CliRunner().invoke(main.cli, ["colorize", str(photo), "-m", str(path)])
    assert done.exit_code == 0, done.output
    color = images.read(tmp_path / "old-color.tif").pixels
    assert color.dtype == np.uint16 and (color[..., 0] > color[..., 2]).mean() > 0.9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": "big"}, "size cannot be 'big'"),
        ({"size": 0}, "size and stride must be from 1 to 4096"),
        ({"sizes": 1}, "there is no sizes"),
        ({"input": 3}, 'an object with "size", "input" and "output"; no input'),
        ({"input": {"channels": "yuv"}}, "input.channels must be one of l, gray, rgb"),
        ({"input": {"channels": "l", "layout": "HWC"}}, "input.layout must be one of NCHW, NHWC"),
        (
            {"input": {"channels": "l", "range": [1, 1]}},
            "input.range must be two different numbers",
        ),
        ({"input": {"channels": "l", "scale": 2}}, "input has no 'scale'"),
        ({"input": {"channels": "rgb", "mean": [1, 2]}}, "must be 3 numbers"),
        ({"output": {"channels": "ab", "name": "x"}}, "the network has no 'x'; it has color"),
        ({"size": 256}, "('n', 3, 512, 512), its description says (1, 3, 256, 256)"),
        ({"square": False, "input": {"channels": "gray"}}, "its description says (1, 1, '?', '?')"),
        (
            {"input": {"channels": "rgb", "layout": "NHWC"}},
            "its description says (1, 512, 512, 3); correct size, square, channels or layout",
        ),
    ],
)
def test_mistakes_in_a_description_name_its_file_and_field(tmp_path, changes, message):
    path = described(network(tmp_path / "their.onnx", np.zeros((2, 3)), np.zeros(2)), **changes)
    with pytest.raises(ValueError, match="(?s)their.json.*") as caught:
        runtimes.load(path)
    assert message in str(caught.value)


def test_an_answer_of_another_shape_is_named(tmp_path):
    path = described(network(tmp_path / "their.onnx", np.zeros((2, 3)), np.zeros(2)))
    described(path, output={"channels": "rgb"})
    message = r"color of the network .* \('n', 2, 512, 512\), its description says \(1, 3, '\?'"
    with pytest.raises(ValueError, match=message):
        runtimes.load(path)
    with pytest.raises(ValueError, match=r"\(1, 2, 64, 64\), but rgb in NCHW has 3 channels"):
        runtimes.described._colors(np.zeros((1, 2, 64, 64)), runtimes.described.Side("rgb"))


def test_a_file_of_others_without_a_description_says_what_is_missing(tmp_path):
    path = network(tmp_path / "their.onnx", np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="or describe a network of others in .*their.json"):
        runtimes.load(path)
