r"""Compiled: states between jumps, and the time of the next jump.

Mapping: no-jump evolution :math:`\psi(t) = e^{-iH_{eff}t}\psi`, survival probability :math:`S(t) = \|\psi(t)\|^2`,
rate of jumps :math:`w(t) = -S'(t) = \langle\psi(t)|\Gamma|\psi(t)\rangle`, :math:`\Gamma = \sum_k L_k^\dagger L_k`.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.compiling import inlined, inlined_sum
from qtraj.paths.jump_kernels import ONE, search
from qtraj.paths.jump_tables import (
    FIRST_PROPAGATOR,
    GENERATOR,
    MODE_LOSSES,
    MODES,
    Evolution,
    Nodes,
    Workspace,
)

__all__ = [
    "LAST_STEP",
    "MOST_STEPS",
    "ROUNDING",
    "SMALL_LOSS",
    "STEPS_OF_NEWTON",
    "block_range",
    "copy_block",
    "draw_end",
    "enter_node",
    "evolve_by_digits",
    "evolve_by_modes",
    "halved",
    "jump_rate",
    "lost_probability",
    "mode_integral",
    "show_state",
    "squared_norm",
    "times_matrix",
    "wait_by_digits",
    "wait_by_modes",
]


@inlined
def mode_integral(x: float, y: float, begin: float, length: float) -> tuple[float, float]:
    """Integral of exp((x + iy) t) over an interval, without cancellation where it is short."""
    half = math.sin(0.5 * y * length)
    p = math.expm1(x * length) * math.cos(y * length) - 2.0 * half * half
    q = math.exp(x * length) * math.sin(y * length)
    size = x * x + y * y
    if size * length * length < 1e-200:
        p, q = length, 0.0
    else:
        p, q = (p * x + q * y) / size, (q * x - p * y) / size
    if begin > 0.0:
        scale = math.exp(x * begin)
        real, imag = scale * math.cos(y * begin), scale * math.sin(y * begin)
        p, q = p * real - q * imag, p * imag + q * real
    return p, q


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
def _taylor(
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
        _taylor(evolution, work, low, high, left, psi)
        norm += squared_norm(psi, low, high)
    return norm


# Gauss-Legendre points and weights on (0, 1): exact for polynomials up to degree 3 and 31.
_TWO_POINTS, _TWO_WEIGHTS = (0.5 * part for part in np.polynomial.legendre.leggauss(2))
_MANY_POINTS, _MANY_WEIGHTS = (0.5 * part for part in np.polynomial.legendre.leggauss(16))
_TWO_POINTS, _MANY_POINTS = _TWO_POINTS + 0.5, _MANY_POINTS + 0.5
# As long as all phases and decays stay below this, 16 points integrate the rate to rounding.
_SLOW = 2.0


@inlined
def lost_probability(evolution: Evolution, work: Workspace, time: float) -> float:
    r"""1 - S(time) without cancellation, :math:`\sum_{ij} c_i^* c_j \Gamma_{ij} \int_0^t e^{\mu_{ij}s} ds`.

    At first the terms of this sum cancel too (a state without a rate of its own loses only in third order); the rate
    is then integrated instead. `work.y` and `work.phi` are overwritten.
    """
    c, exponents, total, fastest = work.c, evolution.exponents, 0.0, 0.0
    for a in range(1, work.active[0] + 1):
        low, high = block_range(evolution, work.active[a])
        for i in range(low, high):
            fastest = max(fastest, abs(exponents[0, i]), abs(exponents[1, i]))
    if fastest * time <= _SLOW:
        for point in range(_MANY_POINTS.size):
            evolve_by_modes(evolution, work, _MANY_POINTS[point] * time, work.phi)
            total += _MANY_WEIGHTS[point] * time * jump_rate(evolution, work.active, work.phi)
    else:
        for a in range(1, work.active[0] + 1):
            low, high = block_range(evolution, work.active[a])
            for i in range(low, high):
                for j in range(low, i + ONE):
                    x, y = exponents[0, i] + exponents[0, j], exponents[1, j] - exponents[1, i]
                    p, q = mode_integral(x, y, 0.0, time)
                    u = c[0, i] * c[0, j] + c[1, i] * c[1, j]
                    v = c[0, i] * c[1, j] - c[1, i] * c[0, j]
                    g, h = evolution.matrices[MODE_LOSSES, 0, i, j], evolution.matrices[MODE_LOSSES, 1, i, j]
                    weight = (u * g - v * h) * p - (u * h + v * g) * q
                    total += weight if i == j else 2.0 * weight
    return total


# A drawn loss of probability below this is compared with a sum without cancellation, which takes an exponential for
# each pair of modes; above, the plain 1 - S has a relative error of 1e-16 over this, 1e-12.
SMALL_LOSS = 1e-4
# A last step of Newton's method this small, relative to all that it is small against, leaves an error of its square.
LAST_STEP = 1e-6
_SAME_TIME = 1e-13
ROUNDING = 3e-16
MOST_STEPS = 300
STEPS_OF_NEWTON = 20


@inlined
def halved(low: float, high: float) -> float:
    """A time that halves a bracket; where it spans orders of magnitude, one that halves those."""
    if low <= 0.0:
        middle = 0.01 * high
    elif high > 4.0 * low:
        middle = math.sqrt(low) * math.sqrt(high)
    else:
        middle = 0.5 * (low + high)
    return middle


@inlined
def _finish(evolution: Evolution, work: Workspace, step: float, time: float, norm: float, rate: float) -> bool:
    """Move psi by a last small step, to first order; False, and nothing done, if the step is not small enough."""
    psi, y, z, phi, speed = work.psi, work.y, work.z, work.phi, 0.0
    for a in range(1, work.active[0] + 1):
        low, high = block_range(evolution, work.active[a])
        for j in range(low, high):
            z[0, j] = y[0, j] * evolution.exponents[0, j] - y[1, j] * evolution.exponents[1, j]
            z[1, j] = y[0, j] * evolution.exponents[1, j] + y[1, j] * evolution.exponents[0, j]
        times_matrix(evolution.matrices, MODES, low, high, z, phi)
        speed += squared_norm(phi, low, high)
        for i in range(low, high):
            phi[0, i] = psi[0, i] + step * phi[0, i]
            phi[1, i] = psi[1, i] + step * phi[1, i]
    # Near a zero of the rate Newton's method is slow: what the step changes the rate by must be small beside the rate.
    bend = abs(jump_rate(evolution, work.active, phi) - rate)
    small = step * step * speed <= LAST_STEP * LAST_STEP * norm and bend <= 10.0 * LAST_STEP * rate
    small = small or abs(step) <= _SAME_TIME * time
    if small:
        for a in range(1, work.active[0] + 1):
            low, high = block_range(evolution, work.active[a])
            copy_block(phi, psi, low, high)
    return small


@inlined
def wait_by_modes(
    evolution: Evolution, work: Workspace, loss: float, left: float, low: float, high: float, guess: float
) -> float:
    """The time at which 1 - S equals `loss`, with psi at that time; infinite, with psi at `left`, if that is later.

    Newton's method on ln S, which is nearly a straight line, inside a bracket that every evaluation narrows.
    """
    proven, found, trial = high < left, False, 0
    time = min(max(guess, low), high)
    while not found:
        small = lost_probability(evolution, work, time) - loss if loss < SMALL_LOSS else 0.0
        norm = evolve_by_modes(evolution, work, time, work.psi)
        rate = jump_rate(evolution, work.active, work.psi)
        excess = small if loss < SMALL_LOSS else (1.0 - loss) - norm
        at_the_end = time == high and not proven
        if excess < 0.0:
            low = time
        else:
            high = time
        if rate <= 0.0 or norm <= 0.0:
            step = math.inf
        elif abs(excess) > 1e-3 * norm and loss >= SMALL_LOSS:
            step = -math.log((1.0 - loss) / norm) * norm / rate
        else:
            step = -excess / rate
        trial += 1
        if at_the_end and excess < 0.0:
            found, time = True, math.inf
        elif abs(step) <= LAST_STEP * time and _finish(evolution, work, step, time, norm, rate):
            found, time = True, time + step
        elif (
            abs(excess) <= ROUNDING * (loss if loss < SMALL_LOSS else 1.0)
            or high - low <= ROUNDING * high
            or trial == MOST_STEPS
        ):
            found = True
        else:
            proven = proven or at_the_end
            time += step
            if not proven and time >= high:
                time = high
            elif not low < time < high or trial > STEPS_OF_NEWTON:
                time = halved(low, high)
    return time


@inlined_sum
def _overlap(one: FloatArray, other: FloatArray, low: np.uint64, high: np.uint64) -> float:
    """Real part of <one|other> on one block."""
    total = 0.0
    for i in range(low, high):
        total += one[0, i] * other[0, i] + one[1, i] * other[1, i]
    return total


@inlined
def wait_by_digits(evolution: Evolution, work: Workspace, loss: float, left: float) -> float:
    """The time at which 1 - S equals `loss`, binary digit by binary digit; as `wait_by_modes` otherwise.

    The loss is added up from the losses over the accepted digits, all positive: nothing cancels, however small it is.
    """
    psi, y, phi, active, steps = work.psi, work.y, work.phi, work.active, evolution.steps
    for a in range(1, active[0] + 1):
        low, high = block_range(evolution, active[a])
        copy_block(work.c, phi, low, high)
    time, lost = 0.0, 0.0
    for digit in range(steps.size):
        if time + steps[digit] <= left:
            more = 0.0
            for a in range(1, active[0] + 1):
                low, high = block_range(evolution, active[a])
                times_matrix(evolution.matrices, FIRST_PROPAGATOR + steps.size + digit, low, high, phi, y)
                more += _overlap(phi, y, low, high)
            if lost + more < loss:
                time += steps[digit]
                lost += more
                for a in range(1, active[0] + 1):
                    low, high = block_range(evolution, active[a])
                    times_matrix(evolution.matrices, FIRST_PROPAGATOR + digit, low, high, phi, y)
                    copy_block(y, phi, low, high)
    # What remains is shorter than the last digit, and the rate hardly changes.
    shortest, longest = 0.0, min(left - time, steps[steps.size - 1])
    at_the_end = time + longest >= left
    moment, found, trial = longest, False, 0
    while not found:
        excess = lost - loss
        for point in range(_TWO_POINTS.size + 1):
            part = _TWO_POINTS[point] if point < _TWO_POINTS.size else 1.0
            for a in range(1, active[0] + 1):
                low, high = block_range(evolution, active[a])
                copy_block(phi, psi, low, high)
                _taylor(evolution, work, low, high, part * moment, psi)
            rate = jump_rate(evolution, active, psi)
            if point < _TWO_POINTS.size:
                excess += _TWO_WEIGHTS[point] * moment * rate
        trial += 1
        if excess < 0.0:
            shortest = moment
        else:
            longest = moment
        if trial == 1 and at_the_end and excess < 0.0:
            found, moment = True, math.inf
        elif abs(excess) <= ROUNDING * loss or longest - shortest <= ROUNDING * (time + longest) or trial == MOST_STEPS:
            found = True
        else:
            moment -= excess / rate if rate > 0.0 else math.inf
            if not shortest < moment < longest:
                moment = 0.5 * (shortest + longest)
    return float(time + moment)


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
