"""Jump trajectories by thinning, in plain NumPy: exact, slow, and independent of the package's engines.

Candidates for jumps come at the largest total rate any state can have; each is accepted with the probability that the
state's own rate bears to it (Lewis and Shedler). No waiting time is inverted and no root is found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtraj.paths.jump_records import JumpRecords
from qtraj.processes.jump_process import JumpProcess

States = NDArray[np.complex128]


def silent(process: JumpProcess, states: States, times: NDArray[np.float64]) -> States:
    """The normalised states after times without a jump, shape (N, d)."""
    values, right = np.linalg.eig(process.effective_hamiltonian)
    later = (np.linalg.solve(right, states.T).T * np.exp(-1j * values * times[:, None])) @ right.T
    return later / np.linalg.norm(later, axis=1, keepdims=True)


def thinned(process: JumpProcess, starts: States, rng: np.random.Generator) -> tuple[JumpRecords, States]:
    """Jump records, and the states at the end, of one trajectory from each start (energy eigenbasis)."""
    operators = np.array([jump.operator for jump in process.jumps])
    rates = operators.conj().swapaxes(1, 2) @ operators
    largest = np.linalg.eigvalsh(rates.sum(axis=0))[-1]
    states, clock, alive = starts.copy(), np.zeros(len(starts)), np.arange(len(starts))
    since = np.zeros(len(starts))  # when each state was last brought up to date
    who, when, which = [], [], []
    while alive.size:
        clock[alive] += rng.exponential(1 / largest, alive.size)
        alive = alive[clock[alive] < process.duration]
        states[alive] = silent(process, states[alive], clock[alive] - since[alive])
        since[alive] = clock[alive]
        own = np.einsum("ni,kij,nj->nk", states[alive].conj(), rates, states[alive]).real
        kind = (rng.random(alive.size)[:, None] * largest > np.cumsum(own, axis=1)).sum(axis=1)
        for k, operator in enumerate(operators):
            jumping = alive[kind == k]
            after = states[jumping] @ operator.T
            states[jumping] = after / np.linalg.norm(after, axis=1, keepdims=True)
        jumped = kind < len(operators)
        who.append(alive[jumped])
        when.append(clock[alive[jumped]])
        which.append(kind[jumped])
    states = silent(process, states, process.duration - since)
    path, times, kinds = np.concatenate(who), np.concatenate(when), np.concatenate(which)
    order = np.lexsort((times, path))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(path, minlength=len(starts)))])
    return JumpRecords(col_times=times[order], col_which=kinds[order].astype(np.int32), offsets=offsets), states
