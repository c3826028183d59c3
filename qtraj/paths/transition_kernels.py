r"""Compiled: trajectories from one prepared state to the next, where every jump leads to one of finitely many.

The next jump and the time until it are drawn together: first which jump (or none within the duration), then its time
from the quantiles of that jump alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.paths.compiling import inlined, kernel
from qtraj.paths.evolution_kernels import draw_end, enter_node, evolve_by_modes, show_state
from qtraj.paths.jump_kernels import bare, search, seed, settle, uniform
from qtraj.paths.jump_tables import Booking, Evolution, Nodes, Output, Transitions, Workspace
from qtraj.paths.waiting_kernels import LAST_STEP, MOST_STEPS, ROUNDING, STEPS_OF_NEWTON, halved, mode_integral

__all__ = ["fill_transitions", "follow_transitions", "transition_quantiles"]

# The quantiles of each law are cut into cells at the leading bits of the share z of it that lies below (first half) or
# above (second half): eight cells for every halving of z, so that they get finer where quantiles are singular.
_CELL_SHIFT = 49
_FIRST_CELL = (1022 << 3) - 1
_CELL_SCALE = 2.0**-48
_CELL_MASK = (1 << _CELL_SHIFT) - 1
# A quantile off by more than this, relative to itself, makes its cell one that is solved for anew every time.
_QUANTILE_ERROR = 1e-11
# Newton's method has arrived when its step is this small, relative to the time, wherever it is.
_SOLVED = 1e-12


@inlined
def _arrived(transitions: Transitions, pair: int, begin: float, length: float) -> float:
    r"""Probability of a transition within an interval, :math:`\sum_{ij} g_i^* g_j \int e^{\mu_{ij}t} dt`."""
    g, exponents, total = transitions.amplitudes, transitions.exponents, 0.0
    for i in range(g.shape[2]):
        if g[pair, 0, i] != 0.0 or g[pair, 1, i] != 0.0:
            for j in range(i + 1):
                u = g[pair, 0, i] * g[pair, 0, j] + g[pair, 1, i] * g[pair, 1, j]
                v = g[pair, 0, i] * g[pair, 1, j] - g[pair, 1, i] * g[pair, 0, j]
                if u != 0.0 or v != 0.0:
                    x, y = exponents[0, i] + exponents[0, j], exponents[1, j] - exponents[1, i]
                    p, q = mode_integral(x, y, begin, length)
                    total += (u * p - v * q) if i == j else 2.0 * (u * p - v * q)
    return total


@inlined
def _arriving(transitions: Transitions, pair: int, time: float) -> float:
    r"""Rate of a transition, :math:`|\sum_j g_j e^{\lambda_j t}|^2`."""
    g, exponents, real, imag = transitions.amplitudes, transitions.exponents, 0.0, 0.0
    for j in range(g.shape[2]):
        if g[pair, 0, j] != 0.0 or g[pair, 1, j] != 0.0:
            size, angle = math.exp(exponents[0, j] * time), exponents[1, j] * time
            x, y = size * math.cos(angle), size * math.sin(angle)
            real += g[pair, 0, j] * x - g[pair, 1, j] * y
            imag += g[pair, 0, j] * y + g[pair, 1, j] * x
    return real * real + imag * imag


@inlined
def _solve_quantile(
    transitions: Transitions, pair: int, late: bool, z: float, low: float, high: float, guess: float
) -> float:
    """The time before (or after, if `late`) which the share z of a transition's probability lies."""
    target, time = z * transitions.totals[pair], min(max(guess, low), high)
    found, trial = False, 0
    while not found:
        if late:
            excess = target - _arrived(transitions, pair, time, transitions.duration - time)
        else:
            excess = _arrived(transitions, pair, 0.0, time) - target
        if excess < 0.0:
            low = time
        else:
            high = time
        rate = _arriving(transitions, pair, time)
        step = -excess / rate if rate > 0.0 else math.inf
        trial += 1
        # Newton's step leaves an error of its square, as far as the rate is the same at its other end.
        small = abs(step) <= LAST_STEP * time
        if small:
            bend = abs(_arriving(transitions, pair, time + step) - rate)
            small = bend <= 10.0 * LAST_STEP * rate or abs(step) <= _SOLVED * time
        if small:
            found, time = True, time + step
        elif abs(excess) <= ROUNDING * target or high - low <= ROUNDING * high or trial == MOST_STEPS:
            found = True
        else:
            time += step
            if not low < time < high or trial > STEPS_OF_NEWTON:
                time = halved(low, high)
    return time


@inlined
def _cell_edge(cell: int) -> float:
    return np.int64((_FIRST_CELL - cell) << _CELL_SHIFT).view(np.float64)


@kernel
def fill_transitions(
    transitions: Transitions, points: FloatArray, fit: FloatArray, out: FloatArray, exact: BoolArray
) -> None:
    """Polynomials through the quantiles of every transition's law, cell by cell.

    Args:
        transitions: With totals, but without quantiles yet.
        points: Places in a cell, from -1 to 1, descending: those to go through, then those to check.
        fit: From the quantiles at the former to the coefficients.
        out: Shape (pairs, 2, cells, degree + 1).
        exact: Whether the polynomial needs no correction, shape (pairs, 2, cells).
    """
    size = fit.shape[0]
    found = np.zeros(points.size)
    for pair in range(out.shape[0]):
        for half in range(2):
            time = 0.0
            for cell in range(out.shape[2]):
                low, high = _cell_edge(cell), _cell_edge(cell - 1)
                begin = 0.0 if half == 0 or cell == 0 else time
                end = transitions.duration if half == 1 or cell == 0 else time
                for point in range(points.size):
                    z = 0.5 * (low + high) + 0.5 * (high - low) * points[point]
                    found[point] = _solve_quantile(transitions, pair, half == 1, z, begin, end, time)
                    time = found[point]
                for power in range(size):
                    out[pair, half, cell, power] = 0.0
                    for point in range(size):
                        out[pair, half, cell, power] += fit[power, point] * found[point]
                worst = 0.0
                for point in range(size, points.size):
                    value = 0.0
                    for power in range(size - 1, -1, -1):
                        value = value * points[point] + out[pair, half, cell, power]
                    worst = max(worst, abs(value - found[point]) / found[point])
                # The last cell stands for all beyond it too.
                exact[pair, half, cell] = worst <= _QUANTILE_ERROR and cell < out.shape[2] - 1
                # The check points lie anywhere in the cell: the next cell begins beyond all of them.
                time = found[size - 1]


@inlined
def _quantile(transitions: Transitions, pair: int, share: float) -> float:
    """The time before which that share of a transition's probability lies."""
    quantiles = transitions.quantiles
    half = 1 if share > 0.5 else 0
    z = 1.0 - share if share > 0.5 else share
    bits = np.float64(z).view(np.int64)
    cell = min(_FIRST_CELL - (bits >> _CELL_SHIFT), quantiles.shape[2] - 1)
    time, place = 0.0, float(bits & _CELL_MASK) * _CELL_SCALE - 1.0
    for power in range(quantiles.shape[3] - 1, -1, -1):
        time = time * place + quantiles[pair, half, cell, power]
    if not transitions.exact[pair, half, cell]:
        time = _solve_quantile(transitions, pair, half == 1, z, 0.0, transitions.duration, time)
    return time


@kernel
def transition_quantiles(transitions: Transitions, pair: int, shares: FloatArray, out: FloatArray) -> None:
    """Times before which given shares of a transition's probability lie."""
    for place in range(shares.size):
        out[place] = _quantile(transitions, pair, shares[place])


@kernel
def follow_transitions(
    evolution: Evolution,
    transitions: Transitions,
    nodes: Nodes,
    work: Workspace,
    booking: Booking,
    key: Any,
    first: int,
    start: IntArray,
    times: FloatArray,
    output: Output,
) -> int:
    """Follow paths from one prepared state to the next; how many were finished before the records were full."""
    work, evolution, transitions, nodes = bare(work), bare(evolution), bare(transitions), bare(nodes)
    offsets, cumulative = transitions.offsets, transitions.cumulative
    which_of, target, duration = transitions.which, transitions.target, transitions.duration
    kind_of, sign_of, values = booking.kind, booking.sign, booking.values
    end, jumps_of, booked, states, keep = output.end, output.jumps, output.booked, output.states, output.keep
    col_times, col_which, col_offsets = output.col_times, output.col_which, output.offsets
    measured = work.weights.shape[1]
    state = np.empty(4, dtype=np.uint64)
    net = np.zeros(values.shape[0], dtype=np.int64)
    used = 0
    for path in range(start.size):
        seed(state, key, first + path)
        node = start[path]
        elapsed, jumps, shown = 0.0, 0, 0
        while True:
            part, following, pair = uniform(state), math.inf, 0
            low, high = offsets[node], offsets[node + 1]
            if low < high and part < cumulative[0, high - 1]:
                pair = search(cumulative, 0, low, high, part)
                following = elapsed + _quantile(transitions, pair, uniform(state))
            if shown < times.size and times[shown] < following:
                enter_node(evolution, nodes, work, node)
                while shown < times.size and times[shown] < following:
                    show_state(evolution, work, times[shown] - elapsed, path, shown, states)
                    shown += 1
            if following >= duration:
                break
            elapsed = following
            which = which_of[pair]
            if keep:
                if used == col_times.size:
                    return path
                col_times[used], col_which[used] = elapsed, which
                used += 1
            jumps += 1
            if kind_of[which] >= 0:
                net[kind_of[which]] += sign_of[which]
            node = target[pair]
        end[path] = 0
        if measured:
            enter_node(evolution, nodes, work, node)
            evolve_by_modes(evolution, work, duration - elapsed, work.psi)
            end[path] = draw_end(evolution, work, uniform(state))
        jumps_of[path] = jumps
        settle(values, net, booked, path)
        if keep:
            col_offsets[path + 1] = used
    return int(start.size)
