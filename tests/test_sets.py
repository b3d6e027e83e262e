"""Figures of sets: intervals around the published formulas, gray left out, and realism."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial import distance

from tfcolor.color import cielab
from tfcolor.evaluation import intervals, record, scores, sets
from tfcolor.evaluation.features import extractors
from tfcolor.evaluation.metrics import frechet, inception_score, kid

COUNT = 48


def project(rgb):
    """A stand-in for a network: 6 averages of colors and 5 classes, cheap and smooth."""
    small = tf.image.resize(tf.cast(rgb, tf.float32) / 255, (1, 2), antialias=True)
    pooled = tf.reshape(small, (-1, 6))
    return pooled, 8.0 * pooled[:, :5]


NETWORK = extractors.Extractor("small", "fd", "kd", "score", 6, 5, project)


@pytest.fixture
def truth(rng):
    """Flat photographs of random colors, of which the last two are gray; uint8 (50, 16, 16, 3)."""
    flat = rng.integers(0, 256, (COUNT + 2, 1, 1, 3), dtype=np.uint8)
    flat[-2:] = flat[-2:, ..., :1]
    flat[:-2, ..., 0] = 255 - flat[:-2, ..., 1] // 2  # of color without doubt
    return np.broadcast_to(flat, (COUNT + 2, 16, 16, 3)).copy()


def watched(truth, fakes, size=7):
    seen = sets.SetFigures(NETWORK, min_chroma=4.0)
    for start in range(0, len(truth), size):
        batch = {"rgb": tf.constant(truth[start : start + size])}
        for name, fake in {**fakes, scores.TRUTH: truth}.items():
            seen(name, batch, fake[start : start + size])
    return seen


def test_the_figures_are_those_of_the_formulas_over_color_photographs(truth):
    gray = cielab.without_color(truth).numpy()
    found = watched(truth, {"gray": gray}).result()["gray"]
    (real, _), (fake, logits) = (NETWORK.extract(rgb[:COUNT]) for rgb in (truth, gray))

    def stats(pooled):
        return frechet.FeatureStats(pooled.mean(0), np.cov(pooled.T), len(pooled))

    expected = frechet.frechet_distance(stats(np.float64(real)), stats(np.float64(fake)))
    assert found["fd"].value == pytest.approx(expected, rel=1e-6)
    assert found["kd"].value == pytest.approx(kid.mmd2(real, fake), rel=1e-9)
    whole = inception_score.Accumulator()
    whole.add(logits)
    assert found["score"].value == pytest.approx(whole.result().mean)
    for figure in found.values():
        value, low, high = intervals.jackknife(figure.value, figure.without)
        assert low < value < high


def test_the_truth_is_no_distance_from_itself_and_worse_is_farther(truth, rng):
    worse = {
        str(level): np.clip(truth + rng.normal(0, level, truth.shape[:1] + (1, 1, 3)), 0, 255)
        for level in (20, 80)
    }
    worse = {name: fake.astype(np.uint8) for name, fake in worse.items()}
    found = watched(truth, worse).result()
    assert found["truth"]["fd"].value == pytest.approx(0, abs=1e-9)
    for figure in ("fd", "kd"):
        assert found["20"][figure].value < found["80"][figure].value


def test_the_interval_holds_the_distance_of_other_photographs(rng):
    """Over many draws of photographs, the interval holds nearly always the mean of the draws."""
    inside, values = [], []
    for _ in range(30):
        truth = rng.integers(0, 200, (COUNT, 16, 16, 3), dtype=np.uint8)
        truth[..., 0] += 55
        fake = np.clip(truth + rng.normal(25, 10, (COUNT, 1, 1, 3)), 0, 255).astype(np.uint8)
        figure = watched(truth, {"fake": fake}).result()["fake"]["fd"]
        value, low, high = intervals.jackknife(figure.value, figure.without)
        values.append(value)
        inside.append((low, high))
    center = np.mean(values)
    assert np.mean([low <= center <= high for low, high in inside]) > 0.8


def test_realism_is_the_distance_from_the_nearest_other_photographs(truth):
    gray = cielab.without_color(truth).numpy()
    realism = watched(truth, {"gray": gray}).realism()
    real, fake = (NETWORK.extract(rgb[:COUNT])[0] for rgb in (truth, gray))

    def of_others(pooled):
        apart = distance.cdist(pooled, real)
        np.fill_diagonal(apart, np.inf)
        return np.sort(apart, axis=1)[:, : sets.NEAREST].mean(axis=1)

    np.testing.assert_allclose(realism["truth"], 1.0)
    np.testing.assert_allclose(realism["gray"], of_others(real) / of_others(fake), rtol=1e-3)


def test_too_few_photographs_have_no_figures(truth):
    few = watched(truth[:5], {"gray": cielab.without_color(truth[:5]).numpy()})
    assert few.result() == {"gray": {}, "truth": {}} and few.realism() == {}


def test_more_photographs_than_are_kept_count_all_the_same(truth, monkeypatch):
    fake = np.roll(truth, 1, axis=0)
    whole = watched(truth, {"fake": fake}).result()["fake"]
    monkeypatch.setattr(kid.Reservoir.__init__, "__defaults__", (30, kid.SEED))
    monkeypatch.setattr(kid, "CAPACITY", 30)
    monkeypatch.setattr(sets, "TOGETHER", 3)
    seen = watched(truth, {"fake": fake})
    assert seen.result()["fake"]["fd"].value == pytest.approx(whole["fd"].value, rel=1e-9)
    assert seen.realism() == {}


def test_two_rows_differ_by_the_distances_without_the_same_photographs(truth, rng):
    """What makes a set of photographs hard for both cancels: the interval is narrow."""
    gray = cielab.without_color(truth).numpy()
    shifted = np.clip(gray.astype(int) + [[[[0, 0, 9]]]], 0, 255).astype(np.uint8)
    found = watched(truth, {"gray": gray, "shifted": shifted}).result()
    rows = {}
    for name in ("shifted", "gray", "truth"):
        sets_of = {m: intervals.jackknife(f.value, f.without) for m, f in found[name].items()}
        without = {m: f.without for m, f in found[name].items()}
        values = {"colorfulness": np.zeros(2, np.float32)}
        rows[name] = record.RowScores(values, name != "shifted", sets_of, without)
    evaluation = record.Evaluation({}, ["a", "b"], {}, np.zeros(2, bool), rows)
    value, low, high = evaluation.differences()["shifted", "gray"]["fd"]
    assert value == pytest.approx(found["shifted"]["fd"].value - found["gray"]["fd"].value)
    alone = rows["gray"].sets["fd"]
    assert low < value < high and high - low < alone[2] - alone[1]
