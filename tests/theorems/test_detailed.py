from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check
from qtraj.theorems.detailed import BINS, detailed_identity, equal_weight_bins
from tests.theorems.at_once import detailed_check


def check_law(law, counts, *, level: float = 1e-4, **options: object) -> Check:  # type: ignore[no-untyped-def]
    given = {
        "values": law.values,
        "log_probabilities": law.log_probabilities,
        "log_backward": law.log_backward,
        "counts": counts,
        "level": level,
    }
    return detailed_check(**(given | options))  # type: ignore[arg-type]


def test_bins_ascend_and_carry_about_equal_weight(make_law) -> None:  # type: ignore[no-untyped-def]
    law = make_law(4.0, step=0.01)
    bins = equal_weight_bins(law.log_probabilities, law.log_backward, BINS)
    assert (np.diff(bins) >= 0).all()
    assert bins[0] == 0
    assert bins[-1] == BINS - 1
    weight = np.bincount(bins, law.p + np.exp(law.log_backward)) / 2
    assert np.allclose(weight, 1 / BINS, rtol=0.2)


def test_bins_reach_into_the_negative_tail(heavy_law) -> None:  # type: ignore[no-untyped-def]
    """Where the theorem lives: more than a third of the bins are below zero, with 2 % of the paths."""
    bins = equal_weight_bins(heavy_law.log_probabilities, heavy_law.log_backward, BINS)
    assert np.unique(bins[heavy_law.values < 0]).size > BINS // 3
    assert heavy_law.p[heavy_law.values < 0].sum() < 0.03


@pytest.mark.parametrize("edges", [None, np.array([-1.0, 0.0, 1.0]), np.array([0.25])])
def test_a_sample_of_the_law_passes(light_law, root_seed: int, edges: np.ndarray | None) -> None:  # type: ignore[no-untyped-def]
    """300 samples at level 0.02 (false failure 1e-9, allowing 1.3 times nominal)."""
    rng = np.random.default_rng([root_seed, 41])
    alarms = sum(
        check_law(light_law, light_law.draw(rng, 10_000), level=0.02, edges=edges).verdict == "fail" for _ in range(300)
    )
    assert alarms <= stats.binom.isf(1e-9, 300, 1.3 * 0.02)


def test_the_bin_centre_instead_of_the_atoms_is_rejected(make_law, root_seed: int) -> None:  # type: ignore[no-untyped-def]
    """Negative control: bins of width 2 and e^(centre) P_B. The bias is up to tenfold in a bin; 10^4 paths suffice."""
    law = make_law(4.0)
    counts = law.draw(np.random.default_rng([root_seed, 42]), 10_000)
    edges = np.arange(-6.0, 11.0, 2.0)
    assert check_law(law, counts, edges=edges, level=1e-10).verdict == "pass"
    centre = 2.0 * np.floor(law.values / 2.0) + 1.0
    wrong = law.log_backward + centre - law.values
    wrong = wrong - math.log(float(np.exp(law.values + wrong).sum()))  # normalised, so that only the shape is wrong
    assert check_law(law, counts, edges=edges, log_backward=wrong).verdict == "fail"


def test_a_backward_law_of_wrong_weight_is_rejected(make_law) -> None:  # type: ignore[no-untyped-def]
    """1 - lambda = 0.6 ignored: the backward law normalised to 1. Its shape is right, its weight is not."""
    law = make_law(2.0, irreversible=0.4)
    counts = law.draw(np.random.default_rng(4), 1000)
    assert check_law(law, counts, level=1e-10).verdict == "pass"
    check = check_law(law, counts, log_backward=law.log_backward - math.log(law.target))
    assert check.verdict == "fail"
    assert "adds up to 1.66666667 and not to 1" in check.note


def test_the_identity_of_the_two_laws(light_law) -> None:  # type: ignore[no-untyped-def]
    def verdict(log_backward: np.ndarray) -> str:
        check = detailed_identity(
            values=light_law.values,
            log_probabilities=light_law.log_probabilities,
            log_backward=log_backward,
            tolerance=1e-12,
        )
        return str(check.verdict)

    assert verdict(light_law.log_backward) == "pass"
    assert verdict(light_law.log_probabilities[::-1]) == "pass"  # P(s) = e^s P(-s): the law is its own backward law
    swapped = light_law.log_backward.copy()
    swapped[[30, 31]] = swapped[[31, 30]]
    assert verdict(swapped) == "fail"


def test_extreme_entropies_stay_in_logarithms() -> None:
    values = np.array([-1e3, 1e5])
    logs = np.array([-1e3 - math.log1p(math.exp(-1e3)), 0.0])
    check = detailed_check(
        values=values,
        log_probabilities=logs,
        log_backward=logs - values,
        counts=np.array([0, 10**15]),
        level=1e-4,
    )
    assert check.verdict == "pass"


def test_arguments_are_checked(light_law) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput, match="one shape"):
        check_law(light_law, light_law.draw(np.random.default_rng(1), 10), log_backward=np.zeros(2))
    with pytest.raises(InvalidInput, match="`bins` must be at least 1, but is 0"):
        check_law(light_law, light_law.draw(np.random.default_rng(1), 10), bins=0)
