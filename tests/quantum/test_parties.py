"""Systems and environments: what they accept, in whatever basis and order, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given

from qtraj.errors import InvalidInput, InvalidSpectrum, InvalidState, TooLarge
from qtraj.quantum.matrices import as_matrix, as_vector, largest_entry
from qtraj.quantum.parties import Environment, System, oscillator_lowering
from qtraj.quantum.states import State
from qtraj.strategies import environments, systems
from qtraj.strategies.bases import haar_basis


@given(systems())
def test_a_system_means_the_same_in_either_basis(system: System) -> None:
    given_state = system.state if isinstance(system.state, State) else State.from_matrix(system.state)
    basis = system.basis
    assert np.abs(basis.conj().T @ basis - np.eye(system.dimension)).max() < 1e-13
    assert np.abs(system.in_given_basis(system.energy_state.matrix) - given_state.matrix).max() < 1e-12
    if system.hamiltonian is not None:
        rebuilt = (basis * system.spectrum.energies) @ basis.conj().T
        assert np.abs(rebuilt - system.hamiltonian).max() < 1e-12 * max(1.0, np.abs(rebuilt).max())


def test_a_diagonal_hamiltonian_keeps_the_order_of_its_levels() -> None:
    system = System(hamiltonian=np.diag([3.0, 0.0, 1.0]), state=np.eye(3) / 3)
    assert system.spectrum.energies.tolist() == [3.0, 0.0, 1.0]
    assert np.array_equal(system.basis, np.eye(3))


@given(systems())
def test_energies_are_there_however_the_system_was_given(system: System) -> None:
    """`energies` in the order of the columns of `basis`; and a copy in another state is of the same system."""
    np.testing.assert_array_equal(system.energies, system.spectrum.energies)
    with pytest.raises(ValueError, match="read-only"):
        system.energies[0] = 7.0
    flat = State.gibbs(np.zeros(system.dimension), 0.0)
    other = replace(system, state=flat)
    np.testing.assert_array_equal(other.energies, system.energies)
    np.testing.assert_array_equal(other.basis, system.basis)
    assert other.state is flat


def test_another_hamiltonian_takes_the_place_of_the_energies_too() -> None:
    system = System(hamiltonian=[[0.0, 1.0], [1.0, 0.0]], state=[1.0, 0.0])
    with pytest.raises(InvalidInput, match="`energies` must be left out beside `hamiltonian`"):
        replace(system, hamiltonian=[[0.0, 2.0], [2.0, 0.0]])
    other = replace(system, hamiltonian=[[0.0, 2.0], [2.0, 0.0]], energies=None)
    np.testing.assert_allclose(other.energies, [-2.0, 2.0])
    # What the documentation warns of: without a Hamiltonian there is another one, diagonal in the basis used.
    np.testing.assert_array_equal(replace(system, hamiltonian=None).basis, np.eye(2))


@given(environments((1, 8), inverse_temperatures=(0.0, 100.0)))
def test_populations_are_those_of_gibbs(environment: Environment) -> None:
    reduced = environment.spectrum.energies - environment.spectrum.energies.min()
    weights = np.exp(-environment.inverse_temperature * reduced)
    assert np.abs(np.exp(environment.log_populations) - weights / weights.sum()).max() < 1e-13


def test_spins_have_binomial_degeneracies_and_a_collective_lowering_operator() -> None:
    bath = Environment.spins(count=4, splitting=0.5, inverse_temperature=1.0)
    assert bath.spectrum.degeneracies.tolist() == [comb(4, k) for k in range(5)]
    lowering = bath.lowering_operator.toarray()
    energies = bath.spectrum.energies
    rows, columns = np.nonzero(lowering)
    assert np.allclose(energies[rows] - energies[columns], -0.5)
    number = lowering.T @ lowering - lowering @ lowering.T  # [S+, S-] = 2 S_z
    assert np.allclose(number, np.diag(2 * energies / 0.5 - 4))


def test_the_oscillator_lowers_the_energies_in_ascending_order() -> None:
    dense = oscillator_lowering(np.array([2.0, 0.0, 1.0])).toarray()
    expected = np.zeros((3, 3))
    expected[1, 2], expected[2, 0] = 1.0, np.sqrt(2)
    assert np.allclose(dense, expected)


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda: System(state=[[1.0]]), InvalidInput, "exactly one of"),
        (
            lambda: System(energies=[1.0], hamiltonian=[[0.0]], state=[[1.0]]),
            InvalidInput,
            "its eigenvalues, but.* 1",
        ),
        (
            lambda: System(energies=[0, 0], hamiltonian=[[0.0]], state=[[1.0]]),
            InvalidInput,
            "but are 2 numbers",
        ),
        (lambda: System(hamiltonian=[[0.0]], eigenvectors=[[1.0]], state=[[1.0]]), InvalidInput, "`eigenvectors` must"),
        (lambda: System(hamiltonian=[[0.0, 1.0], [0.0, 0.0]], state=np.eye(2) / 2), InvalidInput, "Hermitian.* 1"),
        (lambda: System(hamiltonian=[[0.0, 1.0]], state=np.eye(2) / 2), InvalidInput, "square"),
        (lambda: System(energies=[0.0, 1.0], state=[[1.0]]), InvalidState, "dimension 2 like the energies, but has 1"),
        (lambda: System(energies=[0.0, np.nan], state=np.eye(2) / 2), InvalidSpectrum, "entry 1"),
        (lambda: System(energies=[], state=[[1.0]]), InvalidSpectrum, "empty"),
        (lambda: Environment(energies=[0.0], inverse_temperature=-1.0), InvalidInput, "negative, but is -1"),
        (lambda: Environment(energies=[0.0], inverse_temperature=np.inf), InvalidInput, "finite, but is inf"),
        (lambda: Environment(energies=[0.0], inverse_temperature=np.nan), InvalidInput, "finite, but is nan"),
        (lambda: Environment(energies=[], inverse_temperature=1.0), InvalidSpectrum, "empty"),
        (lambda: Environment.ladder(levels=0, spacing=1.0, inverse_temperature=1.0), InvalidInput, "`levels`.*0"),
        (lambda: Environment.ladder(levels=2.5, spacing=1.0, inverse_temperature=1.0), InvalidInput, "`levels`.*2.5"),
        (lambda: Environment.ladder(levels=2, spacing=np.nan, inverse_temperature=1.0), InvalidSpectrum, "finite"),
        (lambda: Environment.ladder(levels=10**9, spacing=1.0, inverse_temperature=1.0), TooLarge, "`levels`"),
        (
            lambda: Environment.spins(count=21, splitting=1.0, inverse_temperature=1.0),
            TooLarge,
            "at most 20, but is 21",
        ),
        (lambda: Environment.spins(count=True, splitting=1.0, inverse_temperature=1.0), InvalidInput, "`count`"),
    ],
)
def test_refusals(build: Callable[[], object], error: type[InvalidInput], text: str) -> None:
    with pytest.raises(error, match=text):
        build()


def test_a_hamiltonian_typed_to_four_digits_is_made_hermitian() -> None:
    exact = haar_basis(3, 1)
    hamiltonian = (exact * [0.0, 1.0, 2.0]) @ exact.conj().T
    system = System(hamiltonian=np.round(hamiltonian, 4), state=np.eye(3) / 3)
    assert np.abs(system.spectrum.energies - [0.0, 1.0, 2.0]).max() < 1e-3


def test_a_level_tolerance_joins_what_is_meant_to_be_one_level() -> None:
    system = System(energies=[0.0, 1.0, 1.0001], state=np.eye(3) / 3, level_tolerance=1e-3)
    assert system.spectrum.degeneracies.tolist() == [1, 2]


def test_matrices_and_vectors_from_anything_numeric() -> None:
    assert as_matrix([[1, 2j], [3, 4]], "m").dtype == np.complex128
    assert as_vector([[1, 2, 3]], "v").tolist() == [1, 2, 3]
    assert largest_entry(np.array([[0, 3j], [2, 0]])) == (3.0, (0, 1))
    with pytest.raises(InvalidInput, match=r"`m` must have shape \(2, 2\), but has shape \(1, 1\)"):
        as_matrix([[1]], "m", (2, 2))
    with pytest.raises(InvalidInput, match="`v` must be a vector"):
        as_vector([], "v")
