r"""Joint states of two parties from their local states and the correlations between them.

Mapping: :math:`\rho_{SE} = \rho_S\otimes\rho_E + \chi`, where the correlations :math:`\chi` are Hermitian and leave
both local states as they are, :math:`tr_S\chi = tr_E\chi = 0`. Coordinates are the energy eigenbases of both parties,
flat index :math:`n d_E + \mu`; :math:`\rho_E` is diagonal there, with populations :math:`q_\mu`.

Where :math:`\chi` correlates nothing, the eigenvalues stay the products :math:`p_\alpha q_\mu`, known as logarithms, so
that cold environments lose nothing.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qtraj.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from qtraj.errors import InvalidInput, InvalidState
from qtraj.quantum.correlated_sets import EPS, correlated_eigensystem
from qtraj.quantum.graded import AMPLITUDE_CUT
from qtraj.quantum.matrices import as_matrix, dagger
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.states import State

__all__ = ["as_correlations", "correlated_state", "local_state", "partial_traces", "rotated_doubt"]

# Correlations are computed as a difference of states, good to 1e-16, or typed as a few elements that are exactly zero
# elsewhere; larger traces are another local state.
TRACE_TOLERANCE = 1e-9

# Beyond this, squares of elements leave double precision.
HUGE = 1e100


def partial_traces(matrix: ComplexArray, first: int, second: int) -> tuple[ComplexArray, ComplexArray]:
    """What is left of a joint operator on the first and on the second party.

    Args:
        matrix: Shape (first * second, first * second).
        first: Dimension of the first party.
        second: Dimension of the second party.

    Example:
        >>> bell = np.outer([1, 0, 0, 1], [1, 0, 0, 1]) / 2
        >>> partial_traces(bell, 2, 2)[0].tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    cube = matrix.reshape(first, second, first, second)
    return np.trace(cube, axis1=1, axis2=3), np.trace(cube, axis1=0, axis2=2)


def as_correlations(value: object, first: int, second: int) -> tuple[ComplexArray, float]:
    r"""Correlations :math:`\chi` as a checked matrix, Hermitian and without partial traces, and how far they were off.

    Args:
        value: Shape (first * second, first * second).
        first: Dimension of the system.
        second: Dimension of the environment.

    Returns:
        The matrix, and the largest element by which it has been moved: 0 for elements that add up but for rounding.

    Raises:
        InvalidInput: If it has another shape or huge elements, is not Hermitian, or changes a local state.

    Example:
        >>> chi = np.zeros((4, 4))
        >>> chi[1, 2] = chi[2, 1] = 0.1
        >>> matrix, moved = as_correlations(chi, 2, 2)
        >>> matrix.real.tolist()[1], moved
        ([0.0, 0.0, 0.1, 0.0], 0.0)
        >>> as_correlations(np.eye(4), 2, 2)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `correlations` must leave the local states as they are, but ...
    """
    size = first * second
    given = as_matrix(value, "correlations", (size, size))
    with np.errstate(over="ignore"):
        largest = _largest(given)
    if not largest <= HUGE:  # smaller ones that are too large are told by which factor
        raise InvalidInput(
            "`correlations` must have elements of at most 1, as all differences of states have, but one is "
            f"{largest:.6g}",
            measured=largest,
        )
    skew = _largest(given - dagger(given))
    if skew > TRACE_TOLERANCE:
        raise InvalidInput(
            f"`correlations` must be Hermitian, but differ from their adjoint by {skew:.3g}", measured=skew
        )
    matrix = (given + dagger(given)) / 2
    of_first, of_second = partial_traces(matrix, first, second)
    for party, trace in (("system", of_first), ("environment", of_second)):
        change = _largest(trace)
        if change > TRACE_TOLERANCE:
            raise InvalidInput(
                f"`correlations` must leave the local states as they are, but change that of the {party} by "
                f"{change:.3g}; give the {party} the state it has, and only the rest here",
                measured=change,
            )
    moved = max(skew, _largest(of_first), _largest(of_second))
    if moved <= 4 * size * EPS * largest:
        # Removing what is rounding of the largest element would put some of it where elements are zero.
        return matrix, 0.0
    whole = np.eye(first)[:, None, :, None] * of_second[None, :, None, :] / first
    whole = whole + of_first[:, None, :, None] * np.eye(second)[None, :, None, :] / second
    matrix = matrix - whole.reshape(size, size) + np.trace(of_first) / size * np.eye(size)
    return matrix, moved


def correlated_state(
    local: Outcomes, log_populations: FloatArray, correlations: ComplexArray, doubt: FloatArray | float = 0.0
) -> State:
    r"""The joint state :math:`\rho_S\otimes\rho_E + \chi` in spectral form.

    Args:
        local: Outcomes of :math:`\rho_S` (energy eigenbasis), d_S dimensions.
        log_populations: :math:`\ln q_\mu`, shape (d_E,).
        correlations: :math:`\chi` in the product of the energy eigenbases, Hermitian and without partial traces.
        doubt: Absolute error of its elements beyond rounding of their own, a number or one for each.

    Raises:
        InvalidState: If the correlations are too strong for a state; the message says by which factor.
        AmbiguousRank: If an eigenvalue is neither clearly zero nor clearly positive.
        UnresolvedState: If populations that are correlated differ by more than 300 orders of magnitude.

    Example:
        Two qubits at infinite temperature with the coherence |01><10| at its largest: one state of four is empty.

        >>> chi = np.zeros((4, 4), dtype=complex)
        >>> chi[1, 2] = chi[2, 1] = 0.25
        >>> from qtraj.quantum.spectrum import Spectrum
        >>> local = Outcomes.of(State.gibbs([0.0, 1.0], 0.0), Spectrum(energies=[0.0, 1.0]))
        >>> np.exp(correlated_state(local, np.log([0.5, 0.5]), chi).log_eigenvalues).round(12).tolist()
        [0.5, 0.25, 0.25]
    """
    size = log_populations.size
    product: ComplexArray = np.kron(local.vectors, np.eye(size)).astype(np.complex128)
    logs: FloatArray = (local.log_eigenvalues[local.outcome_of][:, None] + log_populations[None, :]).ravel()
    own = dagger(product) @ correlations @ product
    largest = float(np.abs(correlations).max())
    lost = float(np.abs(correlations - product @ own @ dagger(product)).max())
    if lost > AMPLITUDE_CUT * max(1.0, largest) * product.shape[0] + product.shape[0] * float(np.max(doubt)):
        raise InvalidState(
            "`correlations` must stay where the system's state has weight, but have elements outside its support of "
            f"up to {lost:.3g}",
            measured=lost,
        )
    doubts = rotated_doubt(correlations, np.broadcast_to(doubt, correlations.shape), product)
    # What may be rounding must not join directions that nothing correlates.
    own = np.where(np.abs(own) > doubts, own, 0)
    values, columns = [], []
    for members in _correlated_sets(own != 0):
        block = np.ix_(members, members)
        found, vectors = correlated_eigensystem(logs[members], own[block], doubts[block])
        values.append(found)
        columns.append(product[:, members] @ vectors)
    return State(log_eigenvalues=np.concatenate(values), vectors=np.concatenate(columns, axis=1))


def rotated_doubt(matrix: ComplexArray, doubt: FloatArray, basis: ComplexArray) -> FloatArray:
    r"""Absolute error of every element of :math:`V^\dagger XV`: that of X, and the rounding of two products.

    Args:
        matrix: X, shape (d, d).
        doubt: Absolute error of its elements, shape (d, d).
        basis: V, shape (d, k).

    Example:
        >>> flip = np.array([[0.0, 1.0], [1.0, 0.0]], dtype=complex)
        >>> rotated_doubt(np.diag([1.0 + 0j, 0.0]), np.zeros((2, 2)), flip).round(14).tolist()
        [[0.0, 0.0], [0.0, 0.0]]
    """
    moduli = np.abs(basis)
    bound: FloatArray = moduli.T @ (doubt + 4 * matrix.shape[0] * EPS * np.abs(matrix)) @ moduli
    return bound


def local_state(joint: State, environment: int) -> tuple[FloatArray, ComplexArray]:
    """The system's state as weighted vectors: logarithms of weights, shape (k,), and one vector a row, shape (k, d_S).

    Args:
        joint: A joint state.
        environment: Dimension of the environment, which is traced out.

    Example:
        >>> bell = State.pure(np.array([1, 0, 0, 1]) / np.sqrt(2))
        >>> logs, rows = local_state(bell, 2)
        >>> ((rows.T * np.exp(logs)) @ np.conj(rows)).real.round(12).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    cube = joint.vectors.reshape(-1, environment, joint.rank)
    rows: ComplexArray = cube.transpose(2, 1, 0).reshape(joint.rank * environment, -1)
    return np.repeat(joint.log_eigenvalues, environment), rows


def _largest(matrix: ComplexArray) -> float:
    return float(np.abs(matrix).max())


def _correlated_sets(joined: BoolArray) -> list[IntArray]:
    """The directions, gathered into sets that nothing correlates with each other."""
    count, labels = connected_components(coo_array(joined.astype(np.float64)), directed=False)
    return [np.flatnonzero(labels == k).astype(np.int64) for k in range(count)]
