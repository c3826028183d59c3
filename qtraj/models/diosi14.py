r"""The system of [Diosi14]: two thermalized two-level systems, coupled by noise instead of coherently.

Mapping: :math:`H=\omega_A\hat n_A+\omega_B\hat n_B`; thermalizers with jumps :math:`\sqrt{\Gamma_A}\,\hat a` and
:math:`\sqrt{\Gamma_Ae^{-\beta_A\omega_A}}\,\hat a^\dagger`, likewise for B; white noise in the coupling, which gives
jumps :math:`\sqrt\varepsilon\,\hat a^\dagger\hat b` and :math:`\sqrt\varepsilon\,\hat a\hat b^\dagger`. The noise is a
bath of infinite temperature: its jumps carry energy :math:`\pm(\omega_B-\omega_A)` but no entropy.

Basis: product states, A first; level 0 of each is its ground state. The slides' operator
:math:`\hat n_A+\hat n_B-2\hat n_A\hat n_B`, the total rate of hops, holds for two-level systems; bosons would have a
plus sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.errors import UnknownName
from qtraj.models.diosi14_closed_forms import pair_currents
from qtraj.models.parameters import check_not_negative, check_positive
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import System
from qtraj.quantum.states import State, gibbs_log_populations

__all__ = ["STATISTICS", "resonant_pair", "resonant_pair_extras"]

STATISTICS = ("spin", "fermion")


def resonant_pair(
    *,
    frequency_a: float = 1.0,
    frequency_b: float = 1.0,
    beta_a: float = 0.5,
    beta_b: float = 1.5,
    rate_a: float = 1.0,
    rate_b: float = 1.0,
    noise_strength: float = 0.1,
    statistics: str = "spin",
    duration: float = 10.0,
) -> JumpProcess:
    r"""Two thermalized two-level systems that exchange excitations through noise ([Diosi14]).

    Baths are called `a`, `b` and `noise`. The pair starts in the product of the two thermal states, where it would stay
    without the noise. Spins and fermions have the same populations, currents and trajectories of baths and times; they
    differ only in the phase that a hop gives to superpositions with an excitation of A.

    Args:
        frequency_a: Level splitting of A, positive.
        frequency_b: Level splitting of B, positive; off resonance the noise does work.
        beta_a: Inverse temperature of bath a, at least 0.
        beta_b: Inverse temperature of bath b, at least 0.
        rate_a: Rate Gamma_A at which bath a takes an excitation, positive.
        rate_b: Rate Gamma_B at which bath b takes an excitation, positive.
        noise_strength: Rate epsilon of hops in either direction, at least 0.
        statistics: `spin` (operators of A and B commute) or `fermion` (they anticommute).
        duration: Time the process lasts, positive.

    Raises:
        InvalidInput: If a parameter is out of range.
        UnknownName: If there are no such statistics.

    Example:
        >>> resonant_pair().baths
        ('a', 'b', 'noise')
    """
    check_positive(frequency_a=frequency_a, frequency_b=frequency_b, rate_a=rate_a, rate_b=rate_b, duration=duration)
    check_not_negative(beta_a=beta_a, beta_b=beta_b, noise_strength=noise_strength)
    a, b = _lowering(statistics)
    logs = (
        gibbs_log_populations(np.array([0.0, frequency_a]), beta_a)[:, None]
        + gibbs_log_populations(np.array([0.0, frequency_b]), beta_b)[None, :]
    )
    system = System(
        energies=np.array([0.0, frequency_b, frequency_a, frequency_a + frequency_b]),
        state=State(log_eigenvalues=logs.ravel(), vectors=np.eye(4, dtype=np.complex128)),
    )
    return JumpProcess(
        system=system,
        duration=duration,
        channels=(
            Channel(operator=a, bath="a", rate=rate_a, energy=frequency_a, inverse_temperature=beta_a),
            Channel(operator=b, bath="b", rate=rate_b, energy=frequency_b, inverse_temperature=beta_b),
            Channel(
                operator=a.conj().T @ b,
                bath="noise",
                rate=noise_strength,
                energy=frequency_b - frequency_a,
                inverse_temperature=0.0,
            ),
        ),
    )


def resonant_pair_extras(process: JumpProcess, **parameters: Any) -> dict[str, Any]:
    """Steady heat currents, the power of the noise and the rate of entropy production, from closed forms.

    Heat currents are positive out of the bath into the pair; `noise_power` is positive into the pair and makes the
    three add up to zero.

    Args:
        process: What `resonant_pair` returned.
        parameters: All of its parameters.

    Example:
        >>> from qtraj.models.registry import find_model
        >>> model = find_model("resonant-pair")
        >>> model.own_averages(model.build(), noise_strength=0.1)["heat_current_from_a"]
        0.017055469...
    """
    names = set(parameters) - {"statistics", "duration"}
    currents = pair_currents(**{name: parameters[name] for name in names})
    return {
        "heat_current_from_a": currents.heat_current_from_a,
        "heat_current_from_b": currents.heat_current_from_b,
        "noise_power": currents.noise_power,
        "entropy_production_rate": currents.entropy_production_rate,
    }


def _lowering(statistics: str) -> tuple[ComplexArray, ComplexArray]:
    """The operators a and b; those of fermions by Jordan and Wigner, a first."""
    if statistics not in STATISTICS:
        raise UnknownName("statistics", str(statistics), STATISTICS)
    flip = np.array([[0, 1], [0, 0]])
    string = np.diag([1, -1]) if statistics == "fermion" else np.eye(2)
    return np.kron(flip, np.eye(2)).astype(np.complex128), np.kron(string, flip).astype(np.complex128)
