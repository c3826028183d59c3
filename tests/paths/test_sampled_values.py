"""Averages of values that stand for many paths, against the same averages of the paths one by one."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.errors import InvalidInput
from qtraj.paths.sampled_values import CountedValues, WeightedValues

VALUES = np.array([-1.5, 0.0, 0.25, 3.0])
COUNTS = np.array([2, 0, 5, 1])


def test_counted_values_are_those_of_the_paths() -> None:
    sampled, paths = CountedValues(values=VALUES, counts=COUNTS, paths=8), np.repeat(VALUES, COUNTS)
    assert sampled.mean() == pytest.approx(paths.mean(), rel=1e-14)
    assert sampled.variance() == pytest.approx(paths.var(), rel=1e-14)
    assert sampled.standard_error() == pytest.approx(paths.std(ddof=1) / np.sqrt(8), rel=1e-14)
    assert sampled.exponential_average(0.7) == pytest.approx(np.exp(-0.7 * paths).mean(), rel=1e-14)


def test_paths_outside_the_law_have_no_share_in_an_average() -> None:
    inside, outside = (CountedValues(values=VALUES, counts=COUNTS, paths=paths) for paths in (8, 20))
    assert inside.mean() == outside.mean()
    assert inside.standard_error() > outside.standard_error()
    nobody = CountedValues(values=VALUES, counts=np.zeros(4, dtype=np.int64), paths=3)
    for average in (nobody.mean, nobody.variance, nobody.standard_error, lambda: nobody.exponential_average(1.0)):
        with pytest.raises(InvalidInput, match="needs at least one path in a class of the law"):
            average()


def test_weights_undo_a_tilt(root_seed: int) -> None:
    """Normal numbers around 1 in place of 0: six standard errors, a false failure in 1e8. Control: left as they are."""
    drawn = np.random.default_rng(root_seed).normal(1.0, 1.0, 40_000)
    sampled = WeightedValues(values=drawn, log_weights=0.5 - drawn)
    assert abs(sampled.mean()) < 6 * sampled.standard_error()
    assert abs(sampled.variance() - 1.0) < 0.3
    assert abs(sampled.exponential_average(0.0) - 1.0) < 6 * sampled.weights.std() / 200
    plain = WeightedValues(values=drawn, log_weights=np.zeros_like(drawn))
    assert abs(plain.mean()) > 6 * plain.standard_error()


def test_equal_weights_are_counts_of_one() -> None:
    weighted = WeightedValues(values=VALUES, log_weights=np.zeros(4))
    counted = CountedValues(values=VALUES, counts=np.ones(4, dtype=np.int64), paths=4)
    assert weighted.mean() == counted.mean()
    assert weighted.variance() == counted.variance()
    assert weighted.standard_error() == pytest.approx(counted.standard_error(), rel=1e-14)
    assert weighted.exponential_average(2.0) == pytest.approx(counted.exponential_average(2.0), rel=1e-14)


def test_what_overflows_is_infinite() -> None:
    weighted = WeightedValues(values=VALUES, log_weights=np.full(4, 800.0))
    assert np.isinf(weighted.weights).all()
    assert weighted.exponential_average(0.0) == np.inf
    assert np.isfinite(WeightedValues(values=VALUES + 800, log_weights=VALUES + 800).exponential_average(1.0))
