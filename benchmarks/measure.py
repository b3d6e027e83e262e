"""Parts that the benchmarks share: interleaved rounds, the GEMM peak, devices and versions."""

import importlib.metadata
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import keras
import numpy as np
import tensorflow as tf

from tfcolor import config
from tfcolor.models import folding, shipped
from tfcolor.runtimes import freezing, workdirs
from tfcolor.training import run, states, step

GEMM_SIDE = 4096
WARM_UP_CALLS = 2

Call = Callable[[], object]


def torch_call(python: str, kind: str, size: int, batch: int) -> tuple[Call, str]:
    """A call of `torch_pix2pix` in a process of its own, and its version of PyTorch.

    Args:
      python: that has PyTorch, which tfcolor does not need.
      kind: "generator" or "train_step".
      size: height and width, pixels.
      batch: photographs in a call.
    """
    program = Path(__file__).with_name("torch_pix2pix.py")
    command = [python, str(program), kind, str(size), str(batch)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    asked, answers = process.stdin, process.stdout
    assert asked and answers
    version = answers.readline().strip()
    if not version:
        raise SystemExit(
            f"{python} has no PyTorch; pip install torch, or give --torch PYTHON that has it"
        )

    def call() -> object:
        print(file=asked, flush=True)
        return answers.readline()

    return call, version


def medians_s(calls: dict[str, Call], rounds: int, seconds_each: float) -> dict[str, float]:
    """Median seconds of each call.

    Args:
      calls: what to time; each returns when its work is done.
      rounds: how often the calls take turns, so that a busy machine slows all of them.
      seconds_each: how long a call is repeated in its turn, at least once.
    """
    for call in calls.values():
        for _ in range(WARM_UP_CALLS):
            call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            end = time.perf_counter() + seconds_each
            while True:
                began = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - began)
                if time.perf_counter() >= end:
                    break
    return {name: statistics.median(times) for name, times in seconds.items()}


def gemm() -> Call:
    """A float32 product of `GEMM_SIDE`**3, the fastest arithmetic that this machine can do."""
    matrix = tf.random.stateless_normal((GEMM_SIDE, GEMM_SIDE), seed=(0, 0))
    return lambda: np.asarray(tf.matmul(matrix, matrix)[0, 0])


def gemm_gflop() -> float:
    """Arithmetic of one call of `gemm`, in 1e9."""
    return 2 * GEMM_SIDE**3 / 1e9


def deployed(model: keras.Model) -> keras.Model:
    """A generator as it is exported, with biases other than zero.

    TensorFlow would remove zero biases, and then not fuse convolution, bias and activation.
    """
    model = folding.fold(model)
    for index, variable in enumerate(model.variables):
        if variable.path.endswith("/bias"):
            variable.assign(tf.random.stateless_normal(variable.shape, (index, 0), stddev=0.1))
    return model


def inference_call(model: keras.Model, size: int, batch: int = 1) -> Call:
    """A pass of a generator, compiled to a graph with constant weights, as for colorizing."""
    shapes = [(batch, size, size, plane.shape[-1]) for plane in tf.nest.flatten(model.input)]
    planes = [tf.random.stateless_uniform(shape, (0, 0)) for shape in shapes]  # l, perhaps hints

    @tf.function(autograph=False)
    def colors(*planes: tf.Tensor) -> tf.Tensor:
        seen = tf.nest.pack_sequence_as(model.input, planes)
        return tf.nest.flatten(model(seen, training=False))[0]  # ab or RGB

    graph = freezing.freeze(colors.get_concrete_function(*planes))
    return lambda: graph(*planes).numpy()


def train_step(settings: config.TrainConfig, index: int = 0) -> Callable[[step.Batch], float]:
    """The train step of a stage, with new weights: a batch -> the generator's loss."""
    stage = settings.stages[index]
    train_state = states.TrainState(settings)
    train_state.enter(index)
    features = run.perceptual_features() if stage.perceptual_weight else None
    taken = step.make_train_step(tf.distribute.get_strategy(), settings, stage, features)
    return lambda batch: float(taken(train_state, batch)["g_loss"])


def step_call(settings: config.TrainConfig, index: int = 0) -> Call:
    """A train step of a stage on a batch of noise."""
    stage, take = settings.stages[index], train_step(settings, index)
    shape = (stage.batch_size, stage.image_size, stage.image_size)
    l, ab = (tf.random.stateless_uniform((*shape, c), (c, 0), -0.5, 0.5) for c in (1, 2))
    return lambda: take({"l": l, "ab": ab})


def trained(run: Path | None, checkpoint: str = "best") -> tuple[keras.Model, int, int]:
    """The generator of a run, or the bundled one; its stride, and the size it is meant to see."""
    if run is None:
        card = shipped.card()
        return shipped.build(), card.stride, card.image_size
    settings = workdirs.read_config(run)
    generator, _ = workdirs.load_generator(run, checkpoint)
    return generator, settings.model.stride, settings.validation_size


def device() -> str:
    """The processor and the cores in use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'unknown'}, {len(os.sched_getaffinity(0))} cores"


def resident_mb() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def load() -> float:
    """The load average of the last minute; above 0.5 at the start, the figures are noise.

    A busy core slows PyTorch's OpenMP threads, which busy-wait for each other, far more than
    TensorFlow's: ratios on a busy machine flatter TensorFlow.
    """
    return round(os.getloadavg()[0], 2)


def versions(*others: str) -> dict[str, str]:
    """Versions of tfcolor and these packages."""
    return {name: importlib.metadata.version(name) for name in ("tfcolor", *others)}
