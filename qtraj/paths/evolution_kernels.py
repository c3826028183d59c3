r"""Compiled: states between jumps.

Mapping: no-jump evolution :math:`\psi(t) = e^{-iH_{eff}t}\psi`, survival probability :math:`S(t) = \|\psi(t)\|^2`,
rate of jumps :math:`w(t) = -S'(t) = \langle\psi(t)|\Gamma|\psi(t)\rangle`, :math:`\Gamma = \sum_k L_k^\dagger L_k`.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.compiling import inlined, inlined_sum
from qtraj.paths.jump_kernels import search
from qtraj.paths.jump_tables import FIRST_PROPAGATOR, GENERATOR, MODES, Evolution, Nodes, Workspace

__all__ = [
    "block_range",
    "copy_block",
    "draw_end",
    "enter_node",
    "evolve_by_digits",
    "evolve_by_modes",
    "jump_rate",
    "show_state",
    "squared_norm",
    "taylor_step",
    "times_matrix",
]


@inlined_sum
def times_matrix(
    matrices: FloatArray, which: int, low: np.uint64, high: np.uint64, vector: FloatArray, out: FloatArray
) -> None:
    """Out = matrix @ vector on one invariant block."""
    for i in range(low, high):
        real, imag = 0.0, 0.0
        for j in range(low, high):
            real += matrices[which, 0, i, j] * vector[0, j] - matrices[which, 1, i, j] * vector[1, j]
            imag += matrices[which, 0, i, j] * vector[1, j] + matrices[which, 1, i, j] * vector[0, j]
        out[0, i], out[1, i] = real, imag


@inlined_sum
def squared_norm(vector: FloatArray, low: np.uint64, high: np.uint64) -> float:
    """Of the part of a vector on one block."""
    total = 0.0
    for i in range(low, high):
        total += vector[0, i] * vector[0, i] + vector[1, i] * vector[1, i]
    return total


@inlined
def copy_block(source: FloatArray, target: FloatArray, low: np.uint64, high: np.uint64) -> None:
    """Copy the part of a vector on one block."""
    for i in range(low, high):
        target[0, i], target[1, i] = source[0, i], source[1, i]


@inlined
def block_range(evolution: Evolution, block: int) -> tuple[np.uint64, np.uint64]:
    """Where a block begins and ends."""
    return np.uint64(evolution.blocks[block]), np.uint64(evolution.blocks[block + 1])


@inlined
def jump_rate(evolution: Evolution, active: IntArray, psi: FloatArray) -> float:
    """<psi|Gamma|psi>, from the elements on and (doubled) above the diagonal."""
    total = 0.0
    for a in range(1, active[0] + 1):
        for e in range(evolution.loss_offsets[active[a]], evolution.loss_offsets[active[a] + 1]):
            i, j = np.uint64(evolution.loss_places[e, 0]), np.uint64(evolution.loss_places[e, 1])
            total += evolution.loss_values[e, 0] * (psi[0, i] * psi[0, j] + psi[1, i] * psi[1, j])
            total -= evolution.loss_values[e, 1] * (psi[0, i] * psi[1, j] - psi[1, i] * psi[0, j])
    return max(total, 0.0)


@inlined
def evolve_by_modes(evolution: Evolution, work: Workspace, time: float, psi: FloatArray) -> float:
    """psi(time), and its squared norm; `work.y` is left with the mode amplitudes at that time."""
    c, y, norm = work.c, work.y, 0.0
    for a in range(1, work.active[0] + 1):
        low, high = block_range(evolution, work.active[a])
        for j in range(low, high):
            size, angle = math.exp(evolution.exponents[0, j] * time), evolution.exponents[1, j] * time
            real, imag = size * math.cos(angle), size * math.sin(angle)
            y[0, j] = c[0, j] * real - c[1, j] * imag
            y[1, j] = c[0, j] * imag + c[1, j] * real
        times_matrix(evolution.matrices, MODES, low, high, y, psi)
        norm += squared_norm(psi, low, high)
    return norm


@inlined
def taylor_step(
    evolution: Evolution, work: Workspace, low: np.uint64, high: np.uint64, time: float, psi: FloatArray
) -> None:
    """Evolve one block of psi, in place, by a time in which hardly anything happens."""
    y, z = work.y, work.z
    copy_block(psi, y, low, high)
    for power in range(1, evolution.taylor_order + 1):
        times_matrix(evolution.matrices, GENERATOR, low, high, y, z)
        for i in range(low, high):
            y[0, i], y[1, i] = z[0, i] * time / power, z[1, i] * time / power
            psi[0, i] += y[0, i]
            psi[1, i] += y[1, i]


@inlined
def evolve_by_digits(evolution: Evolution, work: Workspace, time: float, psi: FloatArray) -> float:
    """psi(time), and its squared norm."""
    norm = 0.0
    for a in range(1, work.active[0] + 1):
        low, high = block_range(evolution, work.active[a])
        copy_block(work.c, psi, low, high)
        left = time
        for digit in range(evolution.steps.size):
            if left >= evolution.steps[digit]:
                left -= evolution.steps[digit]
                times_matrix(evolution.matrices, FIRST_PROPAGATOR + digit, low, high, psi, work.y)
                copy_block(work.y, psi, low, high)
        taylor_step(evolution, work, low, high, left, psi)
        norm += squared_norm(psi, low, high)
    return norm


@inlined
def enter_node(evolution: Evolution, nodes: Nodes, work: Workspace, node: int) -> None:
    """Begin in one of the prepared states."""
    psi, c, active = work.psi, work.c, work.active
    for i in range(psi.shape[1]):
        psi[0, i], psi[1, i] = 0.0, 0.0
    active[0] = nodes.block_offsets[node + 1] - nodes.block_offsets[node]
    for a in range(active[0]):
        active[a + 1] = nodes.blocks[nodes.block_offsets[node] + a]
        low, high = block_range(evolution, active[a + 1])
        for i in range(low, high):
            c[0, i], c[1, i] = nodes.coefficients[node, 0, i], nodes.coefficients[node, 1, i]


@inlined
def show_state(evolution: Evolution, work: Workspace, time: float, path: int, shown: int, states: ComplexArray) -> None:
    """Write down the state a time after the last jump."""
    if evolution.by_modes:
        norm = evolve_by_modes(evolution, work, time, work.phi)
    else:
        norm = evolve_by_digits(evolution, work, time, work.phi)
    for a in range(1, work.active[0] + 1):
        low, high = block_range(evolution, work.active[a])
        for i in range(low, high):
            states[path, shown, i] = complex(work.phi[0, i], work.phi[1, i]) / math.sqrt(norm)


@inlined
def draw_end(evolution: Evolution, work: Workspace, part: float) -> int:
    """Which final vector is found in psi, by the Born rule."""
    psi, weights, total = work.psi, work.weights, 0.0
    for b in range(weights.shape[1]):
        x, y = 0.0, 0.0
        for i in range(psi.shape[1]):
            x += evolution.ends[0, b, i] * psi[0, i] + evolution.ends[1, b, i] * psi[1, i]
            y += evolution.ends[0, b, i] * psi[1, i] - evolution.ends[1, b, i] * psi[0, i]
        total += x * x + y * y
        weights[0, b] = total
    return search(weights, 0, 0, weights.shape[1], part * total)
