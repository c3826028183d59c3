from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from qtraj.theorems.logarithms import exp_or_inf, log_mean, log_or_minus_inf, log_sum


@given(st.lists(st.floats(-1e5, 1e5) | st.just(-math.inf), min_size=1, max_size=50))
def test_sums_are_those_of_scipy(logs: list[float]) -> None:
    expected = float(logsumexp(np.array(logs)))
    assert log_sum(np.array(logs)) == expected or math.isclose(log_sum(np.array(logs)), expected, abs_tol=1e-14)


def test_sums_of_nothing() -> None:
    assert log_sum(np.zeros(0)) == -math.inf
    assert log_sum(np.full(3, -math.inf)) == -math.inf
    assert exp_or_inf(1e4) == math.inf
    assert exp_or_inf(-math.inf) == 0.0
    assert log_or_minus_inf(0.0) == -math.inf
    assert math.isclose(log_mean(np.array([1e4, 0.0]), np.array([1, 1]), 2), 1e4 - math.log(2), rel_tol=1e-15)
