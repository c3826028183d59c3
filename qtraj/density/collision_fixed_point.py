r"""The state that one round of a collision model leaves as it is, solved for and not iterated.

Mapping [Li18]: with the matrix M of one round on flattened density matrices, :math:`M\rho^* = \rho^*`; the second
largest modulus of an eigenvalue says how slowly others approach it (0.993 a round in the paper's Fig. 2, so that a
thousand collisions do not get there).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.density.collision_unitaries import JointStep
from qtraj.quantum.matrices import dagger

__all__ = ["FixedPoint", "fixed_point"]

# Eigenvalues of a matrix of this size (d = 32) take some seconds.
LARGEST_MAP = 1024

# Entries of M carry rounding errors of some 1e-15, which move the fixed point by that over the singular value: below
# this, fewer than five digits would be left.
SMALLEST_SINGULAR_VALUE = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedPoint:
    """The fixed point of one round's map, if there is exactly one.

    Attributes:
        state: Density matrix in the energy eigenbasis, shape (d, d); None if it is not unique or was not computed.
        second_eigenvalue_modulus: Second largest modulus of the map's eigenvalues; None if not computed. If it is 1
            although the fixed point is unique, states keep circling around it and approach it on average only.
        reason: Why something is missing.
    """

    state: ComplexArray | None
    second_eigenvalue_modulus: float | None
    reason: str | None = None


def fixed_point(steps: Sequence[JointStep]) -> FixedPoint:
    """Solve for the fixed point of a round.

    Args:
        steps: The steps of the round.

    Example:
        >>> from qtraj.density.collision_unitaries import joint_steps, unit_states
        >>> from qtraj.models.li18 import coherent_collision
        >>> model = coherent_collision()
        >>> round(fixed_point(joint_steps(model, unit_states(model))).second_eigenvalue_modulus, 4)
        0.9937
    """
    d = steps[0].dimension
    if d * d > LARGEST_MAP:
        text = f"the matrix of one round's map must have at most {LARGEST_MAP} rows to be solved, but has {d * d}"
        return FixedPoint(state=None, second_eigenvalue_modulus=None, reason=text)
    matrix = np.eye(d * d, dtype=np.complex128)
    for step in steps:
        matrix = step.map_matrix() @ matrix
    moduli = np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]
    # A map of trace-preserving steps has no eigenvalue outside the unit circle; what lies outside is rounding.
    second = min(1.0, float(moduli[1])) if d > 1 else 0.0
    _, values, vectors = np.linalg.svd(matrix - np.eye(d * d))
    if d > 1 and values[-2] < SMALLEST_SINGULAR_VALUE:
        text = (
            f"one round leaves more than one state as it is (to rounding: second singular value {values[-2]:.3g} of "
            "the map minus 1)"
        )
        return FixedPoint(state=None, second_eigenvalue_modulus=second, reason=text)
    state = np.conj(vectors[-1]).reshape(d, d)
    state = state / np.trace(state)
    return FixedPoint(state=frozen((state + dagger(state)) / 2), second_eigenvalue_modulus=second)
