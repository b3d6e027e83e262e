"""What `tfcolor evaluate` prints: sentences, and a table of the figures to look at first."""

import numpy as np
import pytest

from tfcolor.evaluation import record, scores, table, verdict, wording

COUNT = 60


def evaluation(rng, rows, sets=None):
    """Of models with a mean ΔE00 and a colorfulness each, beside gray (12, 0) and the truth."""
    hard = rng.normal(0, 3, COUNT)  # what makes a photograph hard for all rows alike
    made = {}
    for name, (delta, colorfulness) in (rows | {"gray": (12, 0), "truth": (0, 40)}).items():
        near = name == "truth"
        made[name] = record.RowScores(
            {
                "psnr": np.full(COUNT, np.inf) if near else 20 + hard / 10 - delta,
                "delta_e00": np.zeros(COUNT) if near else delta + hard + rng.normal(0, 0.1, COUNT),
                "colorfulness": colorfulness + rng.normal(0, 1, COUNT) * (colorfulness > 0),
            },
            is_control=name in scores.CONTROLS,
            sets={k: (v[name], v[name], v[name]) for k, v in (sets or {}).items()},
            without={
                k: v[name] + np.random.default_rng(0).normal(0, 0.1, 10)
                for k, v in (sets or {}).items()
            },
        )
    names = [str(index) for index in range(COUNT)]
    return record.Evaluation({}, names, {}, np.zeros(COUNT, bool), made)


def test_the_nearest_is_named_and_those_like_it_and_those_behind(rng):
    made = evaluation(rng, {"a": (10.0, 20), "b": (9.0, 30), "c": (9.001, 36)})
    nearest, liveliest = verdict.sentences(made)
    first, behind = nearest.split(". ")
    near, like = ("b", "c") if first.startswith("Closest to the truth: b (ΔE00 ") else ("c", "b")
    assert first.startswith(f"Closest to the truth: {near} (ΔE00 ")
    assert f", though {like} (+0." in first and first.endswith("from it on these photographs")
    assert behind.startswith("Behind it: a (+1.0") and ", gray (+3.0" in behind
    said = "Liveliest, by its share of the truth's colorfulness"
    assert liveliest == f"{said}: c (90 %). Behind it: b (75 %), a (50 %)."


def test_gray_may_be_the_nearest(rng):
    said = verdict.sentences(evaluation(rng, {"a": (14.0, 20)}))[0]
    assert said.startswith("Closest to the truth: gray (ΔE00 12") and "Behind it: a (+2.0" in said


def test_a_model_as_good_as_gray_is_no_different(rng):
    rows = {"a": (12.0, 20)}
    said = verdict.sentences(evaluation(rng, rows))[0]
    assert "cannot be told from it on these photographs." in said and "Behind" not in said


def test_sets_are_compared_where_every_row_has_a_distance(rng):
    distances = {"a": 30.0, "b": 20.0, "gray": 50.0, "truth": 0.0}
    rows = {"a": (9.0, 20), "b": (10.0, 30)}
    said = verdict.sentences(evaluation(rng, rows, {"fd_efficientnet_lite0": distances}))
    assert said[1].startswith("Most like photographs as a set: b (FD-Lite0 20). Behind it: a (+10")
    assert len(said) == 3


def test_without_a_model_there_is_no_verdict(rng):
    assert verdict.sentences(evaluation(rng, {})) == []


def test_the_table_has_a_row_for_each_model_in_80_columns(rng):
    distances = {"a": 30.0, "saved_models/a-long-name/1": 20.0, "gray": 50.0, "truth": 0.0}
    rows = {"a": (9.0, 20), "saved_models/a-long-name/1": (10.0, 30)}
    text = table.text(evaluation(rng, rows, {"fid": distances}))
    lines = text.split("\n")
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["PSNR", "↑", "ΔE00", "↓", "colorfulness", "FID", "↓"]
    assert lines[1].split()[0] == "a" and lines[2] == "saved_models/a-long-name/1"
    assert lines[4].split()[0] == "gray" and lines[5].split()[0] == "truth"
    assert len({len(line) for line in (lines[0], lines[1], lines[3], lines[4])}) == 1


@pytest.mark.parametrize(
    "interval, digits, text",
    [
        ((0.91234, 0.9072, 0.91734), 2, "0.9123 ±0.0051"),
        ((0.91234, 0.9072, 0.91734), 1, "0.912 ±0.005"),
        ((22.56, 22.31, 22.8), 1, "22.6 ±0.2"),
        ((22.56, 21.6, 23.5), 1, "23 ±1"),
        ((42.9, 31.9, 53.9), 1, "43 ±11"),
        ((np.inf, np.inf, np.inf), 1, "∞"),
        ((0.0, 0.0, 0.0), 1, "0"),
    ],
)
def test_figures_are_rounded_to_what_their_interval_allows(interval, digits, text):
    assert wording.shown(interval, digits=digits) == text


def test_arrows_point_to_the_better_side():
    told = [wording.heading(metric) for metric in ("psnr", "delta_e00", "colorfulness", "fid")]
    assert told == ["PSNR ↑", "ΔE00 ↓", "colorfulness", "FID ↓"]
    assert wording.heading("other") == "other"
