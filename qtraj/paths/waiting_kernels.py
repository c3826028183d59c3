r"""Compiled: the time of the next jump, by Newton's method or by binary digits; exact to rounding, without a time step.

Mapping: as in `evolution_kernels`; what is looked for is the time at which :math:`1 - S(t)` equals a drawn number.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.paths.compiling import inlined, inlined_sum
from qtraj.paths.evolution_kernels import (
    block_range,
    copy_block,
    evolve_by_modes,
    jump_rate,
    squared_norm,
    taylor_step,
    times_matrix,
)
from qtraj.paths.jump_kernels import ONE
from qtraj.paths.jump_tables import FIRST_PROPAGATOR, MODE_LOSSES, MODES, Evolution, Workspace

__all__ = [
    "LAST_STEP",
    "MOST_STEPS",
    "ROUNDING",
    "SMALL_LOSS",
    "STEPS_OF_NEWTON",
    "halved",
    "lost_probability",
    "mode_integral",
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
                taylor_step(evolution, work, low, high, part * moment, psi)
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
