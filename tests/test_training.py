"""The state, the step and the loop, on networks small enough to train in seconds."""

import logging
import os
import shutil

import conftest
import filelock
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from tfcolor import config, data
from tfcolor.color import cielab
from tfcolor.config import fields
from tfcolor.data import batches
from tfcolor.runtimes import workdirs
from tfcolor.training import device, hooks, loop, losses, progress, states, step

TINY = fields.override(
    config.TrainConfig(),
    image_size=32,
    batch_size=4,
    width=2,
    depth=3,
    total_steps=6,
    log_every_steps=2,
    validate_every_steps=3,
    checkpoint_every_steps=2,
)


@pytest.fixture
def settings(photo_folder):
    return fields.override(TINY, source=str(photo_folder))


@pytest.fixture
def lone(settings):
    """Settings without a discriminator, which takes most of the time of tracing."""
    return fields.override(settings, gan_weight=0.0, depth=2)


@pytest.fixture(scope="module")
def run(photo_folder, tmp_path_factory):
    """The workdir of a finished run of 6 steps; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert loop.train(fields.override(TINY, source=str(photo_folder)), folder)
    return folder


def a_batch(settings, seed=0):
    photos = data.open_part(settings.data, "train")
    stage = settings.stages[0]
    size = stage.image_size, stage.batch_size
    return next(iter(batches.train_batches(photos, settings.data, *size, seed)))


def make_step(settings, strategy=None):
    strategy = strategy or tf.distribute.get_strategy()
    return step.make_train_step(strategy, settings, settings.stages[0])


def weights_of(folder, settings, checkpoint="last"):
    generator, done = workdirs.load_generator(folder, checkpoint)
    return done, [v.numpy() for v in generator.variables if "seed_generator" not in v.path]


# The step


def plain(settings, **changes):
    """Settings under which a step can be computed by hand: no noise."""
    return fields.override(settings, dropout=0.0, normalization="instance", **changes)


@pytest.mark.slow
def test_the_step_descends_the_objective_of_the_paper(settings):
    settings = plain(settings, l1_weight=7.0)
    trained, by_hand = states.TrainState(settings), states.TrainState(settings)
    batch = a_batch(settings)
    metrics = make_step(settings)(trained, batch)

    l, ab = batch["l"], batch["ab"]
    g, d = by_hand.generator, by_hand.discriminator
    with tf.GradientTape() as tape:
        real, fake = d([l, ab]), d([l, g(l, training=True)["ab"]])
        d_loss = (
            tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(real), real))
            + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.zeros_like(fake), fake))
        ) / 2
    by_hand.d_optimizer.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    with tf.GradientTape() as tape:  # through the discriminator that has just been updated
        fake_ab = g(l, training=True)["ab"]
        judged = d([l, fake_ab])
        g_gan = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(judged), judged)
        )
        g_loss = g_gan + 7.0 * tf.reduce_mean(tf.abs(ab - fake_ab))
    by_hand.g_optimizer.apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)

    assert float(metrics["d_loss"]) == pytest.approx(float(d_loss), rel=1e-5)
    assert float(metrics["g_loss"]) == pytest.approx(float(g_loss), rel=1e-5)
    assert float(metrics["d_accuracy_real"]) == pytest.approx(np.mean(real.numpy() > 0))
    assert float(metrics["d_accuracy_fake"]) == pytest.approx(np.mean(fake.numpy() < 0))
    for ours, expected in ((trained.generator, g), (trained.discriminator, d)):
        for a, b in zip(ours.trainable_variables, expected.trainable_variables, strict=True):
            # Adam divides by the gradient's own size: where that is about 0 its sign is rounding.
            assert np.mean(np.abs(a.numpy() - b.numpy()) < 1e-6) > 0.99, a.path
    assert int(trained.step.numpy()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, True])
def test_repeated_steps_fit_a_batch(settings, jit):
    settings = fields.override(settings, dropout=0.0, learning_rate=2e-3, width=8, jit=jit)
    train_state, batch = states.TrainState(settings), a_batch(settings)
    train_step = make_step(settings)
    values = [float(train_step(train_state, batch)["g_l1"]) for _ in range(150)]
    assert np.mean(values[-5:]) < 0.5 * values[0]


@pytest.mark.slow
@pytest.mark.parametrize("precision", config.PRECISIONS)
def test_every_precision_trains_and_keeps_float32_weights(lone, precision):
    settings = fields.override(lone, precision=precision, learning_rate=2e-3, width=8)
    train_state, batch = states.TrainState(settings), a_batch(settings)
    train_step = make_step(settings)
    values = [float(train_step(train_state, batch)["g_l1"]) for _ in range(60)]
    assert np.isfinite(values).all()
    assert np.mean(values[-5:]) < 0.8 * values[0]
    assert {v.dtype for v in train_state.generator.trainable_variables} == {"float32"}


@pytest.mark.slow
def test_two_replicas_take_the_same_step_as_one(settings, mirrored):
    settings = plain(settings)
    batch = a_batch(settings)
    weights, numbers = [], []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            train_state = states.TrainState(settings)
        dataset = tf.data.Dataset.from_tensors(batch).unbatch().batch(4)
        (shared,) = strategy.experimental_distribute_dataset(dataset)
        with conftest.without_graphs():
            metrics = make_step(settings, strategy)(train_state, shared)
        numbers.append({name: float(value) for name, value in metrics.items()})
        weights.append([v.numpy() for v in train_state.generator.trainable_variables])
        assert int(train_state.step.numpy()) == 1
    assert numbers[1] == pytest.approx(numbers[0], rel=1e-5)
    for a, b in zip(*weights, strict=True):
        assert np.mean(np.abs(a - b) < 1e-6) > 0.99  # Adam turns rounding near 0 into a full step


def test_mirrored_strategy_takes_every_logical_device(mirrored):
    assert mirrored.num_replicas_in_sync == 2
    assert device.describe(mirrored) == "2 CPU"
    assert device.describe(device.strategy("one")) == f"a CPU of {os.cpu_count()} cores"
    assert device.strategy("auto").num_replicas_in_sync == 1


def test_a_batch_that_the_devices_cannot_share_is_an_error(
    settings, tmp_path, mirrored, monkeypatch
):
    monkeypatch.setattr(device, "strategy", lambda name: mirrored)
    with pytest.raises(ValueError, match="batch_size must be a multiple of the 2 devices, got 3"):
        loop.train(fields.override(settings, batch_size=3), tmp_path / "run")


# The loop


def test_a_run_leaves_what_it_promises(run, photo_folder):
    assert workdirs.read_config(run) == fields.override(TINY, source=str(photo_folder))
    steps = {line["step"] for line in conftest.lines_of(run) if "train/g_loss" in line}
    assert steps == {2, 4, 6}
    validated = [line for line in conftest.lines_of(run) if "val/ab_error" in line]
    assert [line["step"] for line in validated] == [3, 6]
    best = min(validated, key=lambda line: line["val/ab_error"])["step"]
    assert weights_of(run, TINY, "best")[0] == best
    assert weights_of(run, TINY, "last")[0] == 6
    assert (run / "validation.png").is_file()


def test_the_event_files_hold_scalars_histograms_pictures_and_hyperparameters(run):
    events = event_accumulator.EventAccumulator(
        str(run / "events"), size_guidance={event_accumulator.TENSORS: 0}
    )
    events.Reload()
    tags = set(events.Tags()["tensors"])
    assert {
        "train/d_loss",
        "train/g_gan",
        "train/g_l1",
        "train/d_accuracy_real",
        "train/d_accuracy_fake",
        "train/g_learning_rate",
        "train/d_learning_rate",
        "train/images_per_second",
        "val/ssim",
        "val/fake_a",
        "val/fake_b",
        "val/truth_a",
        "val/gray_colorized_truth",
    } <= tags
    written = {
        event.step: tf.make_ndarray(event.tensor_proto) for event in events.Tensors("train/g_l1")
    }
    expected = {x["step"]: x["train/g_l1"] for x in conftest.lines_of(run) if "train/g_l1" in x}
    assert written == pytest.approx(expected)
    size_and_png = tf.make_ndarray(events.Tensors("val/gray_colorized_truth")[0].tensor_proto)
    grid = tf.io.decode_png(size_and_png[2]).numpy()
    assert grid.shape[1] == 3 * 32
    gray, truth = grid[:, :32], grid[:, 64:]
    np.testing.assert_array_equal(gray, cielab.without_color(truth))
    hparams = events.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert b"l1_weight" in hparams
    assert b"image_size" in hparams


@pytest.mark.slow
def test_a_validation_cut_short_is_made_up_for(run, settings, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    lines = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text("".join(lines[:-1]))  # without the last validation
    shutil.rmtree(folder / "best")
    assert loop.train(settings, folder)
    assert [x["step"] for x in conftest.lines_of(folder) if "val/ssim" in x] == [3, 6]
    assert (folder / "validation.png").is_file()


def test_a_second_run_is_kept_out_of_a_workdir(run, settings):
    with (
        filelock.FileLock(run / ".lock"),
        pytest.raises(ValueError, match="another process trains in"),
    ):
        loop.train(settings, run)


@pytest.mark.slow
def test_no_checkpoint_holds_a_broken_network(lone, tmp_path, monkeypatch):
    # A finite loss whose gradient is not: the update breaks the weights and the loss says nothing.
    monkeypatch.setattr(states.TrainState, "is_finite", lambda self: int(self.step.numpy()) < 4)
    with pytest.raises(FloatingPointError, match="a weight is not finite after step 4"):
        loop.train(lone, tmp_path)
    assert [p.name for p in workdirs.checkpoints(tmp_path / "checkpoints")][-1] == "step-3"


def test_a_weight_that_is_not_finite_is_found(settings):
    train_state = states.TrainState(settings)
    assert train_state.is_finite()
    weight = train_state.discriminator.trainable_variables[-1]
    weight.assign(np.full(weight.shape, np.inf, np.float32))
    assert not train_state.is_finite()


def test_a_finished_run_is_left_as_it_is(run, settings):
    before = {p: p.stat().st_mtime_ns for p in run.rglob("step-*")}
    assert loop.train(settings, run)
    assert {p: p.stat().st_mtime_ns for p in run.rglob("step-*")} == before


@pytest.mark.slow
def test_a_half_written_checkpoint_is_passed_over(lone, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    folder = tmp_path / "run"
    settings = fields.override(lone, validate_every_steps=100)
    loop.train(fields.override(settings, total_steps=4), folder)
    newest = folder / "checkpoints" / "step-4.data-00000-of-00001"
    newest.write_bytes(newest.read_bytes()[:1000])
    unfinished = folder / "checkpoints" / "step-5_temp" / "part-00000-of-00001"
    unfinished.parent.mkdir()
    unfinished.write_bytes(b"")
    train_state = states.TrainState(settings)
    checkpoints = states.Checkpoints(train_state, folder, 2)
    assert checkpoints.restore()
    assert int(train_state.step.numpy()) == 2
    assert "passed over the damaged checkpoint" in caplog.text
    checkpoints.save()
    assert not unfinished.parent.exists()
    for path in (folder / "checkpoints").glob("*.data*"):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="no checkpoint in .* can be read"):
        checkpoints.restore()


@pytest.mark.slow
def test_the_whole_state_comes_back_from_a_checkpoint(settings, tmp_path):
    settings = fields.override(settings, precision="mixed_float16")
    saved, restored = states.TrainState(settings), states.TrainState(settings)
    train_step, batch = make_step(settings), a_batch(settings)
    with conftest.without_graphs():
        for _ in range(3):
            train_step(saved, batch)
    saved.position.assign(12)
    states.Checkpoints(saved, tmp_path, 1).save()
    assert states.Checkpoints(restored, tmp_path, 1).restore()

    def everything(train_state):
        variables = [*train_state.generator.variables, *train_state.discriminator.variables]
        variables += [*train_state.g_optimizer.variables, *train_state.d_optimizer.variables]
        return [v.numpy() for v in (*variables, train_state.step, train_state.position)]

    for a, b in zip(everything(saved), everything(restored), strict=True):
        np.testing.assert_array_equal(a, b)


class Watching(hooks.Callback):
    """Notes what a run tells it, and stops it at a step."""

    def __init__(self, until=None):
        self.logged, self.validated, self.until = {}, {}, until

    def on_log(self, step, values):
        self.logged[step] = dict(values)

    def on_validation(self, step, values):
        self.validated[step] = dict(values)
        return step == self.until


@pytest.mark.slow
def test_callbacks_are_told_what_is_recorded_and_can_stop_a_run(lone, tmp_path):
    settings = fields.override(lone, total_steps=6, log_every_steps=2, validate_every_steps=3)
    stopping, watching = Watching(until=3), Watching()
    assert not loop.train(settings, tmp_path, [stopping, watching])
    assert list(watching.validated) == [3] and list(watching.logged) == [2]
    assert loop.train(settings, tmp_path, [watching])
    assert list(watching.validated) == [3, 6] and list(watching.logged) == [2, 4, 6]
    recorded = {"train/g_loss": watching.logged, "val/ab_error": watching.validated}
    for tag, told in recorded.items():
        lines = [line for line in workdirs.read_metrics(tmp_path) if tag in line]
        assert {line["step"]: line[tag] for line in lines} == {s: told[s][tag] for s in told}


def test_a_changed_option_that_cannot_be_resumed_is_an_error(run, settings):
    changed = fields.override(settings, l1_weight=50.0, seed=1)
    with pytest.raises(ValueError, match=r"seed 0 \(now 1\), train.l1_weight 100.0 \(now 50.0\)"):
        loop.train(changed, run)
    assert workdirs.read_config(run) == settings


@pytest.mark.slow
def test_a_workdir_without_checkpoints_takes_another_config(lone, tmp_path):
    # A run that failed before its first checkpoint, for want of memory, say, holds nothing to lose.
    (tmp_path / "config.json").write_text(fields.to_json(fields.override(lone, seed=9)))
    loop.train(fields.override(lone, total_steps=1), tmp_path)
    assert workdirs.read_config(tmp_path).seed == lone.seed


@pytest.mark.slow
def test_checkpoints_are_written_by_time_too(lone, tmp_path):
    often = {"checkpoint_every_steps": 1000, "validate_every_steps": 1000, "total_steps": 3}
    loop.train(
        fields.override(lone, **often, checkpoint_every_minutes=1e-9, keep_checkpoints=9),
        tmp_path,
    )
    made = {path.name for path in (tmp_path / "checkpoints").glob("*.index")}
    assert made == {"step-1.index", "step-2.index", "step-3.index"}


@pytest.mark.slow
def test_a_loss_that_is_not_finite_names_step_photographs_and_checkpoint(
    lone, tmp_path, monkeypatch
):
    poisoned = []

    def l1(ab, fake_ab):
        # From the 4th step on: what a bad photograph or a blown-up weight would do.
        poisoned.append(True)
        return losses_l1(ab, fake_ab) * tf.where(current.step >= 3, np.nan, 1.0)

    losses_l1, created = losses.l1, states.TrainState
    monkeypatch.setattr(losses, "l1", l1)

    def create(*args):
        nonlocal current
        current = created(*args)
        return current

    current = None
    monkeypatch.setattr(states, "TrainState", create)
    # No checkpoint in between: those look at the last step before they are written.
    rarely = fields.override(lone, checkpoint_every_steps=100, validate_every_steps=100)
    with pytest.raises(FloatingPointError) as caught:
        loop.train(rarely, tmp_path / "run")
    message = str(caught.value)
    assert poisoned
    assert "g_loss nan, g_l1 nan is not finite at step 4" in message
    assert message.count(".png") == 4
    assert "last good checkpoint: none yet;" in message


@pytest.mark.slow
def test_mixed_float16_logs_its_loss_scale(settings, tmp_path):
    settings = fields.override(
        settings, precision="mixed_float16", total_steps=2, validate_every_steps=100
    )
    loop.train(settings, tmp_path / "run")
    (line,) = [line for line in conftest.lines_of(tmp_path / "run") if "train/g_loss" in line]
    assert line["train/g_dynamic_scale"] > 1
    assert line["train/d_dynamic_scale"] > 1


def test_a_folder_without_validation_part_says_that_its_figures_flatter(tmp_path, caplog):
    from conftest import colorful_photo
    from PIL import Image

    for index in range(3):
        Image.fromarray(colorful_photo(index)).save(tmp_path / f"{index}.png")
    photos = data.open_part(config.DataConfig(source=str(tmp_path)), "train")
    settings = fields.override(TINY, source=str(tmp_path))
    assert loop._open_validation(settings, photos).count == 3
    assert "validating on the training photographs" in caplog.text


def test_progress_tells_speed_and_time_left(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = progress.Progress("train", 10, 110, batch_size=4)
    assert shown.images_per_second == 0
    for done in range(11, 31):
        shown.update(done, {})
        now[0] += 0.5
    # 19 steps after the first one, 20 intervals of half a second: the clock has run on once more.
    assert shown.images_per_second == pytest.approx(19 * 4 / 10)
    assert shown.seconds_left == pytest.approx(80 * 4 / 7.6)


def test_the_first_line_of_progress_names_no_speed_that_is_unknown(monkeypatch, caplog):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = progress.Progress("train", 10, 30, batch_size=4)
    with caplog.at_level("INFO"):
        for done in (11, 12):
            now[0] += 10
            shown.update(done, {"g_loss": 2.5})
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "train 11/30  g_loss 2.5",
        "train 12/30  g_loss 2.5  0.4 images/s  3 min 0 s left in this stage",
    ]


@pytest.fixture
def quiet_logger(monkeypatch):
    """The logger of the package as a program has it that configures none."""
    logger = logging.getLogger("tfcolor")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", True)
    level = logger.level
    logger.setLevel(logging.NOTSET)
    yield logger
    logger.setLevel(level)


def test_a_program_that_logs_nothing_is_shown_progress(capsys, quiet_logger):
    with loop._shown():
        quiet_logger.info("training")
    quiet_logger.info("not shown")
    assert capsys.readouterr().err == "training\n"
    quiet_logger.setLevel(logging.INFO)  # a program that shows it by itself
    with loop._shown():
        assert not quiet_logger.handlers
