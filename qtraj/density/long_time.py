r"""Long times: the scaled cumulant generating function, currents and zero-frequency noise.

Mapping: for amounts :math:`c_k` counted by jumps,
:math:`\theta(u) = \lim_{T\to\infty}\tfrac1T\ln\langle e^{-ux}\rangle` is the eigenvalue of the tilted generator
:math:`\mathcal{L}_u` with the largest real part, which is real. Its derivatives at 0 are the current
:math:`I = \sum_kc_kr_k` and the noise :math:`D = \lim Var(x)/T`, found from the steady state :math:`\nu` and the group
inverse :math:`\mathcal{R}` of the generator on the complement of its kernel:

.. math:: D_{xy} = \sum_kc_kd_kr_k - tr[\mathcal{J}_x\mathcal{R}\mathcal{J}_y\nu] - tr[\mathcal{J}_y\mathcal{R}
          \mathcal{J}_x\nu], \qquad \mathcal{J}_x(X) = \sum_kc_kL_kXL_k^\dagger .
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.density.counting import jump_amounts
from qtraj.density.jump_process import stationary_set
from qtraj.density.tilted_generator import tilted_generator
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.generators import liouvillian
from qtraj.quantum.matrices import dagger

__all__ = ["LongTimeStatistics", "long_time_statistics", "scaled_cumulant_generating_function"]


def scaled_cumulant_generating_function(process: JumpProcess, name: str, u: float) -> float:
    r"""The limit of :math:`\tfrac1T\ln\langle e^{-ux}\rangle` for a quantity x that jumps count.

    Args:
        process: The process; its start and duration do not matter.
        name: `sigma`, `heat`, `heat_into_<bath>`, `entropy_into_<bath>` or `jumps`.
        u: Counting parameter.

    Example:
        In a single bath heat cannot flow for ever.

        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> abs(scaled_cumulant_generating_function(davies_qutrit(), "sigma", 0.7)) < 1e-12
        True
    """
    weights = np.exp(-u * jump_amounts(process, name))
    return float(np.linalg.eigvals(tilted_generator(process, weights)).real.max())


@dataclass(frozen=True, kw_only=True, eq=False)
class LongTimeStatistics:
    """Currents and zero-frequency noise of several quantities in the steady state.

    Attributes:
        names: The quantities.
        currents: Mean of each per unit time, shape (k,).
        noise: Limit of covariances per unit time, shape (k, k).
    """

    names: tuple[str, ...]
    currents: FloatArray
    noise: FloatArray


def long_time_statistics(process: JumpProcess, *names: str) -> LongTimeStatistics:
    """Currents and zero-frequency noise of quantities that jumps count.

    Args:
        process: The process.
        names: `heat_into_<bath>`, `entropy_into_<bath>`, `heat`, `sigma` or `jumps`.

    Raises:
        InvalidInput: If the steady state is not unique: the noise then grows with the square of time.

    Example:
        >>> from qtraj.models.rfa13 import dephased_junction
        >>> found = long_time_statistics(dephased_junction(), "entropy_into_left", "entropy_into_right")
        >>> found.currents.round(9).tolist()
        [-0.00088858, 0.002369546]
    """
    found = stationary_set(process)
    steady = found.only("for zero-frequency noise")
    d = process.system.dimension
    generator = liouvillian(process.hamiltonian, process.jump_operators)
    projection = found.projection
    # L - P is invertible; its inverse and the group inverse of L agree on traceless operators.
    invertible = generator - projection
    operators = process.jump_operators
    amounts = np.array([jump_amounts(process, name) for name in names])
    rates = np.array([float((np.conj(jump) * (jump @ steady)).sum().real) for jump in operators])
    currents = amounts @ rates
    noise = (amounts * rates) @ amounts.T
    responses: list[ComplexArray] = []
    for own, current in zip(amounts, currents, strict=True):
        source = _counted(operators, own, steady) - float(current) * steady
        response = np.linalg.solve(invertible, source.ravel()).reshape(d, d)
        responses.append(np.asarray(response, dtype=np.complex128))
    for i, own in enumerate(amounts):
        for j, response in enumerate(responses):
            crossed = float(np.trace(_counted(operators, own, response)).real)
            noise[i, j] -= crossed
            noise[j, i] -= crossed
    return LongTimeStatistics(names=names, currents=frozen(currents), noise=frozen(noise))


def _counted(operators: list[ComplexArray], amounts: FloatArray, state: ComplexArray) -> ComplexArray:
    """The counted part of the jump terms acting on an operator."""
    total = np.zeros_like(state)
    for amount, operator in zip(amounts, operators, strict=True):
        total = total + amount * (operator @ state @ dagger(operator))
    return total
