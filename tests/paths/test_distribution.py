"""Merging classes into atoms loses no probability and no class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.paths.distribution import Distribution


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-2, 2), st.floats(1e-6, 1.0)), min_size=1, max_size=30))
def test_merging_adds_up_equal_values(classes: list[tuple[int, int, float]]) -> None:
    values = np.array([[first, second] for first, second, _ in classes], dtype=float)
    weights = np.array([weight for *_, weight in classes])
    weights /= weights.sum()
    merged = Distribution.merge(("x", "y"), values, np.log(weights))
    expected: dict[tuple[float, float], float] = {}
    for (x, y), weight in zip(values, weights, strict=True):
        expected[x, y] = expected.get((x, y), 0.0) + weight
    assert [tuple(row) for row in merged.values] == sorted(expected)
    assert merged.probabilities == pytest.approx([expected[key] for key in sorted(expected)], rel=1e-12)
    assert np.array_equal(merged.values[merged.atom_of], values)
    counts = np.arange(len(classes))
    assert merged.counts(counts).sum() == counts.sum()
    assert all(merged.counts(counts)[k] == counts[merged.atom_of == k].sum() for k in range(len(merged.values)))


def test_rounding_errors_do_not_split_an_atom() -> None:
    values = np.array([[0.1 + 0.2], [0.3], [0.3 + 1e-9]])
    merged = Distribution.merge(("x",), values, np.log([0.25, 0.25, 0.5]))
    assert merged.probabilities.round(12).tolist() == [0.5, 0.5]


def test_probabilities_far_below_doubles_are_added_in_logarithms() -> None:
    merged = Distribution.merge(("x",), np.array([[1.0], [1.0], [0.0]]), np.array([-1000.0, -1000.0, 0.0]))
    assert merged.log_probabilities == pytest.approx([0.0, -1000 + np.log(2)], abs=1e-12)


def test_cumulative_is_strictly_below() -> None:
    merged = Distribution.merge(("x",), np.array([[-1.0], [0.0], [2.0]]), np.log([0.2, 0.3, 0.5]))
    assert [merged.cumulative(value) for value in (-1.0, 0.0, 1.0, 5.0)] == pytest.approx([0.0, 0.2, 0.5, 1.0])
