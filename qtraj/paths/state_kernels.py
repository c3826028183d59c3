"""Compiled: trajectories of pure states, from one jump to the next."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.compiling import inlined, kernel
from qtraj.paths.evolution_kernels import (
    block_range,
    copy_block,
    draw_end,
    enter_node,
    evolve_by_modes,
    jump_rate,
    show_state,
    squared_norm,
    times_matrix,
)
from qtraj.paths.jump_kernels import bare, seed, settle, uniform
from qtraj.paths.jump_tables import COEFFICIENTS, Booking, Evolution, Nodes, Operators, Output, Workspace
from qtraj.paths.waiting_kernels import SMALL_LOSS, lost_probability, wait_by_digits, wait_by_modes

__all__ = ["fill_nodes", "follow_states", "waiting_times"]


@inlined
def _weight(operators: Operators, psi: FloatArray, which: int) -> float:
    """|L psi|^2 of one jump."""
    weight, x, y, row = 0.0, 0.0, 0.0, -1
    for e in range(operators.offsets[which], operators.offsets[which + 1]):
        if operators.places[e, 0] != row:
            weight += x * x + y * y
            x, y, row = 0.0, 0.0, operators.places[e, 0]
        column = np.uint64(operators.places[e, 1])
        x += operators.values[e, 0] * psi[0, column] - operators.values[e, 1] * psi[1, column]
        y += operators.values[e, 0] * psi[1, column] + operators.values[e, 1] * psi[0, column]
    return weight + x * x + y * y


@inlined
def _choose(operators: Operators, psi: FloatArray, target: float) -> int:
    """Jump k with weight |L_k psi|^2, `target` being a random part of the sum of all weights; -1 if all are zero."""
    chosen, total = -1, 0.0
    for k in range(operators.node.size):
        if total <= target:
            weight = _weight(operators, psi, k)
            total += weight
            if weight > 0.0:
                chosen = k
    return chosen


@inlined
def _jump(evolution: Evolution, operators: Operators, work: Workspace, which: int) -> None:
    """Apply a jump: psi becomes the normalised new state, with all else that describes it."""
    psi, image, active = work.psi, work.phi, work.active
    for element in range(psi.shape[1]):
        image[0, element], image[1, element] = 0.0, 0.0
    for e in range(operators.offsets[which], operators.offsets[which + 1]):
        row, column = np.uint64(operators.places[e, 0]), np.uint64(operators.places[e, 1])
        image[0, row] += operators.values[e, 0] * psi[0, column] - operators.values[e, 1] * psi[1, column]
        image[1, row] += operators.values[e, 0] * psi[1, column] + operators.values[e, 1] * psi[0, column]
    scale = 1.0 / math.sqrt(squared_norm(image, np.uint64(0), np.uint64(psi.shape[1])))
    active[0] = 0
    for block in range(evolution.blocks.size - 1):
        low, high = block_range(evolution, block)
        size = 0.0
        for i in range(low, high):
            psi[0, i], psi[1, i] = image[0, i] * scale, image[1, i] * scale
            size = max(size, abs(image[0, i]), abs(image[1, i]))
        if size > 0.0:
            active[0] += 1
            active[active[0]] = block
            if evolution.by_modes:
                times_matrix(evolution.matrices, COEFFICIENTS, low, high, psi, work.c)
            else:
                copy_block(psi, work.c, low, high)


@inlined
def _guess(nodes: Nodes, node: int, loss: float) -> tuple[float, float, float]:
    """Bracket and first guess for the time at which a prepared state has lost `loss`, less than it loses in all."""
    quantiles, total = nodes.quantiles, nodes.total_loss[node]
    intervals = quantiles.shape[1] - 1
    place = loss / total * intervals
    cell = min(int(place), intervals - 1)
    part, height = place - cell, total / intervals
    low, high = quantiles[node, cell, 0], quantiles[node, cell + 1, 0]
    early, late = quantiles[node, cell, 1], quantiles[node, cell + 1, 1]
    width = high - low
    guess = low + part * width
    # Where the rate vanishes the loss is flat, and no cubic with the slopes dt/dloss = 1/w goes through both ends.
    if early * width > 0.2 * height and late * width > 0.2 * height:
        guess += part * (1.0 - part) * ((height / early - width) * (1.0 - part) + (width - height / late) * part)
    return low, high, guess


@kernel
def fill_nodes(
    evolution: Evolution, nodes: Nodes, work: Workspace, out_loss: FloatArray, out_quantiles: FloatArray
) -> None:
    """Prepare the waiting-time law of every node: what it loses in all, and quantiles with the rate at each."""
    duration, intervals = evolution.duration, out_quantiles.shape[1] - 1
    for node in range(out_loss.size):
        enter_node(evolution, nodes, work, node)
        total = 1.0 - evolve_by_modes(evolution, work, duration, work.psi)
        if total < SMALL_LOSS:
            total = max(lost_probability(evolution, work, duration), 0.0)
        out_loss[node] = total
        time = 0.0
        for cell in range(intervals + 1):
            if cell == intervals or total <= 0.0:
                time = duration
            elif cell:
                loss = total * cell / intervals
                time = min(max(wait_by_modes(evolution, work, loss, duration, time, duration, time), time), duration)
            evolve_by_modes(evolution, work, time, work.psi)
            out_quantiles[node, cell, 0] = time
            out_quantiles[node, cell, 1] = jump_rate(evolution, work.active, work.psi)


@inlined
def _wait(
    evolution: Evolution, nodes: Nodes, work: Workspace, node: int, rate: float, loss: float, left: float
) -> float:
    """The time in which the survival probability falls by `loss`, with psi at that time; if later, psi at `left`."""
    active, psi = work.active, work.psi
    only, wait = evolution.blocks[active[1]], math.inf
    if not evolution.by_modes:
        wait = wait_by_digits(evolution, work, loss, left)
    elif active[0] == 1 and evolution.blocks[active[1] + 1] - only == 1:
        # An eigenvector of the effective Hamiltonian: it only decays, exponentially.
        psi[0, only], psi[1, only] = 1.0, 0.0
        decay = -2.0 * evolution.exponents[0, only]
        if decay > 0.0:
            wait = -math.log1p(-loss) / decay
    else:
        low, high, guess = 0.0, left, left
        if node >= 0:
            low = math.inf
            if loss < nodes.total_loss[node]:
                low, high, guess = _guess(nodes, node, loss)
        elif rate * left > -math.log1p(-loss):
            guess = -math.log1p(-loss) / rate
        if low < left:
            wait = wait_by_modes(evolution, work, loss, left, low, min(high, left), guess)
        else:
            evolve_by_modes(evolution, work, left, psi)
    return wait


@kernel
def waiting_times(
    evolution: Evolution, nodes: Nodes, work: Workspace, node: int, prepared: bool, losses: FloatArray, out: FloatArray
) -> None:
    """Waiting times of a prepared state for given losses, with or without what was prepared; infinite if too long."""
    for place in range(losses.size):
        enter_node(evolution, nodes, work, node)
        known = node if prepared else -1
        wait = _wait(evolution, nodes, work, known, nodes.rates[node], losses[place], evolution.duration)
        out[place] = wait if wait < evolution.duration else math.inf


@kernel
def follow_states(
    evolution: Evolution,
    operators: Operators,
    nodes: Nodes,
    work: Workspace,
    booking: Booking,
    key: Any,
    first: int,
    start: IntArray,
    times: FloatArray,
    output: Output,
) -> int:
    """Follow pure states through waiting times and jumps; how many paths were finished before the records were full."""
    work, evolution, operators, nodes = bare(work), bare(evolution), bare(operators), bare(nodes)
    duration, node_rates, node_of = evolution.duration, nodes.rates, operators.node
    kind_of, sign_of, values = booking.kind, booking.sign, booking.values
    end, jumps_of, booked, states, keep = output.end, output.jumps, output.booked, output.states, output.keep
    col_times, col_which, col_offsets = output.col_times, output.col_which, output.offsets
    active, psi, measured = work.active, work.psi, work.weights.shape[1]
    state = np.empty(4, dtype=np.uint64)
    net = np.zeros(values.shape[0], dtype=np.int64)
    used = 0
    for path in range(start.size):
        seed(state, key, first + path)
        node = start[path]
        enter_node(evolution, nodes, work, node)
        rate, elapsed, jumps, shown = node_rates[node], 0.0, 0, 0
        while True:
            left = duration - elapsed
            wait = _wait(evolution, nodes, work, node, rate, uniform(state), left)
            which = -1
            if wait < left:
                which = _choose(operators, psi, uniform(state) * jump_rate(evolution, active, psi))
            while shown < times.size and (which < 0 or times[shown] < elapsed + wait):
                show_state(evolution, work, times[shown] - elapsed, path, shown, states)
                shown += 1
            if which < 0:
                break
            elapsed += wait
            if keep:
                if used == col_times.size:
                    return path
                col_times[used], col_which[used] = elapsed, which
                used += 1
            jumps += 1
            if kind_of[which] >= 0:
                net[kind_of[which]] += sign_of[which]
            node = node_of[which]
            if node >= 0:
                enter_node(evolution, nodes, work, node)
                rate = node_rates[node]
            else:
                _jump(evolution, operators, work, which)
                rate = jump_rate(evolution, active, psi)
        end[path] = draw_end(evolution, work, uniform(state)) if measured else 0
        jumps_of[path] = jumps
        settle(values, net, booked, path)
        if keep:
            col_offsets[path + 1] = used
    return int(start.size)
