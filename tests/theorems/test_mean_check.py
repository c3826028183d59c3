from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from qtraj.errors import InvalidInput
from qtraj.theorems.law_error import rounding_floor
from qtraj.theorems.mean_check import mean_check


def sample_mean(values: np.ndarray, counts: np.ndarray) -> float:
    return float(values @ counts / counts.sum())


def check_mean(law, sampled: float, paths: int, *, level: float = 1e-4, with_law: bool = True):  # type: ignore[no-untyped-def]
    return mean_check(
        "mean_sigma",
        sampled=sampled,
        exact=law.mean,
        exact_variance=law.variance,
        paths=paths,
        level=level,
        numerical_floor=rounding_floor(*law.pair),
        law=law.pair if with_law else None,
    )


def test_z_is_the_difference_over_the_exact_standard_error(light_law) -> None:  # type: ignore[no-untyped-def]
    check = check_mean(light_law, light_law.mean + 0.01, 10_000)
    assert math.isclose(check.standard_error, math.sqrt(light_law.variance / 10_000), rel_tol=1e-12)
    assert math.isclose(check.z, 0.01 / check.standard_error, rel_tol=1e-9)
    assert check.verdict == "pass"
    assert check.detectable > check.tolerance > 3.8 * check.standard_error


def test_verdict_turns_exactly_at_the_tolerance(light_law) -> None:  # type: ignore[no-untyped-def]
    for side in (-1.0, 1.0):
        tolerance = check_mean(light_law, light_law.mean + side * 1e-9, 10_000).tolerance
        assert check_mean(light_law, light_law.mean + side * tolerance * (1 - 1e-6), 10_000).verdict == "pass"
        assert check_mean(light_law, light_law.mean + side * tolerance * (1 + 1e-6), 10_000).verdict == "fail"


@pytest.mark.parametrize("with_law", [True, False])
def test_an_error_of_the_detectable_size_is_found(light_law, root_seed: int, with_law: bool) -> None:  # type: ignore[no-untyped-def]
    """300 samples from a law shifted by `detectable`: at least 280 rejected.

    Nominal power 0.99; P(Binomial(300, 0.99) < 280) = 5e-11.
    """
    rng = np.random.default_rng([root_seed, 11])
    shift = check_mean(light_law, light_law.mean, 1000, with_law=with_law).detectable
    found = 0
    for _ in range(300):
        sampled = sample_mean(light_law.values, light_law.draw(rng, 1000)) + shift
        found += check_mean(light_law, sampled, 1000, with_law=with_law).verdict == "fail"
    assert found >= 280


@pytest.mark.parametrize("paths", [10, 100, 1000])
def test_false_alarms_with_rare_heavy_atoms(root_seed: int, paths: int) -> None:
    """One atom in 10^3 lies 32 standard deviations off. 20 000 samples at level 1e-3 (false failure 1e-9).

    The plain z-test is the negative control: it errs 4 to 10 times too often, and must be found out.
    """
    rng = np.random.default_rng([root_seed, 12, paths])
    values, p, level, samples = np.array([0.0, 7.0]), np.array([1 - 1e-3, 1e-3]), 1e-3, 20_000
    heavy = rng.binomial(paths, 1e-3, size=samples)
    exact, variance = 7e-3, 49 * 1e-3 * (1 - 1e-3)
    alarms = {True: 0, False: 0}
    for count, times in zip(*np.unique(heavy, return_counts=True), strict=True):
        for with_law in alarms:
            check = mean_check(
                "mean",
                sampled=sample_mean(values, np.array([paths - count, count])),
                exact=exact,
                exact_variance=variance,
                paths=paths,
                level=level,
                numerical_floor=1e-12,
                law=(values, np.log(p)) if with_law else None,
            )
            alarms[with_law] += int(times) * (check.verdict == "fail")
    limit = stats.binom.isf(1e-9, samples, level)
    assert alarms[True] <= limit
    assert alarms[False] > limit


def test_a_quantity_that_does_not_fluctuate() -> None:
    def verdict(sampled: float, law: tuple[np.ndarray, np.ndarray] | None) -> str:
        check = mean_check(
            "xi",
            sampled=sampled,
            exact=2.0,
            exact_variance=0.0,
            paths=10,
            level=1e-4,
            numerical_floor=1e-12,
            law=law,
        )
        return str(check.verdict)

    for law in (None, (np.array([2.0]), np.array([0.0]))):
        assert verdict(2.0 + 5e-13, law) == "pass"
        assert verdict(2.0 + 5e-12, law) == "fail"


def test_a_variance_of_rounding_size_is_no_variance(light_law) -> None:  # type: ignore[no-untyped-def]
    check = mean_check("xi", sampled=1.0, exact=1.0, exact_variance=-1e-17, paths=10, level=1e-4, numerical_floor=1e-12)
    assert check.verdict == "pass"
    assert check.standard_error == 0.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"paths": 0}, "`paths` must be at least 1, but is 0"),
        ({"level": 1.0}, "`level` must lie between 0 and 1"),
        ({"exact_variance": -1e-3}, "`exact_variance` must be finite and not negative, but is -0.001"),
        ({"exact_variance": math.nan}, "`exact_variance` must"),
        ({"numerical_floor": -1.0}, "`numerical_floor` must"),
    ],
)
def test_arguments_are_checked(wrong: dict[str, float], message: str) -> None:
    right = {"sampled": 0.0, "exact": 0.0, "exact_variance": 1.0, "paths": 10, "level": 1e-4, "numerical_floor": 0.0}
    with pytest.raises(InvalidInput, match=message):
        mean_check("mean", **(right | wrong))  # type: ignore[arg-type]


def test_a_nan_sample_fails() -> None:
    check = mean_check(
        "mean", sampled=math.nan, exact=0.0, exact_variance=1.0, paths=10, level=1e-4, numerical_floor=0.0
    )
    assert check.verdict == "fail"


def test_higher_moments_are_checked_as_means(make_law: Callable[..., object], root_seed: int) -> None:
    """The variance as mean of (s - mu)^2; rejected when the law is 5 % too wide (z = 11 at 10^5 paths)."""
    law = make_law(2.0)
    wide = make_law(2.1)
    rng = np.random.default_rng([root_seed, 13])

    def verdict(sample) -> str:  # type: ignore[no-untyped-def]
        counts = sample.draw(rng, 10**5)
        squares = (law.values - law.mean) ** 2
        return str(
            mean_check(
                "variance_sigma",
                sampled=sample_mean((sample.values - law.mean) ** 2, counts),
                exact=law.variance,
                exact_variance=float(law.p @ (squares - law.variance) ** 2),
                paths=10**5,
                level=1e-9,
                numerical_floor=1e-12,
                law=(squares, law.log_probabilities),
            ).verdict
        )

    assert verdict(law) == "pass"
    assert verdict(wide) == "fail"
