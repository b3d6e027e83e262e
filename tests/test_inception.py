"""The FID Inception network, against torch-fidelity's with the same random weights."""

import io
import tarfile

import make_inception
import numpy as np
import pytest
import tensorflow as tf

from tfcolor.evaluation.features import extractors, inception_weights, torch_file
from tfcolor.models import inception

FILE = np.load(make_inception.FOLDER / "inception.npz")  # what torch-fidelity gave
TOLERANCE = 1e-4  # of features and logits, as torch-fidelity's against TensorFlow's


@pytest.fixture(scope="module")
def state():
    """Random weights in the names and the layout of PyTorch; not to be changed."""
    return make_inception.random_state()


@pytest.fixture(scope="module")
def weights_file(state, tmp_path_factory):
    """The frozen graph of 2015 with these weights: its constants, by its names."""
    graph = tf.compat.v1.GraphDef()

    def constant(name, values):
        proto = tf.make_tensor_proto(values)
        node = graph.node.add(name=name, op="Const")
        node.attr["value"].tensor.CopyFrom(proto)

    constant("softmax/weights", state["fc.weight"].T)
    constant("softmax/biases", state["fc.bias"])
    for scope, layer in inception_weights.scopes().items():
        constant(f"{scope}/conv2d_params", state[f"{layer}.conv.weight"].transpose(2, 3, 1, 0))
        for theirs, ours in (
            ("gamma", "weight"),
            ("beta", "bias"),
            ("moving_mean", "running_mean"),
            ("moving_variance", "running_var"),
        ):
            constant(f"{scope}/batchnorm/{theirs}", state[f"{layer}.bn.{ours}"])
        graph.node.add(name=f"{scope}/Conv2D", op="Conv2D")
    path = tmp_path_factory.mktemp("weights") / inception_weights.GRAPH
    path.write_bytes(graph.SerializeToString())
    return path


@pytest.fixture(scope="module")
def network(weights_file):
    """The network with the random weights; not to be changed."""
    return extractors.network("inception", weights_file)


def test_features_and_logits_match_torch_fidelity(network):
    rgb = make_inception.photographs(*make_inception.SIZES[0])
    pooled, logits = network.extract(rgb)
    assert pooled.dtype == logits.dtype == np.float32
    np.testing.assert_allclose(pooled, FILE["pooled"], atol=TOLERANCE)
    np.testing.assert_allclose(logits, FILE["logits"], atol=TOLERANCE)
    # The photographs differ by far more than that.
    assert np.abs(np.subtract(*FILE["pooled"])).mean() > 100 * TOLERANCE


def test_features_and_logits_match_an_installed_torch_fidelity(network):
    pytest.importorskip("torch_fidelity")
    rgb = make_inception.photographs(333, 250)
    for ours, theirs in zip(network.extract(rgb), make_inception.network_outputs(rgb), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)


@pytest.mark.parametrize("size", make_inception.SIZES)
def test_the_resize_is_that_of_tensorflow_1(size):
    resized = extractors.resize_like_tensorflow1(make_inception.photographs(*size))
    every = make_inception.EVERY
    expected = FILE["resized_{}_{}".format(*size)]
    # Values up to 255 in float32, so 1e-5 of the input's scale (rgb - 128) / 128.
    np.testing.assert_allclose(resized[:, ::every, ::every] / 128, expected / 128, atol=1e-5)


def test_the_resize_matches_an_installed_torch_fidelity():
    pytest.importorskip("torch_fidelity")
    rgb = make_inception.photographs(256, 341)
    resized = extractors.resize_like_tensorflow1(rgb)[
        :, :: make_inception.EVERY, :: make_inception.EVERY
    ]
    np.testing.assert_allclose(resized / 128, make_inception.resized(rgb) / 128, atol=1e-5)


def test_scopes_of_the_graph_are_the_layers_that_others_found_them_to_be():
    # A few of each kind from the table by which torch-fidelity's weights were converted.
    expected = {
        "conv": "Conv2d_1a_3x3",
        "conv_4": "Conv2d_4a_3x3",
        "mixed/conv": "Mixed_5b.branch1x1",
        "mixed_1/tower/conv_1": "Mixed_5c.branch5x5_2",
        "mixed_2/tower_1/conv_2": "Mixed_5d.branch3x3dbl_3",
        "mixed_3/conv": "Mixed_6a.branch3x3",
        "mixed_3/tower/conv_2": "Mixed_6a.branch3x3dbl_3",
        "mixed_4/tower/conv_1": "Mixed_6b.branch7x7_2",
        "mixed_7/tower_1/conv_4": "Mixed_6e.branch7x7dbl_5",
        "mixed_8/tower/conv_1": "Mixed_7a.branch3x3_2",
        "mixed_8/tower_1/conv_3": "Mixed_7a.branch7x7x3_4",
        "mixed_9/tower/conv": "Mixed_7b.branch3x3_1",
        "mixed_9/tower_2/conv": "Mixed_7b.branch_pool",
        "mixed_10/tower/mixed/conv": "Mixed_7c.branch3x3_2a",
        "mixed_10/tower_1/mixed/conv_1": "Mixed_7c.branch3x3dbl_3b",
    }
    scopes = inception_weights.scopes()
    assert expected.items() <= scopes.items()
    assert len(scopes) == len(set(scopes.values())) == 94


def test_every_file_gives_the_same_weights(state, weights_file, tmp_path, monkeypatch):
    expected = inception_weights.read(weights_file)
    assert len(expected) == 2 * 94 + 1
    archive = tmp_path / "inception.tgz"
    with tarfile.open(archive, "w:gz", compresslevel=0) as file:
        file.add(weights_file, inception_weights.GRAPH)
    paths = [archive, tmp_path / "inception.pth"]
    paths[1].write_bytes(b"PK")  # PyTorch's own files are read in test_torch_file
    monkeypatch.setattr(torch_file, "read", lambda path: state)
    for path in paths:
        weights = inception_weights.read(path)
        assert weights.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(weights[name], values, err_msg=name)


def test_an_installed_pytorch_writes_a_file_that_is_read(state, weights_file, tmp_path):
    torch = pytest.importorskip("torch")
    expected = inception_weights.read(weights_file)
    for zipped in (True, False):
        path = tmp_path / f"{zipped}.pth"
        tensors = {name: torch.from_numpy(values) for name, values in state.items()}
        torch.save(tensors, path, _use_new_zipfile_serialization=zipped)
        weights = inception_weights.read(path)
        assert all(np.array_equal(weights[name], expected[name]) for name in expected)


def test_a_file_without_the_weights_is_told(state, tmp_path, monkeypatch):
    small = make_inception.FOLDER / "state-zip.pth"
    with pytest.raises(ValueError, match="state-zip.pth has no Inception weights: fc.weight"):
        inception_weights.read(small)
    path = tmp_path / "some.file"
    for content in (b"", b"no graph"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="some.file has no Inception weights"):
            inception_weights.read(path)
    with tarfile.open(path, "w:gz") as file:
        file.addfile(tarfile.TarInfo("other.pb"), io.BytesIO())
    with pytest.raises(ValueError, match="has no Inception weights: .*graph_def.pb"):
        inception_weights.read(path)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(ValueError, match="has no Inception weights"):
        inception_weights.read(path)
    with pytest.raises(FileNotFoundError):
        inception_weights.read(tmp_path / "none.pth")


def test_the_addresses_of_the_weights_name_their_sums():
    for url, sha256 in inception_weights.SOURCES:
        assert url.startswith("https://") and len(bytes.fromhex(sha256)) == 32
        # The name of a file of PyTorch's carries how its SHA-256 begins.
        assert not url.endswith(".pth") or f"-{sha256[:8]}." in url


def test_weights_of_another_shape_or_place_are_told(weights_file):
    model, weights = inception.build(), inception_weights.read(weights_file)
    assert 23.8e6 < model.count_params() < 23.9e6
    with pytest.raises(ValueError, match=r"logits/kernel must be \(2048, 1008\), got \(2048, 10\)"):
        inception.load(model, {**weights, "logits/kernel": np.zeros((2048, 10))})
    with pytest.raises(ValueError, match=r"other must be absent, got \(3,\)"):
        inception.load(model, {**weights, "other": np.zeros(3)})
    del weights["Mixed_7c_branch_pool/bias"]
    with pytest.raises(ValueError, match=r"branch_pool/bias must be \(192,\), got none"):
        inception.load(model, weights)


@pytest.mark.slow
def test_the_network_gives_the_same_under_the_jax_backend(weights_file, under_jax, tmp_path):
    program = f"""
import numpy as np
from tfcolor.evaluation.features import inception_weights
from tfcolor.models import inception
model = inception.load(inception.build(), inception_weights.read({str(weights_file)!r}))
image = np.load("image.npy")
np.savez("outputs.npz", **model.predict(image, verbose=0))
"""
    image = extractors.resize_like_tensorflow1(make_inception.photographs(40, 56))
    np.save(tmp_path / "image.npy", (image - 128) / 128)
    under_jax(program, tmp_path)
    outputs = np.load(tmp_path / "outputs.npz")
    np.testing.assert_allclose(outputs["pooled"], FILE["pooled"], atol=TOLERANCE)
    np.testing.assert_allclose(outputs["logits"], FILE["logits"], atol=TOLERANCE)


def test_networks_say_what_their_figures_are_called(network):
    ours = extractors.network("efficientnet-lite0")
    assert (network.name, network.distance, network.kernel) == ("inception", "fid", "kid")
    assert ours.name == "efficientnet-lite0" and ours is extractors.network("efficientnet-lite0")
    assert {ours.distance, ours.kernel, ours.score} == {
        f"{figure}_efficientnet_lite0" for figure in ("fd", "kd", "score")
    }
    with pytest.raises(ValueError, match="one of inception, efficientnet-lite0, got 'vgg'"):
        extractors.network("vgg")
    with pytest.raises(ValueError, match="weights of its own, got a.pth"):
        extractors.network("efficientnet-lite0", "a.pth")


def test_a_network_sees_one_photograph_as_among_others(network):
    rgb = make_inception.photographs(30, 40)
    none = network.extract(rgb[:0])
    assert none[0].shape == (0, inception.FEATURES) and none[1].shape == (0, inception.CLASSES)
    for alone, among in zip(network.extract(rgb[1:]), network.extract(rgb), strict=True):
        np.testing.assert_allclose(alone[0], among[1], atol=TOLERANCE)
    with pytest.raises(ValueError, match="uint8"):
        network.extract(rgb / 255)
