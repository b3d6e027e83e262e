"""Inception Score against torch-fidelity and closed forms."""

import make_inception
import numpy as np
import pytest
from scipy import special, stats

from tfcolor.evaluation.metrics import inception_score

FILE = np.load(make_inception.FOLDER / "inception.npz")  # what torch-fidelity gave


def score(logits, splits=1, batches=()):
    """The score of logits (n, c), which come in batches that begin at the places given."""
    accumulator = inception_score.Accumulator(splits)
    for batch in np.split(logits, list(batches)):
        accumulator.add(batch)
    return accumulator.result()


def test_score_matches_torch_fidelity():
    logits = 3 * make_inception.features("logits", 300)
    found = score(logits, make_inception.SPLITS, [0, 1, 33, 290])
    assert found.mean == pytest.approx(FILE["inception_score_mean"], rel=1e-6)
    assert found.std == pytest.approx(FILE["inception_score_std"], rel=1e-6)


def test_score_is_the_mean_divergence_from_the_mean(rng):
    logits = 2 * rng.normal(size=(25, 6))
    p = special.softmax(logits, axis=1)
    scores = [
        np.exp(np.mean([stats.entropy(row, p[split::4].mean(0)) for row in p[split::4]]))
        for split in range(4)
    ]
    found = score(logits, 4)
    assert found.mean == pytest.approx(np.mean(scores), rel=1e-10)
    assert found.std == pytest.approx(np.std(scores), rel=1e-10)


def test_score_is_one_for_photographs_alike_and_the_classes_for_one_of_each():
    assert score(np.tile([3.0, 1.0, 0.5], (9, 1))).mean == pytest.approx(1, rel=1e-12)
    sure = score(2000 * np.eye(7))  # exp of the others underflows
    assert sure.mean == pytest.approx(7, rel=1e-12) and sure.std == 0


def test_sizes_and_counts_are_checked():
    accumulator = inception_score.Accumulator(3)
    accumulator.add(np.zeros((0, 4)))
    accumulator.add(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="got 2 photographs for 3 splits"):
        accumulator.result()
    with pytest.raises(ValueError, match="got 5 and 4"):
        accumulator.add(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"\(n, c\), got shape \(5,\)"):
        accumulator.add(np.zeros(5))
