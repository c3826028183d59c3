"""Verdicts on collision models: what passes, what is rejected and by which check."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from qtraj.models.li18 import coherent_collision
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.exact import exact_report
from qtraj.theorems.gather import gather_references
from qtraj.theorems.law_statistics import law_statistics
from qtraj.theorems.verify import verify
from tests.paths.collision_cases import CASES, case, qubit_model
from tests.paths.test_sweep import nearly_degenerate
from tests.theorems.negative_controls import failing
from tests.theorems.wrong_collisions import FOLLOWERS, LAWS, as_wrong

# False-alarm rate of a whole report here; negative controls differ by tens of standard deviations.
LEVEL = 1e-9

AUGMENTED = MeasurementProtocol.AUGMENTED


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("three parts")])
def test_right_models_are_not_rejected(name: str) -> None:
    """Followed paths against the law: every cell of a few permille is seen with 20 000 paths."""
    report = verify(case(name), paths=1e9, followed_paths=20_000, level=LEVEL)
    assert failing(report) == set()
    identities = {check.name for check in report.checks if check.kind == "identity"}
    assert {"law_mean_sigma", "law_exp_minus_sigma", "law_detailed_theorem", "entropy_balance"} <= identities


@pytest.mark.parametrize("protocol", ["eigenbasis-two-point", "energy-two-point", "kraus"])
@pytest.mark.parametrize("name", ["two baths and work", "start of rank two"])
def test_every_protocol(name: str, protocol: str) -> None:
    assert failing(verify(case(name), paths=1e8, protocol=protocol, followed_paths=20_000, level=LEVEL)) == set()


def test_a_gentle_model_passes() -> None:
    """Not only is nothing rejected: every check could have been."""
    report = verify(case("from the ground"), paths=1e9, followed_paths=20_000)
    assert report.verdict is Verdict.PASS
    loss = next(check.exact for check in report.checks if check.name == "exp_minus_sigma")
    assert loss == pytest.approx(1 - exact_law(case("from the ground")).absolute_irreversibility, abs=1e-12)


# The basis in which units are measured


def energy_basis_paths_for_coherent_units(model: CollisionModel, paths: float) -> dict[str, Check]:
    """The checks of a report, of paths whose units were measured in energy, against the coherent model's averages."""
    measured = replace(model, reservoirs={name: replace(r, measure="energy") for name, r in model.reservoirs.items()})
    law = exact_law(measured)
    ensemble = sample(measured, paths=paths, law=law)
    references = gather_references(model, AUGMENTED)
    plans = law_statistics(law, references, SigmaAtoms.of(measured, law))
    checks = (plan(ensemble.paths, 1e-4).judge(ensemble.class_counts) for plan in plans)
    return {check.name: check for check in checks}


def test_the_theorem_is_blind_to_the_basis_and_means_are_not() -> None:
    """Measured in the energy basis, coherent units make another process. It has its theorem, and another mean."""
    model = coherent_collision(
        collisions=2, coherence=0.6, interaction_angle=0.5, temperature_hot=4.0, temperature_cold=2.0, initial="thermal"
    )
    checks = energy_basis_paths_for_coherent_units(model, 1e9)
    assert checks["exp_minus_sigma"].verdict is Verdict.PASS
    assert checks["exp_minus_sigma"].exact == pytest.approx(1.0, abs=1e-12)
    assert checks["detailed_theorem"].verdict is Verdict.PASS
    for name in ("mean_sigma", "mean_sigma_d", "mean_xi", "mean_entropy_into_hot", "mean_entropy_into_cold"):
        assert checks[name].verdict is Verdict.FAIL, name
        assert abs(checks[name].z) > 100, name
    assert checks["final_marginal"].verdict is Verdict.FAIL


def test_without_coherence_the_basis_does_not_matter() -> None:
    """Negative control of the test above: what fails there is the basis, not the comparison."""
    model = coherent_collision(collisions=2, coherence=0.0, interaction_angle=0.5, initial="thermal")
    checks = energy_basis_paths_for_coherent_units(model, 1e9)
    assert {check.verdict for check in checks.values()} <= {Verdict.PASS, Verdict.INCONCLUSIVE}
    assert checks["mean_sigma"].verdict is Verdict.PASS


def test_a_report_on_the_energy_basis_says_so() -> None:
    report = verify(case("measured in energy"), paths=1e6, followed_paths=0)
    assert any("another process" in note for note in report.notes)
    report = verify(case("coherent units"), paths=1e6, followed_paths=0)
    assert any("outcomes have no energy" in note for note in report.notes)
    assert not any("another process" in note for note in report.notes)


# Negative controls


@pytest.mark.parametrize("name", FOLLOWERS)
def test_wrong_followers_are_seen_by_the_comparison_with_the_law(name: str) -> None:
    with mock.patch("qtraj.paths.followers.FollowedCollisions", FOLLOWERS[name]):
        report = verify(case("coherent units"), paths=1e5, followed_paths=30_000, level=LEVEL)
    assert failing(report) >= {"followed_paths"}
    # What is drawn from the law is as it should be.
    assert {check for check in failing(report) if not check.startswith("followed")} == set()


REJECTED_BY = {
    "LawOfInverseUnitaries": {"final_state", "law_final_marginal", "law_mean_sigma"},
    "LawOfReversedSteps": {"final_state", "law_final_marginal", "law_mean_sigma"},
    "LawOfOneBeta": {"law_mean_sigma", "law_exp_minus_sigma", "law_detailed_theorem"},
    "LawOfOppositeHeat": {"law_mean_heat", "law_exp_minus_sigma", "law_detailed_theorem"},
    "BackwardInTheSameOrder": {"law_detailed_theorem"},
    "BackwardNotInverted": {"law_detailed_theorem"},
}


@pytest.mark.parametrize("name", LAWS)
def test_wrong_laws_are_seen_by_identities(name: str) -> None:
    report = verify(as_wrong(LAWS[name], case("two baths and work")), paths=1e3, followed_paths=0)
    assert failing(report) >= REJECTED_BY[name]


def test_the_theorem_alone_sees_neither_u_dagger_nor_the_order() -> None:
    """<e^-sigma> = 1 holds for any unitaries in any order: other checks must see these two, and they do."""
    for name in ("LawOfInverseUnitaries", "LawOfReversedSteps"):
        report = verify(as_wrong(LAWS[name], case("two baths and work")), paths=1e3, followed_paths=0)
        assert not failing(report) & {"law_exp_minus_sigma", "law_detailed_theorem"}


def test_wrong_backward_processes_change_lambda_of_a_start_without_full_rank() -> None:
    for name in ("BackwardInTheSameOrder", "BackwardNotInverted"):
        report = verify(as_wrong(LAWS[name], case("from the ground")), paths=1e3, followed_paths=0)
        assert "law_exp_minus_sigma" in failing(report)


def test_right_models_pass_as_subclasses_too() -> None:
    """Negative control of the controls: it is not the subclass that is rejected."""
    report = verify(as_wrong(type("Same", (CollisionModel,), {}), case("two baths and work")), paths=1e3, level=LEVEL)
    assert failing(report) == set()


# Corners


def test_energies_in_joule() -> None:
    assert failing(verify(qubit_model([0.5, 1.5], work=0.3, scale=1e-23), paths=1e8, level=LEVEL)) == set()


def test_a_reservoir_that_nobody_meets() -> None:
    model = qubit_model([0.5, 1.5])
    spare = {"spare": Reservoir(energies=[0.0, 2.0], inverse_temperature=1.0), **model.reservoirs}
    assert failing(verify(replace(model, reservoirs=spare), paths=1e6, followed_paths=5000, level=LEVEL)) == set()


@pytest.mark.parametrize("gap", [1e-6, 1e-9, 1e-10, 2e-11, 1e-12])
@pytest.mark.parametrize("repeat", [1, 8])
def test_heats_that_are_almost_the_same(gap: float, repeat: int) -> None:
    """Neither law nor followed paths may take one for the other and then blame the sampler."""
    report = verify(nearly_degenerate(gap, repeat), paths=1e6, followed_paths=5000, level=LEVEL)
    assert failing(report) == set()


def test_almost_the_same_heats_of_a_thermal_operation() -> None:
    """A level tolerance may make one level of two energies; heat between them is heat all the same."""
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3))
    bath = Environment(energies=[0.0, 1.0, 1.0 + 1e-10], inverse_temperature=1.0, level_tolerance=1e-9)
    unitary = EnergyConservingUnitary.haar(system, bath, seed=1)
    operation = ThermalOperation(system=system, environment=bath, unitary=unitary)
    assert failing(verify(operation, paths=1e6, followed_paths=10_000, level=LEVEL)) == set()
    law = exact_law(operation, protocol="eigenbasis-two-point")
    rows = {"alpha": np.zeros(2, int), "beta": np.zeros(2, int), "mu": np.array([1, 1]), "nu": np.array([0, 2])}
    found = ClassFinder(law=law, heats_of=bath.spectrum.energies)(rows)
    assert law.heat[found].tolist() == pytest.approx([-1.0, 1e-10], rel=1e-6)


def test_cold_reservoirs() -> None:
    model = qubit_model([800.0, 0.5], repeat=3, angle=0.4)
    assert failing(verify(model, paths=1e6, followed_paths=5000, level=LEVEL)) == set()


def test_the_second_moment_is_withdrawn_where_it_cannot_be_known() -> None:
    """<e^-2sigma> of a few cold collisions is made by paths of 1e-30: the law says so instead of being wrong."""
    cold = coherent_collision(
        interaction_angle=0.7,
        exchange_angle=0.3,
        coherence=0.8,
        temperature_hot=0.02,
        temperature_cold=0.025,
        collisions=5,
    )
    entry = exact_report(cold)
    assert entry["path_law"]["exp_minus_2sigma"] is None
    assert "too rare for double precision" in entry["reasons"]["path_law.exp_minus_2sigma"]
    assert entry["path_law"]["exp_minus_sigma"] == pytest.approx(
        1 - entry["path_law"]["absolute_irreversibility"], abs=1e-11
    )
    warm = exact_report(coherent_collision(collisions=20))
    assert warm["path_law"]["exp_minus_2sigma"] == pytest.approx(np.exp(0.2825828602594816), rel=1e-11)


def test_a_start_with_correlations_between_subsystems() -> None:
    state = 0.7 * State.pure([np.sqrt(0.5), 0, 0, np.sqrt(0.5)]).matrix + 0.3 * np.eye(4) / 4
    model = replace(
        case("thermal units"),
        composite=CompositeSystem(subsystems={"A": [0.5, -0.5], "B": [0.5, -0.5]}, state=state),
    )
    assert failing(verify(model, paths=1e8, followed_paths=20_000, level=LEVEL)) == set()


def test_the_verdict_does_not_depend_on_workers() -> None:
    one, two = (verify(case("two baths"), paths=1e6, followed_paths=70_000, n_jobs=jobs) for jobs in (1, 2))
    assert [check.to_json() for check in one.checks] == [check.to_json() for check in two.checks]
