"""The distribution strategy for the device at hand. There always is one."""

import tensorflow as tf


def strategy(name: str) -> tf.distribute.Strategy:
    """A strategy by its name in `config.STRATEGIES`.

    Args:
      name: "one" (the first GPU, or the CPU), "mirrored" (every GPU of this machine, or every
        logical CPU where there is none), or "auto": mirrored where there are two GPUs or more.
    """
    devices = _devices()
    several_gpus = len(devices) > 1 and devices[0].device_type == "GPU"
    if name == "mirrored" or (name == "auto" and several_gpus):
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


def describe(strategy: tf.distribute.Strategy) -> str:
    """What a strategy computes on, such as "1 CPU" or "4 GPU"."""
    return f"{strategy.num_replicas_in_sync} {_devices()[0].device_type}"


def _devices() -> list[tf.config.LogicalDevice]:
    return tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
