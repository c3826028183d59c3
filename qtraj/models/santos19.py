r"""Systems of [Santos19], coherence and entropy production.

Mapping: the exchange :math:`U = e^{-i\theta(\sigma_+\sigma_- + \sigma_-\sigma_+)}` between two resonant qubits of
frequency :math:`\omega` is a thermal operation for every angle :math:`\theta`; :math:`\theta = \pi/2` swaps the qubits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.models.parameters import check_not_negative, check_positive
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.scalars import real_number
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["two_qubit_exchange"]

# A correlation computed from the bound may exceed it by the rounding of a few exponentials.
ROUNDING = 1e-14


def two_qubit_exchange(
    *,
    angle: float = np.pi / 4,
    frequency: float = 1.0,
    beta_system: float = 0.9,
    beta_environment: float = 1.25,
    correlation: complex = 0.0,
) -> ThermalOperation | CorrelatedOperation:
    r"""Heat exchange between two qubits at different temperatures ([Santos19] ref. 38, [Micadei19]).

    The system starts in the Gibbs state of its own inverse temperature and exchanges excitations with the environment
    qubit. The mean heat into the environment is
    :math:`\omega\sin^2\theta\,[n(\beta_S) - n(\beta_E)] - \omega\sin 2\theta\,\mathrm{Im}\,\chi` with
    :math:`n(\beta) = 1/(e^{\beta\omega}+1)` and the correlation :math:`\chi = \langle 01|\rho_{SE}|10\rangle`, which
    can turn its sign.

    Args:
        angle: Exchange angle theta in radians.
        frequency: Level splitting omega > 0 of both qubits.
        beta_system: Inverse temperature of the system, at least 0.
        beta_environment: Inverse temperature of the environment, at least 0.
        correlation: Initial coherence of |01><10| (system first), complex. Its modulus is at most
            the square root of p_0 p_1 q_0 q_1, the populations of both qubits. 0 is a product start.

    Returns:
        A thermal operation for a product start, else a correlated operation.

    Raises:
        InvalidInput: If a parameter is out of range; the message about a correlation has the bound.

    Example:
        >>> process = two_qubit_exchange(angle=np.pi / 2)
        >>> process.final_state.real.diagonal().round(4).tolist()  # the environment's populations
        [0.7773, 0.2227]
    """
    check_positive(frequency=frequency)
    check_not_negative(beta_system=beta_system, beta_environment=beta_environment)
    given: Any = correlation
    correlation = given if isinstance(given, complex) else real_number(given, "correlation", finite=False)
    energies = np.array([0.0, frequency])
    system = System(energies=energies, state=State.gibbs(energies, beta_system))
    environment = Environment(energies=energies, inverse_temperature=beta_environment)
    unitary = EnergyConservingUnitary.exchange(system, environment, coupling=1.0, time=angle)
    if correlation == 0:
        return ThermalOperation(system=system, environment=environment, unitary=unitary)
    # sqrt(p_0 p_1) in a form that neither overflows nor vanishes early: e^{-x} / (1 + e^{-2x}) at x = beta omega / 2.
    halves = frequency * np.array([beta_system, beta_environment]) / 2
    bound = float(np.prod(np.exp(-halves) / (1 + np.exp(-2 * halves))))
    if not abs(correlation) <= bound * (1 + ROUNDING):
        raise InvalidInput(
            f"`correlation` must have modulus at most {bound:.12g}, where the joint state stops being positive, but "
            f"has {abs(correlation):.12g}",
            measured=abs(correlation),
        )
    chi = np.zeros((4, 4), dtype=np.complex128)
    chi[1, 2], chi[2, 1] = correlation, np.conj(correlation)
    return CorrelatedOperation(system=system, environment=environment, unitary=unitary, correlations=chi, accuracy=0.0)
