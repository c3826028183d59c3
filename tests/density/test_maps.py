"""Populations and coherences of a thermal operation, in the scope where each statement is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from qtraj.density.maps import coherence_processing, kraus_map, transition_matrix
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import energies, thermal_operations

EXACT = 1e-12


def images(operation: ThermalOperation) -> tuple[np.ndarray, np.ndarray]:
    return operation.system.energy_state.matrix, operation.final_energy_state.matrix


def check_processing(operation: ThermalOperation) -> None:
    before, after = images(operation)
    d = operation.system.dimension
    full = kraus_map(operation)
    assert np.abs((full @ before.ravel()).reshape(d, d) - after).max() < EXACT

    q = transition_matrix(operation)
    assert np.abs(q.sum(axis=0) - 1).max() < EXACT
    assert q.min() > -1e-15
    if not operation.system.spectrum.is_degenerate:
        # Eq. (19): populations are a Markov chain, whatever the coherences.
        assert np.abs(q @ np.diag(before).real - np.diag(after).real).max() < EXACT

    found = coherence_processing(operation, operation.system.spectrum, before)
    apart = ~np.eye(d, dtype=bool)
    # Eq. (20) where the Bohr frequency is unique, and the general form everywhere.
    assert np.abs(after - found.factors * before)[found.applies & apart].max(initial=0) < EXACT
    _, frequency = operation.system.spectrum.bohr_frequencies()
    tensor = full.reshape(d, d, d, d)
    same = frequency[:, :, None, None] == frequency[None, None, :, :]
    assert np.abs(np.einsum("nmkl,kl->nm", np.where(same, tensor, 0), before) - after).max() < EXACT
    # Eq. (21) bounds the factor always, and what is kept of a coherence with the general bound.
    assert (np.abs(found.factors) <= found.bound + EXACT).all()
    assert (np.abs(after) <= found.general_bound + EXACT).all()
    kept = found.applies & apart
    assert (np.abs(after[kept]) <= found.bound[kept] * np.abs(before[kept]) + EXACT).all()


@given(thermal_operations())
def test_populations_and_coherences_in_their_true_scope(operation: ThermalOperation) -> None:
    check_processing(operation)


@pytest.mark.slow
@settings(max_examples=300)
@given(thermal_operations((1, 5), environment_dimensions=(1, 6)))
def test_populations_and_coherences_of_300_larger_operations(operation: ThermalOperation) -> None:
    check_processing(operation)


@settings(max_examples=25)
@given(thermal_operations(energies=energies((2, 4), resonances=False)))
def test_unique_frequencies_apply_everywhere_off_the_diagonal(operation: ThermalOperation) -> None:
    found = coherence_processing(operation, operation.system.spectrum, images(operation)[0])
    assert np.array_equal(found.applies, ~np.eye(operation.system.dimension, dtype=bool))


@pytest.mark.parametrize(("levels", "applies"), [([0.0, 1.0, 2.0], [2]), ([0.0, 1.0, 1.0], [])])
def test_scope_on_ladders_and_degenerate_levels(levels: list[float], applies: list[int]) -> None:
    """On the ladder 0, 1, 2 only the coherence between 0 and 2 stands alone; 0-1 and 1-2 mix."""
    system = System(energies=levels, state=State.haar(3, seed=4))
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.7)
    operation = ThermalOperation(
        system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=5)
    )
    before, after = images(operation)
    found = coherence_processing(operation, system.spectrum, before)
    assert np.flatnonzero(found.applies[0]).tolist() == applies
    # Negative control: Eq. (20) asserted for every pair is plainly wrong here.
    assert np.abs(after - found.factors * before)[~np.eye(3, dtype=bool)].max() > 0.01


def test_the_printed_bound_fails_on_a_ladder() -> None:
    """Eq. (21) as a bound on |p'_nm|/|p_nm| is false where coherences mix: a vanishing one can grow."""
    state = np.eye(3) / 3 + 0.3 * np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    system = System(energies=[0.0, 1.0, 2.0], state=state)
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.5)
    unitary = EnergyConservingUnitary.exchange(system, bath, coupling=1.0, time=0.6)
    before, after = images(ThermalOperation(system=system, environment=bath, unitary=unitary))
    assert before[1, 2] == 0
    assert abs(after[1, 2]) > 0.01


def test_populations_of_degenerate_levels_are_no_markov_chain() -> None:
    system = System(energies=[1.0, 1.0], state=State.bloch(0.9, 0.0, 0.0))
    bath = Environment(energies=[0.0], inverse_temperature=1.0)
    operation = ThermalOperation(
        system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=1)
    )
    before, after = images(operation)
    assert np.abs(transition_matrix(operation) @ np.diag(before).real - np.diag(after).real).max() > 0.05
