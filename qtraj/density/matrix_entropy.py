r"""Entropy and pinching of plain density matrices.

Mapping: :math:`S(\rho) = -tr\,\rho\ln\rho`, block dephasing :math:`\Delta(\rho) = \sum_l\Pi_l\rho\Pi_l` in levels l.

The joint route of the averages knows states as matrices only. `qtraj.quantum.entropies`, for states in spectral form,
resolves smaller eigenvalues; sharing it would share its mistakes.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray

__all__ = ["matrix_entropy", "pinched_matrix"]


def matrix_entropy(matrix: ComplexArray | FloatArray) -> float:
    r"""Von Neumann entropy :math:`-tr\,\rho\ln\rho` in nats of a density matrix, shape (d, d).

    Example:
        >>> bool(np.isclose(matrix_entropy(np.diag([0.5, 0.5, 0.0])), np.log(2)))
        True
    """
    values = np.linalg.eigvalsh(matrix)
    values = values[values > 0]
    return float(-(values * np.log(values)).sum())


def pinched_matrix(matrix: ComplexArray, level_of: IntArray) -> ComplexArray:
    """A matrix without its elements between different levels.

    Args:
        matrix: Shape (d, d), in a basis in which every state belongs to one level.
        level_of: Level of every basis state, shape (d,).

    Example:
        >>> pinched_matrix(np.full((3, 3), 1 / 3 + 0j), np.array([0, 1, 1])).real.round(2).tolist()
        [[0.33, 0.0, 0.0], [0.0, 0.33, 0.33], [0.0, 0.33, 0.33]]
    """
    pinched: ComplexArray = np.where(level_of[:, None] == level_of[None, :], matrix, 0)
    return pinched
