r"""From recorded jumps to entropy production and heat: what a detector's record says, whoever made it.

Mapping: a record is :math:`(\alpha, t_1k_1, t_2k_2, \ldots, \beta)`. Its entropy production is
:math:`\sigma = \ln p_\alpha - \ln p'_\beta + \sum_i s_{k_i}`, its heat into a bath the sum of the heats of that bath's
jumps ([Santos19] Eqs. (38)-(44) with the entropy of the detector's quanta). The times play no part.

Nothing is drawn here and nothing is shared with the samplers: records of another program are judged by it, and records
of qtraj's own give the columns that the sampler wrote.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.paths.jump_records import JumpRecords
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoint, Endpoints

__all__ = ["recorded_quantities"]


def recorded_quantities(
    process: JumpProcess,
    endpoints: Endpoints,
    records: JumpRecords,
    *,
    alpha: ArrayLike,
    beta: ArrayLike | None = None,
) -> dict[str, NDArray[Any]]:
    """Entropies and heats of recorded jump trajectories, path by path.

    Args:
        process: The process whose jumps `records.col_which` counts (positions in `process.jumps`).
        endpoints: What was measured at both ends, `process.endpoints(protocol)`.
        records: When each trajectory jumped, and how.
        alpha: Initial outcome of every trajectory, shape (N,), or one for all.
        beta: Final outcome, likewise; None where the protocol has no final measurement.

    Returns:
        Columns of shape (N,): `alpha`, `beta`, `jumps`; `entropy_into_NAME` and, where every jump of the bath has a
        definite heat, `heat_into_NAME`, for every bath; `heat`, the sum over all baths, if all have; `sigma`, in nats,
        where both ends are measured.

    Raises:
        InvalidInput: If an outcome or a jump does not exist.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> process = build_model("davies-qutrit")
        >>> own = sample(process, paths=1000, seed=7, keep_records=True)
        >>> found = recorded_quantities(process, own.endpoints, own.records, alpha=own["alpha"], beta=own["beta"])
        >>> bool(np.abs(found["sigma"] - own["sigma"]).max() < 1e-12)
        True
    """
    number = len(records)
    if (largest := int(records.col_which.max(initial=-1))) >= len(process.jumps) or records.col_which.min(
        initial=0
    ) < 0:
        raise InvalidInput(
            f"`records` must speak of the {len(process.jumps)} jumps of the process, but one has number {largest}",
            measured=float(largest),
        )
    columns: dict[str, NDArray[Any]] = {"alpha": _outcomes(alpha, endpoints.initial, number, "alpha")}
    if endpoints.final.measured:
        if beta is None:
            raise InvalidInput(f"`beta` must be given in the {endpoints.protocol.value} protocol, but is missing")
        columns["beta"] = _outcomes(beta, endpoints.final, number, "beta")
    columns["jumps"] = records.jumps
    # How often each path made each jump, times what that jump carries: sums of whole quanta, in any order.
    counts = records.counts(len(process.jumps)).astype(np.float64)
    entropy, heat = np.zeros(number), np.zeros(number)
    for position, bath in enumerate(process.baths):
        own = process.bath_of == position
        columns[f"entropy_into_{bath}"] = counts[:, own] @ process.entropies[own]
        entropy = entropy + columns[f"entropy_into_{bath}"]
        carried: FloatArray = counts[:, own] @ process.heats[own]
        heat = heat + carried
        if np.isfinite(process.heats[own]).all():
            columns[f"heat_into_{bath}"] = carried
    if np.isfinite(process.heats).all():
        columns["heat"] = heat
    if endpoints.initial.measured and endpoints.final.measured:
        log_alpha = endpoints.initial.outcomes.log_eigenvalues[columns["alpha"]]
        log_beta = endpoints.final.outcomes.log_eigenvalues[columns["beta"]]
        columns["sigma"] = log_alpha - log_beta + entropy
    return columns


def _outcomes(given: ArrayLike, end: Endpoint, number: int, argument: str) -> IntArray:
    """Outcomes of all trajectories as whole numbers that exist."""
    array = np.asarray(given)
    if array.dtype.kind not in "iu" or array.shape not in ((), (number,)):
        raise InvalidInput(f"`{argument}` must hold {number} whole numbers, but has shape {array.shape}, {array.dtype}")
    outcomes = np.broadcast_to(array, (number,)).astype(np.int64)
    if outcomes.size and not (outcomes.min() >= 0 and outcomes.max() < end.outcomes.count):
        raise InvalidInput(
            f"`{argument}` must be outcomes from 0 to {end.outcomes.count - 1}, but some are from {outcomes.min()} to "
            f"{outcomes.max()}"
        )
    return outcomes
