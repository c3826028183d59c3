"""Exponential averages from density matrices: against dense traces, against the path law, and the support loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.errors import NotRecorded
from qtraj.paths.exact_law import exact_law
from qtraj.processes.seam import Endpoint, MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import thermal_operations

COUNTING = (0.5, 1.0, 2.0)


def check_against_law(operation: ThermalOperation) -> None:
    law = exact_law(operation)
    for name in ("sigma", "sigma_d", "xi"):
        for u in COUNTING:
            found = log_exponential_average(operation, name, u)
            assert found == pytest.approx(law.log_exponential_average(name, u), abs=1e-10), (name, u)
    lost = support_loss(operation)
    assert 0 <= lost <= 1
    assert np.exp(log_exponential_average(operation)) == pytest.approx(1 - lost, abs=1e-12)


@settings(max_examples=25)
@given(thermal_operations(inverse_temperatures=(0.0, 3.0), smallest=1e-3))
def test_against_the_path_law(operation: ThermalOperation) -> None:
    check_against_law(operation)


@pytest.mark.slow
@settings(max_examples=300)
@given(thermal_operations((1, 5), environment_dimensions=(1, 6), inverse_temperatures=(0.0, 3.0), smallest=1e-3))
def test_300_larger_operations_against_the_path_law(operation: ThermalOperation) -> None:
    check_against_law(operation)


def projectors(end: Endpoint) -> np.ndarray:
    outcomes = end.outcomes
    columns = [outcomes.vectors[:, outcomes.outcome_of == k] for k in range(outcomes.count)]
    return np.array([part @ part.conj().T for part in columns])


def dense_averages(operation: ThermalOperation) -> dict[tuple[str, float], float]:
    """The traces of the theory, on the dense joint space, for a start of full rank."""
    d, e = operation.system.dimension, operation.environment.dimension
    u = operation.unitary.matrix()
    q = np.exp(operation.environment.log_populations)
    level = operation.system.spectrum.level_of
    ends = operation.endpoints(MeasurementProtocol.AUGMENTED)
    before, after = ends.initial.outcomes.state.matrix, ends.final.outcomes.state.matrix

    def traced(joint: np.ndarray) -> np.ndarray:
        return np.einsum("iaja->ij", joint.reshape(d, e, d, e))

    def forward(x: np.ndarray) -> np.ndarray:
        return traced(u @ np.kron(x, np.diag(q)) @ u.conj().T)

    def backward(x: np.ndarray) -> np.ndarray:
        return traced(u.conj().T @ np.kron(x, np.diag(q)) @ u)

    def weighted(end: Endpoint, factor: np.ndarray, power: float) -> np.ndarray:
        """sum_k p_k^power tr(P_k factor)/d_k P_k."""
        own = projectors(end)
        means = np.einsum("kij,ji->k", own, factor).real / end.outcomes.ranks
        return np.einsum("k,kij->ij", np.exp(power * end.outcomes.log_eigenvalues) * means, own)

    pinch_before = np.where(level[:, None] == level[None, :], before, 0)
    pinch_after = np.where(level[:, None] == level[None, :], after, 0)
    a = weighted(ends.initial, np.linalg.inv(pinch_before), 1)
    b = weighted(ends.final, pinch_after, 0)
    a_xi = weighted(ends.final, np.linalg.inv(pinch_after), 1)
    b_xi = weighted(ends.initial, pinch_before, 0)
    twice = np.kron(after @ after, np.diag(q**2)) @ u @ np.kron(np.linalg.inv(before), np.diag(1 / q)) @ u.conj().T
    return {
        ("sigma", 1.0): 1.0,
        ("sigma_d", 1.0): np.trace(a @ backward(b)).real,
        ("xi", 1.0): np.trace(a_xi @ forward(b_xi)).real,
        ("sigma", 2.0): np.trace(twice).real,
    }


@settings(max_examples=25)
@given(thermal_operations(ranks="full", inverse_temperatures=(0.0, 2.0), smallest=1e-2))
def test_against_dense_traces(operation: ThermalOperation) -> None:
    if operation.final_energy_state.rank < operation.system.dimension:
        return
    for (name, u), expected in dense_averages(operation).items():
        found = np.exp(log_exponential_average(operation, name, u))
        assert found == pytest.approx(expected, rel=1e-9), (name, u)


@settings(max_examples=25)
@given(thermal_operations(ranks="full", diagonal=True))
def test_diagonal_starts_obey_the_theorem_in_both_parts(operation: ThermalOperation) -> None:
    for name in ("sigma", "sigma_d", "xi"):
        assert np.exp(log_exponential_average(operation, name)) == pytest.approx(1, abs=1e-11)
    assert support_loss(operation) == 0.0


def qubit(state: State, protocol_beta: float = 1.0) -> ThermalOperation:
    system = System(energies=[0.0, 1.0], state=state)
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=protocol_beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=np.pi / 3)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def test_population_part_lies_on_either_side_of_one() -> None:
    below = log_exponential_average(qubit(State.bloch(0.5, 0.2, -0.3)), "sigma_d")
    above = log_exponential_average(qubit(State.bloch(0.3, 0.0, 0.9)), "sigma_d")
    assert below < -0.01
    assert above > 0.01


def test_support_loss_of_the_energy_protocol_is_that_of_the_dephased_start() -> None:
    """A pure coherent start has a full-rank dephased state: nothing is lost; a pure level loses as much as in any."""
    coherent, level = qubit(State.pure([0.6, 0.8])), qubit(State.pure([1.0, 0.0]))
    assert support_loss(coherent) > 0.1
    assert support_loss(coherent, MeasurementProtocol.ENERGY) == 0.0
    assert support_loss(level, MeasurementProtocol.ENERGY) == pytest.approx(support_loss(level), abs=1e-14)


def test_what_a_protocol_does_not_define_is_refused() -> None:
    operation = qubit(State.bloch(0.5, 0.2, -0.3))
    with pytest.raises(NotRecorded, match="`sigma`"):
        log_exponential_average(operation, "sigma", protocol=MeasurementProtocol.KRAUS)
    with pytest.raises(NotRecorded, match="`xi`"):
        log_exponential_average(operation, "xi", protocol=MeasurementProtocol.EIGENBASIS)
