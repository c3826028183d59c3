"""Compiled: trajectories whose jumps all lead from one energy level to another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.compiling import inlined, kernel
from qtraj.paths.jump_kernels import search, seed, settle, uniform
from qtraj.paths.jump_tables import Booking, Chain, Output

__all__ = ["follow_chain"]


@inlined
def _superposition(chain: Chain, own: int, time: float, path: int, shown: int, states: ComplexArray) -> None:
    """The state before the first jump: still a superposition of all levels."""
    slowest, norm = math.inf, 0.0
    for n in range(chain.energies.size):
        if chain.start_vectors[own, n] != 0.0:
            slowest = min(slowest, 1.0 / chain.mean_waits[n])
    for n in range(chain.energies.size):
        if chain.start_vectors[own, n] != 0.0:
            size = math.exp(-0.5 * (1.0 / chain.mean_waits[n] - slowest) * time)
            turn = complex(size * math.cos(chain.energies[n] * time), -size * math.sin(chain.energies[n] * time))
            states[path, shown, n] = chain.start_vectors[own, n] * turn
            norm += abs(states[path, shown, n]) ** 2
    for n in range(chain.energies.size):
        states[path, shown, n] /= math.sqrt(norm)


@kernel
def follow_chain(
    chain: Chain, booking: Booking, key: Any, first: int, start: IntArray, times: FloatArray, output: Output
) -> int:
    """Follow paths whose jumps all lead between energy levels; how many were finished before the records were full."""
    mean_waits, offsets, cumulative, target = chain.mean_waits, chain.offsets, chain.cumulative, chain.target
    start_levels, level_ends, silent_ends = chain.start_levels, chain.level_ends, chain.silent_ends
    which_of, duration = chain.which, chain.duration
    kind_of, sign_of, values = booking.kind, booking.sign, booking.values
    end, jumps_of, booked, states, keep = output.end, output.jumps, output.booked, output.states, output.keep
    col_times, col_which, col_offsets = output.col_times, output.col_which, output.offsets
    state = np.empty(4, dtype=np.uint64)
    net = np.zeros(values.shape[0], dtype=np.int64)
    ends, used = level_ends.shape[1], 0
    for path in range(start.size):
        seed(state, key, first + path)
        own = start[path]
        level = search(start_levels, own, 0, mean_waits.size, uniform(state))
        elapsed, jumps, shown = 0.0, 0, 0
        while True:
            following = elapsed - math.log(uniform(state)) * mean_waits[level]
            while shown < times.size and times[shown] < following:
                if jumps:
                    states[path, shown, level] = 1.0
                else:
                    _superposition(chain, own, times[shown], path, shown, states)
                shown += 1
            if following >= duration:
                break
            elapsed = following
            low, high = offsets[level], offsets[level + 1]
            position = search(cumulative, 0, low, high, uniform(state) * cumulative[0, high - 1])
            which = which_of[position]
            if keep:
                if used == col_times.size:
                    return path
                col_times[used], col_which[used] = elapsed, which
                used += 1
            jumps += 1
            if kind_of[which] >= 0:
                net[kind_of[which]] += sign_of[which]
            level = target[position]
        end[path] = 0
        if ends:
            part = uniform(state)
            if jumps:
                end[path] = search(level_ends, level, 0, ends, part * level_ends[level, ends - 1])
            else:
                end[path] = search(silent_ends, own, 0, ends, part * silent_ends[own, ends - 1])
        jumps_of[path] = jumps
        settle(values, net, booked, path)
        if keep:
            col_offsets[path + 1] = used
    return int(start.size)
