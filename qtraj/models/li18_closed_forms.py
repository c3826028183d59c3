r"""Steady heat currents of [Li18] that are known in closed form.

Mapping: interaction angle :math:`\gamma`, exchange angle :math:`\delta`, coherence p, phase difference
:math:`\phi=\phi_h-\phi_c`, frequency :math:`\omega`. All currents are the energy one hot unit gains per round in the
steady state, :math:`J_h`, negative where heat leaves the hot reservoir; the cold units gain the opposite. The paper has
:math:`\omega=1`; here currents scale with omega and temperatures enter as :math:`\omega/T`.

The current without coherence at any angles and temperatures is not in the paper, which has only its limit of small
temperature differences, Eq. (B1). That one is printed correctly, and so are Eqs. (14), (15), (33) and (B2).
"""

from __future__ import annotations

import math

from qtraj.errors import InvalidInput
from qtraj.models.occupations import fermi
from qtraj.models.parameters import check_finite, check_positive

__all__ = [
    "critical_coherence_full_swap",
    "high_temperature_conductance",
    "linear_response_full_swap",
    "steady_heat_full_swap",
    "steady_heat_thermal",
    "thermal_conductance_thermal",
]

# The rounding error of a multiple of pi: below it nothing collides.
SMALLEST_SINE = 1e-15


def steady_heat_thermal(
    *,
    interaction_angle: float,
    exchange_angle: float,
    temperature_hot: float,
    temperature_cold: float,
    frequency: float = 1.0,
) -> float:
    r"""Steady J_h between thermal reservoirs (p = 0), at any angles and any temperature difference.

    With the polarisations :math:`h=-\tanh(\omega/2T_h)`, :math:`k=-\tanh(\omega/2T_c)` of the units,
    :math:`c=\cos\gamma`, :math:`s=\sin\gamma`, :math:`m_r=c^2(c^2+s^2hk)`, :math:`m_i=sc^3(k-h)` and
    :math:`m=m_r-m_i^2/(1-m_r)`,

    .. math:: J_h = -\frac\omega2 \frac{s^2\sin^2\delta\,(h-k)(1+m)}{1-m\cos2\delta-c^2(\cos2\delta-m)}.

    Args:
        interaction_angle: gamma, not a multiple of pi: without collisions there is no steady state.
        exchange_angle: delta.
        temperature_hot: Positive.
        temperature_cold: Positive.
        frequency: omega, positive.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> round(
        ...     steady_heat_thermal(
        ...         interaction_angle=math.pi / 2, exchange_angle=math.pi / 2, temperature_hot=2.0, temperature_cold=1.0
        ...     ),
        ...     6,
        ... )  # every round the two units are exchanged: n_c - n_h
        -0.108599
    """
    check_finite(interaction_angle=interaction_angle, exchange_angle=exchange_angle)
    hot, cold = _excited_units(temperature_hot, temperature_cold, frequency)
    _check_colliding(interaction_angle)
    c, s = math.cos(interaction_angle), math.sin(interaction_angle)
    h, k = 2 * hot - 1, 2 * cold - 1
    # Differences from one are formed as such: 1 - m is of the order s^2, far below one for weak collisions.
    one_minus_real = s**2 * (1 + c**2 * (1 - h * k))
    one_minus_m = one_minus_real + 4 * (s * c**3 * (cold - hot)) ** 2 / one_minus_real
    half_turn = math.sin(exchange_angle) ** 2
    denominator = 2 * half_turn * (1 - one_minus_m + c**2) + one_minus_m * s**2
    return -frequency * s**2 * half_turn * (hot - cold) * (2 - one_minus_m) / denominator


def steady_heat_full_swap(
    *,
    exchange_angle: float,
    coherence: float,
    phase_difference: float,
    temperature_hot: float,
    temperature_cold: float,
    frequency: float = 1.0,
) -> float:
    r"""Steady J_h where every collision is a complete swap, gamma = pi/2, Eq. (14).

    .. math:: J_h = \omega\sin^2\delta\,(n_c - n_h)
        - \frac{\omega p^2\sin 2\delta\sin\phi}{4\cosh(\omega/2T_h)\cosh(\omega/2T_c)},
        \qquad n_x = \frac{1}{e^{\omega/T_x}+1}.

    Args:
        exchange_angle: delta.
        coherence: p in [0, 1].
        phase_difference: phi.
        temperature_hot: Positive.
        temperature_cold: Positive.
        frequency: omega, positive.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> quarter = {"exchange_angle": math.pi / 4, "temperature_hot": 2.0, "temperature_cold": 1.0}
        >>> [round(steady_heat_full_swap(coherence=p, phase_difference=1.5 * math.pi, **quarter), 4) for p in (0, 0.8)]
        [-0.0543, 0.0833]
    """
    check_finite(exchange_angle=exchange_angle, phase_difference=phase_difference, coherence=coherence)
    hot, cold = _excited_units(temperature_hot, temperature_cold, frequency)
    populations = math.sin(exchange_angle) ** 2 * (cold - hot)
    overlap = math.sqrt(hot * (1 - hot) * cold * (1 - cold))
    return frequency * (
        populations - coherence**2 * math.sin(2 * exchange_angle) * math.sin(phase_difference) * overlap
    )


def critical_coherence_full_swap(
    *,
    exchange_angle: float,
    phase_difference: float,
    temperature_hot: float,
    temperature_cold: float,
    frequency: float = 1.0,
) -> float:
    r"""Coherence above which heat flows from cold to hot for complete swaps, Eq. (15); it may exceed 1.

    Args:
        exchange_angle: delta, in (0, pi/2).
        phase_difference: phi with sin phi < 0.
        temperature_hot: Positive.
        temperature_cold: Positive, at most `temperature_hot`.
        frequency: omega, positive.

    Raises:
        InvalidInput: If heat never flows from cold to hot at this phase or angle.

    Example:
        >>> round(
        ...     critical_coherence_full_swap(
        ...         exchange_angle=math.pi / 4,
        ...         phase_difference=1.5 * math.pi,
        ...         temperature_hot=2.0,
        ...         temperature_cold=1.0,
        ...     ),
        ...     4,
        ... )
        0.5026
    """
    hot, cold = _excited_units(temperature_hot, temperature_cold, frequency)
    downhill = -math.sin(phase_difference) * math.sin(2 * exchange_angle)
    if downhill <= 0 or temperature_hot < temperature_cold:
        raise InvalidInput(
            "`phase_difference` must drive heat from cold to hot, sin(phi) sin(2 delta) < 0, but sin(phi) sin(2 delta) "
            f"is {-downhill:.3g}",
            measured=-downhill,
        )
    overlap = math.sqrt(hot * (1 - hot) * cold * (1 - cold))
    return math.sqrt(math.sin(exchange_angle) ** 2 * (hot - cold) / (downhill * overlap))


def linear_response_full_swap(
    *,
    exchange_angle: float,
    coherence: float,
    phase_difference: float,
    temperature: float,
    frequency: float = 1.0,
) -> tuple[float, float]:
    r"""Coefficients of :math:`J_h = -\lambda_1\Delta T + c_1` for complete swaps around one temperature, Eq. (33).

    The next term is of second order in Delta T, unless sin phi = 0.

    Args:
        exchange_angle: delta.
        coherence: p in [0, 1].
        phase_difference: phi.
        temperature: T, positive.
        frequency: omega, positive.

    Returns:
        :math:`\lambda_1 = \frac{\omega^2}{4T^2}\,sech^2(\omega/2T)\sin^2\delta` and
        :math:`c_1 = -\frac{\omega}{4}\,p^2\,sech^2(\omega/2T)\sin 2\delta\sin\phi`.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> slope, offset = linear_response_full_swap(
        ...     exchange_angle=math.pi / 4, coherence=0.8, phase_difference=0.0, temperature=1.0
        ... )
        >>> round(slope, 6), offset
        (0.098306, -0.0)
    """
    check_finite(exchange_angle=exchange_angle, phase_difference=phase_difference, coherence=coherence)
    check_positive(temperature=temperature, frequency=frequency)
    n = fermi(frequency / temperature)
    quarter_sech = n * (1 - n)
    slope = (frequency / temperature) ** 2 * quarter_sech * math.sin(exchange_angle) ** 2
    offset = -frequency * coherence**2 * quarter_sech * math.sin(2 * exchange_angle) * math.sin(phase_difference)
    return slope, offset


def thermal_conductance_thermal(
    *, interaction_angle: float, exchange_angle: float, temperature: float, frequency: float = 1.0
) -> float:
    r"""Conductance kappa between thermal reservoirs, Eq. (B1): :math:`J_h = -\kappa\Delta T` to first order.

    As printed it does not hold for omega other than 1; here T stands for T/omega, and nothing else changes, because
    both J_h and Delta T scale with omega.

    Args:
        interaction_angle: gamma, not a multiple of pi.
        exchange_angle: delta.
        temperature: T, positive.
        frequency: omega, positive.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> round(
        ...     thermal_conductance_thermal(
        ...         interaction_angle=math.pi / 32, exchange_angle=math.pi / 4, temperature=1.0
        ...     ),
        ...     9,
        ... )
        0.00094898
    """
    check_finite(interaction_angle=interaction_angle, exchange_angle=exchange_angle)
    check_positive(temperature=temperature, frequency=frequency)
    _check_colliding(interaction_angle)
    g, t = interaction_angle, temperature / frequency
    cos2d, sines = math.cos(2 * exchange_angle), (math.sin(g) * math.sin(exchange_angle)) ** 2
    # Numerator and denominator divided by e^{3/T}, so that nothing overflows: q = e^{-1/T}.
    q = math.exp(-1 / t)
    bracket = (5 + math.cos(4 * g)) * q + math.cos(2 * g) * (1 + 2 * q + q**2) + 3 * (1 + q**2)
    a = 11 + 4 * math.cos(2 * g) + math.cos(4 * g) - 16 * math.cos(g) ** 2 * cos2d
    b = 20 + 7 * math.cos(2 * g) + 4 * math.cos(4 * g) + math.cos(6 * g) - 32 * math.cos(g) ** 4 * cos2d
    return 4 * q * bracket * sines / ((1 + q) ** 2 * t**2 * (a * (1 + q**2) + b * q))


def high_temperature_conductance(
    *, interaction_angle: float, exchange_angle: float, temperature: float, frequency: float = 1.0
) -> float:
    r"""The limit of the conductance at high temperature, Eq. (B2), proportional to 1/T^2.

    Args:
        interaction_angle: gamma, not a multiple of pi.
        exchange_angle: delta.
        temperature: T, positive; the formula is good where it is far above omega.
        frequency: omega, positive.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> exact, limit = (
        ...     conductance(interaction_angle=0.5, exchange_angle=0.5, temperature=50.0)
        ...     for conductance in (thermal_conductance_thermal, high_temperature_conductance)
        ... )
        >>> abs(exact / limit - 1) < 1e-3
        True
    """
    check_finite(interaction_angle=interaction_angle, exchange_angle=exchange_angle)
    check_positive(temperature=temperature, frequency=frequency)
    _check_colliding(interaction_angle)
    g, t = interaction_angle, temperature / frequency
    cos2g, cos4g, cos2d = math.cos(2 * g), math.cos(4 * g), math.cos(2 * exchange_angle)
    sines = (math.sin(g) * math.sin(exchange_angle)) ** 2
    return (11 + 4 * cos2g + cos4g) * sines / (2 * (3 + cos2g) * (7 + cos4g - 8 * math.cos(g) ** 2 * cos2d) * t**2)


def _check_colliding(interaction_angle: float) -> None:
    if abs(math.sin(interaction_angle)) < SMALLEST_SINE:
        raise InvalidInput(
            f"`interaction_angle` must not be a multiple of pi, but is {interaction_angle}; without collisions there "
            "is no steady state",
            measured=interaction_angle,
        )


def _excited_units(temperature_hot: float, temperature_cold: float, frequency: float) -> tuple[float, float]:
    """The excited populations of hot and cold units."""
    check_positive(temperature_hot=temperature_hot, temperature_cold=temperature_cold, frequency=frequency)
    return fermi(frequency / temperature_hot), fermi(frequency / temperature_cold)
