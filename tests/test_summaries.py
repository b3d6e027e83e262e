"""The records of a run, as TensorBoard reads them."""

import conftest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from tfcolor import config
from tfcolor.training import summaries


def curve(folder):
    """Steps and values of the loss."""
    events = event_accumulator.EventAccumulator(str(folder / "events")).Reload()
    values = events.Tensors("train/g_loss")
    return [(each.step, float(tf.make_ndarray(each.tensor_proto))) for each in values]


def write(folder, resumed, *steps, loss):
    with summaries.Summaries(folder, config.TrainConfig(), resumed) as records:
        for step in steps:
            records.scalars("train", step, {"train/g_loss": loss})


def test_a_resumed_run_has_each_step_once(tmp_path):
    write(tmp_path, 0, 2, 4, 6, loss=1.0)
    write(tmp_path, 4, 6, 8, loss=2.0)  # killed after its checkpoint of step 4
    (newest,) = sorted((tmp_path / "events").iterdir())[1:]
    newest.write_bytes(newest.read_bytes() + b"cut short")
    write(tmp_path, 8, 10, loss=3.0)
    expected = [(2, 1.0), (4, 1.0), (6, 2.0), (8, 2.0), (10, 3.0)]
    assert curve(tmp_path) == expected
    lines = conftest.lines_of(tmp_path)
    assert [(line["step"], line["train/g_loss"]) for line in lines] == expected
