"""Distances to baths, their decay, and the quantum Onsager superoperators."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.bath_relations import bath_relation, relative_entropy_to_bath
from qtraj.density.jump_process import jump_process_averages, stationary_set
from qtraj.density.onsager import onsager_comparison, onsager_superoperator
from qtraj.errors import InvalidState
from qtraj.models.rfa13 import dephased_junction, dephasing_qubit
from qtraj.quantum.generators import dissipator
from qtraj.quantum.states import State
from tests.processes.jump_cases import seeds

EXACT = 1e-10

junctions = st.builds(
    dephased_junction,
    energy_left=st.floats(0.5, 2),
    energy_right=st.floats(0.5, 2),
    tunnelling=st.floats(0.05, 0.5),
    beta_left=st.floats(0.3, 2),
    beta_right=st.floats(0.3, 2),
    dephasing=st.floats(0.01, 1),
)


@given(junctions, seeds)
def test_the_distance_to_a_bath_decays_along_its_own_generator(process, seed: int) -> None:
    state = State.haar(3, seed=seed % 10000).matrix
    for bath in process.baths:
        relation = bath_relation(process, bath, state)
        assert relation.relative_entropy == pytest.approx(relative_entropy_to_bath(process, bath, state), abs=EXACT)
        assert relation.entropy_production >= -EXACT
        generator = dissipator([jump.operator for jump in process.jumps if jump.bath == bath], 3)
        assert np.abs(generator @ relation.stationary.ravel()).max() < EXACT
        step = 1e-5
        ahead, behind = (
            relative_entropy_to_bath(
                process, bath, (scipy.linalg.expm(sign * step * generator) @ state.ravel()).reshape(3, 3)
            )
            for sign in (1, -1)
        )
        slope = (behind - ahead) / (2 * step)
        assert relation.entropy_production == pytest.approx(slope, rel=1e-4, abs=1e-6)


@given(junctions)
def test_steady_entropy_production_is_minus_the_sum_of_fluxes(process) -> None:
    found = onsager_comparison(process)
    fluxes = {bath: relation.entropy_flux for bath, relation in found.relations.items()}
    assert found.entropy_production == pytest.approx(-sum(fluxes.values()), abs=EXACT)
    assert sum(found.actual.values()) == pytest.approx(0, abs=EXACT)
    # What the jumps book is the same flux: the stationary state of a bath with detailed balance knows its temperature.
    booked = jump_process_averages(process).steady
    for bath, flux in fluxes.items():
        assert booked.entropy_flux[bath] == pytest.approx(flux, abs=EXACT)
        assert booked.heat_current_from[bath] == pytest.approx(found.actual[bath], abs=EXACT)


@given(junctions)
def test_onsager_superoperators_are_reciprocal(process) -> None:
    for bath in process.baths:
        for other in process.baths:
            one, two = onsager_superoperator(process, bath, other), onsager_superoperator(process, other, bath)
            assert np.abs(one - two.conj().T).max() < EXACT


def test_the_junction_of_the_reference() -> None:
    coherent, dephased = dephased_junction(dephasing=0.0), dephased_junction()
    found = onsager_comparison(dephased)
    assert found.actual["left"] == pytest.approx(0.0014518994, abs=1e-9)
    assert found.actual["right"] == pytest.approx(-0.0013832522, abs=1e-9)
    assert found.actual["dephasing"] == pytest.approx(-6.86472e-05, abs=1e-9)
    assert found.entropy_production == pytest.approx(0.0014809662, abs=1e-9)
    steady = jump_process_averages(coherent).steady
    assert steady.heat_current_from["left"] == pytest.approx(0.0015840678, abs=1e-9)
    assert steady.entropy_production == pytest.approx(0.0016646601, abs=1e-9)


@pytest.mark.parametrize("cold", [1.05, 1.005])
def test_the_linear_law_is_poor(cold: float) -> None:
    """However near equilibrium, predicted heat currents are wrong by tens of percent and do not add up to zero."""
    near = onsager_comparison(
        dephased_junction(energy_left=1.5, energy_right=1.5, beta_left=1.0, beta_right=cold, dephasing=1.5)
    )
    assert near.entropy_production < 1e-5
    assert near.misfit < 0.1  # the flows of coherence fit: the constant is made for them
    assert abs(near.predicted["left"] / near.actual["left"] - 1) > 0.3
    assert abs(sum(near.predicted.values())) > 1e-4 * near.predicted["left"]


def test_the_printed_coefficient_of_decoherence_and_transport() -> None:
    """M_dl^dag(H) = C gamma (1+n_L) V (|R><L| + h.c.); in print n_L stands for (1 + n_L)."""
    gamma, tunnelling, beta, energy = 0.2, 0.2, 0.5, 1.5
    process = dephased_junction(dephasing=gamma, tunnelling=tunnelling, beta_left=beta, energy_left=energy)
    image = onsager_superoperator(process, "dephasing", "left").conj().T @ process.hamiltonian.ravel()
    given_basis = process.system.in_given_basis(image.reshape(3, 3))
    n = 1 / np.expm1(beta * energy)
    # L_l takes H's coherence V/2 down at the rate 1 + n_L, the dephasing bath's adjoint at 2 gamma.
    expected = np.zeros((3, 3))
    expected[1, 2] = expected[2, 1] = gamma * (1 + n) * tunnelling
    assert np.abs(given_basis[1:, 1:] - np.diag(np.diag(given_basis[1:, 1:])) - expected[1:, 1:]).max() < EXACT


def test_the_decohering_qubit() -> None:
    """Heat -gamma E x, not + as printed; R is the coherence in the decoherence basis."""
    process = dephasing_qubit(energy=1.0, x=0.6, z=0.3, rate=0.2)
    state = process.system.energy_state.matrix
    relation = bath_relation(process, "dephasing", state)
    assert relation.heat_current == pytest.approx(-0.2 * 1.0 * 0.6, abs=EXACT)
    reached = process.system.in_given_basis(stationary_set(process, "dephasing").reached_from(state))
    assert np.abs(reached - np.diag([0.35, 0.65])).max() < EXACT


def test_forces_of_pure_states_are_refused() -> None:
    process = dephased_junction()
    with pytest.raises(InvalidState, match="the state must have full rank for a thermodynamic force"):
        bath_relation(process, "left", np.diag([0.5, 0.5, 0.0]))
