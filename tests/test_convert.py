"""LiteRT and ONNX files give the planes of the generator that they were made of."""

import subprocess
import sys
from concurrent import futures

import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo
from onnx import helper
from PIL import Image

from tfcolor import runtimes
from tfcolor.color import cielab
from tfcolor.colorizing import graphs, reduction, rendering
from tfcolor.config import fields, recipes
from tfcolor.export import lite_onnx
from tfcolor.models import folding, networks, unet
from tfcolor.runtimes import lite, onnx, workdirs
from tfcolor.support import disk, errors

SIZE, STRIDE = 32, 8
FORMATS = [*lite_onnx.WEIGHTS, "onnx"]


def small():
    """A network as it is exported, its weights as drawn."""
    return folding.fold(unet.build(width=16, depth=3))


def stirred(generator):
    """The same, its weights far from their start, so that it colors."""
    rng = np.random.default_rng(0)
    for variable in generator.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.1, variable.shape).astype(np.float32))
    return generator


@pytest.fixture(scope="module")
def generator():
    """A network with strong colors; not to be changed."""
    return stirred(small())


@pytest.fixture(scope="module")
def files(generator, tmp_path_factory):
    """Its file in every format, by the format's name; not to be changed."""
    folder = tmp_path_factory.mktemp("files")
    return {name: written(generator, name, folder) for name in FORMATS}


def written(generator, kind, folder):
    """The path of a generator's file, in a folder."""
    path = folder / (f"{kind}.onnx" if kind == "onnx" else f"{kind}.tflite")
    if kind == "onnx":
        path.write_bytes(lite_onnx.to_onnx(generator, SIZE, STRIDE))
    else:
        path.write_bytes(lite_onnx.to_lite(generator, kind))
        lite.add_card(path, SIZE, STRIDE)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The workdir of a run of a network that paints RGB; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "rgb"
    settings = fields.override(recipes.get("pix2pix-rgb"), image_size=SIZE, width=2, depth=3)
    generator = stirred(networks.build_generator(settings.model, "float32", seed=1))
    state = tf.train.Checkpoint(generator=generator)
    tf.train.Checkpoint(state=state).write(str(folder / workdirs.BEST / "step-2"))
    disk.write(folder / workdirs.CONFIG, fields.to_json(settings))
    return folder


@pytest.fixture(name="l")
def lightness():
    """The lightness of a photograph as the network is shown it, (64, 96)."""
    return reduction.reduce(colorful_photo(5, 64, 96)[..., 0], 64)


def planes(generator, l):
    """What Keras makes of it, float32 (h, w, 2)."""
    return generator(l[None, ..., None], training=False)["ab"][0].numpy()


@pytest.mark.parametrize("kind", ["float32", "onnx"])
def test_a_file_of_32_bits_gives_the_planes_of_the_generator(generator, files, kind, l):
    net = runtimes.load(files[kind])
    assert (net.size, net.stride) == (SIZE, STRIDE)
    expected = planes(generator, l)
    assert expected.std() > 0.05  # there is color to compare
    np.testing.assert_allclose(net(l), expected, atol=1e-4)


def test_a_file_of_16_bits_is_the_generator_with_its_weights_rounded(generator, files, l):
    rounded = small()
    rounded.set_weights([np.float32(np.float16(each)) for each in generator.get_weights()])
    net = runtimes.load(files["float16"])
    np.testing.assert_allclose(net(l), planes(rounded, l), atol=1e-4)


def test_a_file_of_8_bits_errs_as_8_bits_do(generator, files, l):
    # Kernels and features are rounded to 1/254 of their range, by 1/254 / sqrt(12) of it on
    # average. A range is some 8 standard deviations: 0.9 % of one, twice in each of 6 layers.
    expected = planes(generator, l)
    error = np.sqrt(np.mean((runtimes.load(files["int8"])(l) - expected) ** 2))
    assert error < np.sqrt(2 * 6) * 0.009 * expected.std()


def test_every_weight_is_there_in_its_bits(generator, files):
    sizes = {kind: path.stat().st_size / generator.count_params() for kind, path in files.items()}
    for kind, bytes_each in {"float32": 4, "float16": 2, "int8": 1, "onnx": 4}.items():
        assert 0.95 * bytes_each < sizes[kind] < 1.1 * bytes_each + 0.4, sizes


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("height", "width"), [(61, 90), (17, 40), (9, 8)])
def test_any_size_is_mirrored_to_what_the_file_takes(generator, files, kind, height, width):
    l = reduction.reduce(colorful_photo(3, 80, 90)[..., 0], 80)[:height, :width]
    missing = [-side % STRIDE for side in l.shape]
    top, left = (each // 2 for each in missing)
    rows, columns = (
        np.pad(np.arange(side), (each // 2, each - each // 2), "reflect")
        for side, each in zip(l.shape, missing, strict=True)
    )
    expected = planes(generator, l[np.ix_(rows, columns)])
    expected = expected[top : top + height, left : left + width]
    ab = reduction.colors(runtimes.load(files[kind]), l)
    # Rounded weights err, see above; five standard deviations of that.
    atol = {"float16": 0.005, "int8": 0.05}.get(kind, 1e-4)
    np.testing.assert_allclose(ab, expected, atol=atol)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("threads", [1, None])
def test_threads_share_a_network(files, kind, threads, l):
    net = runtimes.load(files[kind], threads)
    shown = [l, l[:32], l[:, :64], l[::-1].copy()]
    alone = [net(each) for each in shown]
    with futures.ThreadPoolExecutor(2) as pool:
        for index, ab in enumerate(pool.map(net, shown * 8)):
            np.testing.assert_allclose(ab, alone[index % 4], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in recipes.RECIPES if name != "pix2pix"])
def test_the_network_of_each_recipe_can_be_converted(name, tmp_path, rng):
    model = fields.override(recipes.get(name), width=4, weights="random").model
    generator = folding.fold(networks.build_generator(model, "float32", 0))
    side = max(model.stride, 64)
    l = rng.uniform(-1, 1, (side, 2 * side)).astype(np.float32)
    expected = graphs.painted(graphs.ask(generator, tf.constant(l[None, ..., None])))[0].numpy()
    assert np.abs(expected).max() > 1e-4
    for kind in ("float32", "onnx"):
        ab = runtimes.load(written(generator, kind, tmp_path))(l)
        # Freshly drawn weights give faint colors.
        np.testing.assert_allclose(ab, expected, atol=1e-3 * np.abs(expected).max(), err_msg=kind)


@pytest.mark.parametrize("name", ["made/rgb.tflite", "made/rgb.onnx"])
def test_a_run_becomes_one_file_beside_nothing(run, name, tmp_path, l, capfd):
    write = lite_onnx.export_onnx if name.endswith("onnx") else lite_onnx.export_lite
    path = write(run, tmp_path / name)
    assert capfd.readouterr().err == ""
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    net = runtimes.load(path)
    assert (net.size, net.stride) == (SIZE, STRIDE)
    generator, _ = workdirs.load_generator(run)
    rgb = (generator(l[None, ..., None], training=False)["rgb"][0] + 1) / 2
    expected = cielab.rgb_to_planes(rgb)[1].numpy()
    assert np.abs(expected).max() > 0.02  # there is color to compare
    np.testing.assert_allclose(net(l), expected, atol=1e-3)


def test_the_bundled_network_is_exported_without_a_run(tmp_path, rng):
    l = rng.uniform(-1, 1, (64, 128)).astype(np.float32)
    net = runtimes.load(lite_onnx.export_lite("bundled", tmp_path / "made.tflite"))
    ours = runtimes.load()
    assert (net.size, net.stride) == (ours.size, ours.stride)
    # The shipped file tells no probabilities: its temperature is part of a kernel of 16 bits.
    np.testing.assert_allclose(net(l), ours(l), atol=1e-4)


def test_a_folder_called_bundled_is_a_run_like_any_other(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundled").symlink_to(run)
    trained = workdirs.generator_of("bundled")
    assert (trained.image_size, trained.stride, trained.step) == (SIZE, STRIDE, 2)
    assert trained.settings == workdirs.read_config(run)


def test_what_cannot_be_converted_leaves_no_file(run, tmp_path):
    path = tmp_path / "a.tflite"
    with pytest.raises(ValueError, match="one of float32, float16, int8, got int4"):
        lite_onnx.export_lite(run, path, weights="int4")
    for write in (lite_onnx.export_lite, lite_onnx.export_onnx):
        with pytest.raises(ValueError, match="is not a training run"):
            write(tmp_path, path)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="a.tflite"):
        lite_onnx.export_lite(run, tmp_path / "file" / "a.tflite")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_what_is_no_onnx_file_of_ours_is_named(tmp_path):
    broken, foreign = tmp_path / "broken.onnx", tmp_path / "foreign.ONNX"
    broken.write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"broken\.onnx is no ONNX file of a colorizer \("):
        runtimes.load(broken)
    kind = helper.np_dtype_to_tensor_dtype(np.dtype("float32"))
    l, ab = ([helper.make_tensor_value_info(name, kind, [1, 8, 8, 1])] for name in ("l", "ab"))
    graph = helper.make_graph([helper.make_node("Identity", ["l"], ["ab"])], "foreign", l, ab)
    opset = [helper.make_opsetid("", lite_onnx.OPSET)]
    model = helper.make_model(graph, ir_version=8, opset_imports=opset)
    foreign.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=r"foreign\.ONNX does not say what size .* it again"):
        runtimes.load(foreign)


def test_a_missing_package_is_named(generator, files, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    remedy = "install it with: pip install"
    with pytest.raises(errors.InputError, match=f"need onnxruntime; {remedy} onnxruntime"):
        onnx.OnnxNetwork(files["onnx"])
    with pytest.raises(errors.InputError, match=rf"need tf2onnx; {remedy} 'tfcolor\[onnx\]'"):
        lite_onnx.to_onnx(generator, SIZE, STRIDE)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_command_colorizes_with_a_file_and_without_tensorflow(files, kind, tmp_path):
    Image.fromarray(colorful_photo(2, 50, 70)[..., 0]).save(tmp_path / "gray.png")
    program = (
        "import sys; from tfcolor.cli import main; main.cli(sys.argv[1:], standalone_mode=False); "
        "assert 'tensorflow' not in sys.modules"
    )
    command = ["colorize", "gray.png", "-o", "color.png", "-m", str(files[kind])]
    done = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    gray = np.asarray(Image.open(tmp_path / "gray.png"))
    expected = rendering.colorize(gray, runtimes.load(files[kind]))
    np.testing.assert_array_equal(Image.open(tmp_path / "color.png"), expected)
