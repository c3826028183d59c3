r"""Units of the reservoirs of [Li18]: qubits with thermal populations and coherence.

Mapping: :math:`\rho = \rho_\beta + p(|\psi\rangle\langle\psi| - diag)` (Eqs. (12), (13)) in the basis (excited,
ground), temperature :math:`T=1/\beta`, frequency :math:`\omega`.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.models.parameters import check_positive
from qtraj.quantum.scalars import real_number
from qtraj.quantum.states import State

__all__ = ["check_coherence", "check_temperature", "coherent_unit"]

# sigma carries a relative rounding error of 4e-16, which e^-sigma turns into an absolute one of 4e-4 here.
LARGEST_ENTROPY = 1e12


def coherent_unit(*, frequency: float, temperature: float, coherence: float, phase: float) -> State:
    r"""The state of a unit, Eq. (13): thermal populations, and `coherence` times the largest possible coherence.

    Its eigenvalues come from :math:`\lambda_+\lambda_- = r_0r_1(1-p^2)`, so that the small one is accurate however
    cold the unit is.

    Args:
        frequency: Level splitting omega > 0.
        temperature: Effective temperature T > 0, that of the populations.
        coherence: p in [0, 1).
        phase: phi in radians.

    Returns:
        The state in the basis (excited, ground).

    Example:
        >>> coherent_unit(frequency=1.0, temperature=1.0, coherence=0.8, phase=0.0).matrix.real.round(4).tolist()
        [[0.2689, 0.3547], [0.3547, 0.7311]]
    """
    a = frequency / temperature
    # ln of the populations, without e^a, which overflows.
    log_ground, log_excited = -math.log1p(math.exp(-a)), -a - math.log1p(math.exp(-a))
    half_length = math.hypot(math.tanh(a / 2), coherence * _sech(a / 2)) / 2
    log_small = log_excited + log_ground + math.log1p(-(coherence**2)) - math.log(0.5 + half_length)
    tilt = math.atan2(coherence * _sech(a / 2), math.tanh(a / 2)) / 2
    turn = complex(math.cos(phase), math.sin(phase))
    vectors = np.array([[math.sin(tilt), math.cos(tilt)], [turn * math.cos(tilt), -turn * math.sin(tilt)]])
    logs = np.array([math.log1p(-math.exp(log_small)), log_small])
    return State(log_eigenvalues=logs, vectors=vectors)


def check_coherence(coherence: float) -> None:
    """Refuse what is no coherence p of a unit of full rank.

    Raises:
        InvalidInput: With the value.

    Example:
        >>> check_coherence(1.5)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `coherence` must be at least 0 and below 1, but is 1.5
    """
    if not 0 <= real_number(coherence, "coherence") < 1:
        why = "; the entropy production of pure units is infinite" if coherence == 1 else ""
        raise InvalidInput(
            f"`coherence` must be at least 0 and below 1, but is {coherence}{why}", measured=float(coherence)
        )


def check_temperature(name: str, temperature: float, frequency: float) -> None:
    """Refuse a temperature that is not positive, or so low that entropies exceed 1e12 nats.

    Raises:
        InvalidInput: With the name and the value.

    Example:
        >>> check_temperature("temperature_hot", 0.0, 1.0)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `temperature_hot` must be positive and finite, but is 0.0
    """
    check_positive(**{name: temperature})
    if not frequency < LARGEST_ENTROPY * temperature:
        raise InvalidInput(
            f"`{name}` must be above {frequency / LARGEST_ENTROPY:.3g}, the frequency over {LARGEST_ENTROPY:.0e}, but "
            f"is {temperature}; e^-sigma would be lost in the rounding of sigma",
            measured=float(temperature),
        )


def _sech(x: float) -> float:
    """1/cosh without overflow, for x >= 0."""
    return 2 * math.exp(-x) / (1 + math.exp(-2 * x))
