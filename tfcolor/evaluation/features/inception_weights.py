"""The published weights of the FID Inception network, from a file, or fetched once and checked.

Two files have them: the PyTorch file of pytorch-fid and torch-fidelity, and the TensorFlow graph of
2015 that it was made from. Reading either needs no other package.
"""

import sys
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pooch
import tensorflow as tf
from google.protobuf import message

from tfcolor.evaluation.features import torch_file
from tfcolor.support import errors

# Addresses, and the SHA-256 of the files there.
SOURCES = (
    (
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    ),
    (  # the same file
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
        "weights-inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    ),
    (
        "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/ref_batches/"
        "classify_image_graph_def.pb",
        "009d6814d1bc560d4e7b236e170e9b2d5ca6f4b57bd8037f6db05776204415c6",
    ),
)
GRAPH = "classify_image_graph_def.pb"  # its name in inception-2015-12-05.tgz
TIMEOUT_SECONDS = 30  # without a byte
BATCH_NORM_EPSILON = 1e-3  # the published network's

# In the order in which the graph numbers its scopes: conv, conv_1, ...; mixed, mixed_1, ...
_STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
_BLOCKS = ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")
# For each kind of block: scope, branch, and the suffixes of the branch's convolutions.
_POOLED = ("tower_2/", "branch_pool", "")
_BRANCHES = {
    "5": (
        ("", "branch1x1", ""),
        ("tower/", "branch5x5_", "12"),
        ("tower_1/", "branch3x3dbl_", "123"),
        _POOLED,
    ),
    "6a": (("", "branch3x3", ""), ("tower/", "branch3x3dbl_", "123")),
    "6": (
        ("", "branch1x1", ""),
        ("tower/", "branch7x7_", "123"),
        ("tower_1/", "branch7x7dbl_", "12345"),
        _POOLED,
    ),
    "7a": (("tower/", "branch3x3_", "12"), ("tower_1/", "branch7x7x3_", "1234")),
    "7": (
        ("", "branch1x1", ""),
        ("tower/", "branch3x3_", "1"),
        ("tower/mixed/", "branch3x3_2", "ab"),
        ("tower_1/", "branch3x3dbl_", "12"),
        ("tower_1/mixed/", "branch3x3dbl_3", "ab"),
        _POOLED,
    ),
}


def find(path: str | Path | None = None) -> dict[str, np.ndarray]:
    """The weights from a file, or else from the cache, which is filled on first use.

    Args:
      path: a file that `read` reads, or None.

    Returns:
      As `read`.

    Raises:
      ValueError: if the file has no such weights, or if none is given and none can be fetched.
      OSError: if it cannot be read.
    """
    if path is not None:
        return read(path)
    folder = Path(pooch.os_cache("tfcolor"))
    # A file that is in the cache already is tried first, whichever it is.
    sources = sorted(SOURCES, key=lambda source: not (folder / _name(source[0])).is_file())
    reasons = []
    for url, sha256 in sources:
        try:
            return read(_fetch(url, sha256, folder))
        except (OSError, ValueError) as error:  # not there, or the wrong file
            reasons.append(f"{url}: {errors.one_line(error)}")
    raise errors.InputError(
        "the weights of the Inception network could not be fetched; give a file that has them with "
        f"--inception-weights PATH ({'; '.join(reasons)})"
    )


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The weights in a file, batch normalization folded into the convolutions.

    Args:
      path: the .pth of pytorch-fid, classify_image_graph_def.pb, or the .tgz that holds it.

    Returns:
      Path of a variable of `models.inception` -> float32 array.

    Raises:
      ValueError: if the file is none of these, is damaged, or lacks a weight.
      OSError: if it cannot be read.
    """
    path = Path(path)
    with open(path, "rb") as file:
        start = file.read(2)
    try:
        if start in (b"PK", b"\x80\x02"):  # a zip archive, a pickle
            return _from_torch(torch_file.read(path))
        return _from_graph(_unpacked(path) if start == b"\x1f\x8b" else path.read_bytes())
    except KeyError as error:
        raise errors.InputError(
            f"{path} has no Inception weights: {error.args[0]} is missing"
        ) from error
    except (message.DecodeError, tarfile.TarError, zlib.error, EOFError) as error:
        raise errors.InputError(f"{path} has no Inception weights: {error}") from error


def _name(url: str) -> str:
    """A file's name, both in its address and in the cache."""
    return url.rpartition("/")[2]


def _fetch(url: str, sha256: str, folder: Path) -> str:
    """The path of a file in a folder, which pooch fetches, with a log line, if it is missing."""
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT_SECONDS)
    path: str = pooch.retrieve(url, f"sha256:{sha256}", _name(url), folder, downloader=downloader)
    return path


def scopes() -> dict[str, str]:
    """Scope of a convolution in the graph of 2015 -> its name in PyTorch's file."""
    names = {_numbered("conv", place): layer for place, layer in enumerate(_STEM)}
    for number, block in enumerate(_BLOCKS):
        for tower, branch, suffixes in _BRANCHES.get(block, _BRANCHES[block[0]]):
            for place, suffix in enumerate(suffixes or [""]):
                scope = f"{_numbered('mixed', number)}/{tower}{_numbered('conv', place)}"
                names[scope] = f"Mixed_{block}.{branch}{suffix}"
    return names


def _numbered(name: str, number: int) -> str:
    """A scope's name with the number by which TensorFlow 1 tells equal names apart."""
    return f"{name}_{number}" if number else name


def _unpacked(path: Path) -> bytes:
    with tarfile.open(path) as archive:
        member = archive.extractfile(GRAPH)
        if member is None:
            raise KeyError(GRAPH)
        return member.read()


def _from_torch(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights from PyTorch's names and layout: kernels (out, in, h, w), classes (out, in)."""
    weights = {"logits/kernel": np.float32(tensors["fc.weight"].T)}
    for name in scopes().values():
        normalization = [
            tensors[f"{name}.bn.{field}"]
            for field in ("weight", "bias", "running_mean", "running_var")
        ]
        kernel = tensors[f"{name}.conv.weight"].transpose(2, 3, 1, 0)
        weights |= _folded(name, kernel, *normalization)
    return weights


def _from_graph(encoded: bytes) -> dict[str, np.ndarray]:
    """Weights from a frozen graph, whose constants have the network's own layout."""
    graph = tf.compat.v1.GraphDef.FromString(encoded)
    constants = {
        node.name: tf.make_ndarray(node.attr["value"].tensor)
        for node in graph.node
        if node.op == "Const"
    }
    weights = {"logits/kernel": np.float32(constants["softmax/weights"])}
    for scope, name in scopes().items():
        normalization = [
            constants[f"{scope}/batchnorm/{field}"]
            for field in ("gamma", "beta", "moving_mean", "moving_variance")
        ]
        weights |= _folded(name, constants[f"{scope}/conv2d_params"], *normalization)
    return weights


def _folded(
    name: str,
    kernel: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
) -> dict[str, np.ndarray]:
    """Kernel (h, w, in, out) and bias (out,) of a convolution with normalization folded in."""
    layer = name.replace(".", "_")  # PyTorch as a backend of Keras forbids dots
    scale = np.float64(gamma) / np.sqrt(np.float64(variance) + BATCH_NORM_EPSILON)
    return {
        f"{layer}/kernel": np.float32(kernel * scale),
        f"{layer}/bias": np.float32(beta - mean * scale),
    }
