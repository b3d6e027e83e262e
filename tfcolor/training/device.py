"""The distribution strategy for the devices at hand; there is always one."""

import functools
import json
import logging
import os
from collections.abc import Callable

import tensorflow as tf

from tfcolor.support import errors

log = logging.getLogger(__name__)

Cluster = dict[str, list[str]]
SHOWN_LETTERS = 200  # of TensorFlow's messages, which can fill a screen
WORKERS = ("chief", "worker")  # tasks of TF_CONFIG that train


def strategy(name: str) -> tf.distribute.Strategy:
    """A strategy by its name in `config.STRATEGIES`.

    Call it before any other use of TensorFlow: a cluster cannot be joined later.

    Args:
      name: "one" (the first GPU, or the CPU), "mirrored" (every GPU of this machine, or every
        logical CPU if there is none), "multi-worker" (the machines of TF_CONFIG), "tpu" (that of
        TPU_NAME), or "auto": several workers in TF_CONFIG, else the TPU, else several GPUs, else
        "one".

    Raises:
      ValueError: if there are no such devices, or TF_CONFIG cannot be used.
    """
    if name == "multi-worker" or (name == "auto" and _worker_count() > 1):
        return _multi_worker()
    if name == "tpu" or (name == "auto" and "TPU_NAME" in os.environ):
        return _tpu()
    devices = _devices()
    several_gpus = len(devices) > 1 and devices[0].device_type == "GPU"
    if name == "mirrored" or (name == "auto" and several_gpus):
        return _mirrored()
    return tf.distribute.get_strategy()


def describe(strategy: tf.distribute.Strategy) -> str:
    """The devices of a strategy, such as "a CPU of 2 cores", "4 GPU" or "4 GPU of 2 workers"."""
    kind = "TPU" if isinstance(strategy, tf.distribute.TPUStrategy) else _devices()[0].device_type
    if kind == "CPU" and strategy.num_replicas_in_sync == 1:
        return f"a CPU of {os.cpu_count()} cores"
    of = f" of {_worker_count()} workers" if has_peers(strategy) else ""
    return f"{strategy.num_replicas_in_sync} {kind}{of}"


def has_peers(strategy: tf.distribute.Strategy) -> bool:
    """Whether other processes take part in the run."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) and _worker_count() > 1


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes: the only one, or the first of several."""
    resolver = strategy.cluster_resolver
    if not has_peers(strategy) or resolver.task_type == "chief":
        return True
    return resolver.task_id == 0 and "chief" not in _cluster()


# Through these functions processes agree: otherwise some would wait for a step that others do not
# take. All of them must call in the same order; a call takes 2 to 3 ms on one machine.


def any_says(strategy: tf.distribute.Strategy, flag: bool) -> bool:
    """Whether `flag` is true in any process of the run."""
    if not has_peers(strategy):
        return bool(flag)
    return bool(_agree(strategy)["sum"](tf.constant(int(flag), tf.int64)) > 0)


def chief_says(strategy: tf.distribute.Strategy, flag: bool) -> bool:
    """The `flag` of the chief."""
    return any_says(strategy, flag and is_chief(strategy))


def largest(strategy: tf.distribute.Strategy, number: int) -> int:
    """The largest `number` of all processes of the run."""
    if not has_peers(strategy):
        return int(number)
    return int(_agree(strategy)["max"](tf.constant([number], tf.int64)))


def copy_from_chief(strategy: tf.distribute.Strategy, variables: list[tf.Variable]) -> None:
    """Sets variables to their values in the chief's process."""
    if not has_peers(strategy):
        return
    chief = is_chief(strategy)

    @tf.function(autograph=False)
    def values() -> list[tf.Tensor]:
        mine = [v.read_value() if chief else tf.zeros(v.shape, v.dtype) for v in variables]
        return [strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None) for value in mine]

    for variable, value in zip(variables, values(), strict=True):
        variable.assign(value)


@functools.cache  # tracing takes a tenth of a second
def _agree(strategy: tf.distribute.Strategy) -> dict[str, Callable[[tf.Tensor], tf.Tensor]]:
    total = tf.distribute.ReduceOp.SUM
    return {
        "sum": tf.function(
            lambda number: strategy.reduce(total, number, axis=None), autograph=False
        ),
        "max": tf.function(
            lambda number: tf.reduce_max(strategy.gather(number, axis=0)), autograph=False
        ),
    }


def _devices() -> list[tf.config.LogicalDevice]:
    return tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")


def _worker_count() -> int:
    return sum(len(tasks) for tasks in _cluster().values())


def _cluster() -> Cluster:
    """The training tasks of TF_CONFIG and their addresses; empty without TF_CONFIG."""
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        settings = json.loads(text)
        cluster = {job: list(tasks) for job, tasks in settings.get("cluster", {}).items()}
        task = settings.get("task", {})
        known = not cluster or task["index"] in range(len(cluster[task["type"]]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise errors.InputError(f"TF_CONFIG {_FORM}, got {text}") from error
    if not known or set(cluster) - set(WORKERS):
        raise errors.InputError(f"TF_CONFIG {_FORM}, got {text}")
    return cluster


_FORM = (
    'must be JSON such as {"cluster": {"worker": ["host0:12345", "host1:12345"]}, "task": '
    '{"type": "worker", "index": 0}}, with tasks of the types chief and worker alone'
)


@functools.cache  # two in a process collide
def _mirrored() -> tf.distribute.Strategy:
    return tf.distribute.MirroredStrategy([device.name for device in _devices()])


@functools.cache  # a process can join its cluster once
def _multi_worker() -> tf.distribute.Strategy:
    if not _cluster():
        raise errors.InputError(
            f"strategy multi-worker needs TF_CONFIG on every machine; it {_FORM}"
        )
    log.info("waiting for all %d workers", _worker_count())
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise errors.InputError(
            "strategy multi-worker must be made before anything else uses TensorFlow"
        ) from error


@functools.cache  # a TPU that is initialised again loses its memory
def _tpu() -> tf.distribute.Strategy:
    if "TPU_NAME" not in os.environ:
        raise errors.InputError("strategy tpu needs TPU_NAME; it is local on the machine of a TPU")
    name = os.environ["TPU_NAME"]
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(name)
    except (tf.errors.OpError, ValueError) as error:
        raise errors.InputError(
            f"the TPU {name} cannot be used; unset TPU_NAME, or give another strategy "
            f"({errors.one_line(error)[:SHOWN_LETTERS]})"
        ) from error
    return tf.distribute.TPUStrategy(resolver)
