r"""Continuous-time Markov chains on energy eigenstates, with every probability relatively accurate.

Mapping: rates :math:`W(m|n)` of jumps n to m (row m, column n), including jumps from a state to itself, exit rates
:math:`\Gamma_n = \sum_m W(m|n)`, no-jump survival :math:`A_n(t) = e^{-\Gamma_n t}`, and the probability
:math:`B_t(k|n) = P_t(k|n) - \delta_{kn}A_n(t)` to be in k after at least one jump.

B is never found as a difference. It obeys the doubling rule :math:`B_{2t} = B_tA_t + A_tB_t + B_t^2`, in which every
term is positive, and starts from a series of positive terms (uniformisation). Potentials :math:`\varphi` with
:math:`W(m|n)/W(n|m) = e^{\varphi_n-\varphi_m}` make the chain symmetric, so that a probability of e^-1000 and its
reverse of order one are both known through their geometric mean.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.errors import TooLarge

__all__ = ["LARGEST_POTENTIAL_RANGE", "log_arrivals"]

# The geometric mean of a probability and its reverse is e^-700 here, and still a normal double.
LARGEST_POTENTIAL_RANGE = 1400.0

# Uniformised steps hold at most one expected event, so terms beyond a direct path fall like 1/k!: 24 leave 1e-24.
_SERIES_TERMS = 24

_LARGEST_DOUBLINGS = 1000


def log_arrivals(
    symmetric_rates: FloatArray, exits: FloatArray, time: float, potentials: FloatArray | None = None
) -> FloatArray:
    r"""Logarithms of the probabilities to be in k after at least one jump, having started in n.

    Args:
        symmetric_rates: :math:`W(m|n)e^{-(\varphi_n-\varphi_m)/2}`, shape (d, d), row m, column n.
        exits: :math:`\Gamma_n`, shape (d,).
        time: Duration t > 0.
        potentials: :math:`\varphi`, shape (d,); zero by default, for chains without detailed balance.

    Returns:
        :math:`\ln B_t(k|n)`, shape (d, d), row k, column n; -inf where no sequence of jumps leads.

    Raises:
        TooLarge: If the potentials span more than 1400 nats.

    Example:
        A two-state chain with unit rates: at least one jump and back has probability (1 + e^-2t)/2 - e^-t.

        >>> flip = np.array([[0.0, 1.0], [1.0, 0.0]])
        >>> back = np.exp(log_arrivals(flip, np.ones(2), 1e-6)[0, 0])
        >>> round(float(back / 0.5e-12), 5)
        1.0
    """
    size = exits.size
    phi = np.zeros(size) if potentials is None else potentials
    span = float(np.ptp(phi))
    if span > LARGEST_POTENTIAL_RANGE:
        raise TooLarge(
            f"the entropies along the chain must span at most {LARGEST_POTENTIAL_RANGE:g} nats, but span {span:.6g}",
            measured=span,
        )
    half = (phi[None, :] - phi[:, None]) / 2
    fastest = float(exits.max())
    if fastest == 0:
        return np.full((size, size), -np.inf)
    doublings = max(0, int(np.ceil(np.log2(fastest) + np.log2(time))))
    if doublings > _LARGEST_DOUBLINGS:
        raise TooLarge(
            f"the duration must hold at most 1e300 jumps, but holds {fastest:.3g} * {time:.3g}", measured=fastest * time
        )
    step = time / 2.0**doublings
    arrivals = _normalised(_series(symmetric_rates, exits, fastest, step), half, exits * step)
    for _ in range(doublings):
        survival = np.exp(-exits * step)
        arrivals = arrivals * survival[None, :] + survival[:, None] * arrivals + arrivals @ arrivals
        step *= 2
        arrivals = _normalised(arrivals, half, exits * step)
    with np.errstate(divide="ignore"):
        logs: FloatArray = np.minimum(np.log(arrivals) + half, 0.0)
    return logs


def _series(rates: FloatArray, exits: FloatArray, fastest: float, step: float) -> FloatArray:
    r"""B over a short step: :math:`e^{-\lambda h}\sum_k h^k R_k/k!`, R_k the part of the k-th power with a jump."""
    waiting = fastest - exits
    full = rates + np.diag(waiting)
    idle = np.ones_like(exits)
    power = np.zeros_like(rates)
    total = np.zeros_like(rates)
    # A path through all states has as many jumps; its leading term needs 24 more behind it to be accurate.
    for k in range(1, exits.size + _SERIES_TERMS):
        power = (full @ power + rates * idle[None, :]) * (step / k)
        idle = idle * waiting * (step / k)
        total += power
    summed: FloatArray = total * np.exp(-fastest * step)
    return summed


def _normalised(arrivals: FloatArray, half: FloatArray, expected: FloatArray) -> FloatArray:
    """Columns scaled to the exact probability of at least one jump, so that rounding cannot add up over doublings."""
    with np.errstate(divide="ignore", over="ignore"):
        plain = np.exp(np.minimum(np.log(arrivals) + half, 1.0))
    sums = plain.sum(axis=0)
    scaled: FloatArray = arrivals * np.where(sums > 0, -np.expm1(-expected) / np.where(sums > 0, sums, 1.0), 0.0)
    return scaled
