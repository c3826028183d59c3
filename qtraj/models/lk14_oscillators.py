r"""Two oscillators in a space cut by their total number of quanta, :math:`n_a + n_b \le N`.

The cut keeps what the physics conserves: :math:`b^\dagger a` lowers before it raises and never leaves the space, so
that the exchange of quanta is untouched by it, and the jumps and their adjoints stay partners. Only raising from the
highest shell is missing; :math:`a a^\dagger` is 0 there, and never to be written as :math:`1 + a^\dagger a`. What the
cut loses is known beforehand, because the uncut state is Gaussian: its quanta are those of two independent thermal
modes.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput

__all__ = [
    "LARGEST_POPULATION_LOST",
    "cut_operators",
    "cut_quanta",
    "population_lost",
    "smallest_cut",
]

# Means of the cut space are off by about this much, relatively.
LARGEST_POPULATION_LOST = 1e-2

# 561 states: more would take minutes for what the moment equations say in microseconds.
LARGEST_CUT = 32


def cut_quanta(quanta: int) -> IntArray:
    """Quanta (n_a, n_b) of every basis state, by shells of equal total, shape (d, 2), d = (N+1)(N+2)/2.

    Example:
        >>> cut_quanta(1).tolist()
        [[0, 0], [0, 1], [1, 0]]
    """
    return np.array([(hot, total - hot) for total in range(quanta + 1) for hot in range(total + 1)], dtype=np.int64)


def cut_operators(quanta: int) -> tuple[FloatArray, FloatArray]:
    """The lowering operators a and b in the cut space, each of shape (d, d), in the order of `cut_quanta`.

    Example:
        >>> a, b = cut_operators(2)
        >>> exchange = b.T @ a  # conserves the total, cut or not
        >>> bool(np.allclose(exchange, exchange * (cut_quanta(2).sum(1)[:, None] == cut_quanta(2).sum(1))))
        True
    """
    states = cut_quanta(quanta)
    index = {tuple(pair): position for position, pair in enumerate(states.tolist())}
    lowering = []
    for node in range(2):
        matrix = np.zeros((states.shape[0],) * 2)
        for position, pair in enumerate(states.tolist()):
            if pair[node]:
                lower = list(pair)
                lower[node] -= 1
                matrix[index[tuple(lower)], position] = np.sqrt(pair[node])
        lowering.append(frozen(matrix))
    return lowering[0], lowering[1]


def population_lost(moments: ComplexArray | FloatArray, quanta: int) -> float:
    r"""Probability of more than N quanta in the Gaussian state with these moments.

    With eigenvalues :math:`\nu_1, \nu_2` of the moments and :math:`q_i = \nu_i/(1 + \nu_i)`,

    .. math:: P(n_a + n_b > N) = (1 - q_1)(1 - q_2)\sum_{n > N}\sum_{k \le n} q_1^k q_2^{n-k}
              = q_1^{N+1} + (1 - q_1)\sum_{k \le N} q_1^k q_2^{N+1-k}.

    Args:
        moments: :math:`C_{ij} = \langle c_i^\dagger c_j\rangle`, Hermitian, shape (2, 2).
        quanta: N.

    Example:
        >>> round(population_lost(np.diag([1.0, 1.0]), 0), 12)  # all but the vacuum's (1/2)^2
        0.75
    """
    occupations = np.clip(np.linalg.eigvalsh(moments), 0.0, None)
    first, second = occupations / (1 + occupations)
    k = np.arange(quanta + 1)
    return float(first ** (quanta + 1) + (1 - first) * np.sum(first**k * second ** (quanta + 1 - k)))


def smallest_cut(moments: list[ComplexArray | FloatArray], quanta: int | None) -> int:
    """The number of quanta to keep for states with these moments.

    Args:
        moments: Moments of the states that the space must hold, each of shape (2, 2).
        quanta: What the user wants, or None for the smallest number that loses at most 1 % of every state.

    Raises:
        InvalidInput: If it is no positive whole number or exceeds 32, or more than 1 % of a population would be lost.

    Example:
        >>> smallest_cut([np.diag([0.8, 1.5])], None)
        10
    """
    if quanta is None:
        for candidate in range(1, LARGEST_CUT + 1):
            if max(population_lost(each, candidate) for each in moments) <= LARGEST_POPULATION_LOST:
                return candidate
        lost = max(population_lost(each, LARGEST_CUT) for each in moments)
        raise InvalidInput(
            f"`quanta` must keep at least {1 - LARGEST_POPULATION_LOST:.0%} of the population, but even the largest "
            f"cut, {LARGEST_CUT} quanta, loses {lost:.3g} of it; lower the temperatures",
            measured=lost,
        )
    if isinstance(quanta, bool) or quanta != int(quanta) or not 1 <= quanta <= LARGEST_CUT:
        raise InvalidInput(f"`quanta` must be a whole number between 1 and {LARGEST_CUT}, but is {quanta}")
    lost = max(population_lost(each, int(quanta)) for each in moments)
    if lost > LARGEST_POPULATION_LOST:
        raise InvalidInput(
            f"`quanta` must keep at least {1 - LARGEST_POPULATION_LOST:.0%} of the population, but with a cut at "
            f"{quanta} quanta {lost:.3g} of it is lost",
            measured=lost,
        )
    return int(quanta)
