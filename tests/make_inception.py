#!/usr/bin/env python3
"""Write tests/data/: what PyTorch and torch-fidelity make of seeded random numbers.

usage: tests/make_inception.py

Needs torch, torchvision and torch-fidelity (0.4.0 made the files), which the tests do without. The
numbers come from np.random.RandomState, which gives the same for ever, so both sides make them.
"""

import tempfile
import zlib
from pathlib import Path

import numpy as np

from tfcolor.evaluation.features import inception_weights
from tfcolor.models import inception

FOLDER = Path(__file__).parent / "data"
EVERY = 23  # rows and columns of a resized photograph that are kept
SIZES = ((40, 56), (299, 299), (500, 333))  # height and width of photographs
KID_SEED = 2020
SPLITS = 10


def normal(name, shape):
    """Standard normal numbers of a name; float64."""
    return np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)


def photographs(height, width):
    """Two pictures of noise with soft and with hard edges; uint8 (2, h, w, 3)."""
    noise = 128 + 60 * normal(f"photographs {height} {width}", (2, height, width, 3))
    noise[0] = (noise[0] + np.roll(noise[0], 1, 0) + np.roll(noise[0], 1, 1)) / 3
    return np.clip(np.round(noise), 0, 255).astype(np.uint8)


def random_state():
    """A state dict of the network that keeps its activations sane; float32, in PyTorch's layout."""
    state = {"fc.weight": normal("fc.weight", (1008, 2048)) / np.sqrt(2048)}
    state["fc.bias"] = normal("fc.bias", 1008)
    model = inception.build()
    for name in inception_weights.scopes().values():
        height, width, inputs, outputs = model.get_layer(name.replace(".", "_")).kernel.shape
        kernel = normal(f"{name}.conv", (outputs, inputs, height, width))
        state[f"{name}.conv.weight"] = kernel * np.sqrt(2 / kernel[0].size)
        gamma, beta, mean, variance = normal(f"{name}.bn", (4, outputs))
        state[f"{name}.bn.weight"] = 1 + 0.1 * gamma
        state[f"{name}.bn.bias"] = 0.1 * beta
        state[f"{name}.bn.running_mean"] = 0.1 * mean
        state[f"{name}.bn.running_var"] = 1 + 0.3 * np.tanh(variance)
    return {name: values.astype(np.float32) for name, values in state.items()}


def small_tensors():
    """A state dict with views, other dtypes and no sizes, before PyTorch has it."""
    return {
        "layer.weight": normal("layer.weight", (4, 3, 2)).astype(np.float32),
        "layer.bias": normal("layer.bias", 5).astype(np.float64),
        "half": normal("half", (2, 3)).astype(np.float16),
        "bn.num_batches_tracked": np.array(7, np.int64),
        "mask": np.array([True, False, True]),
        "empty": np.zeros((0, 3), np.float32),
    }


def features(name, count, size=32):
    """Features of a set, correlated and away from zero; float64 (count, size)."""
    mixing = normal(f"{name} mixing", (size, size)) / np.sqrt(size)
    return 0.5 + normal(name, (count, size)) @ mixing


def write_states():
    """The small state dict in both formats of PyTorch, with a transposed view and a shared one."""
    import torch

    state = {name: torch.from_numpy(values) for name, values in small_tensors().items()}
    state["turned"] = state["layer.weight"].permute(2, 0, 1)
    state["part"] = state["layer.bias"][1:4]
    torch.save(state, FOLDER / "state-zip.pth")
    torch.save(state, FOLDER / "state-stream.pth", _use_new_zipfile_serialization=False)


def network_outputs(rgb):
    """(pooled, logits) of torch-fidelity's network with random weights, for uint8 (n, h, w, 3)."""
    import torch
    from torch_fidelity import feature_extractor_inceptionv3 as theirs

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/random.pth"
        torch.save({n: torch.from_numpy(v) for n, v in random_state().items()}, path)
        network = theirs.FeatureExtractorInceptionV3(
            "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=path
        )
    with torch.no_grad():
        return [v.numpy() for v in network(torch.from_numpy(rgb.transpose(0, 3, 1, 2).copy()))]


def resized(rgb):
    """torch-fidelity's resize, every so many rows and columns; float32 (n, h, w, 3)."""
    import torch
    from torch_fidelity import interpolate_compat_tensorflow as theirs

    planes = torch.from_numpy(rgb.transpose(0, 3, 1, 2).astype(np.float32))
    out = theirs.interpolate_bilinear_2d_like_tensorflow1x(planes, (299, 299), align_corners=False)
    return out.numpy().transpose(0, 2, 3, 1)[:, ::EVERY, ::EVERY]


def figures():
    """torch-fidelity's Fréchet distance, KID and Inception Score of seeded features, in float64."""
    import torch
    from torch_fidelity import metric_fid, metric_isc, metric_kid

    real, fake = (torch.from_numpy(features(name, 300)) for name in ("real", "fake"))
    statistics = [metric_fid.fid_features_to_statistics(v) for v in (real, fake)]
    fid = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
    kid = metric_kid.kid_features_to_metric(
        real, fake, kid_subsets=5, kid_subset_size=100, rng_seed=KID_SEED, verbose=False
    )
    # Each split of theirs is a stretch; of ours, every so many photographs.
    logits = 3 * features("logits", 300)
    stretches = np.concatenate([logits[split::SPLITS] for split in range(SPLITS)])
    score = metric_isc.isc_features_to_metric(torch.from_numpy(stretches), SPLITS, shuffle=False)
    return {**fid, **kid, **score}


def main():
    """Writes all of it."""
    FOLDER.mkdir(exist_ok=True)
    write_states()
    pooled, logits = network_outputs(photographs(*SIZES[0]))
    resizes = {f"resized_{h}_{w}": resized(photographs(h, w)) for h, w in SIZES}
    np.savez_compressed(
        FOLDER / "inception.npz", pooled=pooled, logits=logits, **resizes, **figures()
    )


if __name__ == "__main__":
    main()
