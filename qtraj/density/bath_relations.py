r"""How far a state is from each of its baths: stationary sets, relative entropies and their decay [RFA13].

Mapping: a bath b alone (its dissipator, without the Hamiltonian) takes a state to the stationary state
:math:`B_b(\rho)`. The distance :math:`R[\rho\|B_b] = S(\rho\|B_b(\rho))`, Eq. (1), decays along the bath's own
generator, :math:`P_b = -dR/dt = tr[\mathcal{L}_b(\rho)(\ln B_b(\rho) - \ln\rho)] \ge 0`, Eq. (2), and along that
one only. Flow :math:`J_b = \mathcal{L}_b(\rho)`, force :math:`X_b = \ln B_b(\rho) - \ln\rho`, Eq. (3), entropy
flux out of the bath :math:`\Phi_b = -tr[\mathcal{L}_b(\rho)\ln B_b(\rho)]`.

Eq. (2) has a wrong sign in print: with this :math:`\Phi`, :math:`dS/dt = \Phi + P`, so in a steady state the sum of
all :math:`P_b` is :math:`-\sum_b\Phi_b`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.density.jump_process import stationary_set
from qtraj.density.jump_rates import bath_action
from qtraj.errors import InvalidState
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.entropies import relative_entropy
from qtraj.quantum.generators import computed_state
from qtraj.quantum.matrices import dagger

__all__ = ["BathRelation", "bath_relation", "relative_entropy_to_bath"]

# What a state of lower rank may hold, in rounding, outside the support of its logarithm.
SUPPORT_TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class BathRelation:
    r"""A state and one bath, energy eigenbasis.

    Attributes:
        bath: Name of the bath.
        stationary: :math:`B_b(\rho)`, shape (d, d).
        flow: :math:`J_b = \mathcal{L}_b(\rho)`, shape (d, d).
        force: :math:`X_b = \ln B_b(\rho) - \ln\rho`, shape (d, d).
        relative_entropy: :math:`R[\rho\|B_b]`, nats.
        entropy_production: :math:`P_b = tr[J_bX_b]`, nats per unit time.
        entropy_flux: :math:`\Phi_b`, out of the bath into the system.
        heat_current: :math:`tr[HJ_b]`, out of the bath into the system.
    """

    bath: str
    stationary: ComplexArray
    flow: ComplexArray
    force: ComplexArray
    relative_entropy: float
    entropy_production: float
    entropy_flux: float
    heat_current: float


def relative_entropy_to_bath(process: JumpProcess, bath: str, state: ComplexArray) -> float:
    r""":math:`R[\rho\|B_b] = S(\rho\|B_b(\rho))` in nats, for a density matrix in the energy eigenbasis.

    Example:
        >>> from qtraj.models.rfa13 import dephasing_qubit
        >>> process = dephasing_qubit()
        >>> round(relative_entropy_to_bath(process, "dephasing", process.system.energy_state.matrix), 9)
        0.200243593
    """
    stationary = stationary_set(process, bath).reached_from(state)
    return relative_entropy(computed_state(state), computed_state(stationary))


def bath_relation(process: JumpProcess, bath: str, state: ComplexArray) -> BathRelation:
    """Flow, force, distance and its decay for one bath.

    Args:
        process: The process.
        bath: Name of the bath.
        state: Density matrix of full rank in the energy eigenbasis, shape (d, d).

    Raises:
        InvalidState: If the state or its stationary state is not of full rank: forces would be infinite.

    Example:
        >>> from qtraj.models.rfa13 import dephasing_qubit
        >>> process = dephasing_qubit()
        >>> relation = bath_relation(process, "dephasing", process.system.energy_state.matrix)
        >>> round(relation.relative_entropy, 6), round(relation.heat_current, 6)
        (0.200244, -0.12)
    """
    stationary = stationary_set(process, bath).reached_from(state)
    flow = bath_action(process, bath, state)
    log_stationary, log_state = _logarithm(stationary, "stationary state"), _logarithm(state, "state")
    force = log_stationary - log_state
    return BathRelation(
        bath=bath,
        stationary=frozen(stationary),
        flow=frozen(flow),
        force=frozen(force),
        relative_entropy=relative_entropy(computed_state(state), computed_state(stationary)),
        entropy_production=float(np.vdot(flow, force).real),
        entropy_flux=-float(np.vdot(flow, log_stationary).real),
        heat_current=float((process.system.spectrum.energies * np.diag(flow).real).sum()),
    )


def _logarithm(matrix: ComplexArray, label: str) -> ComplexArray:
    values, vectors = np.linalg.eigh((matrix + dagger(matrix)) / 2)
    if values[0] <= SUPPORT_TOLERANCE:
        raise InvalidState(
            f"the {label} must have full rank for a thermodynamic force, but its smallest eigenvalue is "
            f"{values[0]:.3g}",
            measured=float(values[0]),
        )
    logarithm: ComplexArray = (vectors * np.log(values)) @ dagger(vectors)
    return logarithm
