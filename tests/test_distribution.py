"""Several devices, several processes, and what a TPU asks of the step."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tfcolor import config, data
from tfcolor.config import fields, recipes
from tfcolor.runtimes import workdirs
from tfcolor.training import device, loop, losses, run, states, step

pytestmark = pytest.mark.slow

TWO = {
    "cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]},
    "task": {"type": "worker", "index": 1},
}
TINY = fields.override(
    config.TrainConfig(),
    image_size=32,
    batch_size=4,
    width=2,
    depth=2,
    total_steps=4,
    log_every_steps=2,
    validate_every_steps=100,
)


# Which strategy


@pytest.fixture
def no_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("TPU_NAME", raising=False)


def test_auto_is_one_device_where_there_is_nothing_else(no_cluster):
    assert device.strategy("auto") is tf.distribute.get_strategy()
    assert device.strategy("one") is tf.distribute.get_strategy()


@pytest.mark.parametrize("workers, chosen", [(2, "cluster"), (1, "one")])
def test_auto_takes_a_cluster_of_several_workers(no_cluster, monkeypatch, workers, chosen):
    addresses = [f"host{index}:12345" for index in range(workers)]
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": addresses}, "task": task}))
    monkeypatch.setattr(device, "_multi_worker", lambda: "cluster")
    one = tf.distribute.get_strategy()
    assert device.strategy("auto") == (one if chosen == "one" else "cluster")
    assert device.strategy("multi-worker") == "cluster"


def test_auto_takes_a_tpu(no_cluster, monkeypatch):
    monkeypatch.setenv("TPU_NAME", "local")
    monkeypatch.setattr(device, "_tpu", lambda: "tpu")
    assert device.strategy("auto") == device.strategy("tpu") == "tpu"


def test_a_strategy_that_is_not_there_is_an_error(no_cluster):
    with pytest.raises(ValueError, match="multi-worker needs TF_CONFIG on every machine"):
        device.strategy("multi-worker")
    with pytest.raises(ValueError, match="tpu needs TPU_NAME"):
        device.strategy("tpu")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_a_tf_config_that_cannot_be_used_is_an_error(no_cluster, monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    for name in ("auto", "multi-worker"):
        with pytest.raises(ValueError, match='TF_CONFIG must be JSON such as {"cluster"'):
            device.strategy(name)


def test_a_cluster_cannot_be_joined_late(no_cluster, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps(TWO))
    with pytest.raises(ValueError, match="before anything else uses TensorFlow"):
        device.strategy("multi-worker")


# Two devices of one process


@pytest.fixture
def trained(monkeypatch, tmp_path, photo_folder):
    """A function that trains over a strategy and returns the state."""
    created = states.TrainState

    def train(strategy, **changes):
        made = []
        monkeypatch.setattr(device, "strategy", lambda name: strategy)
        monkeypatch.setattr(
            states, "TrainState", lambda *args: made.append(created(*args)) or made[0]
        )
        settings = fields.override(TINY, source=str(photo_folder), **changes)
        assert loop.train(settings, tmp_path / str(strategy.num_replicas_in_sync))
        return made[0]

    return train


def test_two_devices_give_the_weights_of_one(trained, mirrored):
    # Not batch normalization, whose statistics are those of a device's share of the batch, and no
    # dropout, whose noise is.
    plain = {"normalization": "instance", "dropout": 0.0}
    options = {**plain, "clip_norm": 0.5, "ema": 0.9, "weight_decay": 0.5}
    one, two = trained(tf.distribute.get_strategy(), **options), trained(mirrored, **options)
    for name in ("generator", "average", "discriminator"):
        ours, theirs = (getattr(x, name).trainable_variables for x in (one, two))
        for a, b in zip(ours, theirs, strict=True):
            # Measured: 3e-8 at most, the rounding of sums in another order. Each of the 4 steps
            # moves a weight by about the learning rate, 2e-4.
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=1e-6, err_msg=a.path)


# Several processes

# What `tfcolor train` does, and the weights it ends with.
WORKER = """
import sys
from tfcolor.cli import main, options
options.load_tensorflow()
import numpy as np
from tfcolor.training import states
created, made = states.TrainState, []
states.TrainState = lambda *args: made.append(created(*args)) or made[0]
try:
    main.cli(sys.argv[2:], prog_name="tfcolor")
except SystemExit as end:
    if end.code in (0, 130):
        weights = [v.numpy() for v in made[0].generator.trainable_variables]
        np.savez(sys.argv[1], *weights, step=made[0].step.numpy())
    raise
"""


class Workers:
    """Two processes that train together on this machine, for as long as the context lasts."""

    def __init__(self, folder, photo_folder, *options):
        folder.mkdir()
        ports = [free_port(), free_port()]
        self._folder = folder
        self._processes = []
        for index in range(2):
            cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
            task = {"type": "worker", "index": index}
            command = [sys.executable, "-c", WORKER, str(folder / f"weights{index}.npz"), "train"]
            # Only the chief's workdir is written to: they need not share it.
            command += ["--workdir", str(folder.parent / f"run{index}"), "--data", photo_folder]
            command += ["--image-size", "32", "--set", "width=2", "--set", "depth=2"]
            command += ["--checkpoint-every", "5", "--validate-every", "1000000", *options]
            with open(folder / f"log{index}", "w") as log:
                environment = {
                    **os.environ,
                    "TF_CONFIG": json.dumps({"cluster": cluster, "task": task}),
                }
                self._processes.append(
                    subprocess.Popen(command, env=environment, stdout=log, stderr=log)
                )

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for process in self._processes:
            process.kill()
            process.wait()

    def send(self, index, number):
        self._processes[index].send_signal(number)

    def end(self, index):
        """The exit code of a process, which is waited for."""
        try:
            return self._processes[index].wait(LIMIT)
        except subprocess.TimeoutExpired:
            pytest.fail(f"worker {index} did not end:\n{self.log(0)}\n{self.log(1)}")

    def wait_for_step(self, step):
        """Waits for a checkpoint of the step or a later one."""
        began = time.monotonic()
        while workdirs.steps_done(self._folder.parent / "run0") < step:
            running = all(process.poll() is None for process in self._processes)
            if not running or time.monotonic() - began > LIMIT:
                pytest.fail(f"no checkpoint of step {step}:\n{self.log(0)}\n{self.log(1)}")
            time.sleep(0.05)

    def log(self, index):
        return (self._folder / f"log{index}").read_text()

    def results(self):
        """The step and the weights that each process ended with."""
        return [dict(np.load(self._folder / f"weights{index}.npz")) for index in range(2)]


LIMIT = 400  # seconds for what takes 30 on two idle cores, and much longer beside other tests


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def assert_same_state(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


def test_two_processes_go_on_after_one_was_killed_and_stop_together(tmp_path, photo_folder):
    # No discriminator, which takes most of the time of tracing.
    options = ["--recipe", "pix2pix", "--set", "gan_weight=0", "--steps", "1000000"]
    with Workers(tmp_path / "killed", photo_folder, *options) as workers:
        workers.wait_for_step(10)
        workers.send(0, signal.SIGKILL)
        assert workers.end(0) == -signal.SIGKILL
        assert workers.end(1) == 1
        *_, last = workers.log(1).splitlines()
        assert last.startswith("Error: another worker was lost; run the same command on all")
        assert "Traceback" not in workers.log(1)
    killed = workdirs.steps_done(tmp_path / "run0")
    assert killed >= 10
    with Workers(tmp_path / "resumed", photo_folder, *options) as workers:
        workers.wait_for_step(killed + 5)
        workers.send(1, signal.SIGTERM)
        assert [workers.end(index) for index in range(2)] == [130, 130], workers.log(1)
    assert f"resumed {tmp_path}/run0 at step {killed}\n" in workers.log(0)
    first, second = workers.results()
    assert_same_state(first, second)
    assert workdirs.steps_done(tmp_path / "run0") == first["step"] > killed
    assert not (tmp_path / "run1").exists()


def test_launchers_go_on_after_a_worker_was_killed(tmp_path, photo_folder):
    addresses = ",".join(f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [sys.executable, "-c", "from tfcolor.cli import main; main.cli()", "launch"]
    command += ["--workers", addresses, "--data", photo_folder, "--recipe", "pix2pix"]
    command += ["--image-size", "32", "--set", "width=2", "--set", "depth=2"]
    command += ["--set", "gan_weight=0", "--checkpoint-every", "5", "--steps", "1000000"]
    started, logs = [], [tmp_path / f"log{index}" for index in range(2)]
    for index, log in enumerate(logs):
        more = ["--index", str(index), "--workdir", str(tmp_path / f"run{index}")]
        with open(log, "w") as file:
            started.append(subprocess.Popen([*command, *more], stdout=file, stderr=file))

    def wait_for(step):
        began = time.monotonic()
        while workdirs.steps_done(tmp_path / "run0") < step:
            running = all(process.poll() is None for process in started)
            told = [log.read_text() for log in logs]
            assert running and time.monotonic() - began < LIMIT, told
            time.sleep(0.05)

    def trainings(index):
        return [int(each) for each in re.findall(r"is process (\d+)", logs[index].read_text())]

    try:
        wait_for(10)
        os.kill(trainings(1)[0], signal.SIGKILL)
        wait_for(workdirs.steps_done(tmp_path / "run0") + 20)
        started[0].terminate()
        assert [process.wait(LIMIT) for process in started] == [130, 130]
    finally:
        for process in started:
            process.terminate()
            process.wait()
    assert all(len(trainings(index)) >= 2 for index in range(2))
    assert f"resumed {tmp_path}/run0 at step" in logs[0].read_text()
    assert "ended with code -9; restart 1 of 10" in logs[1].read_text()


def test_a_launcher_does_not_repeat_a_mistake(photo_folder, tmp_path):
    def end(*arguments):
        command = [sys.executable, "-c", "from tfcolor.cli import main; main.cli()", "launch"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        assert done.returncode == 2
        return done.stderr

    workers = ["--workers", "127.0.0.1:1,127.0.0.1:2"]
    assert "--index must be 0 to 1, got 2" in end(*workers, "--index", "2")
    assert "--workers takes HOST:PORT,HOST:PORT,..., got a" in end("--workers", "a", "--index", "0")
    told = end(*workers, "--index", "0", "--recipe", "no", "--workdir", str(tmp_path / "run"))
    assert "restart" not in told and "no" in told


def test_two_processes_begin_a_stage_with_the_best_weights_of_the_chief(tmp_path, photo_folder):
    options = ["--recipe", "capstone", "--batch-size", "2", "--validate-every", "1"]
    options += ["--set", "generator=unet", "--set", "weights=random", "--set", "gan_weight=0"]
    options += ["--set", "pretrain.steps=3", "--set", "adversarial.steps=1"]
    with Workers(tmp_path / "stages", photo_folder, *options) as workers:
        assert [workers.end(index) for index in range(2)] == [0, 0], workers.log(0)
    assert "going on with the best weights so far, of step-" in workers.log(0)
    first, second = workers.results()
    assert first["step"] == 4
    assert_same_state(first, second)
    assert not (tmp_path / "run1").exists()
    assert workers.log(0).splitlines()[-1].startswith("trained 4 steps")
    # TensorFlow may add that the first, which ended before, cannot be reached.
    assert "trained; the first worker has the run" in workers.log(1).splitlines()


# A TPU


def operations(graph, seen):
    """The operations of a graph and of all functions that it calls."""
    for operation in graph.get_operations():
        yield operation
        for attribute in operation.node_def.attr.values():
            for name in {attribute.func.name, *(f.name for f in attribute.list.func)} - {""} - seen:
                seen.add(name)
                yield from operations(graph._get_function(name).graph, seen)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_tpu_can_take_the_last_step_of_every_recipe(name):
    # The last stage has every term of those before. Weights are not looked at.
    settings = recipes.get(name)
    size = max(32, 2 * settings.model.stride if settings.model.generator == "colornet" else 0)
    settings = fields.override(settings, image_size=size, batch_size=2, width=2, weights="random")
    stage, one = settings.stages[-1], tf.distribute.get_strategy()
    train_state = states.TrainState(settings)
    train_state.enter(len(settings.stages) - 1)
    features = run.Run(settings, one, train_state, None, None, None, None)._features()
    train_step = step.make_train_step(one, settings, stage, features)
    batch = {
        "l": tf.zeros((2, size, size, 1)),
        "ab": tf.zeros((2, size, size, 2)),
        "image_id": tf.zeros(2, tf.int64),
        "position": tf.zeros(2, tf.int64),
    }
    compiled = tf.function(lambda batch: train_step(train_state, batch), jit_compile=True)
    for operation in operations(compiled.get_concrete_function(batch).graph, set()):
        for output in operation.outputs:
            assert output.dtype in HANDLES or output.shape.is_fully_defined(), operation
    # Only a TPU's own compiler knows what it takes; this fails where XLA has no such operation.
    assert "ENTRY" in compiled.experimental_get_compiler_ir(batch)(stage="hlo")


HANDLES = (tf.resource, tf.variant)  # of variables and lists, not of numbers


def test_batches_have_static_shapes_for_every_replica(photo_folder, mirrored):
    settings = fields.override(TINY, source=str(photo_folder))
    photos = data.open_part(settings.data, "train")
    this = run.Run(settings, mirrored, states.TrainState(settings), None, None, photos, photos)
    for spec in tf.nest.flatten(this.batches().element_spec, expand_composites=True):
        assert spec.shape.is_fully_defined() and spec.shape[0] == 2, spec


def test_reducing_planes_matches_means_of_areas(rng):
    # 1e-6 of values in [-1, 1]: sums of float32 in another order.
    for height, width, side in ((256, 256, 128), (192, 192, 64), (30, 50, 17), (20, 20, 20)):
        planes = rng.uniform(-1, 1, (2, height, width, 2)).astype(np.float32)
        expected = tf.image.resize(planes, (side, side), method="area")
        np.testing.assert_allclose(losses.reduce(planes, side), expected, atol=2e-6)
