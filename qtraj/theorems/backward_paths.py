r"""Followed paths of the backward process, as weights of the forward one.

A backward path starts in a final outcome beta, drawn with its probability, runs through the reversed process, and is
measured in the initial eigenbasis. Its own entropies give the forward path's :math:`\sigma`, with opposite sign; the
fraction that ends outside the support of the initial state is the absolutely irreversible weight lambda.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.blas import one_blas_thread
from qtraj.paths.follow_blocks import draw_rows_only
from qtraj.paths.followers import follower
from qtraj.processes.seam import Endpoint, Endpoints, MeasurementProtocol, Process
from qtraj.quantum.outcomes import Outcomes
from qtraj.theorems.without_law import BackwardWeights

__all__ = ["backward_weights"]

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
    start, extra = _completed(endpoints.initial.outcomes)
    swapped = Endpoints(
        protocol=MeasurementProtocol.EIGENBASIS,
        initial=Endpoint(outcomes=endpoints.final.outcomes),
        final=Endpoint(outcomes=start),
    )
    with one_blas_thread():
        follow = follower(process.reversed(), swapped, seed ^ BACKWARD_SEED)
    rows, _ = draw_rows_only(follow, swapped, paths, n_jobs=n_jobs, backend=backend)
    inside = rows["beta"] != start.count - 1 if extra else np.ones(paths, dtype=bool)
    # The forward path's sigma is minus this one's, so that this one's is ln w.
    return BackwardWeights(logs=rows["sigma"][inside], paths=paths)


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
