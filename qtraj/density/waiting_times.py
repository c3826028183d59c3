r"""Exact distribution of the time between jumps, from density matrices.

Mapping: with the maps :math:`J_A(\rho) = \sum_{k\in A}L_k\rho L_k^\dagger` of the jumps that start a clock and
:math:`J_B` of those that stop it, and :math:`\mathcal{L}_0 = \mathcal{L} - J_B` the evolution in which none stops it,

.. math:: P(\tau > t) = \frac{tr[e^{\mathcal{L}_0t}J_A(\bar\rho)]}{tr[J_A(\bar\rho)]},

:math:`\bar\rho` the stationary state, or the state integrated over the time in which clocks are started. Other jumps
may happen in between. For one channel and its own next jump this is the waiting-time distribution of photon counting.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.jump_process import integrated_state, stationary_set
from qtraj.errors import InvalidInput
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.exponentials import exponential_action
from qtraj.quantum.generators import compact_liouvillian
from qtraj.quantum.matrices import dagger

__all__ = ["waiting_time_survival"]

# A rate of jumps is a sum of positive terms, good to 1e-16 of the fastest one.
NO_RATE = 1e-14


def waiting_time_survival(
    process: JumpProcess,
    times: ArrayLike,
    *,
    after: Iterable[int] | None = None,
    until: Iterable[int] | None = None,
    last_start: float | None = None,
) -> FloatArray:
    r"""Probability that the time from a jump to the next one of some kinds exceeds given times.

    The exact partner of `JumpRecords.waiting_times` with the same arguments.

    Args:
        process: The process.
        times: Not negative, ascending, shape (T,).
        after: Kinds of the jumps that start the clock (positions in `process.jumps`); all by default.
        until: Kinds of the jumps that stop it; all by default.
        last_start: Clocks start from time 0 of the process to this time; in the stationary state if left out.

    Returns:
        :math:`P(\tau > t)`, shape (T,).

    Raises:
        InvalidInput: If the times do not ascend from 0, a kind does not exist, the jumps that start the clock never
            happen, or the stationary state is asked for and not unique.

    Example:
        A qubit that a cold bath resets: the next emission needs an excitation first, so short times are rare.

        >>> from qtraj.quantum.channels import Channel
        >>> from qtraj.quantum.parties import System
        >>> decay = Channel(operator=[[0, 1], [0, 0]], bath="cold", rate=1.0, reverse_rate=0.5)
        >>> qubit = System(energies=[0.0, 1.0], state=[[0.5, 0], [0, 0.5]])
        >>> process = JumpProcess(system=qubit, channels=(decay,), duration=10.0)
        >>> waiting_time_survival(process, [0.0, 1.0, 5.0], after=[0], until=[0]).round(4).tolist()
        [1.0, 0.8452, 0.1574]
    """
    moments = _ascending(times)
    starts, stops = _checked_kinds(process, after, "after"), _checked_kinds(process, until, "until")
    state = _watched_state(process, last_start)
    begun = np.zeros_like(state)
    for kind in starts:
        jump = process.jumps[kind].operator
        begun += jump @ state @ dagger(jump)
    norm = float(np.trace(begun).real)
    fastest = max((float(np.linalg.norm(jump.operator)) ** 2 for jump in process.jumps), default=0.0)
    if not norm > NO_RATE * fastest * float(np.trace(state).real):
        raise InvalidInput("the jumps of `after` must happen, but their rate is 0", measured=norm)
    weights = np.ones(len(process.jumps))
    weights[list(stops)] = 0.0
    generator = compact_liouvillian(process.hamiltonian, process.jump_operators, weights)
    vector, passed = begun.ravel() / norm, 0.0
    survival = np.empty(moments.size)
    diagonal = np.arange(state.shape[0]) * (state.shape[0] + 1)
    for position, moment in enumerate(moments):
        image, scale = exponential_action(generator, vector, moment - passed)
        vector, passed = image * np.exp(scale), moment
        survival[position] = vector[diagonal].sum().real
    return survival


def _watched_state(process: JumpProcess, last_start: float | None) -> ComplexArray:
    """The state in which clocks are started, up to a factor; energy eigenbasis."""
    if last_start is not None:
        return integrated_state(process.lasting(last_start))
    return stationary_set(process).only("without `last_start`")


def _ascending(times: ArrayLike) -> FloatArray:
    moments = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if moments.ndim != 1 or not np.isfinite(moments).all() or (np.diff(moments, prepend=0.0) < 0).any():
        raise InvalidInput("`times` must be a list of numbers that ascend from 0, but is not")
    return moments


def _checked_kinds(process: JumpProcess, kinds: Iterable[int] | None, argument: str) -> tuple[int, ...]:
    number = len(process.jumps)
    chosen = tuple(range(number)) if kinds is None else tuple(kinds)
    for kind in chosen:
        if not isinstance(kind, int | np.integer) or not 0 <= kind < number:
            raise InvalidInput(
                f"`{argument}` must hold positions in `process.jumps`, 0 to {number - 1}, but has {kind!r}"
            )
    return chosen
