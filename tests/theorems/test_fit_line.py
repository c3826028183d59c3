"""The line of a goodness of fit shows numbers of one quantity, the one that decides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtraj.arrays import IntArray
from qtraj.theorems.checks import Check
from qtraj.theorems.fit_line import LARGEST_SCORE, one_sided_score_of, score_of
from qtraj.theorems.goodness_of_fit import goodness_of_fit

# Two likely cells, and two rare ones that are pooled: of 1000 paths 990 and 10 are expected.
P = np.array([0.5, 0.49, 0.004, 0.006])


def check_of(counts: list[int] | IntArray, *, outside: int = 0) -> Check:
    return goodness_of_fit("x", counts=np.array(counts), log_probabilities=np.log(P), level=1e-4, outside=outside)


def test_where_the_pool_is_off_the_line_shows_the_pool() -> None:
    check = check_of([491, 489, 8, 12])
    assert (check.sampled, check.exact) == (20.0, pytest.approx(10.0))
    assert check.standard_error == pytest.approx(math.sqrt(9.9))
    assert check.z == pytest.approx(stats.norm.isf(stats.binom.sf(19, 1000, 0.01)))
    assert check.note == "2 classes compared one by one, 2 rare ones as a pool, whose number of paths is shown."
    assert check_of([500, 499, 1, 0]).z < -2


def test_where_chi_square_is_off_the_line_shows_chi_square() -> None:
    check = check_of([530, 460, 4, 6])
    assert (check.exact, check.standard_error) == (1.0, pytest.approx(math.sqrt(2)))
    statistic = stats.chisquare([530, 460], 990 * P[:2] / P[:2].sum()).statistic
    assert check.sampled == pytest.approx(statistic)
    assert check.z == pytest.approx(stats.norm.isf(stats.chi2.sf(statistic, 1)))
    assert check.note == "2 classes compared one by one, by chi-square, which is shown; 2 rare ones as a pool."


def test_paths_outside_of_the_law_are_shown_as_such() -> None:
    check = check_of([495, 485, 8, 9], outside=3)
    assert (check.sampled, check.exact, check.standard_error, check.z) == (3.0, 0.0, 0.0, LARGEST_SCORE)


@pytest.mark.parametrize("counts", [[505, 485, 4, 6], [500, 490, 4, 6], [495, 485, 10, 10], [600, 390, 4, 6]])
def test_the_score_is_one_of_the_value_beside_it(counts: list[int]) -> None:
    """What is far off has a large score of the same sign, and what is not has a small one."""
    check = check_of(counts)
    distance = (check.sampled - check.exact) / check.standard_error
    assert check.z * distance > 0 or abs(distance) < 0.7
    assert (abs(check.z) > 2) == (abs(distance) > 2.5)


@given(st.lists(st.integers(0, 2000), min_size=4, max_size=4).filter(any))
def test_a_rejection_is_beyond_the_tolerance_and_a_pass_within(counts: list[int]) -> None:
    check = check_of(counts)
    distance = check.sampled - check.exact
    # The pool's tolerance is that of a normal law, its verdict that of the binomial one.
    if check.details["degrees_of_freedom"] and check.details["p_value_chi_square"] <= check.details["p_value_pool"]:
        assert (check.verdict == "fail") == (distance >= check.tolerance)
    assert (check.p_value <= 1e-4) == (check.verdict == "fail")
    assert math.isfinite(check.z)


def test_scores_of_p_values() -> None:
    assert [one_sided_score_of(p) for p in (0.0, 0.5, 1.0)] == [LARGEST_SCORE, 0.0, -LARGEST_SCORE]
    assert [score_of(p) for p in (0.0, 1.0)] == [LARGEST_SCORE, 0.0]
    assert math.copysign(1.0, score_of(1.0)) == 1.0
    assert check_of([500, 490, 4, 6]).z == pytest.approx(-math.sqrt(0.5))
