from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtraj.theorems.chi_square import ChiSquare


def test_it_is_the_textbook_statistic() -> None:
    counts, p = np.array([18, 55, 27]), np.array([0.2, 0.5, 0.3])
    chi = ChiSquare.of(p, paths=100)
    textbook = stats.chisquare(counts, 100 * p)
    statistic = chi.statistic(counts)
    assert math.isclose(statistic, textbook.statistic, rel_tol=1e-12)
    assert math.isclose(chi.p_values(statistic), textbook.pvalue, rel_tol=1e-9)


def test_many_ensembles_at_once_are_judged_as_each_alone() -> None:
    p = np.array([0.2, 0.5, 0.3])
    counts = np.random.default_rng(3).multinomial(1000, p, size=(4, 5))
    chi = ChiSquare.of(p, paths=1000)
    alone = [[chi.statistic(counts[i, j]) for j in range(5)] for i in range(4)]
    assert chi.statistic(counts).tolist() == alone


@given(st.integers(2, 300), st.floats(1e-6, 0.1))
def test_the_critical_value_has_the_level(cells: int, level: float) -> None:
    chi = ChiSquare.of(np.full(cells, 1 / cells), paths=100 * cells)
    assert chi.p_values(chi.statistic(np.full(cells, 100))) > 0.9  # the counts are exactly what is expected
    assert math.isclose(float(stats.chi2.sf(chi.critical(level), cells - 1)), level, rel_tol=1e-6)


def test_rounding_of_the_probabilities_is_allowed_for() -> None:
    """A shift of exactly the stated error must not be rejected, at any number of paths."""
    p = np.array([0.5, 0.5])
    for error in (1e-6, 1e-9, 1e-12):
        paths = 10**15
        counts = np.array([round(paths * 0.5 * (1 + error)), 0])
        counts[1] = paths - counts[0]
        chi = ChiSquare.of(p, paths=paths, relative_error=error)
        assert chi.p_values(chi.statistic(counts)) > 0.1
        assert chi.drowned == (error > 1e-8)
    assert chi.p_values(chi.statistic(counts + np.array([10**9, -(10**9)]))) < 1e-100


def test_one_cell_has_nothing_to_compare() -> None:
    chi = ChiSquare.of(np.array([1.0]), paths=10)
    found = (chi.degrees, chi.p_values(chi.statistic(np.array([10]))), chi.detectable_distance(1e-4), chi.drowned)
    assert found == (0, 1.0, 0.0, False)


@pytest.mark.parametrize("cells", [2, 10, 100])
def test_the_detectable_distance_has_its_power(cells: int) -> None:
    """In the asymptotic law: the noncentrality 4 N d^2 at distance d is exceeded with probability 0.99."""
    chi = ChiSquare.of(np.full(cells, 1 / cells), paths=1000 * cells)
    distance = chi.detectable_distance(1e-4)
    power = stats.ncx2.sf(chi.critical(1e-4), cells - 1, 4 * chi.paths * distance**2)
    assert math.isclose(float(power), 0.99, rel_tol=1e-4)
