"""The report of docs/report/: what it is built from, and that it is true to it."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from skimage import color

from tfcolor.config import fields, recipes
from tfcolor.data import samples
from tfcolor.evaluation import record

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
sys.path += [str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "study")]

catalog, collect, draw, measure, report, shipped, strength, subjects, train = map(
    importlib.import_module,
    ("catalog", "collect", "draw", "measure", "report", "shipped", "strength", "subjects", "train"),
)


def figure(value):
    """A figure of an evaluation whose interval is nothing."""
    return {"value": value, "low": value, "high": value}


@pytest.mark.parametrize("run", catalog.RUNS, ids=lambda run: f"{run.group}-{run.name}")
def test_every_run_of_the_catalog_can_be_trained(run):
    settings = fields.override(recipes.get(run.recipe), **fields.parse(run.assignments))
    assert settings.stages[0].image_size == {"tfcolor-96": 96, "tfcolor-192": 192}.get(
        run.name, 128
    )
    assert bool(run.minutes) != bool(run.crops)
    if run.group == catalog.EXPERIMENTS:
        assert run.about and run.expected


def test_an_experiment_differs_from_its_control_in_one_field():
    runs = {run.name: run for run in catalog.RUNS}
    compared = [run for run in catalog.RUNS if run.control]
    assert len(compared) == 15
    for run in compared:
        control = runs[run.control]
        assert (run.recipe, run.minutes, run.crops) == (
            control.recipe,
            control.minutes,
            control.crops,
        )
        assert len(run.changes.items() - control.changes.items()) == 1


def test_names_of_runs_are_their_own():
    assert len({run.name for run in catalog.RUNS}) == len(catalog.RUNS)


def test_a_run_has_as_many_steps_as_its_processor_time_pays_for(monkeypatch):
    now = [0.0]

    def step_call(settings, index):
        return lambda: now.__setitem__(0, now[0] + (index + 1) / 4)  # 0.25 s, then 0.5 and 0.75

    monkeypatch.setattr(measure, "step_call", step_call)
    monkeypatch.setattr(train.time, "process_time", lambda: now[0])
    planned = train.plan(catalog.Run("tfcolor", catalog.RECIPES, "tfcolor", minutes=60.0))
    stages = recipes.get("tfcolor").stages  # 30,000 and 6,000 steps, in their proportions
    assert list(planned["cpu_s"].values()) == [0.25, 0.5]
    mean = sum(s.steps * c for s, c in zip(stages, (0.25, 0.5), strict=True)) / 36_000
    assert planned["steps"] == int(60 * 60 / mean)
    counted = train.plan(catalog.Run("tfcolor", catalog.EXPERIMENTS, "tfcolor", crops=2 * 816_000))
    assert counted["steps"] == 72_000  # as 36,000 steps have 30,000 x 24 + 6,000 x 16 crops


def test_a_run_goes_on_with_the_steps_it_began_with(tmp_path, monkeypatch):
    run, calls, codes = catalog.RUNS[0], [], [130, 0]
    planned = {"steps": 12, "cpu_s": {"classify": 1.0}, "cpu_minutes": 2.0, "done": False}
    (tmp_path / "tfcolor.json").write_text(json.dumps(planned))

    def trained(command, **_):
        calls.append(command)
        return subprocess.CompletedProcess(command, codes[len(calls) - 1])

    used = iter([100.0, 130.0, 200.0, 290.0])  # processor seconds, before and after each call
    monkeypatch.setattr(train.subprocess, "run", trained)
    monkeypatch.setattr(train, "_cpu_s", lambda: next(used))
    assert [train.train(run, tmp_path, "photos") for _ in range(3)] == [False, True, True]
    assert len(calls) == 2 and calls[0] == calls[1]  # what is done is not trained again
    assert calls[0][calls[0].index("--steps") + 1] == "12"
    assert json.loads((tmp_path / "tfcolor.json").read_text())["cpu_minutes"] == 2 + 0.5 + 1.5


def test_curves_come_from_the_events_of_tensorboard(tmp_path):
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step in range(1, 301):
            tf.summary.scalar("train/d_loss", 1 / step, step)
        tf.summary.scalar("val/ab_error", 14.25, 300)
        tf.summary.scalar("other", 1.0, 300)
    curves = collect.curves(tmp_path)
    assert curves["val/ab_error"] == [[300, 14.25]] and "other" not in curves
    points = np.array(curves["train/d_loss"])
    assert len(points) == collect.POINTS and points[0, 0] == 1 and points[-1, 0] == 300
    np.testing.assert_allclose(points[:, 1], 1 / points[:, 0], rtol=1e-3)


def test_no_model_is_measured_twice(tmp_path, monkeypatch):
    path, calls, rows = tmp_path / "found.json", [], {}
    first, second = tmp_path / "first", tmp_path / "second"

    def call(*arguments):
        calls.append(arguments[2:])  # after what `tfcolor` is for Python
        rows.update({each.name: {} for each in arguments if each in (first, second)})
        whole = {"protocol": {"source": "here", "part": "all"}, "rows": rows, "differences": {}}
        path.write_text(json.dumps(whole))

    monkeypatch.setattr(collect, "call", call)
    for models in ([first], [first, second], [first, second]):
        found = collect.evaluated(path, models, "--data", "photos")
    assert calls == [
        ("evaluate", first, "--data", "photos", "--json", path),
        ("evaluate", second, "--data", "photos", "--beside", path, "--json", path),
    ]
    assert found["protocol"] == {"part": "all"} and list(found["rows"]) == ["first", "second"]


def test_time_is_shared_out_by_what_steps_cost():
    run = {
        "cpu_minutes": 6.0,
        "stages": [{"steps": 10, "cpu_s": 1.0}, {"steps": 5, "cpu_s": 4.0}],
    }
    np.testing.assert_allclose(draw.minutes(run, np.array([0, 5, 10, 15])), [0, 1, 2, 6])


def test_a_difference_can_be_asked_for_in_both_directions():
    found = {"differences": {"a - b": {"psnr": {"value": 1.0, "low": 0.5, "high": 1.75}}}}
    assert report.difference(found, "a", "b", "psnr") == "+1.00 ±0.75"
    assert report.difference(found, "b", "a", "psnr") == "-1.00 ±0.75"


def test_what_a_run_had_seen_ends_with_the_chosen_step():
    stages = collect.stages(recipes.get("tfcolor"), 30_500)
    assert [(stage["name"], stage["steps"]) for stage in stages] == [
        ("classify", 30_000),
        ("refine", 500),
    ]
    assert [stage["photographs"] for stage in stages] == [30_000 * 24, 500 * 16]


def test_experiments_stand_beside_their_controls():
    runs = {name: {"group": "experiments", "control": ""} for name in ("a", "b")}
    runs |= {"a-film": {"group": "experiments", "control": "a"}, "c": {"group": "recipes"}}
    less = {"ab_error": figure(-0.5), report.FRECHET: figure(2.0)}
    evaluation = {
        "rows": dict.fromkeys(runs, {"colorfulness": figure(20.0)}),
        "differences": {"a - a-film": less},
    }
    lines = report.experiment_table(evaluation, runs).splitlines()
    assert lines[2:] == ["| a | 20 |  |  |", "| b | 20 |  |  |", "| a-film | 20 | +0.5 | -2 |"]


def test_a_run_is_measured_once_and_then_needs_no_weights(tmp_path, monkeypatch):
    run, asked = catalog.RUNS[0], []
    (tmp_path / f"{run.name}.json").write_text('{"done": true}')

    def evaluated(folder, group, models, photos, *options):
        asked.append((group, photos, *options))

    monkeypatch.setattr(collect, "_evaluated", evaluated)
    monkeypatch.setattr(collect, "call", lambda *arguments: asked.append(arguments[2:]))
    monkeypatch.setattr(collect, "_described", lambda folder, run: {"name": run.name})
    monkeypatch.setattr(collect, "benchmarked", lambda path, *options: {"at_share": {"psnr": 22.0}})
    for _ in range(2):
        with pytest.raises(SystemExit, match="^tfcolor-again, capstone, .*: not trained"):
            collect.collect(tmp_path, "photographs", "test", tmp_path / "out")
    model = tmp_path / "models" / run.name
    files = [samples.FOLDER / name for name in collect.held_out()]
    pictures = tmp_path / "pictures" / run.name
    assert len(files) == 16
    assert asked == [
        ("export", tmp_path / run.name, model, "--checkpoint", "last"),
        ("recipes", "test", "--part", "all"),
        ("samples", "samples"),
        ("colorize", *files, "--recolor", "-m", model, "--size", 128, "-o", pictures),
    ]
    collected = json.loads((tmp_path / f"{run.name}-collected.json").read_text())
    assert collected == {"name": run.name, "at_strength": {"psnr": 22.0}}


def test_what_was_not_reached_is_marked():
    at_strength = {"reached": False, "factor": 2.5, "psnr_over_gray": -0.25}
    at_strength |= {"ab_error_of_gray": 1.02, "delta_e00_of_gray": 0.95}
    run = {"name": "a", "group": "recipes", "cpu_minutes": 6.04, "at_strength": at_strength}
    run |= {"chosen_step": 50, "chosen_photographs": 1200, "stages": [{"steps": 60}, {"steps": 40}]}
    reached = {**run, "name": "b", "at_strength": {**at_strength, "reached": True, "factor": 1.5}}
    found = report.strength_table({"a": run, "b": reached, "c": {"group": "other"}}, "recipes")
    same = "-0.25 dB | +2.0 % | -5.0 % |"
    assert found.splitlines()[2:] == [
        f"| a | 6.0 | 50 of 100 | 1,200 | over 2.50 | {same}",
        f"| b | 6.0 | 50 of 100 | 1,200 | 1.50 | {same}",
    ]


def test_what_came_after_the_chosen_weights_is_not_told_of_the_shipped_model(monkeypatch):
    chosen = {"first": 30_500, "second": 100}
    curves = {"val/ab_error": [[100, 16.0], [30_500, 14.0], [31_000, 15.0]]}
    monkeypatch.setattr(shipped.workdirs, "load_generator", lambda run: (None, chosen[run.name]))
    monkeypatch.setattr(shipped.workdirs, "read_config", lambda run: recipes.get("tfcolor"))
    monkeypatch.setattr(collect, "curves", lambda events: curves)
    found = shipped.described([Path("first"), Path("second")])
    steps = [(stage["name"], stage["steps"]) for stage in found["stages"]]
    assert steps == [("classify", 30_000), ("refine", 500), ("classify", 100)]
    assert found["stages"][1]["photographs"] == 500 * 16
    assert found["curves"]["val/ab_error"] == [[100, 16.0], [30_500, 14.0], [30_600, 16.0]]


def test_aims_are_compared_with_what_was_reached():
    def rows(psnr, delta, colorful, distance):
        names = ("psnr", "delta_e00", "colorfulness", report.FRECHET)
        return dict(zip(names, map(figure, (psnr, delta, colorful, distance)), strict=True))

    gray, truth = rows(22.0, 12.0, 0.0, 60.0), rows(None, 0.0, 40.0, 0.0)
    ours = {"tfcolor": rows(22.5, 10.5, 36.0, 42.0), "gray": gray, "truth": truth}
    difference = {"tfcolor - gray": rows(0.5, -1.5, 36.0, -18.0)}
    whole = {"rows": ours, "differences": difference}
    others = {"pix2pix": rows(21.0, 13.0, 30.0, 70.0), "tfcolor": rows(23.0, 9.0, 20.0, 40.0)}
    recipe = {"rows": {**others, "gray": gray, "truth": truth}}
    strength = {"psnr_over_gray": 0.25, "delta_e00_of_gray": 0.94}
    sizes = {"mean_delta_e00": 3.25, "photographs": 100}
    found = {"at_256": whole, "at_128": whole, "at_strength": strength, "sizes": sizes}
    lines = report.aims(found, recipe).splitlines()[2:]
    assert [line.strip("| ").split(" | ")[1:] for line in lines] == [
        ["± 15 %", "-10.0 %", "", "reached"],
        ["+0.8 dB or more", "+0.5 dB", "+0.25 dB", "0.55 dB"],
        ["-10 % or less", "-12.5 %", "-6.0 %", "4 points"],
        ["-50 % or less", "-30.0 %", "", "20 points"],
        ["under 3", "3.2", "", "0.25"],
        ["under every other recipe's, 13.00", "10.5", "", "reached"],
        ["under every other recipe's, 70.00", "42", "", "reached"],
    ]


def test_each_subject_has_the_figures_of_its_own_photographs_in_color():
    def row(first, is_control):
        values = np.arange(first, first + 4, dtype=np.float32)
        return record.RowScores(dict.fromkeys(subjects.METRICS, values), is_control)

    names = ["a/1", "a/2", "b/1", "b/2"]
    evaluation = record.Evaluation(
        protocol={},
        names=names,
        photographs={},
        is_gray=np.array([False, False, False, True]),
        rows={"ours": row(10, False), "gray": row(8, True)},
    )
    subject = dict(zip(names, ("animal", "animal", "people", "people"), strict=True))
    found = subjects.by_subject(evaluation, subject)
    assert list(found) == ["animal", "people"]
    assert [each["photographs"] for each in found.values()] == [2, 1]
    assert found["animal"]["ours"]["psnr"] == [10.5, 0.5]
    assert found["people"]["ours"]["over_gray"]["delta_e00"] == [2.0, 0.0]
    with pytest.raises(KeyError):
        subjects.by_subject(evaluation, {})


def test_a_network_may_see_old_film_but_its_colors_are_laid_over_the_photograph():
    rgb = np.full((2, 64, 64, 3), 128, np.uint8)
    shown = []

    def colorize(gray):
        shown.append(gray)
        return np.stack([np.broadcast_to([200, 120, 120], gray.shape[1:])] * 2).astype(np.uint8)

    batch = {"rgb": tf.constant(rgb), "image_id": tf.constant([2**40, 7], tf.int64)}
    first, second = (strength.on_film(colorize)(rgb, batch) for _ in range(2))
    np.testing.assert_array_equal(shown[0], shown[1])
    assert (shown[0] != rgb).any() and (shown[0][0] != shown[0][1]).any()
    np.testing.assert_array_equal(first, second)
    l, lab = (color.rgb2lab(each) for each in (rgb, first))
    np.testing.assert_allclose(lab[..., 0], l[..., 0], atol=0.5)
    assert (lab[..., 1] > 20).all()


def test_the_report_is_what_its_files_say():
    assert (ROOT / "docs/report/README.md").read_text(encoding="utf-8") == report.render(report.OUT)
