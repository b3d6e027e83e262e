"""The search: what may be written, what is trained, and what a kill leaves."""

import json
import math
import signal
import sys
import time
from pathlib import Path

import filelock
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata
from test_cli import fails, run, start

from tfcolor import config
from tfcolor.config import fields, recipes
from tfcolor.runtimes import workdirs
from tfcolor.support import interrupts
from tfcolor.training import loop
from tfcolor.tune import experiment, spaces, study

SETTINGS = fields.override(
    config.TrainConfig(),
    image_size=32,
    width=2,
    depth=3,
    batch_size=4,
    total_steps=4,
    validate_every_steps=2,
)
TFCOLOR = recipes.get("tfcolor")
METRIC = "val/ab_error"
STEPS = 5  # of the stand-in for training


def plan_of(photo_folder, *texts, **others):
    settings = fields.override(SETTINGS, source=str(photo_folder))
    return experiment.Experiment(settings, [spaces.parse(t, settings) for t in texts], **others)


class FakeTraining:
    """Stands for `loop.train`: the error is 10 l1_weight and grows; a validation a step."""

    def __init__(self):
        self.steps = {}
        self.kill_at = None
        self.stop_at = None

    def __call__(self, settings, folder, callbacks):
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(fields.to_json(settings))
        path = folder / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        for step in range(len(lines) + 1, STEPS + 1):
            if self.kill_at == (folder.name, step):
                raise KeyboardInterrupt
            if self.stop_at == (folder.name, step):
                signal.raise_signal(signal.SIGTERM)
                return False
            self.steps.setdefault(folder.name, []).append(step)
            value = 10 * settings.stages[0].l1_weight + step
            lines.append(json.dumps({"step": step, "stage": "train", METRIC: value}))
            path.write_text("\n".join(lines) + "\n")
            stops = [each.on_validation(step, {METRIC: value}) for each in callbacks]
            if any(stops) and step < STEPS:
                return False
        return True


@pytest.fixture
def training(monkeypatch):
    fake = FakeTraining()
    monkeypatch.setattr(loop, "train", fake)
    monkeypatch.setattr(study.gc, "collect", lambda: 0)  # slow beside the rest, and nothing to free
    return fake


# Search spaces


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.booleans())
def test_a_range_is_read_as_it_was_written(one, other, log):
    low, high = min(one, other), max(one, other)
    text = f"learning_rate={low!r}..{high!r}{' log' if log else ''}"
    if low == high:
        with pytest.raises(ValueError, match="LOW less than HIGH"):
            spaces.parse(text, SETTINGS)
        return
    space = spaces.parse(text, SETTINGS)
    assert (space.low, space.high, space.log, space.whole) == (low, high, log, False)


@given(st.integers(1, 500), st.integers(1, 500))
def test_a_range_of_an_int_field_is_whole(low, width):
    space = spaces.parse(f"batch_size={low}..{low + width}", SETTINGS)
    assert (space.low, space.high, space.whole) == (low, low + width, True)
    assert not spaces.parse(f"l1_weight={low}..{low + width}", SETTINGS).whole
    assert spaces.parse(f"batch_size={space.text}", SETTINGS) == space


@given(st.lists(st.integers(-99, 99), min_size=2, max_size=6, unique=True))
def test_choices_are_values_as_set_takes_them(numbers):
    text = ",".join(map(str, numbers))
    assert spaces.parse(f"train_limit={text}", SETTINGS).choices == tuple(numbers)


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("normalization=batch,instance", ("batch", "instance")),
        ("jit=true,false", (True, False)),
        ("d_learning_rate=null,1e-4", (None, 1e-4)),
        (
            'frozen=[],["encoder"],["encoder","generator"]',
            ((), ("encoder",), ("encoder", "generator")),
        ),
        ("source=../a,../b", ("../a", "../b")),
        ("refine.gan_weight=0, 0.1", (0, 0.1)),
    ],
)
def test_choices_of_every_type(text, choices):
    space = spaces.parse(text, TFCOLOR)
    assert space.choices == choices
    assert [space.value(json.dumps(choice)) for choice in choices] == list(choices)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate", "--search takes FIELD=LOW..HIGH"),
        ("=1..2", "--search takes FIELD=LOW..HIGH"),
        ("learn_rate=1..2", "unknown config field learn_rate"),
        (
            "nowhere.gan_weight=1..2",
            "unknown config field nowhere.gan_weight.* of classify, refine",
        ),
        ("recipe=a,b", "unknown config field recipe"),
        ("learning_rate=2..1", "LOW less than HIGH"),
        ("learning_rate=0..1 log", "LOW greater than 0 with log"),
        ("learning_rate=1..2 lin", "'LOW..HIGH log'"),
        ("learning_rate=a..b", "a range of numbers"),
        ("learning_rate=1..Infinity", "a range of numbers"),
        ("batch_size=1..2.5", "whole numbers"),
        ("batch_size=8,big", "type int, got 'big'"),
        ("batch_size=8,true", "type int, got True"),
        ("batch_size=8", "fix one value with --set batch_size=VALUE"),
        ("batch_size=8,8", "two different choices"),
        ("generator=1..2", "two different choices"),
    ],
)
def test_a_space_that_cannot_be_is_an_error(text, message):
    with pytest.raises(ValueError, match=message):
        spaces.parse(text, TFCOLOR)


def test_what_cannot_be_searched_is_an_error_before_anything_runs(photo_folder, tmp_path, training):
    with pytest.raises(ValueError, match="each field once"):
        plan_of(photo_folder, "l1_weight=1..2", "l1_weight=2..3")
    with pytest.raises(ValueError, match="nothing to search"):
        plan_of(photo_folder)
    with pytest.raises(ValueError, match="metric must be one of"):
        plan_of(photo_folder, "l1_weight=1..2", metric="val/colorfulness")
    with pytest.raises(ValueError, match="only with --set best_by"):
        plan_of(photo_folder, "l1_weight=1..2", metric=f"val/{config.FRECHET}")
    plan = plan_of(photo_folder, "l1_weight=1..2")
    with pytest.raises(ValueError, match="trials must be 1 or more"):
        study.tune(plan, tmp_path / "study", 0)
    assert not (tmp_path / "study").exists()


# Studies with a stand-in for training


def test_the_sampler_finds_what_is_good(photo_folder, tmp_path, training):
    plan = plan_of(photo_folder, "l1_weight=1..100")
    assert study.tune(plan, tmp_path, 20)
    found = study.outcomes(tmp_path, plan)
    assert len(found) == 20
    assert found[0].value == pytest.approx(10 * found[0].params["l1_weight"] + 1)
    assert found[0].step == 1
    assert found[0].params["l1_weight"] < 10
    values = [outcome.value for outcome in found if outcome.state == "complete"]
    assert values == sorted(values)


def test_a_pruned_trial_ran_fewer_steps(photo_folder, tmp_path, training):
    plan = plan_of(photo_folder, "l1_weight=1..100")
    study.tune(plan, tmp_path, 12)
    found = study.outcomes(tmp_path, plan)
    pruned = [outcome for outcome in found if outcome.state == "pruned"]
    assert pruned
    for outcome in found:
        steps = len(training.steps[outcome.folder.name])
        assert steps < STEPS if outcome.state == "pruned" else steps == STEPS
        assert outcome.state == "complete" or outcome.reason == "worse than the median"
    middle = sorted(o.params["l1_weight"] for o in found if o.state == "complete")[2]
    assert min(outcome.params["l1_weight"] for outcome in pruned) > middle / 2


@pytest.mark.parametrize("how", ["kill_at", "stop_at"])
def test_a_study_that_was_stopped_ends_as_the_whole_one(photo_folder, tmp_path, training, how):
    plan = plan_of(photo_folder, "l1_weight=1..100", seed=3)
    study.tune(plan, tmp_path / "whole", 7)
    whole, training.steps = training.steps, {}
    setattr(training, how, ("trial-0003", 3))
    if how == "kill_at":
        with pytest.raises(KeyboardInterrupt):
            study.tune(plan, tmp_path / "cut", 7)
    else:
        assert not study.tune(plan, tmp_path / "cut", 7)
    states = [outcome.state for outcome in study.outcomes(tmp_path / "cut", plan)]
    assert sorted(states) == ["complete"] * 3 + ["running"]
    setattr(training, how, None)
    assert study.tune(plan, tmp_path / "cut", 7)
    assert training.steps == whole  # no step twice, and the same trials

    def values(name):
        return [(o.folder.name, o.state, o.value, o.params) for o in study.outcomes(name, plan)]

    assert values(tmp_path / "cut") == values(tmp_path / "whole")
    assert study.tune(plan, tmp_path / "cut", 7)  # and nothing more to do
    assert training.steps == whole


def test_a_trial_that_another_process_trains_is_left_to_it(photo_folder, tmp_path, training):
    plan = plan_of(photo_folder, "l1_weight=1..100")
    training.kill_at = ("trial-0001", 3)
    with pytest.raises(KeyboardInterrupt):
        study.tune(plan, tmp_path, 3)
    training.kill_at = None
    with filelock.FileLock(tmp_path / ".trial-0001.lock"):
        assert study.tune(plan, tmp_path, 3)
    assert len(training.steps["trial-0001"]) == 2
    assert len(training.steps["trial-0002"]) == STEPS
    assert study.tune(plan, tmp_path, 3)
    assert len(training.steps["trial-0001"]) == STEPS
    assert len(study.outcomes(tmp_path, plan)) == 3


def test_values_that_fail_end_their_trial_alone(photo_folder, tmp_path, training, monkeypatch):
    def train(settings, folder, callbacks):
        raise FloatingPointError("g_loss nan is not finite at step 4")

    monkeypatch.setattr(loop, "train", train)
    plan = plan_of(photo_folder, "depth=5,6")
    assert study.tune(plan, tmp_path, 6)
    found = study.outcomes(tmp_path, plan)
    assert {outcome.state for outcome in found} == {"pruned"}
    reasons = {outcome.params["depth"]: outcome.reason for outcome in reversed(found)}
    assert len(found) == 6
    assert set(reasons) == {5, 6}
    text = " ".join(outcome.reason for outcome in found)
    assert "g_loss nan is not finite" in text
    assert "image_size must be a multiple of 64" in text


def test_values_that_come_again_are_not_trained_again(photo_folder, tmp_path, training):
    plan = plan_of(photo_folder, "l1_weight=1,2")
    assert study.tune(plan, tmp_path, 6)
    assert len(training.steps) == 2
    found = study.outcomes(tmp_path, plan)
    assert len(found) == 6
    assert {outcome.value for outcome in found} == {11, 21}
    assert {path.name for path in tmp_path.glob("trial-*")} == {"trial-0000", "trial-0001"}


def test_after_the_timeout_no_trial_is_begun(photo_folder, tmp_path, training):
    plan = plan_of(photo_folder, "l1_weight=1..100")
    assert study.tune(plan, tmp_path, 3, minutes=1e-9)
    assert not training.steps
    assert study.tune(plan, tmp_path, 3)
    assert len(training.steps) == 3


def test_a_changed_study_is_refused_and_stays(photo_folder, tmp_path, training):
    study.tune(plan_of(photo_folder, "l1_weight=1..100"), tmp_path, 1)
    before = (tmp_path / "study.json").read_text()
    for changed, message in (
        (plan_of(photo_folder, "l1_weight=1..99"), r"search l1_weight 1..100 \(now 1..99\)"),
        (plan_of(photo_folder, "l1_weight=1..100", seed=1), r"sampler seed 0 \(now 1\)"),
        (plan_of(photo_folder, "width=2,4"), "search width not given"),
        (plan_of(photo_folder, "l1_weight=1..100", metric="val/ssim"), "metric val/ab_error"),
    ):
        with pytest.raises(ValueError, match=message):
            study.tune(changed, tmp_path, 2)
    assert (tmp_path / "study.json").read_text() == before
    assert len(training.steps) == 1


def test_a_signal_within_a_trial_is_the_searchs_too():
    before = signal.getsignal(signal.SIGTERM)
    with interrupts.interruptible() as outer:
        with interrupts.interruptible() as inner:
            assert not inner.is_set()
            signal.raise_signal(signal.SIGTERM)
            assert inner.is_set()
        assert outer.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) == before
    with interrupts.interruptible() as anew:
        assert not anew.is_set()


# The command


def arguments(photo_folder, folder, trials, steps=4):
    return [
        *("tune", "--data", photo_folder, "--folder", folder, "--recipe", "pix2pix"),
        *("--trials", trials, "--steps", steps, "--set", "image_size=32", "--set", "width=2"),
        *("--set", "batch_size=4", "--set", "validate_every_steps=2", "--set", "depth=2"),
        *("--set", "gan_weight=0"),  # quicker to trace
        *("--search", "learning_rate=1e-4..1e-2 log", "--search", "l1_weight=10,100"),
    ]


@pytest.mark.slow
def test_a_small_study_is_trained_shown_and_exported(photo_folder, tmp_path):
    folder = tmp_path / "study"
    code, output = run(*arguments(photo_folder, folder, 2))
    assert code == 0, output
    rows = [line.split() for line in output.splitlines() if line.endswith("  complete")]
    assert len(rows) == 2
    best, value = Path(rows[0][0]), float(rows[0][1])
    lines = [json.loads(x) for x in (best / "metrics.jsonl").read_text().splitlines()]
    assert value == pytest.approx(min(x.get(METRIC, math.inf) for x in lines), rel=1e-3)
    (command,) = [line for line in output.splitlines() if "in full: tfcolor train" in line]
    rate = workdirs.read_config(best).stages[0].learning_rate
    assert f"--set learning_rate={rate!r}" in command
    assert "total_steps" not in command
    assert run("export", best, tmp_path / "model")[0] == 0
    code, again = run(*arguments(photo_folder, folder, 2))
    assert code == 0
    assert "train 4/4" not in again
    assert "search beta_1 not given" in fails(
        *arguments(photo_folder, folder, 2), "--search", "beta_1=0,0.5"
    )
    assert_shown_in_tensorboard(folder, rate, best)


def assert_shown_in_tensorboard(folder, rate, best):
    """The study's columns are fields that its trials wrote, and so is its metric."""

    def events_in(path):
        return event_accumulator.EventAccumulator(str(path)).Reload()

    content = events_in(folder).summary_metadata[metadata.EXPERIMENT_TAG].plugin_data.content
    described = metadata.parse_experiment_plugin_data(content)
    columns = {info.name: info for info in described.hparam_infos}
    assert set(columns) == {"train.learning_rate", "train.l1_weight"}
    interval = columns["train.learning_rate"].domain_interval
    assert (interval.min_value, interval.max_value) == (1e-4, 1e-2)
    assert list(columns["train.l1_weight"].domain_discrete) == [10, 100]
    assert [info.name.tag for info in described.metric_infos] == [METRIC]
    events = events_in(best / "events")
    content = events.summary_metadata[metadata.SESSION_START_INFO_TAG].plugin_data.content
    written = metadata.parse_session_start_info_plugin_data(content).hparams
    assert set(columns) <= set(written)
    assert written["train.learning_rate"].number_value == rate
    assert METRIC in events.Tags()["tensors"]


@pytest.mark.slow
def test_ctrl_c_exits_with_130_and_the_command_goes_on(photo_folder, tmp_path):
    folder = tmp_path / "study"
    rare = ["--set", "validate_every_steps=1000", "--set", "checkpoint_every_steps=50"]
    command = [*arguments(photo_folder, folder, 1, 400), *rare]
    process = start(*command)
    for _ in range(600):
        if list((folder / "trial-0000").glob("checkpoints/step-*.index")):
            break
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "0 of 1 trials are finished; run the same command to go on" in output
    stopped = int(output.split("stopped at step ")[1].split(";")[0])
    code, output = run(*command)
    assert code == 0, output
    assert f"resumed {folder / 'trial-0000'} at step {stopped}" in output
    assert len(list(folder.glob("trial-*"))) == 1


def test_without_optuna_the_command_says_what_to_install(photo_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    line = fails(*arguments(photo_folder, tmp_path / "study", 1))
    assert line == "Error: tune needs Optuna; pip install 'tfcolor[tune]'"


def test_mistakes_are_one_line(photo_folder, tmp_path):
    command = arguments(photo_folder, tmp_path / "study", 1)
    assert "unknown config field nothing" in fails(*command, "--search", "nothing=1..2")
    assert "width is both searched and given" in fails(*command, "--search", "width=2,4")
    assert not (tmp_path / "study").exists()
