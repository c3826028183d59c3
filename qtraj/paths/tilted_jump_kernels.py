r"""Compiled: jump trajectories under a tilt, by the Doob transform of the unravelling.

Mapping: no-jump evolution :math:`\psi(t) = e^{At}\psi` with :math:`A = -iH_{eff} - \theta/2`; the future's weight
:math:`l_t`; survival :math:`S(t) = \langle\psi(t)|l_t|\psi(t)\rangle`, which only falls,
:math:`-S'(t) = \sum_k w_k\langle L_k\psi(t)|l_t|L_k\psi(t)\rangle`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.compiling import inlined, kernel
from qtraj.paths.jump_kernels import seed, uniform
from qtraj.paths.tilted_kernels import apply, choose, form, measured
from qtraj.paths.tilted_tables import TiltedJumpTables

__all__ = ["follow_tilted_jumps", "survivals"]


@inlined
def _evolve(
    tables: TiltedJumpTables, vector: ComplexArray, time: float, out: ComplexArray, term: Any, image: Any
) -> None:
    """Out = e^{A time} vector for at most the length of a cell."""
    for i in range(vector.size):
        out[i] = term[i] = vector[i]
    for power in range(1, tables.order + 1):
        apply(tables.generator, term, image)
        for i in range(vector.size):
            term[i] = image[i] * (time / power)
            out[i] += term[i]


@inlined
def _future(tables: TiltedJumpTables, cell: int, time: float, out: ComplexArray) -> None:
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
def _jump_weights(
    tables: TiltedJumpTables, future: ComplexArray, psi: ComplexArray, image: Any, out: FloatArray
) -> float:
    """w_k <L_k psi|l|L_k psi> of every jump, and their sum."""
    total = 0.0
    for k in range(tables.weights.size):
        apply(tables.jumps[k], psi, image)
        out[k] = max(tables.weights[k] * form(future, image), 0.0)
        total += out[k]
    return total


# Newton's method inside a bracket; a survival probability is known to some 1e-15 of its value at the beginning.
_ROUNDING = 1e-15
_MOST_TRIALS = 200


@kernel
def follow_tilted_jumps(
    tables: TiltedJumpTables,
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
            whole = form(future, psi)
            target = uniform(state) * whole
            for i in range(dimension):
                base[i] = psi[i]
            _evolve(tables, base, tables.cell - moment, phi, term, image)
            if form(tables.boundaries[cell + 1], phi) >= target:
                # No jump in what is left of this cell: leap over as many whole cells as there is no jump in either.
                cell, moment = cell + 1, 0.0
                for digit in range(tables.steps.shape[0] - 1, -1, -1):
                    if cell + (1 << digit) <= cells:
                        apply(tables.steps[digit], phi, image)
                        if form(tables.boundaries[cell + (1 << digit)], image) >= target:
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
                excess = form(future, psi) - target
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
            which = choose(weights, jumps, uniform(state))
            moment += wait
            if which < 0:  # what was lost was rounding
                continue
            if keep:
                col_times[used], col_which[used] = cell * tables.cell + moment, which
                used += 1
            counts[path, which] += 1
            apply(tables.jumps[which], psi, image)
            size = 0.0
            for i in range(dimension):
                size += image[i].real ** 2 + image[i].imag ** 2
            for i in range(dimension):
                psi[i] = image[i] / math.sqrt(size)
        end[path] = measured(tables.ends, tables.end_weights, phi, weights, uniform(state))


@kernel
def survivals(tables: TiltedJumpTables, start: int, times: FloatArray, out: FloatArray) -> None:
    """S(t)/S(0) of an initial vector at some times; for tests."""
    dimension, cells = tables.generator.shape[0], tables.boundaries.shape[0] - 1
    vectors = np.empty((4, dimension), dtype=np.complex128)
    psi, phi, term, image = vectors[0], vectors[1], vectors[2], vectors[3]
    future = np.empty((dimension, dimension), dtype=np.complex128)
    for i in range(dimension):
        psi[i] = tables.starts[start, i]
    whole, cell = form(tables.boundaries[0], psi), 0
    for place in range(times.size):
        while cell < cells - 1 and times[place] > (cell + 1) * tables.cell:
            apply(tables.steps[0], psi, image)
            for i in range(dimension):
                psi[i] = image[i]
            cell += 1
        moment = times[place] - cell * tables.cell
        _evolve(tables, psi, moment, phi, term, image)
        _future(tables, cell, moment, future)
        out[place] = form(future, phi) / whole
