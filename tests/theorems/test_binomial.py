from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtraj.theorems.binomial import binomial_p_value, detectable_increase


@given(st.integers(1, 60), st.floats(0.0, 1.0), st.data())
def test_p_value_is_twice_the_smaller_tail(paths: int, probability: float, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, paths))
    weights = [math.comb(paths, k) * probability**k * (1 - probability) ** (paths - k) for k in range(paths + 1)]
    expected = min(1.0, 2 * min(math.fsum(weights[: count + 1]), math.fsum(weights[count:])))
    assert math.isclose(binomial_p_value(count, paths, probability), expected, rel_tol=1e-9, abs_tol=1e-300)


@given(st.integers(1, 200), st.floats(0.0, 1.0), st.floats(1e-6, 0.2))
def test_the_false_alarm_rate_never_exceeds_the_level(paths: int, probability: float, level: float) -> None:
    """Exact, by summing the probabilities of all rejected counts; no sampling."""
    rejected = [k for k in range(paths + 1) if binomial_p_value(k, paths, probability) <= level]
    assert math.fsum(stats.binom.pmf(rejected, paths, probability)) <= level * (1 + 1e-9)


@pytest.mark.parametrize("paths", [10**9, 10**12, 10**15])
def test_huge_numbers_of_trials(paths: int) -> None:
    """At 10^15 trials the normal law is exact to 1e-6 of its tail, and Poisson for rare events."""
    deviation = math.sqrt(paths * 0.25)
    for z in (1.0, 3.0, 5.0):
        count = round(paths / 2 + z * deviation)
        expected = 2 * stats.norm.sf((count - 0.5 - paths / 2) / deviation)
        assert math.isclose(binomial_p_value(count, paths, 0.5), expected, rel_tol=1e-6)
    assert math.isclose(binomial_p_value(20, paths, 5 / paths), 2 * stats.poisson.sf(19, 5.0), rel_tol=1e-6)
    assert math.isclose(binomial_p_value(1, paths, 1e-300), 2 * paths * 1e-300, rel_tol=1e-6)


def test_impossible_counts() -> None:
    assert binomial_p_value(1, 100, 0.0) == 0.0
    assert binomial_p_value(0, 100, 0.0) == 1.0
    assert binomial_p_value(99, 100, 1.0) == 0.0
    assert binomial_p_value(100, 100, 1.0 + 1e-15) == 1.0


@given(st.integers(20, 10**6), st.floats(1e-3, 0.5), st.floats(1e-5, 0.05))
def test_an_increase_of_the_detectable_size_is_detected(paths: int, probability: float, level: float) -> None:
    rise = detectable_increase(paths, probability, level, 0.99)
    if math.isnan(rise):
        assert binomial_p_value(paths, paths, probability) > level
        return
    # the p-value falls with the count, so the power is one tail above the first rejected count
    low, high = math.ceil(paths * probability), paths
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if binomial_p_value(middle, paths, probability) <= level else (middle + 1, high)
    assert math.isclose(stats.binom.sf(low - 1, paths, probability + rise), 0.99, abs_tol=1e-4)
