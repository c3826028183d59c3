"""Forward against backward: level, power, wrong samplers, and what the test cannot see.

Tests on right processes use level 1e-9. With 100 000 paths each way the slope's detectable error is 0.02 to 0.3
(stated by every report itself).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from scipy import stats

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput, NoFiniteLaw, NotRecorded, TooLarge
from qtraj.models.registry import build_model
from qtraj.paths.sample import sample
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.states import State
from qtraj.theorems.bennett import bennett_free_energy
from qtraj.theorems.checks import Verdict
from qtraj.theorems.forward_backward import ForwardBackward, forward_backward
from qtraj.theorems.logistic import Labelled, logistic_test
from tests.paths.cases import case, haar_operation, ladder
from tests.paths.jump_cases import davies, driven_qubit, spin_chain

LEVEL = 1e-9
PATHS = 40_000

PROCESSES: dict[str, Any] = {
    "coherent qutrit": lambda: case("coherent qutrit"),
    "pure start": lambda: case("pure start"),
    "leftover degeneracy": lambda: case("leftover degeneracy"),
    "maximally mixed": lambda: case("maximally mixed"),
    "cold environment": lambda: case("cold environment"),
    "no system": lambda: case("no system"),
    "coherent collisions": lambda: build_model("coherent-collision", collisions=5, coherence=0.2),
    "davies": davies,
    "driven qubit": driven_qubit,
    "spin chain": lambda: spin_chain(2),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_right_processes_pass(name: str, root_seed: int) -> None:
    found = forward_backward(PROCESSES[name](), paths=PATHS, seed=root_seed, level=LEVEL)
    assert [check.verdict for check in found.checks].count(Verdict.FAIL) == 0
    assert found.interval[0] <= found.absolute_irreversibility <= found.interval[1] + 1e-12


@pytest.mark.parametrize("name", ["coherent qutrit", "pure start", "davies"])
def test_counts_know_the_slope_to_six_digits(name: str, root_seed: int) -> None:
    found = forward_backward(PROCESSES[name](), paths=1e12, seed=root_seed, level=LEVEL, sampler="counts")
    assert [check.verdict for check in found.checks] == [Verdict.PASS] * 2
    assert abs(found.logistic.slope - 1.0) < 1e-4
    assert found.logistic.detectable_slope < 1e-4


def gaussian(paths: tuple[int, int], rng: np.random.Generator, *, scale: float = 1.0) -> tuple[Labelled, Labelled]:
    """Normal laws that obey the theorem: mean +-1, variance 2; scaled, they do not."""
    forward, backward = (rng.normal(sign, np.sqrt(2.0), n) * scale for sign, n in zip((1.0, -1.0), paths, strict=True))
    return (
        Labelled(values=forward, counts=np.ones(paths[0]), paths=paths[0]),
        Labelled(values=backward, counts=np.ones(paths[1]), paths=paths[1]),
    )


def p_values(repeats: int, seed: int, *, scale: float = 1.0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return np.array(
        [logistic_test(*gaussian((5_000, 12_000), rng, scale=scale), level=1e-3).p_value for _ in range(repeats)]
    )


def test_the_level_is_right_and_the_stated_power_is_there(root_seed: int) -> None:
    """p-values of right samples are uniform; an error of the detectable size is found in 52 of 60 or more."""
    uniform = stats.kstest(p_values(250, root_seed), "uniform").pvalue
    assert uniform > LEVEL
    rng = np.random.default_rng(root_seed)
    detectable = logistic_test(*gaussian((5_000, 12_000), rng), level=1e-3).detectable_slope
    # Values too large by a factor c make the slope 1/c.
    assert 0.01 < detectable < 0.2
    wrong = p_values(60, root_seed + 1, scale=1.0 / (1.0 + 1.1 * detectable))
    assert (wrong < 1e-3).sum() >= 52
    assert stats.kstest(wrong, "uniform").pvalue < LEVEL


def test_errors_of_the_fit_are_right(root_seed: int) -> None:
    """z of slope and intercept have unit variance; without the correction for given numbers the intercept's has not."""
    rng = np.random.default_rng(root_seed)
    found = [logistic_test(*gaussian((5_000, 12_000), rng), level=1e-3) for _ in range(150)]
    slopes = np.array([(one.slope - 1.0) / one.slope_error for one in found])
    shifts = np.array([one.intercept - one.expected_intercept for one in found])
    intercepts = shifts / [one.intercept_error for one in found]
    for z in (slopes, intercepts):
        # Variance of 150 normal numbers: chi-square with 150 degrees of freedom.
        assert stats.chi2.cdf((z**2).sum(), 150) > LEVEL
        assert stats.chi2.sf((z**2).sum(), 150) > LEVEL
    naive = shifts / [np.hypot(one.intercept_error, np.sqrt(1 / 5_000 + 1 / 12_000)) for one in found]
    assert stats.chi2.cdf((naive**2).sum(), 150) < LEVEL


# --- wrong samplers ---------------------------------------------------------------------------------------------------


@contextmanager
def wrong_units() -> Iterator[None]:
    """books forward entropies in units 10 % too large"""
    from qtraj.paths.ensemble import Ensemble

    right = Ensemble.values

    def scaled(self: Ensemble, name: str) -> Any:
        values, counts = right(self, name)
        return 1.1 * values, counts

    with mock.patch.object(Ensemble, "values", scaled):
        yield


@contextmanager
def forward_backwards() -> Iterator[None]:
    """runs the backward process with U instead of its inverse"""

    def same(self: ThermalOperation) -> ThermalOperation:
        right = _reversed(self)
        return replace(right, unitary=self.unitary)

    _reversed = ThermalOperation.reversed
    with mock.patch.object(ThermalOperation, "reversed", same):
        yield


@contextmanager
def wrong_start() -> Iterator[None]:
    """starts backward paths from the initial ensemble"""
    from qtraj.theorems import backward_paths

    right = backward_paths.backward_endpoints

    def wrong(endpoints: Any) -> Any:
        swapped, outside = right(endpoints)
        return replace(swapped, initial=endpoints.initial), outside

    with mock.patch.object(backward_paths, "backward_endpoints", wrong):
        yield


@contextmanager
def lost_paths() -> Iterator[None]:
    """loses every third forward path of negative entropy production"""
    from qtraj.paths.ensemble import Ensemble

    right = Ensemble.values

    def biased(self: Ensemble, name: str) -> Any:
        values, counts = right(self, name)
        return values, np.where(values < 0, counts - counts // 3, counts)

    with mock.patch.object(Ensemble, "values", biased):
        yield


@pytest.mark.parametrize("wrong", [wrong_units, forward_backwards, wrong_start, lost_paths])
def test_wrong_samplers_are_rejected(wrong: Any, root_seed: int) -> None:
    """With 200 000 paths each way, at the default level (with 99 % power: the p-values are far below)."""
    sampler = "followed" if wrong is wrong_start else "counts"
    with wrong():
        found = forward_backward(case("coherent qutrit"), paths=200_000, seed=root_seed, sampler=sampler)
    assert found.checks[0].verdict is Verdict.FAIL
    assert found.logistic.p_value < LEVEL


def test_a_wrong_hamiltonian_is_not_seen(root_seed: int) -> None:
    """What the test cannot see, in writing: both directions are wrong in the same way."""
    right = driven_qubit()
    other = driven_qubit(drive=2.5)
    ensemble = replace(sample(other, paths=PATHS, seed=root_seed), process=right)
    assert ensemble.mean("sigma") != pytest.approx(sample(right, paths=PATHS, seed=root_seed).mean("sigma"), rel=0.1)
    with mock.patch.object(JumpProcess, "reversed", return_value=other.reversed()):
        found = forward_backward(right, ensemble=ensemble, level=LEVEL)
    assert found.checks[0].verdict is not Verdict.FAIL


# --- lambda, and Bennett's blindness ----------------------------------------------------------------------------------


def lossy() -> ThermalOperation:
    """A pure qutrit on a ladder, with lambda = 0.705."""
    return haar_operation([0.0, 1.0, 2.0], State.haar(3, rank=1, seed=9), ladder(4))


def test_lambda_from_backward_paths_off_the_support(root_seed: int) -> None:
    found = forward_backward(lossy(), paths=1e12, seed=root_seed, sampler="counts", level=LEVEL)
    assert found.absolute_irreversibility == pytest.approx(0.7047, abs=1e-4)
    assert found.off_support / 1e12 == pytest.approx(found.absolute_irreversibility, abs=1e-5)
    assert found.checks[1].verdict is Verdict.PASS
    # Negative control: a lambda that is off by ten standard errors.
    wrong = replace(found, absolute_irreversibility=found.absolute_irreversibility + 5e-6)
    assert wrong.checks[1].verdict is Verdict.FAIL


def test_bennetts_ratio_is_blind_to_lambda(root_seed: int) -> None:
    """It returns 0 at lambda = 0.7 as it does at lambda = 0: its error is below 1e-5 here."""
    for process in (lossy(), case("coherent qutrit")):
        found = forward_backward(process, paths=1e12, seed=root_seed, sampler="counts")
        assert bennett_free_energy(found.forward, found.backward) == pytest.approx(0.0, abs=2e-5)


def test_bennetts_ratio_sees_a_free_energy(root_seed: int) -> None:
    """Negative control of the solver: works shifted by 0.3 give 0.3."""
    rng = np.random.default_rng(root_seed)
    forward, backward = gaussian((40_000, 20_000), rng)
    shifted = (replace(forward, values=forward.values + 0.3), replace(backward, values=backward.values + 0.3))
    assert bennett_free_energy(*shifted) == pytest.approx(0.3, abs=0.08)


def test_works_are_in_the_convention_of_free_energy_packages(root_seed: int) -> None:
    found = forward_backward(lossy(), paths=5000, seed=root_seed)
    forward, reverse = found.works()
    assert forward.size == reverse.size == 5000
    assert np.isposinf(reverse).sum() == found.off_support
    assert np.isfinite(forward).all()
    with pytest.raises(TooLarge, match="1e\\+08"):
        forward_backward(lossy(), paths=1e9, sampler="counts").works()


@pytest.mark.slow
def test_pymbar_agrees_that_the_ratio_is_zero(root_seed: int) -> None:
    other = pytest.importorskip("pymbar.other_estimators")
    found = forward_backward(lossy(), paths=20_000, seed=root_seed)
    forward, reverse = found.works(lost=300.0)
    result = other.bar(forward, reverse)
    assert abs(result["Delta_f"]) < 6 * result["dDelta_f"]
    assert result["Delta_f"] == pytest.approx(bennett_free_energy(found.forward, found.backward), abs=1e-5)
    # Exponential averaging of the forward works does see it.
    assert other.exp(forward)["Delta_f"] == pytest.approx(-np.log(1 - found.absolute_irreversibility), abs=0.1)


# --- corners ----------------------------------------------------------------------------------------------------------


def test_too_little_overlap_is_inconclusive() -> None:
    rng = np.random.default_rng(3)
    forward = Labelled(values=rng.normal(40.0, np.sqrt(80.0), 500), counts=np.ones(500), paths=500)
    backward = Labelled(values=rng.normal(-40.0, np.sqrt(80.0), 500), counts=np.ones(500), paths=500)
    test = logistic_test(forward, backward, level=1e-3)
    assert not test.believable
    whole = ForwardBackward(
        forward=forward,
        backward=backward,
        logistic=test,
        off_support=0,
        absolute_irreversibility=0.0,
        interval=(0.0, 0.01),
        level=1e-3,
    )
    assert whole.checks[0].verdict is Verdict.INCONCLUSIVE


def test_an_ensemble_already_drawn_is_used() -> None:
    operation: Process = case("coherent qutrit")
    ensemble = sample(operation, paths=5000, seed=1)
    found = forward_backward(operation, ensemble=ensemble, backward_paths=2000)
    assert (found.forward.paths, found.backward.paths) == (5000, 2000)
    with pytest.raises(InvalidInput, match="another object"):
        forward_backward(case("pure start"), ensemble=ensemble)


def test_refusals() -> None:
    with pytest.raises(NotRecorded, match="kraus"):
        forward_backward(case("coherent qutrit"), paths=100, protocol="kraus")
    with pytest.raises(NoFiniteLaw):
        forward_backward(driven_qubit(), paths=100, sampler="counts")
    with pytest.raises(InvalidInput, match="level"):
        forward_backward(case("coherent qutrit"), level=2.0)
