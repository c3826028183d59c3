r"""Closed forms of the incoherently coupled pair of [Diosi14], with the slides' own formulas beside the right ones.

Mapping: two-level systems A and B of frequencies :math:`\omega_A, \omega_B`, each with a thermalizer that takes an
excitation out at rate :math:`\Gamma_x` and puts one in at rate :math:`\Gamma_x q_x`, with
:math:`q_x = e^{-\beta_x\omega_x}`; alone, A would settle at the occupation :math:`n_x = q_x/(1+q_x)`. White noise of
strength :math:`\varepsilon` hops an excitation either way at rate :math:`\varepsilon`.

Derivation of the exact currents. The hop conserves :math:`\hat n_A + \hat n_B` and its two directions cancel where
both or neither are excited, so the occupations obey linear equations although the two systems are correlated:

.. math::
    \dot{\langle n_A\rangle} = -g_A(\langle n_A\rangle - n_A) - \varepsilon(\langle n_A\rangle - \langle n_B\rangle),
    \qquad g_x = \Gamma_x(1+q_x),

and likewise for B. In the steady state one current of excitations flows through three conductors in series,

.. math::
    j = g_A(n_A-\langle n_A\rangle) = \varepsilon(\langle n_A\rangle-\langle n_B\rangle)
      = g_B(\langle n_B\rangle-n_B)
    \quad\Rightarrow\quad
    j = \frac{\varepsilon(n_A-n_B)}{1+\varepsilon/g_A+\varepsilon/g_B},

for any strength of the noise and any rates. Then :math:`J_A=\omega_A j`, :math:`J_B=-\omega_B j`, and what is missing
off resonance, :math:`(\omega_B-\omega_A)j`, is the power of the noise. The noise carries no entropy, so entropy is
produced at the rate :math:`-\beta_AJ_A-\beta_BJ_B=(\beta_B\omega_B-\beta_A\omega_A)\,j\ge 0`: heat may well flow from
the colder bath to the hotter one, but only off resonance, where the noise pays for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.models.occupations import fermi

__all__ = ["PairCurrents", "pair_currents", "printed_first_order_state", "printed_pair_current"]


@dataclass(frozen=True, kw_only=True)
class PairCurrents:
    """Steady currents of the incoherently coupled pair.

    Attributes:
        excitation_current: j, excitations from A to B per unit time.
        heat_current_from_a: J_A, out of bath a into the pair.
        heat_current_from_b: J_B, out of bath b into the pair.
        noise_power: Power of the noise, positive into the pair; the three add up to zero.
        entropy_production_rate: Never negative, in nats per unit time.
        occupation_a: Mean excitation of A.
        occupation_b: Mean excitation of B.
    """

    excitation_current: float
    heat_current_from_a: float
    heat_current_from_b: float
    noise_power: float
    entropy_production_rate: float
    occupation_a: float
    occupation_b: float


def pair_currents(
    *,
    frequency_a: float,
    frequency_b: float,
    beta_a: float,
    beta_b: float,
    rate_a: float,
    rate_b: float,
    noise_strength: float,
) -> PairCurrents:
    """The exact steady currents, for any strength of the noise and any detuning; the module says why.

    Args:
        frequency_a: Level splitting of A, positive.
        frequency_b: Level splitting of B, positive.
        beta_a: Inverse temperature of bath a.
        beta_b: Inverse temperature of bath b.
        rate_a: Downward rate Gamma_A, positive.
        rate_b: Downward rate Gamma_B, positive.
        noise_strength: Rate epsilon of hops, at least 0.

    Example:
        >>> same = {"frequency_a": 1.0, "frequency_b": 1.0, "rate_a": 1.0, "rate_b": 1.0}
        >>> pair_currents(**same, beta_a=0.5, beta_b=1.5, noise_strength=0.1).heat_current_from_a
        0.0170554692649...
    """
    n_a, n_b = fermi(beta_a * frequency_a), fermi(beta_b * frequency_b)
    g_a = rate_a * (1 + math.exp(-beta_a * frequency_a))
    g_b = rate_b * (1 + math.exp(-beta_b * frequency_b))
    j = noise_strength * (n_a - n_b) / (1 + noise_strength / g_a + noise_strength / g_b)
    return PairCurrents(
        excitation_current=j,
        heat_current_from_a=frequency_a * j,
        heat_current_from_b=-frequency_b * j + 0.0,  # not -0.0
        noise_power=(frequency_b - frequency_a) * j + 0.0,
        entropy_production_rate=(beta_b * frequency_b - beta_a * frequency_a) * j,
        occupation_a=n_a - j / g_a,
        occupation_b=n_b + j / g_b,
    )


def printed_pair_current(*, frequency: float, beta_a: float, beta_b: float, noise_strength: float) -> float:
    r"""The heat current of section 5 as printed, :math:`\varepsilon\omega(e^{-\omega\beta_A}-e^{-\omega\beta_B})`.

    It is not what the slides' own first-order state gives: the normalisation
    :math:`(1+e^{-\beta_A\omega})(1+e^{-\beta_B\omega})` has been lost, which leaves the sign and costs a factor of up
    to 4. To first order in the noise the current is :math:`\varepsilon\omega(n_A-n_B)`; exactly, it is that of
    `pair_currents`.

    Args:
        frequency: omega of both systems, positive.
        beta_a: Inverse temperature of bath a.
        beta_b: Inverse temperature of bath b.
        noise_strength: Rate epsilon of hops, at least 0.

    Example:
        >>> printed_pair_current(frequency=1.0, beta_a=0.5, beta_b=1.5, noise_strength=0.1)  # right: 0.0171
        0.0383400499564...
    """
    return noise_strength * frequency * (math.exp(-frequency * beta_a) - math.exp(-frequency * beta_b))


def printed_first_order_state(
    *, frequency: float, beta_a: float, beta_b: float, rate: float, noise_strength: float
) -> ComplexArray:
    r"""The steady state of section 4 to first order in :math:`\varepsilon/\Gamma`, as printed, which is right.

    .. math::
        \rho_A\rho_B - \frac{\varepsilon}{\Gamma}\,
        \frac{D^2\rho_A\rho_B + \hat D_A\hat D_B + 2\hat D_A + 2\hat D_B}{(2+q_A+q_B)(1+q_A)(1+q_B)},
        \qquad D = q_A-q_B,\quad \hat D_A = D\,\hat n_A,\quad \hat D_B = -D\,\hat n_B .

    Args:
        frequency: omega of both systems, positive.
        beta_a: Inverse temperature of bath a.
        beta_b: Inverse temperature of bath b.
        rate: Gamma of both thermalizers, positive.
        noise_strength: Rate epsilon of hops, at least 0.

    Returns:
        Matrix of shape (4, 4) in the product basis, A first, level 0 the ground state; diagonal.

    Example:
        >>> options = {"frequency": 1.0, "beta_a": 0.5, "beta_b": 1.5, "rate": 1.0}
        >>> state = printed_first_order_state(**options, noise_strength=0.01)
        >>> round(float(np.trace(state).real), 12)
        1.0
    """
    q_a, q_b = math.exp(-beta_a * frequency), math.exp(-beta_b * frequency)
    n_a, n_b = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    product = np.kron([1.0, q_a], [1.0, q_b]) / ((1 + q_a) * (1 + q_b))
    D = q_a - q_b
    bracket = D**2 * product - D**2 * n_a * n_b + 2 * D * n_a - 2 * D * n_b
    populations = product - noise_strength / rate * bracket / ((2 + q_a + q_b) * (1 + q_a) * (1 + q_b))
    return np.diag(populations).astype(np.complex128)
