"""All checks together on samples of a law, at every number of paths: what a whole report says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qtraj.theorems.checks import Verdict
from qtraj.theorems.coverage import support_check
from qtraj.theorems.goodness_of_fit import goodness_of_fit
from qtraj.theorems.law_error import rounding_floor
from qtraj.theorems.levels import FAMILY_LEVEL, split_level
from qtraj.theorems.mean_check import mean_check
from qtraj.theorems.report import Report
from tests.theorems.at_once import detailed_check, weight_check


def report_on(law, counts, *, level: float) -> Report:  # type: ignore[no-untyped-def]
    paths, each = int(counts.sum()), split_level(level, 4)
    support = support_check(
        log_probabilities=law.log_probabilities, log_backward=law.log_backward, paths=paths, target=law.target
    )
    shape = {"log_probabilities": law.log_probabilities, "counts": counts, "level": each}
    checks = (
        mean_check(
            "mean_sigma",
            sampled=float(law.values @ counts / paths),
            exact=law.mean,
            exact_variance=law.variance,
            paths=paths,
            level=each,
            numerical_floor=rounding_floor(*law.pair),
            law=law.pair,
        ),
        weight_check("exp_minus_sigma", values=law.values, target=law.target, **shape),
        goodness_of_fit("classes", **shape),
        detailed_check(values=law.values, log_backward=law.log_backward, **shape),
        support,
    )
    return Report(
        checks=checks,
        paths=paths,
        seed=None,
        protocol="augmented",
        sampler="counts",
        covered_weight=support.sampled,
    )


@pytest.mark.parametrize("paths", [10**6, 10**9, 10**12, 10**15])
def test_a_light_law_passes(light_law, root_seed: int, paths: int) -> None:  # type: ignore[no-untyped-def]
    """Family level 1e-9."""
    rng = np.random.default_rng([root_seed, 61, paths])
    assert report_on(light_law, light_law.draw(rng, paths), level=1e-9).verdict is Verdict.PASS


@pytest.mark.parametrize("paths", [1, 10, 10**3, 10**6, 10**9])
def test_a_heavy_law_is_inconclusive_and_says_what_would_do(heavy_law, root_seed: int, paths: int) -> None:  # type: ignore[no-untyped-def]
    """<e^-2sigma> = 1e7, where a plain z-test of <e^-sigma> passes anything. Family level 1e-9."""
    rng = np.random.default_rng([root_seed, 62, paths])
    report = report_on(heavy_law, heavy_law.draw(rng, paths), level=1e-9)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "paths would do" in report.sentence
    assert min(check.paths_needed for check in report.checks if check.paths_needed) > 1


@pytest.mark.slow
@pytest.mark.parametrize("paths", [100, 10**4, 10**6, 10**10])
def test_the_family_level_holds(make_law, root_seed: int, paths: int) -> None:  # type: ignore[no-untyped-def]
    """600 reports on each of three laws at the default level, and at 0.05 (false failure 1e-9 a case)."""
    for number, law in enumerate((make_law(2.0), make_law(12.0), make_law(3.0, irreversible=0.5))):
        rng = np.random.default_rng([root_seed, 63, paths, number])
        samples = [law.draw(rng, paths) for _ in range(600)]
        for level in (FAMILY_LEVEL, 0.05):
            alarms = sum(report_on(law, counts, level=level).verdict is Verdict.FAIL for counts in samples)
            assert alarms <= stats.binom.isf(1e-9, 600, level)
