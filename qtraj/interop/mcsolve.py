r"""The trajectories of QuTiP's `mcsolve` as an ensemble, with entropy production and heat booked for every path.

Mapping: `mcsolve` gives for every trajectory the times and kinds of its jumps and a pure final state. What is missing
for an entropy production is the initial outcome :math:`\alpha` (known, because a trajectory starts in a pure state) and
the final outcome :math:`\beta`, which is drawn by Born's rule from the final state in the eigenbasis of
:math:`\rho(T)`; then :math:`\sigma = \ln p_\alpha - \ln p'_\beta + \sum_i s_{k_i}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.interop.collapse_operators import Baths, jump_positions
from qtraj.optional import import_optional
from qtraj.paths.bookkeeping import book
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.recorded import recorded_quantities
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoint, MeasurementProtocol

__all__ = ["ensemble_from_mcsolve", "entropy_production", "starting_mixture"]

# QuTiP integrates between jumps to a relative 1e-6 by default, so that its states are off by about that. A final state
# that has left the support of rho(T) by more belongs to another process.
STATE_TOLERANCE = 1e-3

# Kets of different outcomes are orthogonal, and those of one outcome that were read back are equal to 1e-8.
START_TOLERANCE = 1e-6

# QuTiP computes weights as shares of the number of trajectories: they are equal to rounding or not at all.
WEIGHT_TOLERANCE = 1e-9

SAMPLER = "mcsolve"
"""What an ensemble says of how it was drawn."""


def starting_mixture(process: JumpProcess, paths: int, *, seed: int = 0) -> tuple[list[tuple[Any, float]], list[int]]:
    """Initial kets for QuTiP's `MCSolver.run`: how many of `paths` trajectories start in which eigenstate.

    The numbers are drawn, as in an experiment, so that all trajectories weigh the same.

    Args:
        process: The process.
        paths: Number of trajectories.
        seed: Seed of the draw.

    Returns:
        The mixture, kets with their shares of the trajectories, and the numbers of trajectories:
        `solver.run(mixture, [0, process.duration], ntraj=numbers)`.

    Raises:
        MissingPackage: If QuTiP is not installed.
    """
    qutip = import_optional("qutip", "`starting_mixture`")
    state = process.system.energy_state
    weights = np.exp(state.log_eigenvalues)
    numbers = np.random.default_rng(seed).multinomial(paths, weights / weights.sum())
    vectors = process.system.basis @ state.vectors
    drawn = [(qutip.Qobj(vectors[:, [column]]), int(number)) for column, number in enumerate(numbers) if number]
    return [(ket, number / paths) for ket, number in drawn], [number for _, number in drawn]


def ensemble_from_mcsolve(
    result: Any,
    process: JumpProcess,
    *,
    c_ops: Sequence[Any],
    baths: Baths | None = None,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    seed: int = 0,
) -> Ensemble:
    """The trajectories of QuTiP's `mcsolve` as an ensemble, with entropy production and heat of every path.

    `estimate`, `verify`, the plots and the data frames take it like any other.

    Args:
        result: What `mcsolve` returned, run with the options `keep_runs_results=True` and `store_states=True`.
        process: The process it was a simulation of, such as `jump_process_from_qutip` makes.
        c_ops: The collapse operators of that run, in its order: a result holds only their numbers, and a process may
            have them in another order.
        baths: Their baths, where two baths have the same operator.
        protocol: What is measured at the two ends.
        seed: Seed of the final measurements (and of the energy labels n and m).

    Raises:
        InvalidInput: If the run does not fit the process, has weighted trajectories or lacks the stored states.
    """
    chosen = MeasurementProtocol.parse(protocol)
    endpoints = process.endpoints(chosen)
    _check_run(result, process)
    trajectories = list(result.trajectories)
    records = _records(result, jump_positions(process, c_ops, baths))
    first, last = (_kets(trajectories, process, end) for end in (0, -1))
    alpha = _found_alpha(first, endpoints.initial)
    rng = np.random.default_rng(seed)
    beta = _drawn_outcomes(last, endpoints.final, rng) if endpoints.final.measured else None
    columns: dict[str, NDArray[Any]] = recorded_quantities(process, endpoints, records, alpha=alpha, beta=beta)
    columns |= _energy_labels(columns, endpoints.initial, endpoints.final, rng)
    return Ensemble(
        process=process,
        finite_law=None,
        sampler=SAMPLER,
        seeds=(),  # those of QuTiP would draw other paths here
        paths=len(records),
        class_counts=np.zeros(0, dtype=np.int64),
        rows=book(columns, endpoints),
        measured=endpoints,
        records=records,
    )


def entropy_production(result: Any, process: JumpProcess, c_ops: Sequence[Any], **how: Any) -> FloatArray:
    """Entropy production of every trajectory of an `mcsolve` run, in nats, shape (N,).

    Args:
        result: What `mcsolve` returned.
        process: The process it was a simulation of.
        c_ops: The collapse operators of that run, in its order.
        how: Further arguments of `ensemble_from_mcsolve`, which also has the heats.

    Raises:
        InvalidInput: As `ensemble_from_mcsolve`.
        NotRecorded: In the kraus protocol, which measures no final state.
    """
    sigma: FloatArray = ensemble_from_mcsolve(result, process, c_ops=c_ops, **how)["sigma"]
    return sigma


def _check_run(result: Any, process: JumpProcess) -> None:
    """Refuse what is no plain Monte Carlo run of this process."""
    for name in ("col_times", "col_which", "trajectories", "times"):
        if not hasattr(result, name):
            raise InvalidInput(f"`result` must be what QuTiP's mcsolve returns, but has no `{name}`")
    if not result.trajectories:
        raise InvalidInput(
            "`result` must hold its trajectories, but holds none; run mcsolve with the options keep_runs_results=True "
            "and store_states=True"
        )
    lasted = float(result.times[-1] - result.times[0])
    if abs(lasted - process.duration) > START_TOLERANCE * process.duration:
        raise InvalidInput(
            f"`result` must last as long as the process, {process.duration:.6g}, but lasts {lasted:.6g}",
            measured=lasted,
        )
    weights = np.asarray(result.runs_weights, dtype=np.float64)
    if len(result.deterministic_trajectories) or np.ptp(weights) > WEIGHT_TOLERANCE * weights.max():
        raise InvalidInput(
            "`result` must have trajectories of equal weight, but has others; run mcsolve without improved_sampling, "
            "and with the numbers of `starting_mixture` if the initial state is mixed"
        )


def _records(result: Any, position: IntArray) -> JumpRecords:
    """Times from the beginning of the run, and jumps of the process instead of collapse operators."""
    lengths = [len(times) for times in result.col_times]
    times = np.array([time for own in result.col_times for time in own], dtype=np.float64)
    which = np.array([kind for own in result.col_which for kind in own], dtype=np.int64)
    if which.size and not which.max() < position.size:
        raise InvalidInput(
            f"`c_ops` must be those of the run, but it jumps by number {which.max()}, and they are {position.size}",
            measured=float(which.max()),
        )
    return JumpRecords(
        col_times=times - float(result.times[0]),
        col_which=position[which].astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def _kets(trajectories: Sequence[Any], process: JumpProcess, end: int) -> ComplexArray:
    """First or last state of every trajectory, normalised, in the energy eigenbasis, shape (N, d)."""
    dimension = process.system.dimension
    kets = np.empty((len(trajectories), dimension), dtype=np.complex128)
    for row, trajectory in enumerate(trajectories):
        states = trajectory.states
        if not states:
            raise InvalidInput(
                "`result` must hold the states of its trajectories, but does not; run mcsolve with the option "
                "store_states=True"
            )
        ket = states[end].full()
        if ket.shape != (dimension, 1):
            raise InvalidInput(f"`result` must hold kets of {dimension} levels, but one has shape {ket.shape}")
        kets[row] = ket[:, 0]
    kets /= np.linalg.norm(kets, axis=1)[:, None]
    given: ComplexArray = kets @ process.system.basis.conj()
    return given


def _outcome_weights(kets: ComplexArray, end: Endpoint) -> FloatArray:
    """Probability of every outcome in every ket, shape (N, outcomes)."""
    weights = np.abs(kets @ end.outcomes.vectors.conj()) ** 2
    table = np.zeros((kets.shape[0], end.outcomes.count))
    np.add.at(table.T, end.outcomes.outcome_of, weights.T)
    return table


def _found_alpha(kets: ComplexArray, start: Endpoint) -> IntArray:
    """The initial outcome that every trajectory started in."""
    table = _outcome_weights(kets, start)
    alpha: IntArray = np.argmax(table, axis=1)
    surest = float(table.max(axis=1).min())
    if surest < 1 - START_TOLERANCE:
        raise InvalidInput(
            "every trajectory must start in an eigenstate of the process's initial state (of its energy, in the "
            f"energy-two-point protocol), but one has overlap {surest:.6g} with the nearest; see `starting_mixture`",
            measured=surest,
        )
    return alpha


def _drawn_outcomes(kets: ComplexArray, end: Endpoint, rng: np.random.Generator) -> IntArray:
    """Final outcomes, by Born's rule."""
    table = _outcome_weights(kets, end)
    total = table.sum(axis=1)
    if (least := float(total.min())) < 1 - STATE_TOLERANCE:
        raise InvalidInput(
            f"final states must lie in the support of the process's final state, but one does so to {least:.6g} only",
            measured=least,
        )
    return _drawn(table / total[:, None], rng)


def _drawn(table: FloatArray, rng: np.random.Generator) -> IntArray:
    """One outcome a row, with the probabilities of that row."""
    cumulative = np.cumsum(table, axis=1)
    drawn: IntArray = (rng.random((table.shape[0], 1)) > cumulative[:, :-1]).sum(axis=1).astype(np.int64)
    return drawn


def _energy_labels(
    columns: Mapping[str, NDArray[Any]], start: Endpoint, end: Endpoint, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Energy labels n and m, drawn on copies, where the protocol has them."""
    labels: dict[str, NDArray[Any]] = {}
    if start.log_conditional is not None and end.log_conditional is not None:
        labels["n"] = _drawn(np.exp(start.log_conditional[columns["alpha"]]), rng)
        labels["m"] = _drawn(np.exp(end.log_conditional[columns["beta"]]), rng)
    return labels
