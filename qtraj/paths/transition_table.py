"""Probabilities of the transitions through one batch of branches, between the outcomes of two measurements."""

from __future__ import annotations

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.processes.seam import Branches, Endpoint
from qtraj.quantum.graded import AMPLITUDE_CUT

__all__ = ["branch_log_probabilities", "transition_table"]


def branch_log_probabilities(batch: Branches, start: Endpoint, end: Endpoint) -> FloatArray:
    r"""Ln of :math:`\sum q_\mu |\langle\psi'_j,\nu|U|\psi_i,\mu\rangle|^2` over the vectors i, j of each outcome pair.

    Returns:
        Shape (k, final outcomes, initial outcomes); -inf where the amplitude is a structural zero.
    """
    amplitudes = np.abs(batch.amplitudes(end.outcomes.vectors, start.outcomes.vectors))
    amplitudes[amplitudes <= AMPLITUDE_CUT] = 0.0
    with np.errstate(divide="ignore"):
        logs = 2 * np.log(amplitudes) + batch.log_weights[:, None, None]
    return start.outcomes.sum_over(end.outcomes.sum_over(logs, axis=1), axis=2)


def transition_table(job: tuple[Branches, Endpoint, Endpoint]) -> tuple[FloatArray, IntArray]:
    """Summed over the branches of one batch: ln probabilities and number of possible branches, per outcome pair."""
    batch, start, end = job
    logs = branch_log_probabilities(batch, start, end)
    top = logs.max(axis=0)
    scale = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        table = np.log(np.exp(logs - scale).sum(axis=0)) + scale
    if batch.pairs is None:
        return table, np.isfinite(logs).sum(axis=0)
    return table, np.isfinite(table) * _gathered_pairs(batch, start, end)


def _gathered_pairs(batch: Branches, start: Endpoint, end: Endpoint) -> IntArray:
    """How many gathered pairs (mu, nu) lead from each initial to each final outcome, by their patterns of zeros.

    A pair whose amplitude cancels between elements is counted: its own elements are not known any more, and a second
    look at every element of the unitary would be much for a number that no probability depends on.
    """
    assert batch.pairs is not None  # asked only of batches that gather pairs
    ends = []
    for outcomes in (end.outcomes, start.outcomes):
        support = np.zeros((outcomes.vectors.shape[0], outcomes.count), dtype=np.int64)
        np.maximum.at(support.T, outcomes.outcome_of, (outcomes.vectors != 0).T)
        ends.append(support)
    routes = ends[0][batch.rows][:, :, None] * ends[1][batch.columns][:, None, :]
    open_routes = np.tensordot(batch.pairs.supports.astype(np.int64), routes, axes=1) > 0
    counts: IntArray = np.tensordot(batch.pairs.numbers, open_routes, axes=1)
    return counts
