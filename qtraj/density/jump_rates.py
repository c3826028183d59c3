r"""Currents and entropy production rates of a jump process in a given state.

Mapping ([Santos19] Eqs. (7)-(9), [RFA13] Eq. (2)): bath generators
:math:`\mathcal{L}_b(\rho) = \sum_{k\in b}(L_k\rho L_k^\dagger - \tfrac12\{L_k^\dagger L_k,\rho\})`, jump rates
:math:`r_k = tr[L_k^\dagger L_k\rho]`, entropy into a bath :math:`\dot S_b = \sum_{k\in b}s_kr_k`, and

.. math:: \Pi = \frac{dS}{dt} + \sum_b\dot S_b = \Pi_d + \Upsilon,\qquad
          \Pi_d = \frac{dS(\Delta\rho)}{dt} + \sum_b\dot S_b,\qquad \Upsilon = -\frac{dC}{dt}.

In [RFA13] the sign of the flux in Eq. (2) is off: :math:`dS/dt = -tr[\dot\rho\ln B(\rho)] + P`; its
:math:`\Phi_b = -tr[\mathcal{L}_b(\nu)\ln B_b(\nu)]` is what flows *out of* the bath, :math:`-\dot S_b`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.density.matrix_entropy import pinched_matrix
from qtraj.density.record import Record
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.matrices import dagger

__all__ = ["JumpRates", "bath_action", "entropy_derivative", "rates_at", "rates_in"]

# Eigenvalues below this are rounding; a state gains weight there at an infinite entropy production rate.
EMPTY = 1e-14
# Gains below this, relative to the largest rate of change, are rounding.
NO_GAIN = 1e-11


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class JumpRates(Record):
    r"""Rates in one state, in nats and energies per unit time.

    Attributes:
        entropy_production: :math:`\Pi`; inf where a state of lower rank starts to fill.
        population_entropy_production: :math:`\Pi_d` (same).
        coherence_entropy_production: :math:`\Upsilon = \Pi - \Pi_d`; NaN where both are infinite.
        entropy_change: :math:`dS/dt` of the system.
        entropy_into: Entropy into every bath by name, as the jumps book it.
        heat_into: Heat into every bath as the jumps book it; None where a jump has no definite heat.
        heat_current_from: Energy out of every bath into the system, :math:`tr[H\mathcal{L}_b(\rho)]`, with the full
            Hamiltonian ([LK14] Eq. (5)). It differs from what the jumps book where these are no quanta of H.
        jump_rates: :math:`r_k`, shape (J,).
        populations: Energy populations, shape (d,).
    """

    entropy_production: float
    population_entropy_production: float
    coherence_entropy_production: float
    entropy_change: float
    entropy_into: dict[str, float]
    heat_into: dict[str, float | None]
    heat_current_from: dict[str, float]
    jump_rates: FloatArray
    populations: FloatArray

    @property
    def entropy_flux(self) -> dict[str, float]:
        """Entropy out of every bath into the system."""
        return {bath: -flow for bath, flow in self.entropy_into.items()}


def bath_action(process: JumpProcess, bath: str, state: ComplexArray) -> ComplexArray:
    r"""What one bath alone makes of a state, :math:`\mathcal{L}_b(\rho)`, shape (d, d), energy eigenbasis.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> process = davies_qutrit()
        >>> change = bath_action(process, "environment", process.system.energy_state.matrix)
        >>> bool(abs(np.trace(change)) < 1e-15)
        True
    """
    change = np.zeros(state.shape, dtype=np.complex128)
    for jump in process.jumps:
        if jump.bath == bath:
            loss = dagger(jump.operator) @ jump.operator
            change += jump.operator @ state @ dagger(jump.operator) - (loss @ state + state @ loss) / 2
    return change


def rates_at(process: JumpProcess, time: float) -> JumpRates:
    """Rates at a time after the start; at time 0 in the initial state.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> rates = rates_at(davies_qutrit(), 1.0)
        >>> rates.entropy_production > rates.population_entropy_production > 0
        True
    """
    state = process.system.energy_state if time == 0 else process.lasting(time).final_energy_state
    return rates_in(process, state.matrix)


def rates_in(process: JumpProcess, state: ComplexArray) -> JumpRates:
    """Rates in a state given by its density matrix in the energy eigenbasis, shape (d, d).

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> process = davies_qutrit()
        >>> round(rates_in(process, process.system.energy_state.matrix).entropy_change, 6)
        0.239111
    """
    spectrum = process.system.spectrum
    jump_rates = np.array(
        [float((np.conj(jump.operator) * (jump.operator @ state)).sum().real) for jump in process.jumps]
    )
    actions = {bath: bath_action(process, bath, state) for bath in process.baths}
    change = -1j * (process.hamiltonian @ state - state @ process.hamiltonian) + sum(actions.values())
    entropy_into, heat_into = {}, {}
    for position, bath in enumerate(process.baths):
        own = process.bath_of == position
        entropy_into[bath] = float((process.entropies * jump_rates)[own].sum())
        heat = float((process.heats * jump_rates)[own].sum())
        heat_into[bath] = None if np.isnan(heat) else heat
    total = sum(entropy_into.values())
    entropy_change = entropy_derivative(state, change)
    pinched_change = entropy_derivative(
        pinched_matrix(state, spectrum.level_of), pinched_matrix(change, spectrum.level_of)
    )
    return JumpRates(
        entropy_production=entropy_change + total,
        population_entropy_production=pinched_change + total,
        coherence_entropy_production=float(np.subtract(entropy_change, pinched_change))
        if np.isfinite(pinched_change)
        else float("nan"),
        entropy_change=entropy_change,
        entropy_into=entropy_into,
        heat_into=heat_into,
        heat_current_from={
            bath: float((spectrum.energies * np.diag(action).real).sum()) for bath, action in actions.items()
        },
        jump_rates=frozen(jump_rates),
        populations=frozen(np.diag(state).real.copy()),
    )


def entropy_derivative(state: ComplexArray, change: ComplexArray) -> float:
    r""":math:`dS/dt = -tr[\dot\rho\ln\rho]`; inf where an empty direction starts to fill.

    Args:
        state: Density matrix, shape (d, d).
        change: Its traceless time derivative, shape (d, d).

    Example:
        >>> entropy_derivative(np.diag([1.0, 0.0]), np.diag([-1.0, 1.0]))
        inf
    """
    values, vectors = np.linalg.eigh((state + dagger(state)) / 2)
    gains = np.einsum("ij,ik,kj->j", np.conj(vectors), change, vectors).real
    empty = values <= EMPTY
    if (gains[empty] > NO_GAIN * float(np.abs(gains).max(initial=0.0))).any():
        return float("inf")
    return -float((gains[~empty] * np.log(values[~empty])).sum())
