"""Strategies for energy-conserving unitaries, from the identity to Haar-random blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from qtraj.arrays import ComplexArray
from qtraj.errors import EnergyNotConserved, InvalidInput
from qtraj.quantum.matrices import dagger
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.spectrum import JointSpectrum, energies_of
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies.arguments import kinds_of
from qtraj.strategies.bases import SEEDS, angles

__all__ = ["UNITARY_KINDS", "fitting_unitaries", "unitaries", "unitary_matrices"]

# From simple to random: what fails for all of them is shown with the first.
UNITARY_KINDS = ("identity", "partial-swap", "exchange", "interaction", "matrix", "haar")

# Strengths of an interaction element that people recognise.
ELEMENTS = (1.0, 0.5, 1j, -1.0)


def unitaries(
    system: System, environment: Environment, *, kinds: tuple[str, ...] | str | None = None
) -> st.SearchStrategy[EnergyConservingUnitary]:
    r"""Unitaries with :math:`[U, H_S + H_E] = 0` for a given system and environment.

    Args:
        system: The system.
        environment: The environment.
        kinds: Some of "identity", "partial-swap" (:math:`\cos\theta - i\sin\theta\,SWAP`, for equal level spacings),
            "exchange" (resonant exchange of quanta, where a gap is shared), "interaction" (:math:`e^{-iVt}` with a
            random V), "matrix" (a dense Haar matrix, perhaps typed to six digits) and "haar" (Haar-random in every
            total-energy block). By default all that fit.

    Returns:
        A strategy of unitaries.

    Raises:
        InvalidInput: If a kind is unknown, or none of the chosen kinds fits the energies.

    Example:
        >>> from hypothesis import given, settings
        >>> system = System(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.0))
        >>> bath = Environment.ladder(levels=3, spacing=1.0, inverse_temperature=1.0)
        >>> @settings(deadline=None, max_examples=25)
        ... @given(unitaries(system, bath))
        ... def test_total_energy_is_conserved(unitary):
        ...     assert unitary.commutator_norm() < 1e-12
        >>> test_total_energy_is_conserved()
    """
    if not isinstance(system, System):
        raise InvalidInput(f"`system` must be a System, but is of type {type(system).__name__}")
    if not isinstance(environment, Environment):
        raise InvalidInput(f"`environment` must be an Environment, but is of type {type(environment).__name__}")
    chosen = kinds_of(kinds, UNITARY_KINDS, "kinds")
    if not any(_fits(kind, system, environment) for kind in chosen):
        raise InvalidInput(
            f"`kinds` must hold one that fits the energies, but {', '.join(chosen)} can exchange nothing between these"
        )
    return fitting_unitaries(system, environment, chosen)


def unitary_matrices(
    system_energies: ArrayLike, environment_energies: ArrayLike, *, kinds: tuple[str, ...] | str | None = None
) -> st.SearchStrategy[ComplexArray]:
    r"""Energy-conserving unitaries as complex arrays, shape (d_S d_E, d_S d_E), flat index :math:`n d_E + \mu`.

    Args:
        system_energies: Shape (d_S,); the matrix is in the system's energy eigenbasis, in this order.
        environment_energies: Shape (d_E,); likewise.
        kinds: As for `unitaries`.

    Returns:
        A strategy of arrays.

    Raises:
        InvalidSpectrum: If energies are invalid.
        InvalidInput: If a kind is unknown, or none of the chosen kinds fits the energies.

    Example:
        >>> from hypothesis import given, settings
        >>> total = np.add.outer([0.0, 1.0], [0.0, 1.0, 2.0]).ravel()
        >>> @settings(deadline=None, max_examples=25)
        ... @given(unitary_matrices([0.0, 1.0], [0.0, 1.0, 2.0]))
        ... def test_gibbs_is_a_fixed_point(u):
        ...     gibbs = np.diag(np.exp(-total))
        ...     assert np.allclose(u @ gibbs @ u.conj().T, gibbs)
        >>> test_gibbs_is_a_fixed_point()
    """
    levels = energies_of(system_energies, "system_energies")
    system = System(energies=levels, state=State.gibbs(levels, 0.0))
    environment = Environment(
        energies=energies_of(environment_energies, "environment_energies"), inverse_temperature=0.0
    )
    return unitaries(system, environment, kinds=kinds).map(EnergyConservingUnitary.matrix)


def _fits(kind: str, system: System, environment: Environment) -> bool:
    """Whether these energies allow unitaries of a kind; only the exchange has to be tried out."""
    try:
        if kind == "partial-swap":
            if system.dimension != environment.dimension:
                return False
            EnergyConservingUnitary.partial_swap(system, environment, angle=0.0)
        if kind == "exchange":
            EnergyConservingUnitary.exchange(system, environment, coupling=1.0, time=0.0)
    except EnergyNotConserved:
        return False
    return True


@st.composite
def fitting_unitaries(
    draw: st.DrawFn, system: System, environment: Environment, kinds: tuple[str, ...]
) -> EnergyConservingUnitary:
    """A unitary of one of the kinds; the example is rejected where none of them fits."""
    while True:
        # The identity teaches little, so it is one choice among many; but it is what examples shrink to.
        kind = draw(st.sampled_from([*kinds, *(kind for kind in kinds if kind != "identity")]))
        if _fits(kind, system, environment):
            return draw(_unitaries(system, environment, kind))
        kinds = tuple(other for other in kinds if other != kind)
        if not kinds:
            reject()


@st.composite
def _unitaries(draw: st.DrawFn, system: System, environment: Environment, kind: str) -> EnergyConservingUnitary:
    size = system.dimension * environment.dimension
    if kind == "identity":
        return EnergyConservingUnitary.from_matrix(system, environment, np.eye(size))
    if kind == "partial-swap":
        return EnergyConservingUnitary.partial_swap(system, environment, angle=draw(angles()))
    if kind == "exchange":
        return EnergyConservingUnitary.exchange(system, environment, coupling=1.0, time=draw(angles()))
    if kind == "interaction":
        interaction = draw(_interactions(system, environment))
        return EnergyConservingUnitary.from_interaction(system, environment, interaction, time=draw(angles()))
    random = EnergyConservingUnitary.haar(system, environment, seed=draw(SEEDS))
    if kind == "haar":
        return random
    typed = _in_given_basis(random.matrix(), system, environment)
    return EnergyConservingUnitary.from_matrix(
        system, environment, np.round(typed, 6) if draw(st.booleans()) else typed
    )


@st.composite
def _interactions(draw: st.DrawFn, system: System, environment: Environment) -> ComplexArray:
    """A few Hermitian pairs of elements within total-energy blocks, in the basis the Hamiltonian was given in."""
    joint = JointSpectrum(system=system.spectrum, environment=environment.spectrum)
    rows, columns = np.nonzero(joint.block_of[:, None] == joint.block_of[None, :])
    free = st.complex_numbers(max_magnitude=2.0, allow_nan=False, allow_infinity=False)
    pairs = st.tuples(st.integers(0, rows.size - 1), st.sampled_from(ELEMENTS) | free)
    matrix = np.zeros((joint.dimension, joint.dimension), dtype=np.complex128)
    for position, element in draw(st.lists(pairs, min_size=1, max_size=6)):
        matrix[rows[position], columns[position]] += element
    return _in_given_basis(matrix + dagger(matrix), system, environment)


def _in_given_basis(matrix: ComplexArray, system: System, environment: Environment) -> ComplexArray:
    """From the system's energy eigenbasis to the basis its Hamiltonian was given in."""
    lift: ComplexArray = np.kron(system.basis, np.eye(environment.dimension)).astype(np.complex128)
    return lift @ matrix @ dagger(lift)
