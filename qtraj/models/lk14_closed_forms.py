r"""Steady states of the two-node network in closed form, printed and corrected [LK14].

Mapping: :math:`G_x = \gamma_x(1 + \delta e^{-\beta_x\omega_x})`, :math:`G = G_h + G_c`,
:math:`D = \omega_h - \omega_c`, :math:`n_x = 1/(e^{\beta_x\omega_x} + \delta)`,
:math:`F = 4\epsilon^2 G/(G^2 + 4D^2)`,
:math:`X = a^\dagger b + b^\dagger a`, :math:`Y = i(a^\dagger b - b^\dagger a)`.

*Local.* The steady state of Eq. (8). From :math:`d\langle X\rangle/dt = 0`,
:math:`\langle X\rangle = 2D\langle Y\rangle/G`; from the populations
:math:`\langle a^\dagger a\rangle = n_h - \epsilon\langle Y\rangle/G_h` and
:math:`\langle b^\dagger b\rangle = n_c + \epsilon\langle Y\rangle/G_c`; put into
:math:`d\langle Y\rangle/dt = 0`,

.. math:: \epsilon\langle Y\rangle = \frac{F G_h G_c (n_h - n_c)}{G_h G_c + F G},\qquad
          J_h = \epsilon\langle Y\rangle\,\frac{\omega_h G_c + \omega_c G_h}{G},

where :math:`\epsilon\langle Y\rangle` counts quanta from the hot node to the cold one. This is Eq. (9) with its
function written out, and agrees with the appendix. Heat currents are those of Eq. (5), energy of the *whole*
Hamiltonian that a bath brings in; the quanta that a detector at the bath sees carry
:math:`\omega_h\epsilon\langle Y\rangle` from the hot bath and :math:`-\omega_c\epsilon\langle Y\rangle` from the
cold one.

*Global.* Each mode couples to both baths by itself, with :math:`A_h^+ = G_h(\omega_+)\cos^2\theta`,
:math:`A_h^- = G_h(\omega_-)\sin^2\theta`, sine and cosine swapped for the cold bath:

.. math:: J_h = \sum_\pm \omega_\pm \frac{A_h^\pm A_c^\pm}{A_h^\pm + A_c^\pm}\,[n_h(\omega_\pm) - n_c(\omega_\pm)].

Eq. (13) is misprinted: in its first fraction :math:`e^{\beta_c\omega_+}` must be :math:`e^{\beta_c\omega_-}`. The sign
of the current survives, so that a test of the second law does not see the misprint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtraj.errors import InvalidInput
from qtraj.models.lk14_network import Approach, Bath, TwoNodeNetwork

__all__ = ["SteadyState", "appendix_local_current", "global_current_of_equation_13", "steady_state"]


@dataclass(frozen=True, kw_only=True)
class SteadyState:
    r"""The steady state of the network, and what flows through it.

    Attributes:
        heat_current_from_hot: :math:`J_h` of Eq. (5), out of the hot bath into the network.
        population_hot: :math:`\langle a^\dagger a\rangle`.
        population_cold: :math:`\langle b^\dagger b\rangle`.
        correlation_x: :math:`\langle X\rangle = \langle a^\dagger b + b^\dagger a\rangle`.
        correlation_y: :math:`\langle Y\rangle = i\langle a^\dagger b - b^\dagger a\rangle`.
        jump_heat_current_from_hot: Energy per time in the quanta that the hot bath's detector sees, into the network.
        jump_heat_current_from_cold: The same at the cold bath.
        clausius_rate: :math:`-J_h/T_h - J_c/T_c`, Eq. (1); negative where the local approach lets heat flow uphill.
        jump_entropy_rate: Entropy that the detected quanta take to the baths per time, never negative.
    """

    heat_current_from_hot: float
    population_hot: float
    population_cold: float
    correlation_x: float
    correlation_y: float
    jump_heat_current_from_hot: float
    jump_heat_current_from_cold: float
    clausius_rate: float
    jump_entropy_rate: float

    @property
    def heat_current_from_cold(self) -> float:
        r""":math:`J_c = -J_h`: the first law in the steady state."""
        return -self.heat_current_from_hot


def steady_state(network: TwoNodeNetwork, approach: Approach | str) -> SteadyState:
    """The steady state in the local or the global approach, to full relative accuracy.

    Args:
        network: The network.
        approach: "local" or "global".

    Raises:
        InvalidInput: In the global approach, if the coupling is too strong or the modes are degenerate.

    Example:
        >>> network = TwoNodeNetwork(coupling=1.0)
        >>> steady_state(network, "local").heat_current_from_hot, steady_state(network, "global").heat_current_from_hot
        (-0.01375..., 0.00755...)
    """
    if Approach.parse(approach) is Approach.LOCAL:
        return _local(network)
    return _global(network)


def _local(network: TwoNodeNetwork) -> SteadyState:
    w_h, w_c, coupling = network.frequency_hot, network.frequency_cold, network.coupling
    g_h, g_c = network.damping(Bath.HOT, w_h), network.damping(Bath.COLD, w_c)
    n_h, n_c = network.occupation(Bath.HOT, w_h), network.occupation(Bath.COLD, w_c)
    g, detuning = g_h + g_c, w_h - w_c
    exchange = 4 * coupling**2 * g / (g**2 + 4 * detuning**2)
    quanta = exchange * g_h * g_c / (g_h * g_c + exchange * g) * network.occupation_difference(w_h, w_c)
    y = quanta / coupling if coupling else 0.0
    current = quanta * (w_h * g_c + w_c * g_h) / g
    return SteadyState(
        heat_current_from_hot=current,
        population_hot=n_h - quanta / g_h,
        population_cold=n_c + quanta / g_c,
        correlation_x=2 * detuning * y / g,
        correlation_y=y,
        jump_heat_current_from_hot=quanta * w_h,
        jump_heat_current_from_cold=-quanta * w_c,
        clausius_rate=current * _bias(network),
        jump_entropy_rate=quanta * (w_c / network.temperature_cold - w_h / network.temperature_hot),
    )


def _global(network: TwoNodeNetwork) -> SteadyState:
    modes = network.modes
    current, occupations = 0.0, []
    for upper, frequency in ((True, modes.upper), (False, modes.lower)):
        a_h = modes.weight(Bath.HOT, upper=upper) * network.damping(Bath.HOT, frequency)
        a_c = modes.weight(Bath.COLD, upper=upper) * network.damping(Bath.COLD, frequency)
        share = a_h / (a_h + a_c)
        current += frequency * share * a_c * network.occupation_difference(frequency, frequency)
        occupations.append(
            share * network.occupation(Bath.HOT, frequency) + (1 - share) * network.occupation(Bath.COLD, frequency)
        )
    plus, minus = occupations
    cosine, sine = modes.cosine, modes.sine
    return SteadyState(
        heat_current_from_hot=current,
        population_hot=cosine**2 * plus + sine**2 * minus,
        population_cold=sine**2 * plus + cosine**2 * minus,
        correlation_x=2 * cosine * sine * (plus - minus),
        correlation_y=0.0,
        jump_heat_current_from_hot=current,
        jump_heat_current_from_cold=-current,
        clausius_rate=current * _bias(network),
        jump_entropy_rate=current * _bias(network),
    )


def _bias(network: TwoNodeNetwork) -> float:
    """1/T_c - 1/T_h, without the cancellation of two nearly equal inverse temperatures."""
    t_h, t_c = network.temperature_hot, network.temperature_cold
    return (t_h - t_c) / t_h / t_c


def global_current_of_equation_13(network: TwoNodeNetwork, *, printed: bool) -> float:
    r"""The heat current :math:`J_h` of oscillators in the form of Eq. (13).

    Args:
        network: A network of oscillators.
        printed: With the misprint: :math:`e^{\beta_c\omega_+}` instead of :math:`e^{\beta_c\omega_-}` in the
            denominator of the first fraction.

    Raises:
        InvalidInput: If the nodes are no oscillators, or the modes are not valid.

    Example:
        >>> network = TwoNodeNetwork(coupling=1.0)
        >>> wrong = global_current_of_equation_13(network, printed=True)
        >>> round(wrong / global_current_of_equation_13(network, printed=False) - 1, 4)
        -0.0025
    """
    if network.delta > 0:
        raise InvalidInput("`network` must have oscillators as nodes for Eq. (13), but has two-level nodes")
    modes = network.modes
    up, down = modes.upper, modes.lower
    b_h, b_c = 1 / network.temperature_hot, 1 / network.temperature_cold
    cos2, sin2 = modes.cosine**2, modes.sine**2
    total = 0.0
    # The two fractions are one form: sine and cosine swap, and only the first one's exponent is misprinted. Both are
    # multiplied by sin^2 cos^2, so that no coupling is no division by zero.
    for frequency, hot2, cold2, exponent in ((down, sin2, cos2, up if printed else down), (up, cos2, sin2, up)):
        rate_h, rate_c = network.downward_rate(Bath.HOT, frequency), network.downward_rate(Bath.COLD, frequency)
        numerator = (math.exp(b_c * frequency) - math.exp(b_h * frequency)) * rate_c * rate_h * frequency
        from_cold = cold2 * math.exp(b_h * frequency) * math.expm1(b_c * frequency) * rate_c
        from_hot = hot2 * math.exp(b_c * exponent) * math.expm1(b_h * frequency) * rate_h
        total += numerator * hot2 * cold2 / (from_cold + from_hot)
    return total


def appendix_local_current(network: TwoNodeNetwork) -> float:
    r"""The heat current :math:`J_h` of the local approach as printed in the appendix of [LK14], which is right.

    Example:
        >>> network = TwoNodeNetwork(coupling=1.0)
        >>> abs(appendix_local_current(network) / steady_state(network, "local").heat_current_from_hot - 1) < 1e-12
        True
    """
    w_h, w_c, delta, coupling = network.frequency_hot, network.frequency_cold, network.delta, network.coupling
    r_h, r_c = network.downward_rate(Bath.HOT, w_h), network.downward_rate(Bath.COLD, w_c)
    e_h, e_c = math.exp(w_h / network.temperature_hot), math.exp(w_c / network.temperature_cold)
    s_h, s_c = e_h + delta, e_c + delta
    numerator = 4 * coupling**2 * r_c * r_h * e_c * e_h * (w_c * r_h * e_c * s_h + r_c * w_h * e_h * s_c)
    denominator = (
        r_c**3 * r_h * e_h**2 * s_c**3 * s_h
        + 2 * r_c**2 * s_c**2 * e_c * e_h * (r_h**2 * s_h**2 + 2 * coupling**2 * e_h**2)
        + r_c * r_h * e_c**2 * s_c * s_h * (4 * e_h**2 * ((w_c - w_h) ** 2 + 2 * coupling**2) + r_h**2 * s_h**2)
        + 4 * coupling**2 * r_h**2 * e_c**3 * e_h * s_h**2
    )
    return (e_c - e_h) * numerator / denominator
