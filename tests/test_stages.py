"""What the options of a stage do: each by its effect on the weights."""

import contextlib
import math
import types

import conftest
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator

from tfcolor import config, data
from tfcolor.config import fields
from tfcolor.data import batches
from tfcolor.runtimes import workdirs
from tfcolor.support import disk
from tfcolor.training import loop, optimizer, run, schedule, states, step, summaries, validation

pytestmark = pytest.mark.slow  # most of these train; test_training.py has the everyday ones

TINY = fields.override(
    config.TrainConfig(),
    image_size=32,
    batch_size=4,
    width=2,
    depth=3,
    dropout=0.0,
    normalization="instance",
    total_steps=4,
    validation_limit=4,
)


@pytest.fixture(scope="module")
def batch(photo_folder):
    settings = config.DataConfig(source=str(photo_folder))
    return next(iter(batches.train_batches(data.open_part(settings, "train"), settings, 32, 4, 0)))


def steps(settings, batch, count=1):
    """A state after some steps on one batch."""
    train_state = states.TrainState(settings)
    train_step = step.make_train_step(tf.distribute.get_strategy(), settings, settings.stages[0])
    # To trace a graph takes as long as ten steps without one.
    with conftest.without_graphs() if count < 10 else contextlib.nullcontext():
        for _ in range(count):
            train_state.set_learning_rates()
            train_step(train_state, batch)
    return train_state


def values(model):
    return [v.numpy() for v in model.variables if "seed_generator" not in v.path]


def moved(before, after):
    return max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))


def colornet(**changes):
    """Our own generator on the smallest pictures that it takes."""
    options = {"generator": "colornet", "image_size": 64, "gan_weight": 0.0, "l1_weight": 1.0}
    return fields.override(TINY, **{**options, **changes})


@pytest.fixture(scope="module")
def noise():
    """A batch that our own generator takes."""
    rng = np.random.default_rng(0)
    l, ab = rng.uniform(-1, 1, (4, 64, 64, 1)), rng.uniform(-0.5, 0.5, (4, 64, 64, 2))
    return {"l": tf.constant(l, tf.float32), "ab": tf.constant(ab, tf.float32)}


# Schedules


def test_the_learning_rate_warms_up_and_falls_along_half_a_cosine():
    stage = config.StageConfig(steps=110, warmup_steps=10, schedule="cosine")
    factors = [schedule.factor(stage, done) for done in range(110)]
    np.testing.assert_allclose(factors[:10], np.arange(1, 11) / 11)
    np.testing.assert_allclose(
        factors[10:], [0.5 * (1 + math.cos(math.pi * t / 100)) for t in range(100)]
    )
    assert factors[10] == 1
    assert 0 < factors[-1] < 1e-3


@pytest.mark.parametrize(("kind", "last"), [("constant", 1.0), ("cosine", 0.5), ("linear", 0.5)])
def test_a_constant_rate_stays(kind, last):
    stage = config.StageConfig(steps=2, schedule=kind)
    assert schedule.factor(stage, 1) == pytest.approx(last)


def test_adam_takes_the_step_that_the_schedule_says(batch):
    # Adam's first step moves each weight by the learning rate, whatever the gradient.
    settings = fields.override(TINY, learning_rate=1e-2, warmup_steps=4, d_learning_rate=5e-2)
    fresh, trained = states.TrainState(settings), steps(settings, batch)
    assert moved(values(fresh.generator), values(trained.generator)) == pytest.approx(
        2e-3, rel=0.01
    )
    distance = moved(values(fresh.discriminator), values(trained.discriminator))
    assert distance == pytest.approx(1e-2, rel=0.01)


# Optimizers


def test_an_objective_of_classes_alone_leaves_the_refinement_as_it_is(noise):
    settings = colornet(l1_weight=0.0, classification_weight=1.0, clip_norm=1.0)
    before, after = (steps(settings, noise, count).generator for count in (0, 1))
    for name, moves in (("bins", True), ("refine_conv", False)):
        kernels = [model.get_layer(name).kernel.numpy() for model in (before, after)]
        assert (moved(kernels[:1], kernels[1:]) > 0) == moves, name


def test_a_clipped_gradient_moves_less(batch):
    # Adam divides by the gradient's size, until that is as small as its epsilon of 1e-7.
    def after(clip_norm):
        settings = fields.override(TINY, clip_norm=clip_norm, gan_weight=0.0)
        return values(steps(settings, batch).generator)

    fresh, free = values(states.TrainState(TINY).generator), after(0.0)
    assert moved(fresh, free) > 1e-4
    assert moved(fresh, after(1e-9)) < 1e-5
    assert moved(free, after(1e9)) < 1e-6


def test_weight_decay_shrinks_kernels_and_leaves_biases(batch):
    settings = fields.override(TINY, weight_decay=0.5, learning_rate=1e-3, gan_weight=0.0)
    plain, decayed = (
        steps(s, batch) for s in (fields.override(settings, weight_decay=0.0), settings)
    )
    kernel = np.concatenate([v.ravel() for v in values(plain.generator) if v.ndim == 4])
    smaller = np.concatenate([v.ravel() for v in values(decayed.generator) if v.ndim == 4])
    # A decay of lr x 0.5 in one step.
    start = np.concatenate(
        [v.ravel() for v in values(states.TrainState(TINY).generator) if v.ndim == 4]
    )
    # Where a gradient is about 0 its sign, and so Adam's step, is rounding.
    assert np.mean(np.abs(smaller - kernel + 5e-4 * start) < 1e-7) > 0.98
    for a, b in zip(values(plain.generator), values(decayed.generator), strict=True):
        if a.ndim < 2:
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_decay_of_what_is_slowed_is_slowed_as_much():
    kernels = [keras.Variable(tf.fill((2, 3), 8.0), name=name) for name in ("slow", "rest")]
    biases = [keras.Variable(tf.fill(3, 8.0), name=f"{v.name}_bias") for v in kernels]
    stage = config.StageConfig(weight_decay=0.5, encoder_rate=0.1)
    slowed = {kernels[0].path, biases[0].path}
    adam = optimizer.build(stage, 1e-2, kernels + biases, slowed, "float32")
    for _ in range(3):  # without a gradient Adam moves nothing: what remains is the decay
        adam.apply([tf.zeros(v.shape) for v in kernels + biases], kernels + biases)
    for kernel, rate in zip(kernels, (0.1, 1.0), strict=True):
        np.testing.assert_allclose(kernel, 8.0 * (1 - 1e-2 * rate * 0.5) ** 3, rtol=1e-6)
    for bias in biases:
        np.testing.assert_array_equal(bias, 8.0)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_optimizer_makes_the_steps_of_kerass_adam(rng, precision):
    stage = config.StageConfig(beta_1=0.6, beta_2=0.99)
    start = rng.standard_normal((3, 4)).astype(np.float32)
    mine, theirs = keras.Variable(start), keras.Variable(start)
    adam = optimizer.build(stage, 1e-2, [mine], (), precision)
    reference = keras.optimizers.Adam(1e-2, beta_1=0.6, beta_2=0.99)
    for _ in range(5):
        gradient = tf.constant(rng.standard_normal((3, 4)), tf.float32)
        adam.apply([adam.scale_loss(gradient)], [mine])
        reference.apply([gradient], [theirs])
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-6)
    assert np.abs(mine - start).min() > 1e-3


def test_the_encoder_moves_at_its_own_rate(noise):
    settings = colornet(encoder_rate=0.1, learning_rate=1e-2)
    fresh, trained = states.TrainState(settings), steps(settings, noise)
    for name, rate in (("encoder_stem/kernel", 1e-3), ("bins/kernel", 1e-2)):
        before, after = (
            next(v.numpy() for v in s.generator.variables if v.path == name)
            for s in (fresh, trained)
        )
        assert np.abs(after - before).max() == pytest.approx(rate, rel=0.02)
    frozen = steps(colornet(frozen=("encoder",), learning_rate=1e-2), noise)
    for before, after in zip(fresh.generator.variables, frozen.generator.variables, strict=True):
        if before.path.startswith("encoder"):  # also the statistics of its batch normalization
            np.testing.assert_array_equal(before, after, before.path)
    assert moved(values(fresh.generator), values(frozen.generator)) > 5e-3


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
@pytest.mark.parametrize(
    "model",
    [
        {"normalization": "batch"},  # whose statistics move with every training call,
        {"generator": "sagan", "discriminator": "sagan"},  # and spectral normalization's `u`
        {"normalization": "instance", "spectral": True},
    ],
)
def test_a_frozen_network_stays_while_the_other_learns(batch, model, frozen):
    other = "discriminator" if frozen == "generator" else "generator"
    settings = fields.override(TINY, **model, frozen=(frozen,), ema=0.9)
    fresh, trained = states.TrainState(settings), steps(settings, batch, 2)
    assert moved(values(getattr(fresh, frozen)), values(getattr(trained, frozen))) == 0
    assert moved(values(getattr(fresh, other)), values(getattr(trained, other))) > 0
    assert (moved(values(fresh.average), values(trained.average)) > 0) == (other == "generator")


def test_a_network_that_was_frozen_learns_in_the_next_stage(batch):
    stages = (config.StageConfig("first", frozen=("discriminator",)), config.StageConfig("second"))
    settings = fields.override(config.TrainConfig(stages=stages), image_size=32, width=2, depth=2)
    train_state = steps(settings, batch)
    before = values(train_state.discriminator)
    train_state.enter(1)
    second = step.make_train_step(tf.distribute.get_strategy(), settings, stages[1])
    with conftest.without_graphs():
        second(train_state, batch)
    after = values(train_state.discriminator)
    assert all((a != b).any() for a, b in zip(before, after, strict=True) if a.ndim == 4)


@pytest.mark.parametrize("normalization", config.NORMALIZATIONS)  # batch: its statistics too
def test_the_average_follows_the_weights(batch, normalization):
    changes = {"normalization": normalization, "gan_weight": 0.0}
    settings = fields.override(TINY, ema=0.5, learning_rate=1e-2, **changes)
    train_state = states.TrainState(settings)
    train_step = step.make_train_step(tf.distribute.get_strategy(), settings, settings.stages[0])
    expected = values(train_state.generator)
    for done in range(1, 5):
        with conftest.without_graphs():
            train_step(train_state, batch)
        decay = min(0.5, (1 + done) / (10 + done))
        pairs = zip(expected, values(train_state.generator), strict=True)
        expected = [decay * mean + (1 - decay) * now for mean, now in pairs]
    assert train_state.judged is train_state.average
    for a, b in zip(expected, values(train_state.average), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert moved(values(train_state.generator), values(train_state.average)) > 1e-4


def test_the_best_checkpoint_is_the_average(batch, tmp_path):
    settings = fields.override(TINY, ema=0.9, learning_rate=1e-2, gan_weight=0.0)
    train_state = steps(settings, batch, 3)
    states.Checkpoints(train_state, tmp_path, 1).save_best()
    disk.write(tmp_path / workdirs.CONFIG, fields.to_json(settings))
    best, done = workdirs.load_generator(tmp_path, "best")
    assert done == 3
    assert moved(values(best), values(train_state.average)) == 0
    assert moved(values(best), values(train_state.generator)) > 1e-4


def test_a_step_draws_z_anew_and_updates_batch_statistics(batch):
    # So low a rate that nothing else changes.
    settings = fields.override(TINY, dropout=0.5, normalization="batch", learning_rate=1e-12)
    train_state = states.TrainState(settings)
    train_step = step.make_train_step(tf.distribute.get_strategy(), settings, settings.stages[0])
    before = [v.numpy() for v in train_state.generator.non_trainable_variables if v.shape.rank == 1]
    with conftest.without_graphs():
        first, second = (float(train_step(train_state, batch)["g_l1"]) for _ in range(2))
    assert abs(first - second) > 1e-6
    after = [v.numpy() for v in train_state.generator.non_trainable_variables if v.shape.rank == 1]
    assert moved(before, after) > 1e-3


# The adversarial terms


def test_label_smoothing_keeps_the_discriminator_from_being_sure(batch):
    def real_logit(smoothing):
        settings = fields.override(
            TINY, frozen=("generator",), label_smoothing=smoothing, learning_rate=1e-2, depth=2
        )
        trained = steps(settings, batch, 60)
        return float(np.mean(trained.discriminator([batch["l"], batch["ab"]])))

    sure, smoothed = real_logit(0.0), real_logit(0.1)
    # The best answer to a target of 0.9 is a logit of log(0.9 / 0.1).
    assert smoothed < math.log(9) + 0.7 < sure


def test_the_discriminator_is_updated_as_often_as_asked(batch):
    thrice = steps(fields.override(TINY, d_updates=3), batch)
    assert int(thrice.d_optimizer.iterations) == 3
    assert int(thrice.g_optimizer.iterations) == 1
    # The same as three steps of a discriminator whose generator stands still.
    slow = steps(fields.override(TINY, frozen=("generator",)), batch, 3)
    for a, b in zip(values(thrice.discriminator), values(slow.discriminator), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_the_hinge_loss_reaches_the_step(batch):
    settings = fields.override(TINY, gan_loss="hinge")
    train_step = step.make_train_step(tf.distribute.get_strategy(), settings, settings.stages[0])
    with conftest.without_graphs():
        metrics = train_step(states.TrainState(settings), batch)
    assert float(metrics["d_loss"]) == pytest.approx(2.0, abs=0.1)  # undecided


def test_rgb_is_compared_with_rgb(batch):
    settings = fields.override(TINY, space="rgb", gan_weight=0.0, l1_weight=1.0, learning_rate=1e-9)
    train_state = states.TrainState(settings)
    train_step = step.make_train_step(tf.distribute.get_strategy(), settings, settings.stages[0])
    from skimage import color as skcolor

    lab = np.concatenate([50 * (batch["l"] + 1), 110 * batch["ab"]], -1)
    truth = 2 * skcolor.lab2rgb(lab) - 1
    fake = train_state.generator(batch["l"], training=True)["rgb"].numpy()
    expected = np.abs(truth - fake).mean()
    with conftest.without_graphs():
        metrics = train_step(train_state, batch)
    assert float(metrics["g_l1"]) == pytest.approx(expected, rel=1e-3)


# Stages of a run

TWO = fields.override(
    config.TrainConfig(
        stages=(
            config.StageConfig("first", steps=3, gan_weight=0.0, learning_rate=1e-2, ema=0.9),
            config.StageConfig("second", steps=4, l1_weight=10.0, warmup_steps=2, ema=0.9),
        )
    ),
    image_size=32,
    width=2,
    depth=3,
    log_every_steps=1,
    validate_every_steps=2,
    checkpoint_every_steps=1,
    validation_limit=2,
    **{
        "first.batch_size": 4,
        "second.batch_size": 2,
        "second.learning_rate": 2e-2,
    },
)


def found(figure, first, second):
    """What validations find of a figure, in the order of `two_stages`."""
    places = [(0, 2), (0, 3), (1, 3), (1, 5), (1, 7)]
    return {
        place: {figure: x} for place, x in zip(places, [*first, first[0], *second], strict=True)
    }


def measure(patch, rows):
    """Sets what validations find, by stage and step; gives a list that gets the weights they saw.

    Args:
      patch: a pytest.MonkeyPatch, which ends the pretence.
      rows: (stage, step) -> values by figure, of what `found` gives.
    """
    created, measure_rows = states.TrainState, validation.scores.measure
    made, seen = [], []

    def create(*args):
        made.append(created(*args))
        return made[-1]

    def fake(*args):
        table, current = measure_rows(*args), made[-1]
        if "val" not in table:  # the controls, once
            return table
        seen.append((values(current.generator), values(current.judged)))
        row = rows[int(current.stage.numpy()), int(current.step.numpy())]
        table["val"] |= {name: np.full(1, value) for name, value in row.items()}
        return table

    patch.setattr(states, "TrainState", create)
    patch.setattr(validation.scores, "measure", fake)
    return seen


WORSE = found("ab_error", (10.0, 20.0), (15.0, 12.0))  # after step 2, the best


@pytest.fixture(scope="module")
def finished(photo_folder, tmp_path_factory):
    """A finished run that found `WORSE`: its workdir; the weights that validations saw; those, and
    their average, that each stage began with.
    """
    folder = tmp_path_factory.mktemp("runs") / "two"
    enter, begun = states.TrainState.enter, []

    def noted(state, index):
        enter(state, index)
        begun.append((values(state.generator), values(state.average)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states.TrainState, "enter", noted)
        seen = measure(patch, WORSE)
        assert loop.train(fields.override(TWO, source=str(photo_folder)), folder)
    return folder, seen, begun


@pytest.fixture(scope="module")
def two_stages(finished):
    """The workdir of a finished run of two stages; not to be changed."""
    return finished[0]


@pytest.fixture
def quick_steps(monkeypatch):
    """Steps without photographs and a graph, which move every weight a little; the sizes asked."""
    sides = []

    def stand_in(photos, settings, image_size, *_):
        sides.append(image_size)
        return tf.data.Dataset.from_tensors({"position": tf.constant([0])}).repeat()

    def take(state, batch):
        for variable in state.generator.trainable_variables:
            variable.assign_add(tf.fill(variable.shape, 1e-3))
        state.count_step()
        return {"g_loss": tf.constant(0.0)}

    monkeypatch.setattr(batches, "train_batches", stand_in)
    monkeypatch.setattr(run.Run, "train_step", lambda self: take)
    return sides


def test_each_stage_has_its_own_rates_and_batches(two_stages):
    lines = [x for x in conftest.lines_of(two_stages) if "train/g_loss" in x]
    rates = [x["train/g_learning_rate"] for x in lines]
    # Of 7 steps; the second stage counts its own for the warm-up.
    np.testing.assert_allclose(rates, [1e-2] * 3 + [2e-2 / 3, 4e-2 / 3, 2e-2, 2e-2])
    last = tf.train.load_checkpoint(str(workdirs.checkpoints(two_stages / workdirs.LAST)[-1]))
    position = last.get_tensor("state/position/.ATTRIBUTES/VARIABLE_VALUE")
    assert position == 3 * 4 + 4 * 2


def test_each_stage_has_its_own_size_and_all_are_validated_at_the_largest(
    photo_folder, tmp_path, monkeypatch, quick_steps
):
    validated, eval_batches = [], batches.eval_batches

    def noted(photos, image_size, *options):
        validated.append(image_size)
        return eval_batches(photos, image_size, *options)

    monkeypatch.setattr(batches, "eval_batches", noted)
    changes = {"first.steps": 1, "second.steps": 1, "second.image_size": 64}
    assert loop.train(fields.override(TWO, source=str(photo_folder), **changes), tmp_path)
    assert quick_steps == [32, 64]
    assert set(validated) == {64}
    with Image.open(tmp_path / "validation.png") as picture:
        assert picture.size == (3 * 64, 2 * 64)  # gray, colorized, truth of two photographs


def test_stages_follow_each_other_and_are_told_apart(two_stages):
    lines = conftest.lines_of(two_stages)
    trained = [(line["stage"], line["step"]) for line in lines if "train/g_loss" in line]
    assert trained == [("first", i) for i in (1, 2, 3)] + [("second", i) for i in (4, 5, 6, 7)]
    steps = [x for x in lines if "train/g_loss" in x]
    assert all(("train/d_loss" in x) == (x["stage"] == "second") for x in steps)
    assert [x["train/stage"] for x in steps] == [0] * 3 + [1] * 4
    validated = [(line["stage"], line["step"]) for line in lines if "val/ab_error" in line]
    assert validated == [("first", 2), ("first", 3), ("second", 5), ("second", 7)]


def test_a_stage_with_a_figure_of_its_own_is_measured_before_its_first_step(
    photo_folder, tmp_path, monkeypatch, quick_steps
):
    measure(monkeypatch, WORSE)
    changes = {"source": str(photo_folder), "second.best_by": "delta_e00"}
    assert loop.train(fields.override(TWO, **changes), tmp_path)
    lines = [line for line in conftest.lines_of(tmp_path) if "val/ab_error" in line]
    validated = [(line["stage"], line["step"]) for line in lines]
    assert validated == [("first", 2), ("first", 3), ("second", 3), ("second", 5), ("second", 7)]
    best, _, start, *_ = [line["val/ssim"] for line in lines]
    assert start == pytest.approx(best, rel=1e-6)  # it begins with the best of the first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total_steps": 14}, "has done 4 steps of its stage second: first.steps cannot change"),
        ({"second.steps": 3}, "second.steps cannot change from 4 to 3; .* --set second.steps=N"),
    ],
)
def test_steps_that_a_run_is_past_cannot_change(two_stages, photo_folder, changes, message):
    before = (two_stages / workdirs.CONFIG).read_text()
    settings = fields.override(TWO, source=str(photo_folder), **changes)
    with pytest.raises(ValueError, match=message):
        loop.train(settings, two_stages)
    assert (two_stages / workdirs.CONFIG).read_text() == before


def train_and_die(settings, folder, stop, monkeypatch):
    """Trains until the checkpoint of a step is written, and no further."""
    save = states.Checkpoints.save

    def save_and_die(self):
        save(self)
        if int(self._state.step.numpy()) == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(states.Checkpoints, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            loop.train(settings, folder)


def test_a_run_that_is_killed_in_every_stage_ends_with_the_same_weights(
    two_stages, photo_folder, tmp_path, monkeypatch
):
    settings = fields.override(TWO, source=str(photo_folder))
    measure(monkeypatch, WORSE)
    # Within the first stage, at its end before the validation, and after the best weights, which
    # were not the last, have begun the second.
    for stop in (2, 3, 4):
        train_and_die(settings, tmp_path, stop, monkeypatch)
    assert loop.train(settings, tmp_path)
    for checkpoint, done in (("last", 7), ("best", 2)):
        ours, whole = (workdirs.load_generator(f, checkpoint) for f in (tmp_path, two_stages))
        assert ours[1] == whole[1] == done
        assert moved(values(ours[0]), values(whole[0])) == 0
    # Nothing is told twice, and what is told is the same.
    ours, whole = (
        [
            (x["stage"], x["step"], "val/ab_error" in x, x.get("train/g_loss"))
            for x in conftest.lines_of(folder)
        ]
        for folder in (tmp_path, two_stages)
    )
    assert ours == whole


def test_the_last_checkpoint_gives_the_average(two_stages, photo_folder):
    settings = fields.override(TWO, source=str(photo_folder))
    train_state = states.TrainState(settings)
    assert states.Checkpoints(train_state, two_stages, 1).restore()
    generator, done = workdirs.load_generator(two_stages, "last")
    assert done == 7
    assert moved(values(generator), values(train_state.average)) == 0
    assert moved(values(generator), values(train_state.generator)) > 0


def test_a_stage_begins_with_the_average_and_fresh_moments(photo_folder):
    train_state = states.TrainState(fields.override(TWO, source=str(photo_folder)))
    for variable in train_state.average.trainable_variables:
        variable.assign(tf.ones(variable.shape))
    train_state.g_optimizer.iterations.assign(9)
    train_state.enter(1)
    assert all((v.numpy() == 1).all() for v in train_state.generator.trainable_variables)
    assert int(train_state.g_optimizer.iterations) == 0
    assert int(train_state.stage.numpy()) == 1


def test_a_stage_begins_with_the_best_so_far(finished):
    folder, seen, begun = finished
    (_, kept), (_, last), *_ = seen
    assert moved(kept, last) > 0
    assert moved(kept, begun[1][0]) == moved(kept, begun[1][1]) == 0
    generator, done = workdirs.load_generator(folder)
    assert done == 2  # and it is still the best of all
    assert moved(values(generator), kept) == 0


def test_the_best_is_of_all_stages(photo_folder, tmp_path, monkeypatch, quick_steps):
    seen = measure(monkeypatch, found("ab_error", (10.0, 20.0), (15.0, 9.0)))
    assert loop.train(fields.override(TWO, source=str(photo_folder)), tmp_path)
    generator, done = workdirs.load_generator(tmp_path)
    assert done == 7
    assert moved(values(generator), seen[-1][1]) == 0
    assert moved(values(generator), seen[0][1]) > 0


@pytest.mark.parametrize(("second", "best"), [((15.0, 12.0), 2), ((9.0, 11.0), 5)])
def test_a_stage_with_a_figure_of_its_own_has_to_beat_what_it_begins_with(
    photo_folder, tmp_path, monkeypatch, quick_steps, second, best
):
    # The second stage's are better by the first's figure, which no longer counts.
    by_first, by_second = (
        found(*x)
        for x in [("ab_error", (1.0, 2.0), (0.5, 0.5)), ("delta_e00", (10.0, 5.0), second)]
    )
    measure(monkeypatch, {place: by_first[place] | by_second[place] for place in by_first})
    changes = {"second.best_by": "delta_e00"}
    assert loop.train(fields.override(TWO, source=str(photo_folder), **changes), tmp_path)
    assert [path.name for path in workdirs.checkpoints(tmp_path / "best")] == [f"step-{best}"]


# The end of an adversarial stage


def judged(folder, stage, history):
    """The verdict after validations of (Fréchet distance, colorfulness over the truth's)."""
    records = summaries.Summaries(folder, TWO, 0)
    for done, (distance, ratio) in enumerate(history):
        records.scalars(
            stage.name,
            done,
            {validation.FRECHET: distance, "val/colorfulness": 40 * ratio, validation.TRUTH: 40.0},
        )
    judge = validation.Validation.__new__(validation.Validation)
    judge._stage, judge._run = stage, types.SimpleNamespace(records=records)
    return judge.reason_to_end()


@pytest.mark.parametrize(
    ("patience", "history", "reason"),
    [
        (2, [(9, 0.8), (8, 0.8), (7, 0.9)], None),
        (2, [(9, 0.8), (8, 0.8), (8.5, 0.9)], None),
        (
            2,
            [(9, 0.8), (8, 0.8), (8.5, 0.9), (8.2, 1)],
            "no Fréchet distance under 8.00 (step 1) in 2",
        ),
        (2, [(9, 0.8), (8, 1.2)], "colorfulness 48.0 is more than 1.15 times the truth's 40.0"),
        (0, [(9, 2), (10, 2), (11, 2), (12, 2)], None),
        (2, [], None),
    ],
)
def test_a_stage_ends_itself_by_distance_and_colorfulness(tmp_path, patience, history, reason):
    found = judged(tmp_path, config.StageConfig(patience=patience), history)
    assert found == reason if reason is None else reason in found


def test_a_stage_that_gets_no_better_stops_the_run_and_says_why(
    photo_folder, tmp_path, monkeypatch, quick_steps
):
    settings = fields.override(
        TWO,
        source=str(photo_folder),
        **{"second.patience": 2, "second.steps": 40, "second.best_by": config.FRECHET},
    )
    distances = iter([5.0, 4.0, 6.0, 7.0, 1.0])
    monkeypatch.setattr(validation, "MAX_COLORFULNESS", 1e9)
    monkeypatch.setattr(validation.frechet, "frechet_distance", lambda *_: next(distances))
    assert loop.train(settings, tmp_path)
    # Validated at 0, 2, 4 and 6 of its steps; the second was the best.
    assert workdirs.steps_done(tmp_path) == 3 + 6
    assert [path.name for path in workdirs.checkpoints(tmp_path / "best")] == ["step-5"]
    events = event_accumulator.EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    (said,) = events.Tensors("train/ended")
    text = tf.make_ndarray(said.tensor_proto).item().decode()
    assert (said.step, text) == (
        9,
        "second: no Fréchet distance under 4.00 (step 5) in 2 validations",
    )
    before = (tmp_path / "metrics.jsonl").read_text()
    assert loop.train(settings, tmp_path)  # resumed, it stays ended
    assert (tmp_path / "metrics.jsonl").read_text() == before


def test_what_a_stage_begins_with_is_no_reason_to_end_it(
    photo_folder, tmp_path, monkeypatch, quick_steps
):
    changes = {"second.patience": 1, "second.best_by": config.FRECHET}
    settings = fields.override(TWO, source=str(photo_folder), **changes)
    distances = iter([2.0, 1.0])
    monkeypatch.setattr(validation, "MAX_COLORFULNESS", 0.0)  # anything is gaudy
    monkeypatch.setattr(validation.frechet, "frechet_distance", lambda *_: next(distances))
    assert loop.train(settings, tmp_path)
    assert workdirs.steps_done(tmp_path) == 3 + 2  # to its first validation
    (best,) = workdirs.checkpoints(tmp_path / workdirs.BEST)
    assert workdirs.step_of(best) <= 3  # no gaudy weights are kept
