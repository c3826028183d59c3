from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check
from qtraj.theorems.goodness_of_fit import goodness_of_fit, marginal_check


def fit(p, counts, *, level: float = 1e-4, outside: int = 0, **options: float) -> Check:  # type: ignore[no-untyped-def]
    with np.errstate(divide="ignore"):
        logs = np.log(np.asarray(p, dtype=float))
    return goodness_of_fit(
        "classes", counts=np.asarray(counts), log_probabilities=logs, level=level, outside=outside, **options
    )


def test_the_line_is_chi_square_beside_its_degrees_of_freedom() -> None:
    p, counts = np.array([0.2, 0.3, 0.5]), np.array([230, 290, 480])
    check = fit(p, counts)
    expected = stats.chisquare(counts, 1000 * p)
    assert math.isclose(check.sampled, expected.statistic, rel_tol=1e-12)
    assert check.exact == 2.0
    assert check.standard_error == 2.0
    assert math.isclose(check.p_value, expected.pvalue, rel_tol=1e-9)  # no cell is pooled: the whole level is its own
    assert check.verdict == "pass"


def test_rare_cells_are_pooled_and_the_pool_is_binomial() -> None:
    p = np.array([0.5, 0.49, 0.004, 0.006])
    counts = np.array([495, 485, 8, 12])
    check = fit(p, counts)
    assert check.details["degrees_of_freedom"] == 1.0
    assert check.details["pool"] == 20.0
    assert math.isclose(check.details["pool_expected"], 10.0, rel_tol=1e-12)
    tail = stats.binom.sf(19, 1000, 0.01)
    assert math.isclose(check.details["p_value_pool"], 2 * tail, rel_tol=1e-9)
    textbook = stats.chisquare(counts[:2], counts[:2].sum() * p[:2] / p[:2].sum())
    assert math.isclose(check.p_value, min(1.0, 2 * min(textbook.pvalue, 2 * tail)), rel_tol=1e-9)
    too_many = fit(p, counts + np.array([-30, -10, 20, 20]))
    assert too_many.verdict == "fail"
    assert "rare" in too_many.note


def test_a_path_outside_the_law_fails_at_once() -> None:
    assert fit([0.5, 0.5], [500, 500]).verdict == "pass"
    assert fit([0.5, 0.5], [500, 500], outside=1).verdict == "fail"
    assert fit([0.5, 0.5, 0.0], [500, 499, 1]).verdict == "fail"
    assert fit([0.5, 0.5, 0.0], [500, 500, 0]).verdict == "pass"
    assert fit([1.0], [0], outside=1).verdict == "fail"
    assert "1 of 1001 paths fell where the law says that none can" in fit([0.5, 0.5], [500, 500], outside=1).note


def test_a_path_on_a_class_too_rare_to_be_seen_fails() -> None:
    logs = np.array([0.0, -2000.0])
    check = goodness_of_fit("x", counts=np.array([999, 1]), log_probabilities=logs, level=1e-4)
    assert check.verdict == "fail"
    assert check.p_value == 0.0


def test_a_certain_class_passes() -> None:
    assert fit([1.0], [1]).verdict == "pass"
    assert fit([1.0, 0.0], [10**15, 0]).verdict == "pass"


def test_too_few_paths_are_inconclusive_and_the_number_named_will_do() -> None:
    p = np.full(50, 0.02)
    check = fit(p, np.full(50, 2))
    assert check.verdict == "inconclusive"
    assert check.detectable == 1.0
    assert check.paths_needed == 1250
    assert fit(p, np.full(50, 25)).verdict == "pass"
    mostly_pooled = fit([0.3, *[0.007] * 100], [30, *[1] * 69, 1, *[0] * 30])
    assert mostly_pooled.verdict == "inconclusive"
    assert mostly_pooled.paths_needed == math.ceil(25 / 0.007)
    assert fit([0.3, *[0.007] * 100], [30, *[1] * 69, 1, *[0] * 30], largest_pool=1.0).verdict == "pass"


def test_the_numerical_floor_is_called_by_its_name() -> None:
    """With probabilities good to 1e-9 only, 10^15 paths see the rounding: noncentrality 1e-3, then 1e3."""
    p, counts = np.array([0.25, 0.75]), np.array([25 * 10**13, 75 * 10**13])
    assert fit(p, counts, relative_error=1e-9).details["noncentrality"] == pytest.approx(1e-3, rel=1e-5)
    assert fit(p, counts, relative_error=1e-9).verdict == "pass"
    drowned = fit(p, counts, relative_error=1e-6)
    assert drowned.verdict == "inconclusive"
    assert "Numerical floor" in drowned.note
    assert drowned.paths_needed is None
    # but what rounding cannot explain is still rejected
    assert fit(p, counts + np.array([10**10, -(10**10)]), relative_error=1e-6).verdict == "fail"


def test_the_default_budget_allows_the_largest_run() -> None:
    p = np.full(1000, 1e-3)
    check = fit(p, np.full(1000, 10**12))
    assert check.verdict == "pass"
    assert check.detectable < 1e-6


@pytest.mark.parametrize(
    "p",
    [
        np.array([0.5, 0.5]),
        np.full(20, 0.05),
        np.append(np.full(30, 0.025), np.full(500, 0.0005)),
        np.append(0.97, np.full(3, 0.01)),
    ],
    ids=["coin", "twenty", "pool", "dominated"],
)
def test_false_alarms_at_the_nominal_rate(p: np.ndarray, root_seed: int) -> None:
    """400 samples of 2500 paths at level 0.02 (false failure 1e-9 a law, allowing 1.3 times nominal)."""
    rng = np.random.default_rng([root_seed, 31, p.size])
    alarms = sum(fit(p, counts, level=0.02).verdict == "fail" for counts in rng.multinomial(2500, p, size=400))
    assert alarms <= stats.binom.isf(1e-9, 400, 1.3 * 0.02)


def test_a_law_at_the_detectable_distance_is_rejected(root_seed: int) -> None:
    """Twenty cells, ten up and ten down: total-variation distance `detectable`; at least 185 of 200 rejected.

    Nominal power 0.99; P(Binomial(200, 0.99) < 185) = 8e-10.
    """
    rng = np.random.default_rng([root_seed, 32])
    p = np.full(20, 0.05)
    distance = fit(p, np.full(20, 500)).detectable
    wrong = p + np.repeat([distance / 10, -distance / 10], 10)
    found = sum(fit(p, counts).verdict == "fail" for counts in rng.multinomial(10_000, wrong, size=200))
    assert found >= 185
    assert 0.02 < distance < 0.06


def test_marginal_of_a_density_matrix() -> None:
    p = np.array([0.7, 0.3, 0.0, -1e-17])
    assert marginal_check("beta", counts=np.array([706, 294, 0, 0]), probabilities=p, level=1e-4).verdict == "pass"
    assert marginal_check("beta", counts=np.array([706, 293, 0, 1]), probabilities=p, level=1e-4).verdict == "fail"
    assert marginal_check("beta", counts=np.array([294, 706, 0, 0]), probabilities=p, level=1e-4).verdict == "fail"


@given(
    st.lists(st.floats(-900, 0), min_size=1, max_size=8),
    st.lists(st.integers(0, 10**14), min_size=8, max_size=8),
    st.integers(0, 1),
)
def test_no_law_overflows_or_gives_nan(logs: list[float], counts: list[int], outside: int) -> None:
    chosen = np.array(counts[: len(logs)])
    chosen[0] += 1
    array = np.array(logs)
    check = goodness_of_fit("x", counts=chosen, log_probabilities=array - logsumexp(array), level=1e-4, outside=outside)
    json.dumps(check.to_json(), allow_nan=False)
    assert 0.0 <= check.p_value <= 1.0
    assert 0.0 <= check.detectable <= 1.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"counts": np.array([1, -1])}, "must not be negative, but the least is -1"),
        ({"outside": -2}, "must not be negative, but the least is -2"),
        ({"counts": np.array([0, 0])}, "at least one path"),
        ({"counts": np.array([1])}, "must have one shape"),
        ({"log_probabilities": np.array([0.1, -3.0])}, "must not exceed 0, but the largest is 0.1"),
        ({"log_probabilities": np.array([math.nan, -3.0])}, "must not exceed 0, but the largest is nan"),
        ({"level": 2.0}, "`level` must"),
    ],
)
def test_arguments_are_checked(wrong: dict[str, object], message: str) -> None:
    right = {"counts": np.array([1, 1]), "log_probabilities": np.log([0.5, 0.5]), "level": 1e-4}
    with pytest.raises(InvalidInput, match=message):
        goodness_of_fit("x", **(right | wrong))  # type: ignore[arg-type]


def test_marginals_refuse_what_is_no_probability() -> None:
    with pytest.raises(InvalidInput, match="`probabilities` must not be negative"):
        marginal_check("beta", counts=np.array([1, 1]), probabilities=np.array([1.1, -0.1]), level=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("rare", [1, 3, 30])
def test_calibration_of_the_worst_laws(rare: int, root_seed: int) -> None:
    """Cells of exactly 25 expected paths beside a dominant one: at most 2.5 times nominal at 1e-4 (2e6 samples)."""
    p = np.full(rare + 1, 25 / 10**5)
    p[0] = 1 - rare * 25 / 10**5
    rng = np.random.default_rng([root_seed, 33, rare])
    critical = stats.chi2.isf(1e-4, rare)
    alarms = 0
    for _ in range(20):
        counts = rng.multinomial(10**5, p, size=10**5)
        alarms += int((((counts - 10**5 * p) ** 2 / (10**5 * p)).sum(axis=1) >= critical).sum())
    assert alarms <= stats.binom.isf(1e-9, 2 * 10**6, 2.5e-4)


def test_a_failure_names_the_class_that_is_furthest_off() -> None:
    counts = np.array([5000, 2500, 3000, 0])
    check = goodness_of_fit(
        counts=counts, log_probabilities=np.log([0.5, 0.25, 0.25, 1e-9]), level=1e-3, name="classes"
    )
    assert str(check.verdict) == "fail"
    expected = counts[:3].sum() / 4
    assert check.note == (
        "Chi-square is rejected; of 3 classes or bins, number 2 is furthest off: 3000 paths where "
        f"{expected:.4g} are expected."
    )
