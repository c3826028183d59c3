"""Verdicts on processes that are right, and on arguments that are not."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.registry import build_model
from qtraj.paths.blocks import Block
from qtraj.paths.followed import FollowedPaths
from qtraj.paths.sample import DEFAULT_PATHS, DEFAULT_SEED, SAMPLERS
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.checks import Verdict
from qtraj.theorems.verify import verify
from tests.paths.cases import CASES, PROTOCOLS, case, haar_operation
from tests.theorems.negative_controls import failing
from tests.theorems.patches import follower
from tests.theorems.reports import LEVEL, check_of, without_timings


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_right_processes_are_not_rejected(name: str, protocol: str, root_seed: int) -> None:
    """At level 1e-9, whatever the case: pure and mixed starts, degeneracies, d_S = 1, d_E = 1, beta = 0."""
    report = verify(case(name), paths=1e6, seed=root_seed, protocol=protocol, level=LEVEL, followed_paths=10_000)
    assert failing(report) == set()
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_sampler_passes_under_every_protocol(protocol: str, sampler: str, root_seed: int) -> None:
    operation = build_model("two-qubit-exchange")
    report = verify(operation, paths=100_000, seed=root_seed, protocol=protocol, sampler=sampler, level=LEVEL)
    assert report.verdict is Verdict.PASS
    assert (report.protocol, report.sampler, report.paths) == (protocol, sampler, 100_000)


def test_a_qutrit_on_a_long_ladder_passes() -> None:
    environment = Environment.ladder(levels=30, spacing=1.0, inverse_temperature=0.6)
    report = verify(haar_operation([0.0, 1.0, 3.0], State.haar(3, seed=1), environment))
    assert report.verdict is Verdict.PASS
    assert (report.paths, report.seed) == (DEFAULT_PATHS, DEFAULT_SEED)


@pytest.mark.parametrize("paths", [1e9, 1e12, 1e15])
def test_more_paths_than_anyone_can_draw_still_pass(paths: float) -> None:
    """At 10^15 paths standard errors are 3e-8: the exact numbers must be good to more than that, and are."""
    report = verify(build_model("two-qubit-exchange"), paths=paths)
    assert report.verdict is Verdict.PASS
    assert check_of(report, "mean_sigma").standard_error < 2 / math.sqrt(paths)


def test_a_pure_start_is_judged_against_its_own_support(root_seed: int) -> None:
    """<e^-sigma> = 1 - lambda, far from 1, with a verdict of pass."""
    report = verify(case("pure start"), paths=1e6, seed=root_seed, level=LEVEL)
    assert report.verdict is Verdict.PASS
    check = check_of(report, "exp_minus_sigma")
    # What the backward process leaves on the support of the start, by its density matrix.
    kept = case("pure start").system.energy_state.matrix @ case("pure start").reversed().final_energy_state.matrix
    assert check.exact == pytest.approx(np.trace(kept).real, abs=1e-12)
    assert 0.05 < check.exact < 0.95
    assert 1.0 - check.exact > 20 * check.standard_error


def test_a_single_class_passes() -> None:
    """One level meets one level: nothing can happen, and nothing is unsettled."""
    operation = haar_operation([0.0], [[1.0]], Environment(energies=[0.0], inverse_temperature=1.0))
    for protocol in PROTOCOLS:
        report = verify(operation, paths=1000, protocol=protocol)
        assert report.verdict is Verdict.PASS
        str(report)
        json.dumps(report.to_json(), allow_nan=False)


class OffTheLadder(FollowedPaths):
    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        mu, nu = rows["mu"].copy(), rows["nu"].copy()
        mu[0], nu[0] = 0, 3  # a qutrit with levels 0, 1, 2 cannot give three quanta
        return {**rows, "mu": mu, "nu": nu}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_followed_paths_that_fall_outside_the_law_fail(protocol: str) -> None:
    """One path in 5000 exchanges heat that no branch has."""
    with follower(OffTheLadder):
        report = verify(case("coherent qutrit"), paths=1000, followed_paths=5000, protocol=protocol)
    check = check_of(report, "followed_paths")
    assert check.verdict is Verdict.FAIL
    assert check.details["outside"] == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"paths": 0}, InvalidInput),
        ({"paths": 1e16}, InvalidInput),
        ({"seed": -1}, InvalidInput),
        ({"level": 0.0}, InvalidInput),
        ({"level": 1.5}, InvalidInput),
        ({"n_jobs": 0}, InvalidInput),
        ({"followed_paths": -5}, InvalidInput),
        ({"protocol": "kraus-two-point"}, UnknownName),
        ({"sampler": "explicitly"}, UnknownName),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        verify(case("spins"), **options)


def test_processes_of_another_kind_are_refused() -> None:
    operation = case("spins")
    stranger = SimpleNamespace(
        stages=operation.stages, endpoints=operation.endpoints, environment=operation.environment, kind="strange"
    )
    with pytest.raises(InvalidInput, match="`process` must be one of"):
        verify(stranger, paths=100)


def test_the_check_of_the_physics_can_be_left_out() -> None:
    names = {check.name for check in verify(case("spins"), paths=1000, followed_paths=0).checks}
    assert not any(name.startswith("followed") for name in names)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("n_jobs", "backend"), [(2, "loky"), (2, "threading")])
def test_workers_do_not_change_a_report(n_jobs: int, backend: str, sampler: str) -> None:
    options = {"paths": 150_000, "seed": 5, "sampler": sampler}
    alone = verify(case("coherent qutrit"), **options)
    shared = verify(case("coherent qutrit"), **options, n_jobs=n_jobs, backend=backend)
    assert without_timings(alone) == without_timings(shared)


def test_the_level_is_shared_by_all_statistical_checks() -> None:
    """At level 1/2 a right process fails every second time at most, and not nine times out of ten."""
    verdicts = [
        verify(case("pure start, no environment"), paths=1000, seed=seed, level=0.5, followed_paths=1000).verdict
        for seed in range(40)
    ]
    # At most 20 expected; 36 or more have a binomial probability of 1e-7 at 1/2.
    assert sum(verdict is Verdict.FAIL for verdict in verdicts) < 36


def test_a_system_in_a_basis_of_its_own_passes() -> None:
    """Hamiltonian, state and unitary given in a basis that is not the energy basis."""
    basis = State.haar(3, seed=11).vectors
    system = System(hamiltonian=basis @ np.diag([0.0, 1.0, 2.0]) @ basis.conj().T, state=State.haar(3, seed=12))
    environment = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
    unitary = EnergyConservingUnitary.haar(system, environment, seed=5)
    assert verify(ThermalOperation(system=system, environment=environment, unitary=unitary)).verdict is Verdict.PASS


@pytest.mark.parametrize("junk", [None, 3, "davies-qutrit", [], object()])
def test_only_processes_can_be_verified(junk: object) -> None:
    with pytest.raises(InvalidInput, match="`process` must be"):
        verify(junk)  # type: ignore[arg-type]


@pytest.mark.parametrize("junk", ["x", 2.5, -1])
def test_a_number_of_followed_paths_is_a_number(junk: object) -> None:
    process = build_model("two-qubit-exchange")
    with pytest.raises(InvalidInput, match="`followed_paths` must be a whole number from 0 on"):
        verify(process, followed_paths=junk)  # type: ignore[arg-type]
