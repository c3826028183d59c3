"""The map of a thermal operation, against dense linear algebra on system and environment together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from qtraj.errors import InvalidUnitary
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import thermal_operations

EXACT = 1e-12


def apply(operation: ThermalOperation, rho: np.ndarray) -> np.ndarray:
    """The map on a matrix in the energy eigenbasis, from the branches alone."""
    out = np.zeros_like(rho, dtype=complex)
    for batch in operation.branches():
        for log_weight, kraus in zip(batch.log_weights, batch.operators, strict=True):
            out += np.exp(log_weight) * kraus @ rho @ kraus.conj().T
    return out


def apply_jointly(operation: ThermalOperation, rho: np.ndarray) -> np.ndarray:
    """The same by the definition: tr_E[U (rho (x) rho_E) U^dag]."""
    d, e = operation.system.dimension, operation.environment.dimension
    joint = np.kron(rho, np.diag(np.exp(operation.environment.log_populations)))
    u = operation.unitary.matrix()
    return np.einsum("iaja->ij", (u @ joint @ u.conj().T).reshape(d, e, d, e))


def map_is_trace_preserving_thermal_and_covariant(operation: ThermalOperation) -> None:
    d = operation.system.dimension
    rho = State.haar(d, seed=d).matrix
    completeness = sum(
        np.einsum("k,kij,kil->jl", np.exp(batch.log_weights), batch.operators.conj(), batch.operators)
        for batch in operation.branches()
    )
    assert np.abs(completeness - np.eye(d)).max() < EXACT
    assert np.abs(apply(operation, rho) - apply_jointly(operation, rho)).max() < EXACT

    # The Gibbs state at the temperature of the environment is a fixed point.
    gibbs = State.gibbs(operation.system.spectrum.energies, operation.inverse_temperature).matrix
    assert np.abs(apply(operation, gibbs) - gibbs).max() < EXACT

    # Time translation: evolving before is evolving after.
    phases = np.exp(-1j * 0.7 * operation.system.spectrum.energies)
    turned = phases[:, None] * rho * phases.conj()[None, :]
    image = apply(operation, rho)
    assert np.abs(apply(operation, turned) - phases[:, None] * image * phases.conj()[None, :]).max() < 1e-11


def final_state_is_the_partial_trace_in_the_given_basis(operation: ThermalOperation) -> None:
    expected = apply_jointly(operation, operation.system.energy_state.matrix)
    assert np.abs(operation.final_energy_state.matrix - expected).max() < EXACT
    basis = operation.system.basis
    assert np.abs(operation.final_state - basis @ expected @ basis.conj().T).max() < EXACT


def branches_carry_their_heat_and_each_pair_once(operation: ThermalOperation) -> None:
    energies = operation.environment.spectrum.energies
    pairs: list[tuple[int, int]] = []
    for batch in operation.branches():
        assert np.abs(energies[batch.nu] - energies[batch.mu] - batch.heat).max() < 1e-11
        assert batch.entropy == operation.inverse_temperature * batch.heat
        assert np.array_equal(batch.log_weights, operation.environment.log_populations[batch.mu])
        pairs += zip(batch.mu.tolist(), batch.nu.tolist(), strict=True)
    assert len(pairs) == len(set(pairs))
    heats = [batch.heat for batch in operation.branches()]
    assert heats == sorted(heats)
    assert len(heats) == 1 or np.diff(heats).min() > 1e-11


def every_branch_is_an_element_of_the_unitary(operation: ThermalOperation) -> None:
    d, e = operation.system.dimension, operation.environment.dimension
    cube = operation.unitary.matrix().reshape(d, e, d, e)
    for batch in operation.branches():
        for mu, nu, kraus in zip(batch.mu, batch.nu, batch.operators, strict=True):
            assert np.abs(kraus - cube[:, nu, :, mu]).max() <= 1e-13


def reverse_starts_where_the_process_ends_and_undoes_the_unitary(operation: ThermalOperation) -> None:
    back = operation.reversed()
    assert np.abs(back.system.energy_state.matrix - operation.final_energy_state.matrix).max() < EXACT
    assert np.array_equal(back.unitary.matrix(), operation.unitary.matrix().conj().T)
    assert back.environment is operation.environment
    twice = back.reversed()
    assert np.array_equal(twice.unitary.matrix(), operation.unitary.matrix())
    assert np.abs(twice.system.energy_state.matrix - back.final_energy_state.matrix).max() < EXACT


def branch_backwards_is_the_adjoint_with_the_opposite_heat(operation: ThermalOperation) -> None:
    forward = {
        (mu, nu): (batch.heat, kraus)
        for batch in operation.branches()
        for mu, nu, kraus in zip(batch.mu.tolist(), batch.nu.tolist(), batch.operators, strict=True)
    }
    for batch in operation.reversed().branches():
        for mu, nu, kraus in zip(batch.mu.tolist(), batch.nu.tolist(), batch.operators, strict=True):
            heat, partner = forward.pop((nu, mu))
            assert batch.heat == -heat
            assert np.array_equal(kraus, partner.conj().T)
    assert not forward


def endpoints_hold_the_two_states(operation: ThermalOperation) -> None:
    for protocol in (MeasurementProtocol.AUGMENTED, MeasurementProtocol.EIGENBASIS):
        ends = operation.endpoints(protocol)
        assert ends.protocol is protocol
        assert np.abs(ends.initial.outcomes.state.matrix - operation.system.energy_state.matrix).max() < EXACT
        assert np.abs(ends.final.outcomes.state.matrix - operation.final_energy_state.matrix).max() < EXACT
        assert ends.swapped().initial is ends.final
        assert ends.swapped().swapped().final is ends.final


def energy_protocol_ends_in_the_dephased_final_state(operation: ThermalOperation) -> None:
    """Dephasing the start dephases the end, because the map is covariant."""
    ends = operation.endpoints(MeasurementProtocol.ENERGY)
    level = operation.system.spectrum.level_of
    dephased = np.where(level[:, None] == level[None, :], operation.final_energy_state.matrix, 0)
    assert np.abs(ends.final.outcomes.state.matrix - dephased).max() < EXACT


def final_label_probabilities_are_the_final_populations(operation: ThermalOperation) -> None:
    for protocol in (MeasurementProtocol.AUGMENTED, MeasurementProtocol.ENERGY):
        final = operation.endpoints(protocol).final
        labels = final.energy_labels
        assert np.abs(final.outcomes.probabilities @ np.exp(final.log_conditional) - labels.probabilities).max() < EXACT


IDENTITIES = (
    map_is_trace_preserving_thermal_and_covariant,
    final_state_is_the_partial_trace_in_the_given_basis,
    branches_carry_their_heat_and_each_pair_once,
    every_branch_is_an_element_of_the_unitary,
    reverse_starts_where_the_process_ends_and_undoes_the_unitary,
    branch_backwards_is_the_adjoint_with_the_opposite_heat,
    endpoints_hold_the_two_states,
    energy_protocol_ends_in_the_dephased_final_state,
    final_label_probabilities_are_the_final_populations,
)


@given(thermal_operations())
def test_identities_of_the_map(operation: ThermalOperation) -> None:
    for identity in IDENTITIES:
        identity(operation)


@pytest.mark.slow
@settings(max_examples=300)
@given(thermal_operations((1, 6), environment_dimensions=(1, 8), inverse_temperatures=(0.0, 100.0)))
def test_identities_of_the_map_on_300_larger_operations(operation: ThermalOperation) -> None:
    for identity in IDENTITIES:
        identity(operation)


def test_a_unitary_for_other_energies_is_refused() -> None:
    qubit = System(energies=[0.0, 1.0], state=np.eye(2) / 2)
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
    unitary = EnergyConservingUnitary.haar(qubit, bath)
    with pytest.raises(InvalidUnitary, match="`system`"):
        ThermalOperation(system=System(energies=[0.0, 2.0], state=np.eye(2) / 2), environment=bath, unitary=unitary)
    other = Environment(energies=[0.0, 1.0, 2.0], inverse_temperature=1.0)
    with pytest.raises(InvalidUnitary, match=r"`environment` \(3 levels\).*\(2 levels\)"):
        ThermalOperation(system=qubit, environment=other, unitary=unitary)


def test_the_kind_is_that_of_experiment_files() -> None:
    qubit = System(energies=[0.0], state=[[1.0]])
    bath = Environment(energies=[0.0], inverse_temperature=0.0)
    operation = ThermalOperation(system=qubit, environment=bath, unitary=EnergyConservingUnitary.haar(qubit, bath))
    assert operation.kind == "thermal-operation"
    assert operation.final_state.tolist() == [[1.0 + 0.0j]]


def test_nobody_can_change_a_process_from_outside() -> None:
    energies, state = np.array([0.0, 1.0]), np.array([[0.6, 0.2], [0.2, 0.4]])
    system = System(energies=energies, state=state)
    bath = Environment(energies=energies, inverse_temperature=1.0)
    operation = ThermalOperation(
        system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=1)
    )
    energies[:], state[:] = 7.0, 0.0
    assert system.energies.tolist() == bath.energies.tolist() == [0.0, 1.0]
    assert system.state.matrix.real.round(12).tolist() == [[0.6, 0.2], [0.2, 0.4]]
    with pytest.raises(ValueError, match="read-only"):
        operation.branches()[0].elements[...] *= 0.5
