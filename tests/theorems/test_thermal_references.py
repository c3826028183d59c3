"""The exact numbers a sample is held against, each recomputed here from dense matrices."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.references import RESOLVED
from qtraj.theorems.thermal_references import thermal_references
from tests.paths.cases import CASES, PROTOCOLS, case, haar_operation
from tests.paths.enumeration import enumerate_paths
from tests.theorems.negative_controls import violating_operation

EVERY = [name for name in CASES if name != "cold environment"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", [*EVERY, "violating"])
def test_references_are_the_averages_of_the_enumerated_paths(name: str, protocol: str) -> None:
    operation = violating_operation() if name == "violating" else case(name)
    references = thermal_references(operation, MeasurementProtocol(protocol))
    paths = enumerate_paths(operation, protocol)
    p = paths.probabilities
    values = {"heat": paths.heat}
    if protocol != "kraus":
        values["sigma"] = paths.sigma
    if protocol in ("augmented", "energy-two-point"):
        values["sigma_d"], values["xi"] = paths.sigma_d, paths.sigma - paths.sigma_d
    assert references.means.keys() == values.keys()
    assert references.exponential.keys() == values.keys() - {"heat"}
    for quantity, of_path in values.items():
        assert references.means[quantity] == pytest.approx(p @ of_path, abs=1e-10), quantity
    for quantity in references.exponential:
        expected = p @ np.exp(-values[quantity])
        assert references.exponential[quantity] == pytest.approx(expected, rel=1e-9, abs=1e-10), quantity
    if protocol == "kraus":
        assert references.final_probabilities is None
    else:
        beta = np.bincount(paths.labels[:, 2], weights=p, minlength=references.final_probabilities.size)
        np.testing.assert_allclose(references.final_probabilities, beta, atol=1e-12)


@pytest.mark.parametrize("name", ["pure start", "start of rank two", "no environment", "pure start, no environment"])
def test_lambda_comes_from_the_backward_process(name: str) -> None:
    """<e^-sigma> = tr[P Lambda~(rho')], P the support of the start, by dense matrices."""
    operation = case(name)
    d, e = operation.system.dimension, operation.environment.dimension
    u = operation.unitary.matrix()
    q = np.exp(operation.environment.log_populations)
    rho = operation.system.energy_state.matrix
    after = trace_out(u @ np.kron(rho, np.diag(q)) @ u.conj().T, d, e)
    back = trace_out(u.conj().T @ np.kron(after, np.diag(q)) @ u, d, e)
    values, vectors = np.linalg.eigh(rho)
    support = vectors[:, values > 1e-12] @ vectors[:, values > 1e-12].conj().T
    reference = thermal_references(operation, MeasurementProtocol.EIGENBASIS).exponential["sigma"]
    assert reference == pytest.approx(np.trace(support @ back).real, abs=1e-12)


def trace_out(joint: np.ndarray, d: int, e: int) -> np.ndarray:
    return joint.reshape(d, e, d, e).trace(axis1=1, axis2=3)


def test_under_the_energy_protocol_a_pure_coherent_start_has_full_support() -> None:
    """Measuring the energy first leaves Delta(rho), which has full rank here: nothing is lost."""
    operation = case("pure start")
    assert thermal_references(operation, MeasurementProtocol.ENERGY).exponential["sigma"] == pytest.approx(
        1.0, abs=1e-12
    )
    assert thermal_references(operation, MeasurementProtocol.AUGMENTED).exponential["sigma"] < 0.95


def test_the_two_sigma_means_differ_by_the_coherence_used_up() -> None:
    """<sigma> - <sigma of the two-point protocol> = Xi."""
    operation = case("coherent qutrit")
    augmented = thermal_references(operation, MeasurementProtocol.AUGMENTED).means
    two_point = thermal_references(operation, MeasurementProtocol.ENERGY).means
    assert augmented["sigma"] - two_point["sigma"] == pytest.approx(augmented["xi"], abs=1e-12)
    assert augmented["xi"] > 0.01


def test_work_counts_in_sigma_and_sigma_d_but_not_in_xi() -> None:
    operation = violating_operation()
    references = thermal_references(operation, MeasurementProtocol.AUGMENTED)
    work = operation.inverse_temperature * references.averages.switching_work
    assert abs(work) > 0.01
    averages = references.averages
    assert references.means["sigma"] == pytest.approx(averages.entropy_production + work, abs=1e-12)
    assert references.means["sigma_d"] == pytest.approx(averages.population_entropy_production + work, abs=1e-12)
    assert references.means["xi"] == pytest.approx(averages.coherence_entropy_production, abs=1e-12)


def test_work_under_the_energy_protocol_is_that_of_the_dephased_start() -> None:
    """The first measurement changes what a violating unitary does: another heat, another work."""
    operation = violating_operation()
    plain = thermal_references(operation, MeasurementProtocol.AUGMENTED).means["heat"]
    assert thermal_references(operation, MeasurementProtocol.ENERGY).means["heat"] != pytest.approx(plain, abs=1e-3)


def barely_mixed(smallest: float) -> ThermalOperation:
    """A coherent qutrit that nothing happens to, with one eigenvalue that the joint matrix cannot hold."""
    logs = np.log([0.6 - smallest, 0.4, smallest])
    system = System(energies=[0.0, 1.0, 2.0], state=State(log_eigenvalues=logs, vectors=State.haar(3, seed=7).vectors))
    environment = Environment(energies=[0.0, 1.0, 2.0], inverse_temperature=40.0)
    identity = EnergyConservingUnitary.partial_swap(system, environment, angle=0.0)
    return ThermalOperation(system=system, environment=environment, unitary=identity)


@pytest.mark.parametrize("smallest", [1e-18, 1e-16, 1e-15, 1e-10])
def test_a_final_eigenvalue_below_rounding_is_not_lost(smallest: float) -> None:
    """At 10^15 paths one may well end there; the joint matrix alone would call it impossible, or ten times likelier."""
    references = thermal_references(barely_mixed(smallest), MeasurementProtocol.AUGMENTED)
    relative = 1e-9 if smallest < RESOLVED else 1e-5
    assert references.final_probabilities[-1] == pytest.approx(smallest, rel=relative, abs=0.0)


def test_a_large_environment_has_references_too() -> None:
    """Above joint dimension 1500 heat follows from energy conservation and the final index from the state."""
    environment = Environment.ladder(levels=800, spacing=1.0, inverse_temperature=0.05)
    operation = haar_operation([0.0, 1.0], State.haar(2, seed=1), environment)
    references = thermal_references(operation, MeasurementProtocol.AUGMENTED)
    assert references.averages.joint_system_state is None
    before, after = operation.system.energy_state.matrix, operation.final_energy_state.matrix
    assert references.means["heat"] == pytest.approx((before - after)[1, 1].real, abs=1e-12)
    assert references.final_probabilities.sum() == pytest.approx(1.0)
