"""sigma's law forward and backward on common atoms, the backward one computed from the reversed process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.distribution import VALUE_TOLERANCE
from qtraj.paths.exact_law import law_between
from qtraj.paths.law import PathLaw
from qtraj.processes.seam import Endpoint, Endpoints, MeasurementProtocol, Process
from qtraj.quantum.spectrum import group_values

__all__ = ["SigmaAtoms"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SigmaAtoms:
    """Distinct values of sigma with their forward and backward probabilities.

    Attributes:
        values: Ascending, shape (K,).
        log_forward: ln P_F(s), shape (K,).
        log_backward: ln P_B(-s) from the reversed process, -inf where it has no such value, shape (K,).
        atom_of: Atom of every class of the forward law, shape (C,).
    """

    values: FloatArray
    log_forward: FloatArray
    log_backward: FloatArray
    atom_of: IntArray

    @classmethod
    def of(cls, process: Process, law: PathLaw, *, n_jobs: int = 1) -> SigmaAtoms:
        """Compute the backward law from `process.reversed()` between the swapped endpoints and match the values."""
        ends = law.endpoints
        bare = Endpoints(
            protocol=MeasurementProtocol.EIGENBASIS,
            initial=Endpoint(outcomes=ends.final.outcomes),
            final=Endpoint(outcomes=ends.initial.outcomes),
        )
        backward = law_between(process.reversed().stages(), bare, n_jobs=n_jobs)
        forward_values, backward_values = law.quantity("sigma"), -backward.quantity("sigma")
        values = np.concatenate([forward_values, backward_values])
        tolerance = VALUE_TOLERANCE * max(1.0, float(np.abs(values).max()))
        # Both laws may stand for near-degenerate flows with values of their own.
        tolerance = max(tolerance, law.flows.entropy_error + backward.flows.entropy_error)
        labels, count = group_values(values, tolerance)
        own, other = labels[: forward_values.size], labels[forward_values.size :]
        first = np.zeros(count)
        first[labels[::-1]] = values[::-1]
        log_forward = _merged(own, law.log_forward, count)
        # Merged values stand for their mean: any one of them would be off by up to the tolerance, and near equilibrium
        # that is all that sigma amounts to.
        shares = np.exp(law.log_forward - log_forward[own])
        atoms = first + np.bincount(own, weights=shares * (forward_values - first[own]), minlength=count)
        return cls(
            values=atoms,
            log_forward=log_forward,
            log_backward=_merged(other, backward.log_forward, count),
            atom_of=own,
        )

    def counts(self, class_counts: IntArray) -> IntArray:
        """Counts per atom from counts per class."""
        totals = np.zeros(self.values.size, dtype=np.int64)
        np.add.at(totals, self.atom_of, class_counts)
        return totals


def _merged(labels: IntArray, logs: FloatArray, count: int) -> FloatArray:
    top = np.full(count, -np.inf)
    np.maximum.at(top, labels, logs)
    sums = np.zeros(count)
    np.add.at(sums, labels, np.exp(logs - top[labels]))
    with np.errstate(divide="ignore"):
        return np.where(sums > 0, np.log(sums) + np.where(np.isfinite(top), top, 0.0), -np.inf)
