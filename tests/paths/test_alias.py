"""The alias table: exactly the law it was built from, and what a draw of it gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from qtraj.errors import InvalidInput
from qtraj.paths.alias import FRONT_CELLS, AliasTable


def law_of(table: AliasTable) -> np.ndarray:
    """The probabilities that the columns and aliases of an undivided table add up to."""
    size = table._threshold.size
    own = np.bincount(table._pairs[0::2], weights=table._threshold, minlength=size)
    return (own + np.bincount(table._pairs[1::2], weights=1 - table._threshold, minlength=size)) / size


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1e6)).filter(lambda p: p.sum() > 1e-200))
def test_columns_add_up_to_the_law(weights):
    table = AliasTable(weights)
    assert ((table._threshold >= 0) & (table._threshold <= 1)).all()
    np.testing.assert_allclose(law_of(table), weights / weights.sum(), atol=1e-14)


@pytest.mark.parametrize("size", [1, 7, 3 * FRONT_CELLS])
def test_draws_follow_the_law(size):
    # Chi-square on pooled cells; false failures 1e-9. The law to the power 1.05 is rejected (below).
    rng = np.random.default_rng(11)
    weights = np.sort(rng.exponential(size=size) ** 2)[::-1]
    drawn = AliasTable(weights).draw(400_000, rng)
    probability = weights / weights.sum()
    assert _p_value(drawn, probability) > 1e-9
    if size > 1:
        wrong = probability**1.05
        assert _p_value(drawn, wrong / wrong.sum()) < 1e-9


def test_a_cell_of_probability_zero_is_never_drawn():
    weights = np.zeros(2 * FRONT_CELLS + 50)
    weights[[0, FRONT_CELLS + 3]] = 1.0, 2.0
    assert set(np.unique(AliasTable(weights).draw(10_000, np.random.default_rng(0)))) == {0, FRONT_CELLS + 3}


@pytest.mark.parametrize("weights", [[], [0.0], [-1.0, 2.0], [np.nan], [np.inf, 1.0], [[1.0]]])
def test_no_law_is_refused(weights):
    with pytest.raises(InvalidInput, match="probabilities"):
        AliasTable(np.array(weights))


def _p_value(drawn, probability):
    # Cells in groups of about equal weight, so that every group expects many draws.
    groups = np.minimum((np.cumsum(probability) * 40).astype(int), 39)
    labels = np.unique(groups, return_inverse=True)[1]
    expected = np.bincount(labels, weights=probability) * drawn.size
    seen = np.bincount(labels[drawn], minlength=expected.size)
    if expected.size == 1:
        return 1.0
    return stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue
