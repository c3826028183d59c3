r"""Jumps between energy levels: the exact shortcut by which a trajectory becomes a classical chain.

If every jump operator is :math:`\sqrt{W(m|n)}\,|m\rangle\langle n|`, the no-jump evolution is diagonal in energy. The
first jump starts from level n with probability :math:`|c_n|^2` after a time of law :math:`\Gamma_n e^{-\Gamma_n t}`;
from then on the path is in one level at a time. Without any jump the superposition survives ([Santos19], Davies maps).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.paths.jump_operators import level_jump
from qtraj.paths.jump_tables import Chain, floats, integers

__all__ = ["is_chain", "prepare_chain"]


def is_chain(jumps: Sequence[ComplexArray]) -> bool:
    """Whether every jump (energy eigenbasis) leads between two energy levels."""
    return all(level_jump(jump) is not None for jump in jumps)


def prepare_chain(
    energies: FloatArray, jumps: Sequence[ComplexArray], starts: ComplexArray, ends: ComplexArray, duration: float
) -> Chain:
    """Tables for the chain.

    Args:
        energies: Shape (d,).
        jumps: Jump operators in the energy eigenbasis.
        starts: Initial vectors as columns, shape (d, R).
        ends: Final vectors as columns, shape (d, F).
        duration: Of the process.
    """
    moves = [move for jump in jumps if (move := level_jump(jump)) is not None]
    source = np.array([move[0] for move in moves], dtype=np.int64)
    target = np.array([move[1] for move in moves], dtype=np.int64)
    rate = np.array([move[2] for move in moves])
    # Fast jumps first: then the search among a level's jumps ends early.
    order = np.lexsort((-rate, source))
    offsets = np.searchsorted(source[order], np.arange(energies.size + 1))
    cumulative = np.zeros(order.size)
    rates = np.zeros(energies.size)
    for low, high in itertools.pairwise(offsets):
        if high > low:
            cumulative[low:high] = np.cumsum(rate[order[low:high]])
            rates[source[order[low]]] = cumulative[high - 1]
    weights = np.abs(starts.T) ** 2
    # The state without a jump, up to its norm: relative to the slowest level, so that it cannot vanish altogether.
    slowest = np.where(weights > 0, rates, np.inf).min(axis=1, keepdims=True)
    angle = -1j * (energies - energies.mean()) * duration
    decay = np.where(weights > 0, (rates - slowest) * duration / 2, 0.0)
    silent = starts.T * np.exp(angle - decay)
    return Chain(
        duration=float(duration),
        energies=floats(energies),
        mean_waits=floats(np.divide(1.0, rates, out=np.full_like(rates, np.inf), where=rates > 0)),
        offsets=integers(offsets),
        which=integers(order),
        target=integers(target[order]),
        cumulative=floats(cumulative[None, :]),
        start_vectors=frozen(np.ascontiguousarray(starts.T)),
        start_weights=floats(weights),
        start_levels=floats(_cumulative(weights)),
        silent_ends=floats(_cumulative(np.abs(silent @ ends.conj()) ** 2)),
        level_ends=floats(_cumulative(np.abs(ends.conj()) ** 2)),
    )


def _cumulative(weights: FloatArray) -> FloatArray:
    summed: FloatArray = np.cumsum(weights, axis=1)
    if not summed.size:
        return summed
    # A row may be empty: a level that no final outcome overlaps is never reached at the end.
    return np.divide(summed, summed[:, -1:], out=np.zeros_like(summed), where=summed[:, -1:] > 0)
