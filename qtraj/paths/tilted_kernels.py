r"""Compiled: trajectories under a tilt, by the Doob transform of the unravelling.

Mapping: no-jump evolution :math:`\psi(t) = e^{At}\psi` with :math:`A = -iH_{eff} - \theta/2`; the future's weight
:math:`l_t`; survival :math:`S(t) = \langle\psi(t)|l_t|\psi(t)\rangle`, which only falls,
:math:`-S'(t) = \sum_k w_k\langle L_k\psi(t)|l_t|L_k\psi(t)\rangle`. In stages: :math:`\phi = K_k\psi` with weight
:math:`\langle\phi|l|\phi\rangle`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.compiling import inlined, kernel
from qtraj.paths.jump_kernels import seed, uniform

__all__ = ["TiltedStages", "TiltedTables", "follow_tilted_jumps", "follow_tilted_stages", "survivals"]


class TiltedTables(NamedTuple):
    """A tilted jump process; time is cut into equal cells.

    Attributes:
        cell: Length of a cell.
        generator: A, shape (d, d).
        steps: :math:`e^{Ah2^k}` for a cell of length h, k ascending, shape (K, d, d).
        order: Order to which :math:`e^{At}` is expanded within a cell.
        boundaries: l at the cells' ends, shape (M + 1, d, d).
        coefficients: l within cell j is the sum over p of these times (time to its end / h)^p, shape (M, P, d, d).
        jumps: :math:`L_k`, shape (J, d, d).
        weights: :math:`w_k`, shape (J,).
        starts: Initial vectors as rows, shape (R, d).
        ends: Final vectors as rows, shape (F, d).
        end_weights: Their weights in :math:`l_T`, shape (F,).
    """

    cell: float
    generator: ComplexArray
    steps: ComplexArray
    order: int
    boundaries: ComplexArray
    coefficients: ComplexArray
    jumps: ComplexArray
    weights: FloatArray
    starts: ComplexArray
    ends: ComplexArray
    end_weights: FloatArray


class TiltedStages(NamedTuple):
    """A tilted process made of stages.

    Attributes:
        stage_of: Which of the distinct stages each step is, shape (K,).
        reservoir_of: Reservoir of every distinct stage, -1 for none, shape (S,).
        first: Where the branches of each distinct stage begin, shape (S + 1,).
        offsets: Where the elements of each branch begin, shape (B + 1,).
        row: Row of every element, shape (E,).
        column: Column of every element.
        value: The elements, square roots of probability and tilt included.
        entropies: Entropy into the reservoir per branch, shape (B,).
        heats: Heat likewise.
        futures: l after every step, each in units of its own, shape (K, d, d).
        starts: Initial vectors as rows, shape (R, d).
        ends: Final vectors as rows, shape (F, d).
        end_weights: Their weights, shape (F,).
    """

    stage_of: IntArray
    reservoir_of: IntArray
    first: IntArray
    offsets: IntArray
    row: IntArray
    column: IntArray
    value: ComplexArray
    entropies: FloatArray
    heats: FloatArray
    futures: ComplexArray
    starts: ComplexArray
    ends: ComplexArray
    end_weights: FloatArray


@inlined
def _apply(matrix: ComplexArray, vector: ComplexArray, out: ComplexArray) -> None:
    """Out = matrix @ vector."""
    for i in range(vector.size):
        total = 0j
        for j in range(vector.size):
            total += matrix[i, j] * vector[j]
        out[i] = total


@inlined
def _form(matrix: ComplexArray, vector: ComplexArray) -> float:
    """<vector|matrix|vector> of a Hermitian matrix."""
    total = 0.0
    for i in range(vector.size):
        row = 0j
        for j in range(vector.size):
            row += matrix[i, j] * vector[j]
        total += vector[i].real * row.real + vector[i].imag * row.imag
    return total


@inlined
def _choose(weights: FloatArray, number: int, part: float) -> int:
    """The place at which the weights add up to more than a part of their sum; -1 if all are zero."""
    total, chosen, target = 0.0, -1, 0.0
    for k in range(number):
        target += weights[k]
    target *= part
    for k in range(number):
        if weights[k] > 0.0 and (chosen < 0 or total <= target):
            chosen = k
        total += max(weights[k], 0.0)
    return chosen


@inlined
def _evolve(tables: TiltedTables, vector: ComplexArray, time: float, out: ComplexArray, term: Any, image: Any) -> None:
    """Out = e^{A time} vector for at most the length of a cell."""
    for i in range(vector.size):
        out[i] = term[i] = vector[i]
    for power in range(1, tables.order + 1):
        _apply(tables.generator, term, image)
        for i in range(vector.size):
            term[i] = image[i] * (time / power)
            out[i] += term[i]


@inlined
def _future(tables: TiltedTables, cell: int, time: float, out: ComplexArray) -> None:
    """L at a time counted from the beginning of a cell."""
    part = min(max(1.0 - time / tables.cell, 0.0), 1.0)
    highest, dimension = tables.coefficients.shape[1] - 1, out.shape[0]
    for i in range(dimension):
        for j in range(dimension):
            value = tables.coefficients[cell, highest, i, j]
            for p in range(highest - 1, -1, -1):
                value = value * part + tables.coefficients[cell, p, i, j]
            out[i, j] = value


@inlined
def _jump_weights(tables: TiltedTables, future: ComplexArray, psi: ComplexArray, image: Any, out: FloatArray) -> float:
    """w_k <L_k psi|l|L_k psi> of every jump, and their sum."""
    total = 0.0
    for k in range(tables.weights.size):
        _apply(tables.jumps[k], psi, image)
        out[k] = max(tables.weights[k] * _form(future, image), 0.0)
        total += out[k]
    return total


# Newton's method inside a bracket; a survival probability is known to some 1e-15 of its value at the beginning.
_ROUNDING = 1e-15
_MOST_TRIALS = 200


@kernel
def follow_tilted_jumps(
    tables: TiltedTables,
    key: Any,
    start: IntArray,
    keep: bool,
    offsets: IntArray,
    col_times: FloatArray,
    col_which: NDArray[np.int32],
    end: IntArray,
    counts: NDArray[np.int32],
) -> None:
    """Follow trajectories; write the final vectors (N,) and how often each made each jump (N, J).

    Args:
        tables: The process.
        key: Four words that all random numbers come from.
        start: Initial vector of every path, shape (N,).
        keep: Whether jumps are recorded.
        offsets: Where each path's jumps go in the records, shape (N + 1,); read only if they are kept.
        col_times: Times of jumps.
        col_which: Which jumps.
        end: Written.
        counts: Added to.
    """
    dimension, cells, jumps = tables.generator.shape[0], tables.boundaries.shape[0] - 1, tables.weights.size
    vectors = np.empty((5, dimension), dtype=np.complex128)
    psi, base, phi, term, image = vectors[0], vectors[1], vectors[2], vectors[3], vectors[4]
    future = np.empty((dimension, dimension), dtype=np.complex128)
    weights = np.empty(max(jumps, tables.ends.shape[0]))
    state = np.empty(4, dtype=np.uint64)
    for path in range(start.size):
        seed(state, key, path)
        for i in range(dimension):
            psi[i] = tables.starts[start[path], i]
        cell, moment = 0, 0.0  # psi is at this time after the beginning of this cell
        used = offsets[path] if keep else 0
        while True:
            _future(tables, cell, moment, future)
            whole = _form(future, psi)
            target = uniform(state) * whole
            for i in range(dimension):
                base[i] = psi[i]
            _evolve(tables, base, tables.cell - moment, phi, term, image)
            if _form(tables.boundaries[cell + 1], phi) >= target:
                # No jump in what is left of this cell: leap over as many whole cells as there is no jump in either.
                cell, moment = cell + 1, 0.0
                for digit in range(tables.steps.shape[0] - 1, -1, -1):
                    if cell + (1 << digit) <= cells:
                        _apply(tables.steps[digit], phi, image)
                        if _form(tables.boundaries[cell + (1 << digit)], image) >= target:
                            cell += 1 << digit
                            for i in range(dimension):
                                phi[i] = image[i]
                for i in range(dimension):
                    base[i] = phi[i]
            if cell == cells:
                break
            low, high, trial = 0.0, tables.cell - moment, 0
            wait, total = 0.5 * high, 0.0
            while True:
                _evolve(tables, base, wait, psi, term, image)
                _future(tables, cell, moment + wait, future)
                excess = _form(future, psi) - target
                total = _jump_weights(tables, future, psi, image, weights)
                trial += 1
                if abs(excess) <= _ROUNDING * whole or trial == _MOST_TRIALS:
                    break
                if excess > 0.0:
                    low = wait
                else:
                    high = wait
                if high - low <= _ROUNDING * tables.cell:
                    break
                wait = wait + excess / total if total > 0.0 else low
                if not low < wait < high:
                    wait = 0.5 * (low + high)
            which = _choose(weights, jumps, uniform(state))
            moment += wait
            if which < 0:  # what was lost was rounding
                continue
            if keep:
                col_times[used], col_which[used] = cell * tables.cell + moment, which
                used += 1
            counts[path, which] += 1
            _apply(tables.jumps[which], psi, image)
            size = 0.0
            for i in range(dimension):
                size += image[i].real ** 2 + image[i].imag ** 2
            for i in range(dimension):
                psi[i] = image[i] / math.sqrt(size)
        end[path] = _measured(tables.ends, tables.end_weights, phi, weights, uniform(state))


@inlined
def _measured(ends: ComplexArray, end_weights: FloatArray, psi: ComplexArray, weights: FloatArray, part: float) -> int:
    """Which final vector is found, by the Born rule times the tilt."""
    for b in range(end_weights.size):
        overlap = 0j
        for i in range(psi.size):
            overlap += np.conj(ends[b, i]) * psi[i]
        weights[b] = end_weights[b] * (overlap.real**2 + overlap.imag**2)
    return max(_choose(weights, end_weights.size, part), 0)


@kernel
def survivals(tables: TiltedTables, start: int, times: FloatArray, out: FloatArray) -> None:
    """S(t)/S(0) of an initial vector at some times; for tests."""
    dimension, cells = tables.generator.shape[0], tables.boundaries.shape[0] - 1
    vectors = np.empty((4, dimension), dtype=np.complex128)
    psi, phi, term, image = vectors[0], vectors[1], vectors[2], vectors[3]
    future = np.empty((dimension, dimension), dtype=np.complex128)
    for i in range(dimension):
        psi[i] = tables.starts[start, i]
    whole, cell = _form(tables.boundaries[0], psi), 0
    for place in range(times.size):
        while cell < cells - 1 and times[place] > (cell + 1) * tables.cell:
            _apply(tables.steps[0], psi, image)
            for i in range(dimension):
                psi[i] = image[i]
            cell += 1
        moment = times[place] - cell * tables.cell
        _evolve(tables, psi, moment, phi, term, image)
        _future(tables, cell, moment, future)
        out[place] = _form(future, phi) / whole


@inlined
def _branch(tables: TiltedStages, branch: int, psi: ComplexArray, out: ComplexArray) -> None:
    """Out = K psi of one branch."""
    for i in range(psi.size):
        out[i] = 0j
    for e in range(tables.offsets[branch], tables.offsets[branch + 1]):
        out[tables.row[e]] += tables.value[e] * psi[tables.column[e]]


@kernel
def follow_tilted_stages(
    tables: TiltedStages, key: Any, start: IntArray, end: IntArray, entropy: FloatArray, heat: FloatArray
) -> None:
    """Follow paths stage by stage; write final vectors (N,), entropy and heat into every reservoir (N, R)."""
    dimension, steps = tables.starts.shape[1], tables.stage_of.size
    psi, phi = np.empty(dimension, dtype=np.complex128), np.empty(dimension, dtype=np.complex128)
    weights = np.empty(max(tables.entropies.size, tables.end_weights.size))
    state = np.empty(4, dtype=np.uint64)
    for path in range(start.size):
        seed(state, key, path)
        for i in range(dimension):
            psi[i] = tables.starts[start[path], i]
        for step in range(steps):
            stage = tables.stage_of[step]
            first, number = tables.first[stage], tables.first[stage + 1] - tables.first[stage]
            found = 0
            if number > 1:
                for k in range(number):
                    _branch(tables, first + k, psi, phi)
                    weights[k] = max(_form(tables.futures[step], phi), 0.0)
                found = max(_choose(weights, number, uniform(state)), 0)
            _branch(tables, first + found, psi, phi)
            size = 0.0
            for i in range(dimension):
                size += phi[i].real ** 2 + phi[i].imag ** 2
            for i in range(dimension):
                psi[i] = phi[i] / math.sqrt(size)
            if tables.reservoir_of[stage] >= 0:
                entropy[path, tables.reservoir_of[stage]] += tables.entropies[first + found]
                heat[path, tables.reservoir_of[stage]] += tables.heats[first + found]
        end[path] = _measured(tables.ends, tables.end_weights, psi, weights, uniform(state))
