r"""The Kraus unravelling: paths (alpha, mu, nu) with their conditional pure states.

Mapping: :math:`|\Phi_{\alpha\mu\nu}\rangle = \langle\nu|U|\psi_\alpha,\mu\rangle / \sqrt{P(\nu|\alpha,\mu)}`
([Santos19] Eq. (32)); averaged over the paths, :math:`|\Phi\rangle\langle\Phi|` is the final state of the
system (Eq. (33)).
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import ComplexArray, IntArray
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.followed import FollowedPaths
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["average_state", "conditional_states"]


def conditional_states(operation: ThermalOperation, alpha: IntArray, mu: IntArray, nu: IntArray) -> ComplexArray:
    """Normalised pure states of the system at the end of Kraus paths.

    Args:
        operation: The process.
        alpha: Initial outcomes of the Kraus protocol, shape (N,).
        mu: Environment levels before, shape (N,).
        nu: Environment levels after, shape (N,).

    Returns:
        One state a row, shape (N, d), in the basis the Hamiltonian was given in.

    Raises:
        InvalidInput: If a path cannot occur.

    Example:
        >>> from qtraj.models import build_model
        >>> operation = build_model("two-qubit-exchange")
        >>> states = conditional_states(operation, np.array([0]), np.array([1]), np.array([0]))
        >>> np.abs(states).round(6).tolist()  # the environment's excitation has moved over
        [[0.0, 1.0]]
    """
    endpoints = operation.endpoints(MeasurementProtocol.KRAUS)
    follow = FollowedPaths(operation=operation, endpoints=endpoints, seed=0)
    vectors, size = endpoints.initial.outcomes.vectors, operation.environment.dimension
    paths, path_of = np.unique(np.stack([mu, alpha, nu], axis=1), axis=0, return_inverse=True)
    for before, a, _ in paths:
        if not (0 <= a < vectors.shape[1] and 0 <= before < size):
            raise InvalidInput(f"paths must start in a possible outcome, but (alpha, mu) = ({a}, {before}) is none")
    starts, first = np.unique(paths[:, :2], axis=0, return_index=True)
    rows_of = np.split(np.arange(paths.shape[0]), first[1:])
    order = np.argsort(operation.environment.spectrum.energies[starts[:, 0]], kind="stable")
    collapsed = follow.collapses(vectors[:, starts[order, 1]], starts[order, 0])
    states = np.empty((paths.shape[0], vectors.shape[0]), dtype=np.complex128)
    for start, (found, unnormalised) in zip(order, collapsed, strict=True):
        for row in rows_of[start]:
            before, a, after = paths[row]
            match = np.flatnonzero(found == after)
            if not match.size:
                raise InvalidInput(
                    f"paths must be possible, but (alpha, mu, nu) = ({a}, {before}, {after}) has probability 0"
                )
            states[row] = unnormalised[match[0]] / np.linalg.norm(unnormalised[match[0]])
    return (states @ operation.system.basis.T)[path_of.ravel()]


def average_state(ensemble: Ensemble) -> ComplexArray:
    r"""Ensemble average of the conditional states' projectors, an estimate of :math:`\rho'_S`.

    Args:
        ensemble: Labelled paths of a thermal operation under the Kraus protocol.

    Returns:
        Shape (d, d), in the basis the Hamiltonian was given in.

    Raises:
        NotRecorded: If the ensemble has another protocol or no rows.
    """
    if ensemble.law.protocol is not MeasurementProtocol.KRAUS or not isinstance(ensemble.process, ThermalOperation):
        raise NotRecorded(f"conditional states need the kraus protocol, but the ensemble has {ensemble.protocol}")
    # Many rows share a path: one state each would take d numbers a row.
    rows = np.stack([ensemble[name] for name in ("alpha", "mu", "nu")], axis=1)
    paths, counts = np.unique(rows, axis=0, return_counts=True)
    states = conditional_states(ensemble.process, *paths.astype(np.int64).T)
    return (states.T * counts) @ np.conj(states) / ensemble.paths
