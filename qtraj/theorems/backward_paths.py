r"""Followed paths of the backward process, as weights of the forward one.

A backward path starts in a final outcome beta, drawn with its probability, runs through the reversed process, and is
measured in the initial eigenbasis. Its own entropies give the forward path's :math:`\sigma`, with opposite sign; the
fraction that ends outside the support of the initial state is the absolutely irreversible weight lambda.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.blas import one_blas_thread
from qtraj.paths.blocks import Block
from qtraj.paths.follow_blocks import draw_rows_only
from qtraj.paths.followers import Follow, follower
from qtraj.processes.seam import Endpoint, Endpoints, MeasurementProtocol, Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.parties import Environment
from qtraj.theorems.without_law import BackwardWeights

__all__ = ["backward_endpoints", "backward_weights"]

# Backward paths must not share the random numbers of forward ones: their seed differs in a digit of its own.
BACKWARD_SEED = 2**127


def backward_weights(
    process: Process, endpoints: Endpoints, *, paths: int, seed: int, n_jobs: int = 1, backend: Any = None
) -> BackwardWeights:
    """Follow paths of the backward process.

    Args:
        process: The forward process.
        endpoints: What is measured on forward paths.
        paths: Number of backward paths.
        seed: Seed of the forward run; backward paths get another one.
        n_jobs: Workers.
        backend: joblib backend.
    """
    swapped, outside = backward_endpoints(endpoints)
    with one_blas_thread():
        backward = process.reversed()
        follow = follower(backward, swapped, seed ^ BACKWARD_SEED)
        if isinstance(backward, ThermalOperation):
            follow = _WithFlows(follow, backward.environment)
    rows, _ = draw_rows_only(follow, swapped, paths, n_jobs=n_jobs, backend=backend)
    inside = np.ones(paths, dtype=bool) if outside is None else rows["beta"] != outside
    # The forward path's sigma is minus this one's, so that this one's is ln w.
    return BackwardWeights(logs=rows["sigma"][inside], paths=paths)


@dataclass(frozen=True, eq=False)
class _WithFlows:
    """Followed paths of a thermal operation, whose rows have labels, with the entropy that their labels mean."""

    follow: Follow
    environment: Environment

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        rows = self.follow(block)
        assert isinstance(rows, dict)
        energies = self.environment.spectrum.energies
        entropy = self.environment.inverse_temperature * (energies[rows["nu"]] - energies[rows["mu"]])
        return {**rows, "entropy_into_environment": entropy}


def backward_endpoints(endpoints: Endpoints) -> tuple[Endpoints, int | None]:
    """What is measured on backward paths, and the final outcome that stands for the outside of the support, if any."""
    start, extra = _completed(endpoints.initial.outcomes)
    swapped = Endpoints(
        protocol=MeasurementProtocol.EIGENBASIS,
        initial=Endpoint(outcomes=endpoints.final.outcomes),
        final=Endpoint(outcomes=start),
    )
    return swapped, start.count - 1 if extra else None


def _completed(outcomes: Outcomes) -> tuple[Outcomes, bool]:
    """Outcomes with one more for everything outside the support, of eigenvalue zero, if there is an outside."""
    vectors = outcomes.vectors
    dimension, rank = vectors.shape
    if rank == dimension:
        return outcomes, False
    values, complement = np.linalg.eigh(np.eye(dimension) - vectors @ np.conj(vectors.T))
    outside = complement[:, values > 0.5]
    parts = [vectors[:, outcomes.outcome_of == k] for k in range(outcomes.count)]
    return Outcomes.from_parts([*outcomes.log_eigenvalues.tolist(), -np.inf], [*parts, outside]), True
