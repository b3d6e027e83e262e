"""What a SavedModel of ours can be asked, loaded by TensorFlow alone: a contract with its callers.

The copy of the contract below is on purpose: whoever changes a signature changes it too, and thinks
of those who call the old one.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import asking
import numpy as np
import pytest
import served
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from tfcolor.export import modelcard
from tfcolor.serving import contract

FILES = {"image_bytes": ("DT_STRING", [-1], None)}
LOOK = {
    "size": ("DT_INT32", [-1], [0]),
    "strength": ("DT_FLOAT", [-1], [1.0]),
    "saturation": ("DT_FLOAT", [-1], [1.0]),
}
RGB = {"rgb": ("DT_UINT8", [-1, -1, -1, 3], None)}
ERROR = {"error": ("DT_STRING", [-1], None)}
PROMISED = {
    "serving_default": (FILES | LOOK, {"png_bytes": ("DT_STRING", [-1], None)} | ERROR),
    "jpeg": (FILES | LOOK, {"jpeg_bytes": ("DT_STRING", [-1], None)} | ERROR),
    "rgb": (RGB | LOOK, RGB),
    "planes": (
        {"l": ("DT_FLOAT", [-1, -1, -1, 1], None)},
        {"ab": ("DT_FLOAT", [-1, -1, -1, 2], None)},
    ),
    "planes_png": (
        {"l_bytes": ("DT_STRING", [-1], None)},
        {"ab_bytes": ("DT_STRING", [-1], None)},
    ),
}
IN_COLOR = {"in_color": (FILES, {"in_color": ("DT_BOOL", [-1], None)} | ERROR)}
CARD = {
    "card": ({"ask_bytes": ("DT_STRING", [-1], None)}, {"card_bytes": ("DT_STRING", [-1], None)})
}
RAW = {"raw": (RGB, RGB)}
PLANES_AND_HINTS = {
    "l": ("DT_FLOAT", [-1, -1, -1, 1], None),
    "hints": ("DT_FLOAT", [-1, -1, -1, 3], None),
}
HINTED = {
    "hinted_planes": (PLANES_AND_HINTS, {"ab": ("DT_FLOAT", [-1, -1, -1, 2], None)}),
    "hinted_planes_png": (
        {"l_bytes": ("DT_STRING", [-1], None), "hints_bytes": ("DT_STRING", [-1], None)},
        {"ab_bytes": ("DT_STRING", [-1], None)},
    ),
}
CLASSES = {
    "classes": (PLANES_AND_HINTS, {"probabilities": ("DT_FLOAT", [-1, -1, -1, 258], None)}),
}

SITE = Path(tf.__file__).parent
LIBRARIES = [str(SITE / f"libtensorflow_{name}.so.2") for name in ("framework", "cc")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel of a network of color planes; not to be changed."""
    return asking.save(tmp_path_factory.mktemp("saved") / "1")


@pytest.fixture(scope="module")
def saved_rgb(tmp_path_factory):
    """A SavedModel of a network that paints RGB; not to be changed."""
    return asking.save(tmp_path_factory.mktemp("saved_rgb") / "1", raw=True)


def meta_graph(saved):
    proto = saved_model_pb2.SavedModel.FromString((saved / "saved_model.pb").read_bytes())
    (graph,) = proto.meta_graphs
    return graph


def signature_defs(saved):
    defs = dict(meta_graph(saved).signature_def)
    defs.pop("__saved_model_init_op", None)
    return defs


def told(tensors, defaults=()):
    """Tensors of a SignatureDef as they stand in `PROMISED`."""
    return {
        name: (
            types_pb2.DataType.Name(info.dtype),
            [side.size for side in info.tensor_shape.dim],
            tf.make_ndarray(defaults[name]).tolist() if name in defaults else None,
        )
        for name, info in tensors.items()
    }


def as_promised(tensors):
    """Tensors of `contract` as they stand in `PROMISED`."""
    return {
        name: (
            tensor.enum,
            [-1 if side is None else side for side in tensor.shape],
            None if tensor.default is None else [tensor.default],
        )
        for name, tensor in tensors.items()
    }


def test_the_contract_says_what_was_promised():
    for found, promised in (
        (contract.SIGNATURES, PROMISED),
        (contract.OPTIONAL, CARD | IN_COLOR | RAW | HINTED | CLASSES),
    ):
        assert promised == {
            name: (as_promised(signature.inputs), as_promised(signature.outputs))
            for name, signature in found.items()
        }
    assert (contract.VERSION, contract.MAX_SIZE, contract.MAX_PLANE) == (1, 1024, 4 * 1024**2)


@pytest.fixture(scope="module")
def saved_hinted(tmp_path_factory):
    """A SavedModel of a network that takes hints and knows classes; not to be changed."""
    return served.save_hinted(tmp_path_factory.mktemp("saved_hinted") / "1")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ab", "rgb", "hinted"])
def test_a_saved_model_keeps_what_was_promised(kind, request):
    saved = request.getfixturevalue("saved" if kind == "ab" else f"saved_{kind}")
    more = {"ab": {}, "rgb": RAW, "hinted": HINTED | CLASSES}[kind]
    found = {
        name: (told(signature.inputs, signature.defaults), told(signature.outputs))
        for name, signature in signature_defs(saved).items()
    }
    assert found == PROMISED | CARD | IN_COLOR | more


def test_a_reader_finds_every_signature_in_the_table():
    lines = modelcard.signature_table().splitlines()
    assert lines[:2] == ["| signature | inputs | outputs |", "| --- | --- | --- |"]
    assert [line.split("`")[1] for line in lines[2:]] == list(PROMISED)
    assert lines[4] == (
        "| `rgb` | `rgb` uint8 (n, h, w, 3), `size` int32 (n) = 0, `strength` float32 (n) = 1, "
        "`saturation` float32 (n) = 1 | `rgb` uint8 (n, h, w, 3) |"
    )


def test_nothing_of_python_and_no_op_of_ours_is_inside(saved):
    graph = meta_graph(saved).graph_def
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    ops = {node.op for node in nodes} - {each.signature.name for each in graph.library.function}
    assert not [op for op in ops if "Py" in op]
    assert not [op for op in ops if op_def_registry.get(op) is None]


def asked(rgb, l):
    """What every signature is asked, without what has a default."""
    return {
        "serving_default": {"image_bytes": np.array([asking.png(rgb), b"no photograph"], object)},
        "jpeg": {"image_bytes": np.array([asking.png(rgb)], object)},
        "rgb": {"rgb": np.stack([rgb, rgb[::-1]])},
        "planes": {"l": l[None, ..., None]},
        "planes_png": {"l_bytes": np.array([asking.lightness_png(l)], object)},
        "card": {"ask_bytes": np.array([b"", b"size?"], object)},
        "in_color": {
            "image_bytes": np.array(
                [asking.png(rgb), asking.png(rgb[..., 0]), b"no photograph"], object
            )
        },
    }


def check_answers(answers, saved, rgb, l):
    """Answers by signature and output are those of Python with the same network."""
    expected = asking.python(saved, rgb)
    assert np.ptp(expected.astype(int), -1).mean() > 20  # there is color to compare
    file, broken = answers["serving_default"]["png_bytes"]
    assert asking.levels_apart(asking.pixels_of(file), expected) <= 1
    good, bad = answers["serving_default"]["error"]
    assert (broken, good) == (b"", b"") and b"not a photograph" in bad
    # Quality 95 and full chroma: a level or two on average of a smooth picture.
    jpeg = asking.pixels_of(answers["jpeg"]["jpeg_bytes"][0])
    assert np.abs(jpeg.astype(int) - expected).mean() < 2.5
    first, second = answers["rgb"]["rgb"]
    assert asking.levels_apart(first, expected) <= 1
    assert asking.levels_apart(second, asking.python(saved, rgb[::-1])) <= 1
    ab = asking.network_of(saved)(l)
    np.testing.assert_allclose(answers["planes"]["ab"][0], ab, atol=1e-4)
    stacked = asking.pixels_of(answers["planes_png"]["ab_bytes"][0]).astype(float) / 65535 * 2 - 1
    card = {"image_size": 32, "stride": 8}
    assert [json.loads(each) for each in answers["card"]["card_bytes"]] == [card, card]
    assert list(answers["in_color"]["in_color"]) == [True, False, False]
    assert [bool(error) for error in answers["in_color"]["error"]] == [False, False, True]
    a, b = np.split(stacked, 2)
    np.testing.assert_allclose(np.stack([a, b], -1), ab, atol=1e-4)


def without_tfcolor(tmp_path, program, *arguments, **options):
    """What a program printed that runs in a process of its own, which cannot import tfcolor."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, *program, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# A session of TensorFlow 1, and then the program `saved_model_cli` with the arguments.
LOADERS = """
import sys
import numpy as np
sys.modules["tfcolor"] = None  # importing it would fail
import tensorflow as tf
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    loaded = tf.compat.v1.saved_model.load(session, ["serve"], sys.argv[1])
    answers = {}
    for name, inputs in np.load("asked.npy", allow_pickle=True).item().items():
        signature = loaded.signature_def[name]
        feeds = {signature.inputs[key].name: value for key, value in inputs.items()}
        fetches = {key: output.name for key, output in signature.outputs.items()}
        answers[name] = session.run(fetches, feeds)
np.save("answers.npy", answers)
from tensorflow.python.tools import saved_model_cli
del sys.argv[1]
saved_model_cli.main()
"""


@pytest.fixture(scope="module")
def loaded(saved, tmp_path_factory):
    """The folder that both loaders wrote into, which share the time to import TensorFlow."""
    folder, rgb = tmp_path_factory.mktemp("loaded"), asking.photograph()
    np.save(folder / "asked.npy", asked(rgb, asking.lightness()))
    np.save(folder / "files.npy", np.array([asking.png(rgb), b"no photograph"]))
    cli = ["run", "--dir", saved, "--tag_set", "serve", "--signature_def", "serving_default"]
    cli += ["--outdir", ".", "--inputs", "image_bytes=files.npy"]
    without_tfcolor(folder, ["-c", LOADERS], saved, *cli)
    return folder


@pytest.mark.slow
def test_a_session_of_tensorflow_1_gives_the_pixels_of_python(saved, loaded):
    answers = np.load(loaded / "answers.npy", allow_pickle=True).item()
    check_answers(answers, saved, asking.photograph(), asking.lightness())


@pytest.mark.slow
def test_the_c_api_gives_the_pixels_of_python(saved, tmp_path):
    rgb, l = asking.photograph(), asking.lightness()
    defs, runs = signature_defs(saved), []
    for name, inputs in asked(rgb, l).items():
        feeds = {defs[name].inputs[key].name: as_json(value) for key, value in inputs.items()}
        runs.append(
            {"feeds": feeds, "fetches": [each.name for each in defs[name].outputs.values()]}
        )
    program = {"libraries": LIBRARIES, "model": str(saved), "runs": runs}
    loader = Path(__file__).parent / "c_loader.py"
    printed = without_tfcolor(tmp_path, ["-I", "-S", loader], input=json.dumps(program))
    answers = {
        name: dict(zip(defs[name].outputs, map(from_json, fetched), strict=True))
        for name, fetched in zip(asked(rgb, l), json.loads(printed), strict=True)
    }
    check_answers(answers, saved, rgb, l)


def as_json(values):
    dtype = tf.as_dtype(values.dtype).as_datatype_enum
    if values.dtype == object:
        texts = [base64.b64encode(text).decode() for text in values]
        return {"dtype": dtype, "shape": values.shape, "values": texts}
    content = base64.b64encode(values.tobytes()).decode()
    return {"dtype": dtype, "shape": values.shape, "values": content}


def from_json(tensor):
    if isinstance(tensor["values"], list):
        return [base64.b64decode(text) for text in tensor["values"]]
    content = base64.b64decode(tensor["values"])
    dtype = tf.as_dtype(tensor["dtype"]).as_numpy_dtype
    return np.frombuffer(content, dtype).reshape(tensor["shape"])


@pytest.mark.slow
def test_saved_model_cli_runs_it(saved, loaded):
    file, broken = np.load(loaded / "png_bytes.npy", allow_pickle=True)
    expected = asking.python(saved, asking.photograph())
    assert asking.levels_apart(asking.pixels_of(file), expected) <= 1
    assert broken == b""
