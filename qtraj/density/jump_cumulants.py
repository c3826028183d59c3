r"""Exact mean, variance and third cumulant of what a jump process counts, from derivatives of the tilted generator.

Mapping: :math:`\langle e^{-ux}\rangle = tr[B_ue^{\mathcal{L}_uT}(A_u)]` as a Taylor series in -u. The coefficients of
:math:`e^{\mathcal{L}_uT}` come from one exponential of a block-triangular matrix with
:math:`\mathcal{L}^{(j)}(X) = \sum_k c_k^jL_kXL_k^\dagger/j!` in its j-th lower diagonal; no numerical derivative is
taken. Counting relative to the mean, spread evenly over time, keeps cumulants of long runs free of cancellation.
"""

from __future__ import annotations

from dataclasses import replace
from math import factorial
from typing import Any

import numpy as np
import scipy.sparse

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.counting import Counted, counted, jump_amounts
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.exponentials import exponential_action
from qtraj.quantum.generators import compact_liouvillian, jump_superoperator

__all__ = ["jump_covariance", "jump_cumulants", "jump_mean"]


def jump_cumulants(
    process: JumpProcess, name: str, *, protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED
) -> tuple[float, float, float]:
    """Mean, variance and third cumulant of a quantity over the whole duration, boundary terms included.

    Args:
        process: The process.
        name: `sigma`, `sigma_d`, `xi`, `heat`, `heat_into_<bath>`, `entropy_into_<bath>` or `jumps`.
        protocol: Measurement protocol.

    Raises:
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol does not define it.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> [round(value, 9) for value in jump_cumulants(davies_qutrit(), "sigma")]
        [0.300246948, 0.668518294, 0.402017369]
    """
    return _cumulants(process, counted(process, name, protocol))


def jump_mean(
    process: JumpProcess, name: str, *, protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED
) -> float:
    """Mean of a quantity over the whole duration, boundary terms included.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> round(jump_mean(davies_qutrit(), "heat"), 9)
        0.146102141
    """
    return _moments(process, counted(process, name, protocol), order=1, offset=0.0)[1]


def jump_covariance(process: JumpProcess, first: str, second: str) -> float:
    """Covariance of two quantities that only jumps count (heats, entropies into baths, number of jumps).

    Found from the variances of their sum and of their difference.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> process = davies_qutrit()
        >>> bool(np.isclose(jump_covariance(process, "heat", "heat"), jump_cumulants(process, "heat")[1]))
        True
    """
    base = counted(process, first, MeasurementProtocol.EIGENBASIS)
    one, two = jump_amounts(process, first), jump_amounts(process, second)
    added, subtracted = (_cumulants(process, replace(base, amounts=one + sign * two))[1] for sign in (1.0, -1.0))
    return (added - subtracted) / 4


def _cumulants(process: JumpProcess, quantity: Counted) -> tuple[float, float, float]:
    mean = _moments(process, quantity, order=1, offset=0.0)[1]
    _, shift, second, third = _moments(process, quantity, order=3, offset=mean)
    # The first central moment vanishes up to rounding; removing what is left makes the others exact about the mean.
    return mean + shift, second - shift**2, third - 3 * shift * second + 2 * shift**3


def _moments(process: JumpProcess, quantity: Counted, *, order: int, offset: float) -> list[float]:
    """Moments of order 0 to `order` of the quantity minus an offset that accrues evenly in time."""
    start = quantity.start.derivatives(order)
    end = quantity.end.derivatives(order)
    images = _propagated(process, quantity.amounts, start, offset / process.duration)
    return [
        factorial(k) * sum(float(np.vdot(end[j], images[k - j]).real) for j in range(k + 1)) for k in range(order + 1)
    ]


def _propagated(
    process: JumpProcess, amounts: FloatArray, start: list[ComplexArray], drift: float
) -> list[ComplexArray]:
    """Taylor coefficients of the tilted evolution of an operator given by its own coefficients."""
    d, count = process.system.dimension, len(start)
    operators = process.jump_operators
    diagonals = [compact_liouvillian(process.hamiltonian, operators)]
    generator: Any
    diagonals += [jump_superoperator(operators, amounts**k / factorial(k), d) for k in range(1, count)]
    if isinstance(diagonals[0], np.ndarray):
        blank = np.zeros_like(diagonals[0])
        diagonals[1] = diagonals[1] - drift * np.eye(d * d)
        generator = np.block([[diagonals[i - j] if i >= j else blank for j in range(count)] for i in range(count)])
    else:
        diagonals[1] = diagonals[1] - drift * scipy.sparse.eye_array(d * d, dtype=np.complex128, format="csr")
        blocks: Any = [[diagonals[i - j] if i >= j else None for j in range(count)] for i in range(count)]
        generator = scipy.sparse.block_array(blocks, format="csr")
    vector = np.concatenate([part.ravel() for part in start])
    image, scale = exponential_action(generator, vector, process.duration)
    image = image * np.exp(scale)
    return [part.reshape(d, d) for part in np.split(image, count)]
