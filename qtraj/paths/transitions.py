r"""Processes whose jumps always lead to one of finitely many states: the law of each next jump, prepared once.

If every jump operator is :math:`|x_k\rangle\langle y_k|`, a path is at :math:`x_k` after jump k whatever came before.
From a state with mode amplitudes c the next jump is k within a time t with probability
:math:`F_k(t) = \int_0^t |\sum_j g_j e^{\lambda_j s}|^2 ds`, :math:`g_j = \langle y_k|r_j\rangle c_j`, which is a
finite sum of exponentials. So k (or none within the duration) and then its time are drawn exactly: the quantiles of
:math:`F_k` are tabulated as polynomials, each checked against quantiles solved for; where a polynomial will not do
(next to a time at which the jump is impossible), it is the first guess of a root in a bracket.
"""

from __future__ import annotations

import itertools

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.paths.jump_tables import MODES, Evolution, Nodes, Operators, Transitions, floats, integers, parts_apart

__all__ = ["prepare_transitions"]

# Halvings of the share on both sides, eight cells each: shares beyond 2^-16 are solved for, one draw in 30 000.
HALVINGS = 16
CELLS = 8 * HALVINGS + 1
DEGREE = 9
CHECKED = (0.95, 0.31, -0.58, -0.98)

# Pairs times d^2: a pair takes some 6000 sums over pairs of modes, 30 ns each, and 20 KB: a second, 40 MB at most.
MOST_WORK = 8000


def prepare_transitions(evolution: Evolution, operators: Operators, nodes: Nodes) -> Transitions | None:
    """Tables for all transitions, or None if a jump leads to many states or the tables would cost too much."""
    from qtraj.paths.transition_kernels import fill_transitions

    dimension = evolution.exponents.shape[1]
    if not evolution.by_modes or (operators.node < 0).any():
        return None
    real, imag = evolution.matrices[MODES]
    coefficients = nodes.coefficients[:, 0] + 1j * nodes.coefficients[:, 1]
    amplitudes = _bras(operators, dimension) @ (real + 1j * imag)
    g = coefficients[:, None, :] * amplitudes[None, :, :]
    # Modes that cancel in a jump's amplitude leave rounding errors.
    possible = np.abs(g).max(axis=2, initial=0.0) > 0
    node, which = np.nonzero(possible)
    if node.size * dimension**2 > MOST_WORK:
        return None
    g = g[node, which]
    totals = _totals(g, evolution)
    kept = totals > 0
    node, which, g, totals = node[kept], which[kept], g[kept], totals[kept]
    offsets = np.searchsorted(node, np.arange(coefficients.shape[0] + 1))
    cumulative = np.zeros(totals.size)
    for low, high in itertools.pairwise(offsets):
        cumulative[low:high] = np.cumsum(totals[low:high])
    quantiles, exact = np.zeros((totals.size, 2, CELLS, DEGREE + 1)), np.zeros((totals.size, 2, CELLS), dtype=np.bool_)
    transitions = Transitions(
        duration=evolution.duration,
        exponents=evolution.exponents,
        offsets=integers(offsets),
        which=integers(which),
        target=integers(operators.node[which]),
        cumulative=floats(cumulative[None, :]),
        totals=floats(totals),
        amplitudes=parts_apart(g, axis=1),
        quantiles=floats(quantiles),
        exact=frozen(exact),
    )
    through = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    fit = np.linalg.inv(np.vander(through, increasing=True))
    fill_transitions(transitions, floats([*through, *CHECKED]), floats(fit), quantiles, exact)
    return transitions._replace(quantiles=floats(quantiles), exact=frozen(exact))


def _bras(operators: Operators, dimension: int) -> ComplexArray:
    """The row vectors of all jumps, shape (J, d)."""
    bras = np.zeros((operators.node.size, dimension), dtype=np.complex128)
    owner = np.repeat(np.arange(operators.node.size), np.diff(operators.offsets))
    bras[owner, operators.places[:, 1]] = operators.values[:, 0] + 1j * operators.values[:, 1]
    return bras


def _totals(g: ComplexArray, evolution: Evolution) -> FloatArray:
    """Probability of each transition within the duration."""
    exponents = evolution.exponents[0] + 1j * evolution.exponents[1]
    sums = exponents.conj()[:, None] + exponents[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        integrals = np.where(
            np.abs(sums) * evolution.duration > 1e-100, np.expm1(sums * evolution.duration) / sums, evolution.duration
        )
    totals: FloatArray = np.einsum("pi,ij,pj->p", g.conj(), integrals, g, optimize=True).real
    return totals
