"""Files and SavedModels of a network that takes colors of places."""

import dataclasses

import hinted
import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import interpreter as litert
from click.testing import CliRunner
from conftest import colorful_photo
from keras import ops
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from tfcolor import runtimes
from tfcolor.app import album, colorist, preview
from tfcolor.cli import main
from tfcolor.colorizing import choices, marks, reduction, rendering
from tfcolor.config import fields, recipes
from tfcolor.export import lite_onnx, saved_model, signatures, warmup
from tfcolor.models import folding
from tfcolor.runtimes import lite, workdirs
from tfcolor.serving import contract
from tfcolor.support import disk

KINDS = ["lite", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("onnx", "saved"))]


@pytest.fixture(scope="module")
def generator():
    """Not to be changed."""
    return hinted.generator()


@pytest.fixture(scope="module")
def trained(generator):
    return workdirs.TrainedGenerator(generator, hinted.SIZE, 32, 7, None, 0.5, hinted.CALIBRATION)


class Files(dict):
    """The file of a network in each format, exported when it is first asked for."""

    def __init__(self, trained, folder):
        self._trained, self._folder = trained, folder

    def __missing__(self, kind):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workdirs, "generator_of", lambda *_: self._trained)
            if kind == "lite":
                path = self._folder / "a.tflite"
                self[kind] = lite_onnx.export_lite("run", path, weights="float32")
            elif kind == "onnx":
                self[kind] = lite_onnx.export_onnx("run", self._folder / "a.onnx")
            else:
                self[kind] = saved_model.export("run", self._folder / "saved")
        return self[kind]


@pytest.fixture(scope="module")
def files(trained, tmp_path_factory):
    """Its file in each format; not to be changed."""
    return Files(trained, tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_planes_of_the_generator_with_hints_and_without(generator, files, kind):
    net = runtimes.load(files[kind])
    assert net.takes_hints and net.size == hinted.SIZE
    l, hints = hinted.planes()
    with_hints, without = (hinted.expected(generator, l, each)["ab"] for each in (hints, None))
    assert np.abs(with_hints - without).mean() > 0.01  # there is something to compare
    for _ in range(2):  # one call leaves nothing for the next
        np.testing.assert_allclose(net(l, hints), with_hints, atol=1e-4)
        np.testing.assert_allclose(net(l), without, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_any_size_is_mirrored_with_no_hints_beyond_the_borders(generator, files, kind):
    l, hints = hinted.planes(50, 70)
    around = ((7, 7), (13, 13))
    shown = np.pad(l, around, "reflect"), np.pad(hints, (*around, (0, 0)))
    expected = hinted.expected(generator, *shown)["ab"][7:-7, 13:-13]
    ab = reduction.colors(runtimes.load(files[kind]), l, hints)
    np.testing.assert_allclose(ab, expected, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_tells_the_probabilities_of_classes(generator, files, kind):
    l, hints = hinted.planes(52, 72)
    around = ((4, 8), (12, 12))  # whole cells before, up to multiples of 32
    shown = np.pad(l, around, "reflect"), np.pad(hints, (*around, (0, 0)))
    network = runtimes.load(files[kind])
    for with_hints in (True, False):
        logits = hinted.expected(generator, *shown[: 1 + with_hints])["logits"][1:14, 3:21]
        told = reduction.class_probabilities(network, l, hints if with_hints else None)
        np.testing.assert_allclose(told, hinted.probabilities(logits), atol=1e-5)
    np.testing.assert_allclose(told.sum(-1), 1.0, atol=1e-4)


def test_cells_at_the_border_are_whole(files):
    l, _ = hinted.planes(50, 71)
    network = runtimes.load(files["lite"])
    told = reduction.class_probabilities(network, l)
    assert told.shape == (13, 18, 258)
    whole = np.pad(l, ((4, 10), (12, 13)), "reflect")
    np.testing.assert_array_equal(told, network.classes(whole)[1:14, 3:21])


def test_a_network_that_tells_no_classes_is_named():
    class Silent:
        size, stride, takes_hints = 32, 8, False

        def __call__(self, l, hints=None):
            return np.zeros((*l.shape, 2), np.float32)

    with pytest.raises(ValueError, match="does not tell how likely a color is"):
        reduction.class_probabilities(Silent(), np.zeros((32, 32), np.float32))


def test_the_command_and_the_app_give_hints_to_a_network_that_takes_them(files, tmp_path):
    gray, hint = colorful_photo(2, 90, 130)[..., 0], marks.Hint(40, 30, (48, 96, 192))
    Image.fromarray(gray).save(tmp_path / "gray.png")
    net = runtimes.load(files["lite"])
    seen = []

    class Watched:
        size, stride, takes_hints = net.size, net.stride, True

        def __call__(self, l, planes=None):
            seen.append(planes)
            return net(l, planes)

    expected = rendering.colorize(gray, Watched(), hints=[hint])
    assert seen[0] is None and seen[1][..., 2].sum() > 0 and len(seen) == 2
    options = ["-m", str(files["lite"]), "--hint", "40,30,#3060c0"]
    command = ["colorize", str(tmp_path / "gray.png"), "-o", str(tmp_path / "color.png"), *options]
    done = CliRunner().invoke(main.cli, command)
    assert done.exit_code == 0, done.output
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "color.png")), expected)
    photographs = album.Album(tmp_path / "app", 1)
    with photographs.room("gray.png") as (identifier, path):
        path.write_bytes((tmp_path / "gray.png").read_bytes())
        kept = photographs.add(identifier, path)
    wanted = colorist.Wanted(choices.Choices(gray.shape, (hint,)))
    colored = colorist.Colorist(Watched(), 1).color(kept, wanted, preview.MAX_SIDE)
    np.testing.assert_array_equal(colored, expected)
    np.testing.assert_array_equal(seen[3], seen[1])


def test_a_litert_file_tells_the_probabilities_of_classes_beside_the_colors(generator, files):
    ran = litert.Interpreter(model_path=str(files["lite"]))
    l, hints = hinted.planes()
    for each in ran.get_input_details():
        shown = hints if each["shape"][-1] == 3 else l[..., None]
        ran.resize_tensor_input(each["index"], (1, *shown.shape))
    ran.allocate_tensors()
    for each in ran.get_input_details():
        shown = hints if each["shape"][-1] == 3 else l[..., None]
        ran.set_tensor(each["index"], shown[None])
    ran.invoke()
    outputs = [ran.get_tensor(each["index"]) for each in ran.get_output_details()]
    (found,) = (each for each in outputs if each.shape[-1] == 258)
    check_probabilities(found, generator, l, hints)


@pytest.mark.slow
def test_an_onnx_file_tells_them_too(generator, files):
    import onnxruntime

    session = onnxruntime.InferenceSession(files["onnx"], providers=["CPUExecutionProvider"])
    l, hints = hinted.planes()
    shown = {"l": l[None, ..., None], "hints": hints[None]}
    check_probabilities(session.run(["probabilities"], shown)[0], generator, l, hints)


@pytest.mark.slow
def test_a_saved_model_tells_them_by_a_signature(generator, files):
    classes = tf.saved_model.load(str(files["saved"])).signatures["classes"]
    l, hints = hinted.planes()
    shown = {"l": tf.constant(l[None, ..., None]), "hints": tf.constant(hints[None])}
    check_probabilities(classes(**shown)["probabilities"].numpy(), generator, l, hints)
    # Sides of 4 pixels are enough; the rest is mirrored, whole cells at a time.
    l, hints = l[:52], hints[:52]
    around = ((4, 8), (0, 0))
    grown = np.pad(l, around, "reflect"), np.pad(hints, (*around, (0, 0)))
    logits = hinted.expected(generator, *grown)["logits"][1:14]
    shown = {"l": tf.constant(l[None, ..., None]), "hints": tf.constant(hints[None])}
    found = classes(**shown)["probabilities"][0]
    np.testing.assert_allclose(found, hinted.probabilities(logits), atol=1e-4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="multiples of 4"):
        classes(l=tf.zeros((1, 50, 64, 1)), hints=tf.zeros((1, 50, 64, 3)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="hints must be of the size of l"):
        classes(l=tf.zeros((1, 64, 64, 1)), hints=tf.zeros((1, 64, 96, 3)))


def check_probabilities(found, generator, l, hints):
    logits = hinted.expected(generator, l, hints)["logits"]
    assert found.dtype == np.float32 and found.shape == (1, *logits.shape)
    np.testing.assert_allclose(found[0], hinted.probabilities(logits), atol=1e-4)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-4)


def test_a_generator_that_classifies_and_takes_no_hints_wants_zeros(tmp_path):
    l = keras.Input((None, None, 1))
    logits = keras.layers.Conv2D(258, 4, 4)(l)
    model = keras.Model(l, {"ab": ops.concatenate([l, -l], -1), "logits": logits})
    served = signatures.ServedModule(model, 32, 8, probabilities=hinted.probabilities)
    made = served.signatures()
    assert "classes" in made and "hinted_planes" not in made
    planes, hints = tf.random.stateless_uniform((2, 16, 24, 1), [0, 1]), tf.zeros((2, 16, 24, 3))
    expected = hinted.probabilities(model(planes)["logits"])
    np.testing.assert_allclose(made["classes"](planes, hints)["probabilities"], expected, atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="takes no hints: they must be zeros"):
        made["classes"](planes, hints + 0.1)


def test_the_share_of_the_last_stage_that_was_trained_on_classes_is_undone(tmp_path, monkeypatch):
    settings = recipes.get("tfcolor")
    shares = [dataclasses.replace(stage, uniform_share=0.3) for stage in settings.stages]
    shares[-1] = dataclasses.replace(shares[-1], classification_weight=0.0, uniform_share=0.9)
    for stages, share in ((shares, 0.3), (shares[-1:], None)):
        run = dataclasses.replace(settings, stages=tuple(stages))
        disk.write(tmp_path / workdirs.CONFIG, fields.to_json(run))
        monkeypatch.setattr(workdirs, "load_generator", lambda *_: (None, 3))
        monkeypatch.setattr(folding, "fold", lambda generator: generator)
        trained = workdirs.generator_of(tmp_path)
        assert (trained.uniform_share, trained.calibration) == (share, 1.0)
        assert (trained.probabilities is None) == (share is None)


def test_a_litert_file_of_hints_at_one_size_is_refused(tmp_path):
    specs = [tf.TensorSpec((1, 32, 32, channels), tf.float32) for channels in (1, 3)]
    graph = tf.function(lambda l, hints: l * hints[..., :2], specs).get_concrete_function()
    path = tmp_path / "fixed.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([graph]).convert())
    with pytest.raises(ValueError, match="takes hints at one size only; export it for every size"):
        lite.LiteNetwork(path)


@pytest.mark.slow
def test_a_server_warms_up_with_hints_too(files):
    path = files["saved"] / "assets.extra" / "tf_serving_warmup_requests"
    signatures_asked = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        signature = request.model_spec.signature_name
        assert request.inputs.keys() == contract.ALL[signature].inputs.keys()
        signatures_asked.append(signature)
    assert signatures_asked.count("hinted_planes_png") == len(warmup.ASPECTS)
    text = (files["saved"] / "assets.extra" / "README.md").read_text()
    assert all(f"| `{name}` |" in text for name in ("hinted_planes", "classes", "jpeg"))
    assert "`raw`" not in text
