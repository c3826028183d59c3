"""Strategies for states: every rank, from diagonal to Haar-random eigenvectors, degenerate and nearly so."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.errors import InvalidInput
from qtraj.quantum.matrices import dagger
from qtraj.quantum.states import State
from qtraj.strategies.arguments import WholeRange, rank_range, real_range, whole_range
from qtraj.strategies.bases import bases

__all__ = ["density_matrices", "states"]

# Relative distances of nearly degenerate eigenvalues: below, around and above what qtraj calls degenerate (1e-12).
NEAR_DEGENERACIES = (1e-14, 1e-10, 1e-6)


def states(
    dimensions: WholeRange = (1, 4),
    ranks: WholeRange | str | None = None,
    *,
    diagonal: bool = False,
    smallest: float = 1e-6,
) -> st.SearchStrategy[State]:
    r"""States :math:`\rho = \sum_i p_i |v_i\rangle\langle v_i|` of a d-level system, as `State` objects.

    Eigenvalues are equal, simple fractions, any floats or nearly equal; eigenvectors are levels, rotations of a few
    pairs of levels by simple angles, or Haar-random. They shrink towards the lowest level of a small system.

    Args:
        dimensions: Number of levels d, or a pair (smallest, largest).
        ranks: Number of non-zero eigenvalues, or a pair; "full" for states of full rank, 1 for pure states, None for
            every rank. Dimensions too small for the smallest rank are left out.
        diagonal: True for states without coherence only: levels as eigenvectors.
        smallest: No non-zero eigenvalue is below this. At least 1e-300: the spectral form keeps it.

    Returns:
        A strategy of states.

    Raises:
        InvalidInput: If an argument is out of range.

    Example:
        >>> from hypothesis import given, settings
        >>> from qtraj.quantum.entropies import von_neumann_entropy
        >>> @settings(deadline=None, max_examples=25)
        ... @given(states(dimensions=(1, 5), ranks=1))
        ... def test_pure_states_have_no_entropy(state):
        ...     assert von_neumann_entropy(state) == 0
        >>> test_pure_states_have_no_entropy()
    """
    allowed, kept = rank_range(ranks, whole_range(dimensions, "dimensions"))
    least, _ = real_range(smallest, "smallest", least=1e-300, most=1 / allowed[1])
    if not isinstance(diagonal, bool):
        raise InvalidInput(f"`diagonal` must be True or False, but is {diagonal!r}")
    return _states(allowed, kept, diagonal, least)


def density_matrices(
    dimensions: WholeRange = (1, 4),
    ranks: WholeRange | str | None = None,
    *,
    diagonal: bool = False,
    smallest: float = 1e-6,
) -> st.SearchStrategy[ComplexArray]:
    """Density matrices, as complex arrays of shape (d, d): exactly Hermitian, of trace 1, positive to rounding.

    Args:
        dimensions: Number of levels d, or a pair (smallest, largest).
        ranks: Number of non-zero eigenvalues, or a pair; "full" for full rank, 1 for pure states, None for every rank.
        diagonal: True for matrices without coherence only.
        smallest: No non-zero eigenvalue is below this. At least 1e-12: a matrix cannot hold less.

    Returns:
        A strategy of arrays.

    Raises:
        InvalidInput: If an argument is out of range.

    Example:
        >>> from hypothesis import given, settings
        >>> def purity(rho):  # your own function
        ...     return np.vdot(rho, rho).real
        >>> @settings(deadline=None, max_examples=25)
        ... @given(density_matrices(dimensions=(2, 4), ranks=(1, 2)))
        ... def test_purity_is_bounded_by_the_rank(rho):
        ...     assert 1 / 2 - 1e-12 <= purity(rho) <= 1 + 1e-12
        >>> test_purity_is_bounded_by_the_rank()
    """
    real_range(smallest, "smallest", least=1e-12, most=1.0)
    return states(dimensions, ranks, diagonal=diagonal, smallest=smallest).map(_matrix)


def _matrix(state: State) -> ComplexArray:
    matrix = state.matrix
    return (matrix + dagger(matrix)) / 2


@st.composite
def _states(
    draw: st.DrawFn, dimensions: tuple[int, int], ranks: tuple[int, int] | None, diagonal: bool, smallest: float
) -> State:
    dimension = draw(st.sampled_from(range(dimensions[0], dimensions[1] + 1)))
    rank = dimension if ranks is None else draw(st.integers(min(ranks[0], dimension), min(ranks[1], dimension)))
    logs = draw(_log_weights(rank, smallest))
    vectors = draw(bases(dimension, rotated=not diagonal))[:, :rank]
    return State(log_eigenvalues=logs - logsumexp(logs), vectors=vectors)


@st.composite
def _log_weights(draw: st.DrawFn, rank: int, smallest: float) -> FloatArray:
    """Logarithms of eigenvalues before they are normalised, the largest 0."""
    # Weights are at least rank * smallest and sum to at most rank, so normalised ones are at least `smallest`.
    floor = np.log(smallest * rank)
    typed = st.sampled_from([1, 2, 3, 4, 6]).map(lambda whole: float(np.log(whole)))
    free = st.floats(float(floor), 0.0)
    logs = np.array(draw(st.lists(typed, min_size=rank, max_size=rank) | st.lists(free, min_size=rank, max_size=rank)))
    if rank > 1 and draw(st.booleans()):
        pair = draw(st.permutations(range(rank)))[:2]
        logs[pair[1]] = logs[pair[0]] + draw(st.sampled_from(NEAR_DEGENERACIES))
    weights: FloatArray = np.maximum(logs - logs.max(), floor)
    return weights
