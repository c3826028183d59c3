"""The canonical eigenbasis: unique whatever basis of a degenerate eigenspace the state came with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.quantum.entropies import relative_entropy
from qtraj.quantum.outcomes import Outcomes, energy_outcomes, pinch
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State
from qtraj.strategies import spectra, states
from qtraj.strategies.bases import haar_basis

QUTRIT = Spectrum(energies=[0.0, 1.0, 2.5])


def projectors(outcomes: Outcomes) -> np.ndarray:
    """Projector of every outcome, shape (r, d, d)."""
    columns = [outcomes.vectors[:, outcomes.outcome_of == k] for k in range(outcomes.count)]
    return np.array([part @ part.conj().T for part in columns])


def degenerate_state(seed: int) -> tuple[State, State]:
    """The same state, eigenvalues (0.4, 0.4, 0.2), with two different bases of the degenerate eigenspace."""
    vectors = haar_basis(3, seed)
    logs = np.log([0.4, 0.4, 0.2])
    turned = vectors.copy()
    turned[:, :2] = vectors[:, :2] @ haar_basis(2, seed + 1)
    return State(log_eigenvalues=logs, vectors=vectors), State(log_eigenvalues=logs, vectors=turned)


@given(st.data(), spectra((1, 4)))
def test_outcomes_decompose_the_state(data: st.DataObject, spectrum: Spectrum) -> None:
    state = data.draw(states(spectrum.dimension))
    outcomes = Outcomes.of(state, spectrum)
    rebuilt = np.einsum("k,kij->ij", np.exp(outcomes.log_eigenvalues), projectors(outcomes))
    assert np.abs(rebuilt - state.matrix).max() < 1e-12
    assert abs(outcomes.probabilities.sum() - 1) < 1e-12
    assert outcomes.ranks.sum() == state.rank
    assert (np.diff(outcomes.log_eigenvalues) <= 0).all()
    assert outcomes.split().count == state.rank


@given(st.data(), spectra((1, 4)))
def test_energy_labels_are_normalised_and_reproduce_the_pinched_state(data: st.DataObject, spectrum: Spectrum) -> None:
    state = data.draw(states(spectrum.dimension))
    outcomes, labels = Outcomes.of(state, spectrum), energy_outcomes(state, spectrum)
    conditional = np.exp(outcomes.log_conditional(labels))
    assert np.abs(conditional.sum(axis=1) - 1).max() < 1e-12
    assert conditional.max() <= 1.0
    # sum_a p_a p(n|a) = p_n, the probability of label n in the pinched state.
    assert np.abs(outcomes.probabilities @ conditional - labels.probabilities).max() < 1e-12


@pytest.mark.parametrize("seed", range(10))
def test_the_basis_of_a_degenerate_eigenspace_does_not_matter(seed: int) -> None:
    first, second = (Outcomes.of(state, QUTRIT) for state in degenerate_state(seed))
    assert first.count == second.count == 3
    assert np.abs(projectors(first) - projectors(second)).max() < 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_within_an_eigenspace_the_energy_is_diagonal(seed: int) -> None:
    outcomes = Outcomes.of(degenerate_state(seed)[0], QUTRIT)
    space = outcomes.vectors[:, :2]
    compressed = space.conj().T @ np.diag(QUTRIT.energies) @ space
    assert abs(compressed[0, 1]) < 1e-13
    assert compressed[0, 0].real < compressed[1, 1].real  # ascending energy


def test_the_basis_given_would_matter() -> None:
    """Negative control: outcomes split along the given basis differ between the two forms of one state."""
    first, second = degenerate_state(0)
    assert np.abs(first.matrix - second.matrix).max() < 1e-14
    assert np.abs(np.abs(first.vectors[:, 0]) - np.abs(second.vectors[:, 0])).max() > 0.1


def test_leftover_degeneracy_stays_one_outcome() -> None:
    """The maximally mixed state of two degenerate levels has one outcome of rank 2, and tr(P Pi_n)/2 per label."""
    spectrum = Spectrum(energies=[1.0, 0.0, 0.0])
    outcomes = Outcomes.of(State.gibbs([0.0, 0.0, 0.0], 0.0), spectrum)
    assert outcomes.ranks.tolist() == [2, 1]  # within one eigenspace by ascending energy: level 0 twice, level 1
    assert np.allclose(outcomes.probabilities, [2 / 3, 1 / 3])
    labels = energy_outcomes(State.gibbs([0.0, 0.0, 0.0], 0.0), spectrum)
    assert labels.ranks.tolist() == [1, 2]  # in the order of the energies given
    assert np.allclose(np.exp(outcomes.log_conditional(labels)), [[0, 1], [1, 0]])
    assert outcomes.split().count == 3


def test_leftover_probability_is_the_trace_over_the_rank() -> None:
    """An eigenspace of rank 2 whose projection on a rank-1 label is tr(P Pi)/2, in any basis."""
    vectors = haar_basis(4, 3)[:, :2]
    spectrum = Spectrum(energies=np.zeros(4))
    outcomes = Outcomes.of(State(log_eigenvalues=np.log([0.5, 0.5]), vectors=vectors), spectrum)
    labels = Outcomes.of(State.gibbs([0.0, 0.0, 0.0, 0.0], 0.0), Spectrum(energies=[0.0, 1.0, 2.0, 3.0]))
    assert outcomes.ranks.tolist() == [2]
    expected = (np.abs(vectors) ** 2).sum(axis=1) / 2
    assert np.abs(np.exp(outcomes.log_conditional(labels))[0] - expected).max() < 1e-14


@pytest.mark.parametrize(("gap", "count"), [(0.0, 1), (1e-14, 1), (1e-13, 1), (1e-10, 2), (1e-6, 2)])
def test_nearly_equal_eigenvalues_are_merged_up_to_1e_12(gap: float, count: int) -> None:
    logs = np.log([0.5, 0.5]) + np.array([gap, 0.0])
    state = State(log_eigenvalues=logs - np.logaddexp(*logs), vectors=np.eye(2))
    assert Outcomes.of(state, Spectrum(energies=[0.0, 0.0])).count == count


@given(st.data(), spectra((1, 5)))
def test_pinching_keeps_blocks_and_removes_the_rest(data: st.DataObject, spectrum: Spectrum) -> None:
    state = data.draw(states(spectrum.dimension))
    pinched = pinch(state, spectrum)
    same = spectrum.level_of[:, None] == spectrum.level_of[None, :]
    assert np.abs(pinched.matrix - np.where(same, state.matrix, 0)).max() < 1e-12
    assert np.abs(pinch(pinched, spectrum).matrix - pinched.matrix).max() < 1e-13
    assert relative_entropy(state, pinched) < np.inf  # the pinched support contains the support


@given(st.data(), spectra((1, 5)))
def test_energy_outcomes_are_the_levels_refined(data: st.DataObject, spectrum: Spectrum) -> None:
    labels = energy_outcomes(data.draw(states(spectrum.dimension)), spectrum)
    hamiltonian = np.diag(spectrum.energies)
    for projector in projectors(labels):
        assert np.abs(projector @ hamiltonian - hamiltonian @ projector).max() < 1e-10
    level = [spectrum.level_of[int(np.argmax(np.diag(projector).real))] for projector in projectors(labels)]
    first = [int(np.flatnonzero(spectrum.level_of == own)[0]) for own in level]
    assert first == sorted(first)  # in the order the energies were given


def test_energy_outcomes_of_a_diagonal_state_keep_the_order_given() -> None:
    labels = energy_outcomes(State.from_matrix(np.diag([0.2, 0.5, 0.3])), Spectrum(energies=[2.0, 0.0, 1.0]))
    assert labels.probabilities.round(12).tolist() == [0.2, 0.5, 0.3]


def test_cold_populations_survive_pinching() -> None:
    spectrum = Spectrum(energies=[0.0, 1.0])
    pinched = pinch(State.gibbs([0.0, 1.0], 1e4), spectrum)
    assert pinched.log_eigenvalues.tolist() == [0.0, -1e4]
