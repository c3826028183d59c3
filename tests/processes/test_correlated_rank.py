"""Starts of incomplete rank, and rare directions that are not empty: <e^-sigma> tells them apart."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.errors import AmbiguousRank, InvalidInput
from qtraj.paths.exact_law import exact_law
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State, gibbs_log_populations
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.verify import verify

LEVELS = [0.0, 1.0]


def from_joint(joint: np.ndarray, beta: float, *, angle: float = 0.6) -> CorrelatedOperation:
    """Two qubits in a joint state whose environment is thermal."""
    own = np.trace(joint.reshape(2, 2, 2, 2), axis1=1, axis2=3)
    system = System(energies=LEVELS, state=own)
    bath = Environment(energies=LEVELS, inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=angle)
    thermal = np.diag(np.exp(bath.log_populations))
    return CorrelatedOperation(
        system=system, environment=bath, unitary=unitary, correlations=joint - np.kron(own, thermal)
    )


def expected(operation: CorrelatedOperation, support: np.ndarray) -> float:
    """1 - lambda by dense matrices, from a projector on the support that is known by construction."""
    matrix, joint = operation.unitary.matrix(), operation.joint_state.matrix
    end = matrix @ joint @ matrix.conj().T
    own = np.trace(end.reshape(2, 2, 2, 2), axis1=1, axis2=3)
    fresh = np.kron(own, np.diag(np.exp(operation.environment.log_populations)))
    return float(np.trace(support @ matrix.conj().T @ fresh @ matrix).real)


@pytest.mark.parametrize("beta", [1.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0])
def test_classical_correlations_at_any_temperature(beta: float) -> None:
    q = np.exp(gibbs_log_populations(np.array(LEVELS), beta))
    operation = from_joint(np.diag([q[0], 0.0, 0.0, q[1]]), beta)
    assert operation.joint_state.rank == 2
    law = exact_law(operation)
    assert law.exponential_average("sigma") == pytest.approx(expected(operation, np.diag([1, 0, 0, 1])), abs=1e-14)
    assert str(verify(operation, paths=10_000, followed_paths=0).verdict) != "fail"


@pytest.mark.parametrize("beta", [1.0, 6.0, 10.0, 16.0])
def test_thermal_entanglement_at_any_temperature(beta: float) -> None:
    q = np.exp(gibbs_log_populations(np.array(LEVELS), beta))
    vector = np.sqrt([q[0], 0.0, 0.0, q[1]])
    operation = from_joint(np.outer(vector, vector), beta)
    assert operation.joint_state.rank == 1
    projector = np.outer(vector, vector)
    assert exact_law(operation).exponential_average("sigma") == pytest.approx(expected(operation, projector), abs=1e-13)


@pytest.mark.parametrize("beta", [20.0, 36.0, 60.0, 300.0])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.999])
def test_a_cold_environment_that_keeps_full_rank_has_no_lambda(beta: float, part: float) -> None:
    """Coherence of a part of what the populations admit: all four eigenvalues stay, however small."""
    logs = gibbs_log_populations(np.array(LEVELS), beta)
    chi = np.zeros((4, 4))
    chi[1, 2] = chi[2, 1] = part * 0.5 * np.exp(logs.sum() / 2)
    system = System(energies=LEVELS, state=np.eye(2) / 2)
    bath = Environment(energies=LEVELS, inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=0.7)
    operation = CorrelatedOperation(system=system, environment=bath, unitary=unitary, correlations=chi, accuracy=0.0)
    assert operation.joint_state.rank == 4
    law = exact_law(operation)
    assert law.absolute_irreversibility == 0.0
    assert law.exponential_average("sigma") == pytest.approx(1.0, abs=1e-12)


def test_elements_that_may_be_rounding_are_not_taken_for_a_full_rank_nor_for_an_empty_one() -> None:
    bath = Environment(energies=LEVELS, inverse_temperature=60.0)
    system = System(energies=LEVELS, state=np.eye(2) / 2)
    chi = np.zeros((4, 4))
    chi[1, 2] = chi[2, 1] = 2e-14
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=0.7)
    with pytest.raises(AmbiguousRank, match="accuracy"):
        CorrelatedOperation(system=system, environment=bath, unitary=unitary, correlations=chi)
    with pytest.raises(InvalidInput, match="`accuracy` must not be negative, but is -1"):
        CorrelatedOperation(system=system, environment=bath, unitary=unitary, correlations=chi, accuracy=-1.0)


@pytest.mark.parametrize("angle", [np.pi / 2, np.pi])
def test_a_level_that_nothing_reaches_weighs_nothing_in_either_wing(angle: float) -> None:
    """A swap with a pure system empties a level of the environment but for the rounding of a cosine."""
    system = System(energies=LEVELS, state=State.pure([1.0, 0.0]))
    bath = Environment(energies=LEVELS, inverse_temperature=0.5)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=angle)
    operation = CorrelatedOperation(system=system, environment=bath, unitary=unitary, correlations=np.zeros((4, 4)))
    assert str(verify(operation, paths=100_000, followed_paths=0).verdict) == "pass"


def test_averages_beyond_double_precision_are_compared_too() -> None:
    system = System(energies=LEVELS, state=State.bloch(0.5, 0.1, 0.2))
    bath = Environment(energies=LEVELS, inverse_temperature=800.0)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=0.6)
    operation = CorrelatedOperation(system=system, environment=bath, unitary=unitary, correlations=np.zeros((4, 4)))
    report = verify(operation, paths=10_000, followed_paths=0)
    assert str(report.verdict) != "fail"
    assert any(check.name == "law_exp_minus_clausius_sigma" for check in report.checks)
