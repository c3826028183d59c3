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
from qtraj.theorems.weight_check import WeightCheck
from tests.theorems.at_once import weight_check


def check_law(law, counts, *, level: float = 1e-4, target: float | None = None) -> Check:  # type: ignore[no-untyped-def]
    return weight_check(
        "exp_minus_sigma",
        values=law.values,
        log_probabilities=law.log_probabilities,
        log_weighted=law.log_backward,
        counts=counts,
        target=law.target if target is None else target,
        level=level,
    )


def by_the_book(law, paths: int) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Cut and B_tau straight from the rule, in plain arithmetic, for laws whose heaviest weight is cut."""
    w, p = np.exp(-law.values), law.p
    best = (0.0, 0.0)
    for tau in np.sort(w):
        kept = np.where(w <= tau, w, 0.0)
        variance = p @ kept**2 - (p @ kept) ** 2
        if tau <= math.sqrt(paths * variance) / 25:
            best = (float(tau), float(p @ kept))
    return best


@pytest.mark.parametrize("paths", [10**4, 10**6, 10**8])
def test_the_cut_is_the_one_of_the_rule(light_law, heavy_law, paths: int) -> None:  # type: ignore[no-untyped-def]
    for law in (light_law, heavy_law):
        check = check_law(law, law.draw(np.random.default_rng(1), paths))
        tau, below = by_the_book(law, paths)
        assert math.isclose(check.details["cut"], tau, rel_tol=1e-12)
        assert math.isclose(check.details["exact_below"], below, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(check.details["fraction_below"], below, rel_tol=1e-9)


def test_the_line_is_what_anyone_can_recompute(light_law) -> None:  # type: ignore[no-untyped-def]
    counts = light_law.draw(np.random.default_rng(2), 10**6)
    check = check_law(light_law, counts, level=1e-10)
    w = np.exp(-light_law.values)
    assert math.isclose(check.sampled, counts @ w / 10**6, rel_tol=1e-12)
    assert math.isclose(check.standard_error, math.sqrt((light_law.p @ w**2 - 1) / 10**6), rel_tol=1e-9)
    assert math.isclose(check.exact, 1.0, rel_tol=1e-12)
    assert check.verdict == "pass"
    assert check.paths_needed is None
    # what lies above the cut cannot be vouched for, and the detectable discrepancy says so
    assert check.detectable > check.tolerance + (1 - check.details["fraction_below"])


def test_nothing_is_cut_when_no_path_dominates() -> None:
    """Close to equilibrium weights are nearly equal: the bare rule would ask for 6e8 paths, 625 are enough."""
    values = np.array([-1e-3, 1e-3])
    logs = -np.log1p(np.exp(-values))  # P(s) = e^s P(-s)
    for paths, verdict in ((600, "inconclusive"), (650, "pass")):
        check = weight_check(
            "x",
            values=values,
            log_probabilities=logs,
            counts=np.array([paths // 2, paths // 2]),
            target=1.0,
            level=1e-4,
        )
        assert check.verdict == verdict
        assert verdict == "pass" or 600 < check.paths_needed <= 650


def nearly_even_law() -> dict[str, np.ndarray]:
    """The information in a start with next to no correlations: weights of 1, and a few rare ones that are not."""
    p = np.array([2e-4, 0.3, 0.6997, 1e-4])
    w = np.array([1.65, 1.0007, 1.0, 0.6])
    w[2] += (1.0 - p @ w) / p[2]
    return {"values": -np.log(w), "log_probabilities": np.log(p)}


def nearly_even(counts: np.ndarray, immaterial: float) -> Check:
    return weight_check("x", **nearly_even_law(), counts=counts, target=1.0, level=1e-4, immaterial=immaterial)


def test_weights_that_hardly_fluctuate_need_few_paths() -> None:
    counts = np.array([20, 30_000, 69_970, 10])
    strict, found = nearly_even(counts, 0.0), nearly_even(counts, 0.01)
    assert strict.verdict == "inconclusive"
    assert strict.paths_needed > 10**6
    assert found.verdict == "pass"
    assert found.details["fraction_below"] > 0.999
    assert found.detectable < 2e-3
    few = nearly_even(np.array([0, 180, 420, 0]), 0.01)
    assert few.verdict == "inconclusive"
    assert few.paths_needed == 625


@pytest.mark.parametrize("paths", [625, 10_000, 300_000])
def test_false_alarms_beside_even_weights(paths: int, root_seed: int) -> None:
    """20 000 samples at 1e-2 (false failure 1e-9 a case): the tails of both parts are bounds for every N."""
    law = nearly_even_law()
    ready = WeightCheck.prepare("x", **law, target=1.0, paths=paths, level=1e-2, immaterial=0.01)
    assert ready.settled
    counts = np.random.default_rng([root_seed, paths]).multinomial(paths, np.exp(law["log_probabilities"]), 20_000)
    assert ready.rejects(counts).sum() <= stats.binom.isf(1e-9, 20_000, 1e-2)


def test_rare_weights_beside_even_ones_are_not_let_off() -> None:
    """Negative control: light or heavy weights drawn too often, where 625 paths would be enough to pass."""
    assert nearly_even(np.array([200, 30_000, 69_790, 10]), 0.01).verdict == "fail"
    assert nearly_even(np.array([20, 30_000, 69_780, 200]), 0.01).verdict == "fail"
    # A weight that has a part of the average to lose is never let off, however even those below it are.
    p = np.array([1e-3, 0.999])
    w = np.array([20.0, (1.0 - 0.02) / 0.999])
    missing = {"values": -np.log(w), "log_probabilities": np.log(p), "target": 1.0, "level": 1e-4}
    assert weight_check("x", counts=np.array([1, 999]), immaterial=0.01, **missing).verdict == "inconclusive"


@pytest.mark.parametrize("paths", [1, 10, 10**15])
@pytest.mark.parametrize("value", [0.0, -300.0, 300.0, 1e5, -700.0])
def test_one_atom_needs_one_path(paths: int, value: float) -> None:
    check = weight_check(
        "x",
        values=np.array([value]),
        log_probabilities=np.array([0.0]),
        counts=np.array([paths]),
        target=math.exp(-value),
        level=1e-4,
    )
    assert check.verdict == "pass"


def test_equal_weights_up_to_rounding() -> None:
    check = weight_check(
        "x",
        values=np.array([-1e-14, 1e-14]),
        log_probabilities=np.log([0.5, 0.5]),
        counts=np.array([1, 0]),
        target=1.0,
        level=1e-4,
    )
    assert check.verdict == "pass"
    wrong = weight_check(
        "x",
        values=np.array([-1e-14, 1e-14]),
        log_probabilities=np.log([0.5, 0.5]),
        counts=np.array([1, 0]),
        target=1.0 + 1e-9,
        level=1e-4,
    )
    assert wrong.verdict == "fail"


def test_one_path_of_many_weights_is_inconclusive(light_law) -> None:  # type: ignore[no-untyped-def]
    counts = np.zeros(light_law.values.size, dtype=np.int64)
    counts[light_law.values.size // 2] = 1
    assert check_law(light_law, counts).verdict == "inconclusive"


@pytest.mark.parametrize("exponent", [-15, -12, -6, 0, 6, 100])
def test_averages_of_any_size(exponent: int) -> None:
    """The same law with all weights scaled by 10^exponent: the verdict is the same."""
    values = np.array([-math.log(1.5), math.log(2.0)]) - exponent * math.log(10.0)

    def verdict(counts: list[int], target: float) -> str:
        check = weight_check(
            "x",
            values=values,
            log_probabilities=np.log([0.5, 0.5]),
            counts=np.array(counts),
            target=target,
            level=1e-4,
        )
        return str(check.verdict)

    assert verdict([5040, 4960], 10.0**exponent) == "pass"
    assert verdict([5400, 4600], 10.0**exponent) == ("fail" if exponent > -12 or exponent < -12 else "pass")


@pytest.mark.parametrize("paths", [10, 10**3, 10**6, 10**9])
def test_a_heavy_tail_is_inconclusive_and_never_a_failure(heavy_law, root_seed: int, paths: int) -> None:  # type: ignore[no-untyped-def]
    """<e^-2sigma> = 1e7: 50 samples at each N at level 1e-10, so that one failure in 5e7 runs of this test."""
    rng = np.random.default_rng([root_seed, 21, paths])
    for _ in range(50):
        check = check_law(heavy_law, heavy_law.draw(rng, paths), level=1e-10)
        assert check.verdict == "inconclusive"
        assert 10**12 < check.paths_needed < 10**13


def test_the_number_of_paths_named_is_the_smallest_that_does(make_law, root_seed: int) -> None:  # type: ignore[no-untyped-def]
    for variance in (0.5, 2.0, 6.0):
        law = make_law(variance)
        rng = np.random.default_rng([root_seed, 22])
        needed = check_law(law, law.draw(rng, 10), level=1e-10).paths_needed
        assert check_law(law, law.draw(rng, needed), level=1e-10).verdict == "pass"
        before = check_law(law, law.draw(rng, needed - 1), level=1e-10)
        assert before.verdict == "inconclusive"
        assert before.paths_needed == needed


@pytest.mark.parametrize("paths", [100, 10**4, 10**6])
def test_false_alarms_stay_below_nominal(make_law, root_seed: int, paths: int) -> None:  # type: ignore[no-untyped-def]
    """150 samples of three laws at level 0.05 (false failure 1e-9 a law)."""
    for variance, irreversible in ((2.0, 0.0), (8.0, 0.0), (3.0, 0.4)):
        law = make_law(variance, irreversible=irreversible)
        rng = np.random.default_rng([root_seed, 23, paths, round(variance)])
        alarms = sum(check_law(law, law.draw(rng, paths), level=0.05).verdict == "fail" for _ in range(150))
        assert alarms <= stats.binom.isf(1e-9, 150, 0.05)


def test_the_plain_z_test_is_found_out(root_seed: int) -> None:
    """Negative control of the calibration: a weight e^9 of probability 1e-5, 10^4 paths, level 1e-2.

    Whenever it is drawn (every tenth sample) the plain z-test rejects, 10 times too often. 1000 samples; false
    failure 1e-9, and the plain test escapes with probability 1e-12.
    """
    values, p = np.array([-9.0, 0.0, 1.0]), np.array([1e-5, 0.6, 0.39999])
    w = np.exp(-values)
    exact, error = p @ w, math.sqrt((p @ w**2 - (p @ w) ** 2) / 10**4)
    rng = np.random.default_rng([root_seed, 24])
    plain = ours = 0
    for number, counts in enumerate(rng.multinomial(10**4, p, size=1000)):
        plain += 2 * stats.norm.sf(abs(counts @ w / 10**4 - exact) / error) <= 1e-2
        if number < 300:
            check = weight_check(
                "x", values=values, log_probabilities=np.log(p), counts=counts, target=float(exact), level=1e-2
            )
            ours += check.verdict == "fail"
    assert plain > stats.binom.isf(1e-9, 1000, 1e-2)
    assert ours <= stats.binom.isf(1e-9, 300, 1e-2)


def test_too_many_heavy_paths_fail_by_their_number() -> None:
    """The weight e^9 lies above the cut, where the mean says nothing: 8 paths against 0.2 expected."""
    check = weight_check(
        "x",
        values=np.array([-9.0, 0.0, 1.0]),
        log_probabilities=np.log([1e-5, 0.6, 0.39999]),
        counts=np.array([8, 12_000, 7_992]),
        target=float(np.exp([9.0, 0.0, -1.0]) @ [1e-5, 0.6, 0.39999]),
        level=1e-9,
    )
    assert check.verdict == "fail"
    assert check.details["paths_above"] == 8
    assert check.details["p_value_below"] > 0.01


def test_a_wrong_average_is_rejected_even_if_the_sample_obeys_the_law(make_law, root_seed: int) -> None:  # type: ignore[no-untyped-def]
    """1 where 1 - lambda = 0.6 is right, 10^5 paths (z below -90)."""
    law = make_law(2.0, irreversible=0.4)
    counts = law.draw(np.random.default_rng([root_seed, 25]), 10**5)
    assert check_law(law, counts, level=1e-10).verdict != "fail"
    assert check_law(law, counts, target=1.0).verdict == "fail"


def test_a_wrong_average_is_never_a_pass(make_law) -> None:  # type: ignore[no-untyped-def]
    law = make_law(2.0, irreversible=0.4)
    for paths in (1, 10, 100):
        check = check_law(law, law.draw(np.random.default_rng(3), paths), target=1.0, level=1e-10)
        assert check.verdict == "inconclusive"
        assert check.paths_needed is None
        assert "no number of paths would do" in check.note


extreme_laws = st.lists(
    st.tuples(st.floats(-1e3, 1e5), st.floats(-800, 0)), min_size=1, max_size=8, unique_by=lambda atom: atom[0]
)


@given(
    extreme_laws,
    st.sampled_from([0.0, 1e-300, 1e-15, 0.3, 1.0, 1e300, math.inf]),
    st.lists(st.integers(0, 10**14), min_size=8, max_size=8).filter(any),
)
def test_no_law_overflows_or_gives_nan(pairs: list[tuple[float, float]], target: float, counts: list[int]) -> None:
    values, logs = np.array(sorted(pairs)).T
    chosen = np.array(counts[: values.size])
    chosen[0] += 1
    check = weight_check(
        "x", values=values, log_probabilities=logs - logsumexp(logs), counts=chosen, target=target, level=1e-4
    )
    json.dumps(check.to_json(), allow_nan=False)
    assert 0.0 <= check.p_value <= 1.0
    assert not math.isnan(check.sampled)
    assert not math.isnan(check.detectable)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"values": np.array([1.0, 1.0])}, "`values` must be finite and strictly ascending"),
        ({"values": np.array([0.0, math.inf])}, "`values` must be finite"),
        ({"values": np.array([0.0])}, "must have one shape"),
        ({"target": -0.1}, "`target` must be a number, not negative, but is -0.1"),
        ({"target": math.nan}, "`target` must"),
        ({"level": 0.0}, "`level` must"),
    ],
)
def test_arguments_are_checked(wrong: dict[str, object], message: str) -> None:
    right = {
        "values": np.array([0.0, 1.0]),
        "log_probabilities": np.log([0.5, 0.5]),
        "counts": np.array([1, 1]),
        "target": 1.0,
        "level": 1e-4,
    }
    with pytest.raises(InvalidInput, match=message):
        weight_check("x", **(right | wrong))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("paths", [100, 10**4, 10**6, 10**9])
def test_calibration(make_law, root_seed: int, paths: int) -> None:  # type: ignore[no-untyped-def]
    """3000 samples of four laws at 1e-2 and 1e-3 (false failure 1e-9 a case). Measured: 0 to 0.7 of nominal."""
    laws = [make_law(2.0), make_law(8.0), make_law(16.1), make_law(3.0, irreversible=0.4)]
    for number, law in enumerate(laws):
        rng = np.random.default_rng([root_seed, 26, paths, number])
        p_values = np.array([check_law(law, law.draw(rng, paths)).p_value for _ in range(3000)])
        for level in (1e-2, 1e-3):
            assert (p_values <= level).sum() <= stats.binom.isf(1e-9, 3000, level)
