r"""Systems of [Santos19], coherence and entropy production.

Mapping: the exchange :math:`U = e^{-i\theta(\sigma_+\sigma_- + \sigma_-\sigma_+)}` between two resonant qubits of
frequency :math:`\omega` is a thermal operation for every angle :math:`\theta`; :math:`\theta = \pi/2` swaps the qubits.
"""

from __future__ import annotations

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["two_qubit_exchange"]


def two_qubit_exchange(
    *,
    angle: float = np.pi / 4,
    frequency: float = 1.0,
    beta_system: float = 0.9,
    beta_environment: float = 1.25,
    correlation: complex = 0.0,
) -> ThermalOperation:
    r"""Heat exchange between two qubits at different temperatures ([Santos19] ref. 38, [Micadei19]).

    The system starts in the Gibbs state of its own inverse temperature and exchanges excitations with the environment
    qubit. The mean heat into the environment is
    :math:`\omega\sin^2\theta\,[n(\beta_S) - n(\beta_E)]` with :math:`n(\beta) = 1/(e^{\beta\omega}+1)`.

    Args:
        angle: Exchange angle theta in radians.
        frequency: Level splitting omega > 0 of both qubits.
        beta_system: Inverse temperature of the system, at least 0.
        beta_environment: Inverse temperature of the environment, at least 0.
        correlation: Initial coherence between the two qubits; only 0, a product start, is a thermal operation.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> process = two_qubit_exchange(angle=np.pi / 2)
        >>> process.final_state.real.diagonal().round(4).tolist()  # the environment's populations
        [0.7773, 0.2227]
    """
    if correlation != 0:
        raise InvalidInput(
            f"`correlation` must be 0 (a product start), but is {correlation}; with a correlated start this is no "
            "thermal operation",
            measured=abs(correlation),
        )
    if not (np.isfinite(frequency) and frequency > 0):
        raise InvalidInput(f"`frequency` must be positive, but is {frequency}", measured=float(frequency))
    for name, beta in (("beta_system", beta_system), ("beta_environment", beta_environment)):
        if not (np.isfinite(beta) and beta >= 0):
            raise InvalidInput(f"`{name}` must be finite and not negative, but is {beta}", measured=float(beta))
    energies = np.array([0.0, frequency])
    system = System(energies=energies, state=State.gibbs(energies, beta_system))
    environment = Environment(energies=energies, inverse_temperature=beta_environment)
    unitary = EnergyConservingUnitary.exchange(system, environment, coupling=1.0, time=angle)
    return ThermalOperation(system=system, environment=environment, unitary=unitary)
