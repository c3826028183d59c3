r"""The Gallavotti-Cohen symmetry of entropy counting, in its general and in its naive form.

Mapping: :math:`\mathcal{L}_u[H]` is the generator tilted by :math:`e^{-us_k}`. In the Hilbert-Schmidt product

.. math:: \mathcal{L}_u[H]^\dagger = \mathcal{L}_{1-u}[-H]

for every jump process: the adjoint exchanges every jump with its reverse and turns the Hamiltonian round. Hence
:math:`\theta_H(u) = \theta_{-H}(1-u)` for the scaled cumulant generating function. The form within one process,
:math:`\theta_H(u) = \theta_H(1-u)`, needs time-reversal symmetry: an antiunitary :math:`\Theta` with
:math:`\Theta H\Theta^{-1} = H` that maps the channels to themselves (for instance a real Hamiltonian and real
operators). A ring with a magnetic flux has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, frozen
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.generators import adjoint_superoperator, tilted_liouvillian

__all__ = ["GallavottiCohen", "adjoint_defect", "gallavotti_cohen"]


def adjoint_defect(process: JumpProcess, u: float, *, reverse_hamiltonian: bool = True) -> float:
    r"""Largest element of :math:`\mathcal{L}_u[H]^\dagger - \mathcal{L}_{1-u}[\mp H]`, relative to the generator's.

    Args:
        process: The process.
        u: Counting parameter.
        reverse_hamiltonian: With -H (the symmetry that always holds) or with H (which this operator identity never
            obeys unless H is constant; its eigenvalues may, see `gallavotti_cohen`).

    Example:
        >>> from qtraj.models.rfa13 import dephased_junction
        >>> adjoint_defect(dephased_junction(), 0.3) < 1e-12
        True
    """
    hamiltonian, operators, s = process.hamiltonian, process.jump_operators, process.entropies
    forward = tilted_liouvillian(hamiltonian, operators, np.exp(-u * s))
    sign = -1.0 if reverse_hamiltonian else 1.0
    other = tilted_liouvillian(sign * hamiltonian, operators, np.exp(-(1 - u) * s))
    return float(np.abs(adjoint_superoperator(forward) - other).max() / np.abs(forward).max())


@dataclass(frozen=True, kw_only=True, eq=False)
class GallavottiCohen:
    r"""The scaled cumulant generating function of entropy, and what it is compared with.

    Attributes:
        u: Counting parameters, shape (k,).
        forward: :math:`\theta_H(u)`, shape (k,).
        same: :math:`\theta_H(1-u)`: equal to `forward` only under time-reversal symmetry.
        reversed: :math:`\theta_{-H}(1-u)`: always equal to `forward`.
    """

    u: FloatArray
    forward: FloatArray
    same: FloatArray
    reversed: FloatArray

    @property
    def naive_defect(self) -> float:
        r"""Largest :math:`|\theta_H(u) - \theta_H(1-u)|`."""
        return float(np.abs(self.forward - self.same).max())

    @property
    def defect(self) -> float:
        r"""Largest :math:`|\theta_H(u) - \theta_{-H}(1-u)|`: rounding."""
        return float(np.abs(self.forward - self.reversed).max())


def gallavotti_cohen(process: JumpProcess, parameters: Iterable[float] = (0.0, 0.1, 0.2, 0.3, 0.4)) -> GallavottiCohen:
    """Both forms of the symmetry at some counting parameters, within one process and against the opposite Hamiltonian.

    Example:
        >>> from qtraj.models.rfa13 import dephased_junction
        >>> found = gallavotti_cohen(dephased_junction())
        >>> found.defect < 1e-12, found.naive_defect < 1e-12  # a real Hamiltonian with real operators
        (True, True)
    """
    points = np.array(list(parameters), dtype=np.float64)
    return GallavottiCohen(
        u=frozen(points),
        forward=frozen(np.array([_growth(process, u, 1.0) for u in points])),
        same=frozen(np.array([_growth(process, 1 - u, 1.0) for u in points])),
        reversed=frozen(np.array([_growth(process, 1 - u, -1.0) for u in points])),
    )


def _growth(process: JumpProcess, u: float, sign: float) -> float:
    weights = np.exp(-u * process.entropies)
    generator = tilted_liouvillian(sign * process.hamiltonian, process.jump_operators, weights)
    return float(np.linalg.eigvals(generator).real.max())
