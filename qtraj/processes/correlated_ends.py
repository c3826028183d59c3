r"""The two ends of a correlated operation: joint outcomes, local labels, and what they say about the correlations.

Mapping ([Micadei20]; see `correlated_operation` for the theorems): joint outcomes :math:`\kappa` of weight
:math:`P_\kappa`; pairs :math:`(\alpha,\mu)` of an outcome of the system, of eigenvalue :math:`p_\alpha`, and a level of
the environment, of population :math:`q_\mu`; at the end pairs :math:`(\beta,\nu)` with :math:`p'_\beta`, and
:math:`r_\nu` the final population of the level. The index of a pair is (outcome of the system) times d_E plus level.

Every amount of a path is a sum of one at the start and one at the end:

- `heat`: :math:`-E_\mu` and :math:`E_\nu`;
- `clausius_sigma`, c: :math:`\ln p_\alpha q_\mu` and :math:`-\ln p'_\beta q_\nu`;
- `initial_information`, i: :math:`\ln P_\kappa - \ln p_\alpha q_\mu` and nothing;
- `information_change`, :math:`\Delta i`: :math:`\ln p_\alpha q_\mu` and :math:`-\ln p'_\beta r_\nu`;
- `sigma_beyond_information`, :math:`c-\Delta i`: nothing and :math:`\ln r_\nu/q_\nu`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.processes.seam import Endpoint
from qtraj.quantum.graded import AMPLITUDE_CUT
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State

__all__ = ["labelled_end", "labelled_start", "local_pairs"]


def local_pairs(local: Outcomes, environment: Environment) -> Outcomes:
    """Outcomes of the system together with levels of the environment, weighted by p times q.

    Args:
        local: Outcomes of the system, on d_S dimensions.
        environment: Gives the levels and their populations.

    Returns:
        Joint outcomes, on d_S d_E dimensions.

    Example:
        >>> from qtraj.quantum.parties import System
        >>> qubit = System(energies=[0.0, 1.0], state=[[0.75, 0.0], [0.0, 0.25]])
        >>> bath = Environment(energies=[0.0, 1.0], inverse_temperature=0.0)
        >>> local_pairs(qubit.outcomes, bath).probabilities.round(3).tolist()
        [0.375, 0.375, 0.125, 0.125]
    """
    size = environment.dimension
    logs = local.log_eigenvalues[:, None] + environment.log_populations[None, :]
    owner = (local.outcome_of[:, None] * size + np.arange(size)[None, :]).ravel()
    order = np.argsort(owner, kind="stable")
    vectors: ComplexArray = np.kron(local.vectors, np.eye(size)).astype(np.complex128)
    return Outcomes(
        log_eigenvalues=frozen(logs.ravel()),
        vectors=frozen(vectors[:, order]),
        outcome_of=frozen(owner[order]),
    )


def labelled_start(joint: Outcomes, local: Outcomes, environment: Environment) -> Endpoint:
    """The start: a joint outcome is measured, and a pair drawn on a copy.

    Args:
        joint: Joint outcomes.
        local: Outcomes of the system that label a pair.
        environment: Gives the levels, their energies and their populations.
    """
    labels = local_pairs(local, environment)
    product = labels.log_eigenvalues[None, :] + np.zeros((joint.count, 1))
    return Endpoint(
        outcomes=joint,
        log_conditional=joint.log_conditional(labels),
        amounts={
            "heat": np.zeros_like(product) - _level_energies(local, environment),
            "clausius_sigma": product,
            "initial_information": joint.log_eigenvalues[:, None] - product,
            "information_change": product,
            "sigma_beyond_information": np.zeros_like(product),
        },
    )


def labelled_end(local: Outcomes, joint: State, environment: Environment) -> Endpoint:
    """The end: a pair is measured, and is its own label.

    Args:
        local: Outcomes of the system.
        joint: The final joint state, which has the final populations of the environment's levels.
        environment: Gives the levels, their energies and their initial populations.
    """
    pairs = local_pairs(local, environment)
    populations = np.tile(_log_populations(joint, environment.dimension), local.count)
    excess = populations - np.tile(environment.log_populations, local.count)
    with np.errstate(divide="ignore"):
        certain = np.log(np.eye(pairs.count))
    shape = np.zeros((pairs.count, 1))
    return Endpoint(
        outcomes=pairs,
        log_conditional=certain,
        amounts={
            "heat": shape + _level_energies(local, environment),
            "clausius_sigma": shape - pairs.log_eigenvalues,
            "initial_information": shape + np.zeros(pairs.count),
            "information_change": shape - (pairs.log_eigenvalues + excess),
            "sigma_beyond_information": shape + excess,
        },
    )


def _level_energies(local: Outcomes, environment: Environment) -> FloatArray:
    """Energy of the environment's level in every pair."""
    return np.tile(environment.spectrum.energies, local.count)


def _log_populations(joint: State, environment: int) -> FloatArray:
    """Ln of the populations of the environment's levels in a joint state, shape (d_E,)."""
    amplitudes = np.abs(joint.vectors).reshape(-1, environment, joint.rank)
    with np.errstate(divide="ignore"):
        logs = 2 * np.log(np.where(amplitudes > AMPLITUDE_CUT, amplitudes, 0)) + joint.log_eigenvalues
    populations: FloatArray = logsumexp(logs, axis=(0, 2))
    return populations
