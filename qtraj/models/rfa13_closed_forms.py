r"""Closed forms of [RFA13]: the dephased three-level junction and the qubit that decoheres off its energy basis.

Mapping of the junction: levels 0, L, R with :math:`E_0=0`, :math:`\langle L|H|R\rangle = V/2`; bath x in {L, R} fills
its level at rate :math:`2n_x` and empties it at rate :math:`2(1+n_x)`, :math:`n_x = 1/(e^{\beta_xE_x}-1)`; dephasing
:math:`\gamma` with jumps :math:`\sqrt{2\gamma}\,|j\rangle\langle j|`, j = L, R.

Derivation. Write :math:`D=E_L-E_R`, :math:`G=2+n_L+n_R+2\gamma` (the decay rate of the coherence: the two ways out of
L and R, and dephasing), :math:`a_x=e^{-\beta_xE_x}=n_x/(1+n_x)`, and :math:`p_x` for the steady populations. The
coherence and the continuity of the left level say

.. math::
    (G+iD)\,\nu_{LR} = \tfrac{i}{2}V(p_L-p_R), \qquad
    I \equiv 2n_Lp_0-2(1+n_L)p_L = V\,\mathrm{Im}\,\nu_{LR} = k\,(p_L-p_R),
    \qquad k=\frac{V^2G}{2(G^2+D^2)} .

Since :math:`p_L=a_Lp_0-I/[2(1+n_L)]` and :math:`p_R=a_Rp_0+I/[2(1+n_R)]`, subtracting and normalising give

.. math::
    I=\frac{k\,(a_L-a_R)\,p_0}{1+kg}, \qquad
    p_0=\Bigl[1+a_L+a_R+\frac{k\,(a_L-a_R)\,h}{1+kg}\Bigr]^{-1}, \qquad
    g,h = \tfrac12\Bigl[\frac1{1+n_R}\pm\frac1{1+n_L}\Bigr].

Heat is :math:`\dot Q_b = tr[H L_b(\nu)]`, which contains the coherence each bath destroys, with
:math:`V\,\mathrm{Re}\,\nu_{LR} = ID/G`:

.. math::
    \dot Q_l=I\Bigl[E_L-\frac{(1+n_L)D}{G}\Bigr],\quad
    \dot Q_r=-I\Bigl[E_R+\frac{(1+n_R)D}{G}\Bigr],\quad
    \dot Q_d=-\frac{2\gamma ID}{G},

whose sum is zero. I depends on the dephasing only through k, and increases with it (its derivative with respect to
:math:`k/(1+kg)` has the sign of :math:`a_L-a_R` everywhere); k is largest at :math:`G=|D|`. So transport peaks at
:math:`\gamma^*=(|D|-2-n_L-n_R)/2` if that is positive, and otherwise only falls with dephasing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray

__all__ = [
    "DecoheringQubit",
    "JunctionCurrents",
    "decohering_qubit",
    "junction_currents",
    "printed_qubit_heat_rate",
    "transport_maximum",
]


@dataclass(frozen=True, kw_only=True)
class JunctionCurrents:
    """The steady state of the dephased junction. Heat currents and fluxes are positive *into the junction*.

    Attributes:
        particle_current: I, jumps per unit time from the left bath to the right.
        heat_current_from_left: tr[H L_l(nu)].
        heat_current_from_right: tr[H L_r(nu)].
        heat_current_from_dephasing: tr[H L_d(nu)].
        entropy_flux_left: -tr[L_l(nu) log B_l(nu)] = beta_L E_L I, which is not beta_L times the heat current.
        entropy_flux_right: -tr[L_r(nu) log B_r(nu)] = -beta_R E_R I.
        entropy_flux_dephasing: -tr[L_d(nu) log B_d(nu)] = 0.
        entropy_production_left: P_l = tr[L_l(nu) (log B_l(nu) - log nu)], nats per unit time, like the next three.
        entropy_production_right: P_r.
        entropy_production_dephasing: P_d.
        entropy_production: P, the sum of these three, and minus the sum of the fluxes; never negative.
        state: nu in the order 0, L, R, shape (3, 3).
    """

    particle_current: float
    heat_current_from_left: float
    heat_current_from_right: float
    heat_current_from_dephasing: float
    entropy_flux_left: float
    entropy_flux_right: float
    entropy_flux_dephasing: float
    entropy_production_left: float
    entropy_production_right: float
    entropy_production_dephasing: float
    entropy_production: float
    state: ComplexArray


def junction_currents(
    *,
    energy_left: float,
    energy_right: float,
    tunnelling: float,
    beta_left: float,
    beta_right: float,
    dephasing: float,
) -> JunctionCurrents:
    """The exact steady state of the junction and its currents; the module derives them.

    Args:
        energy_left: E_L > 0.
        energy_right: E_R > 0.
        tunnelling: V, real.
        beta_left: Inverse temperature of the left bath, positive.
        beta_right: Inverse temperature of the right bath, positive.
        dephasing: gamma >= 0.

    Example:
        >>> cold = {"energy_left": 1.5, "energy_right": 1.0, "tunnelling": 0.2, "beta_left": 0.5, "beta_right": 2.0}
        >>> junction_currents(**cold, dephasing=0.2).heat_current_from_left
        0.001451899...
    """
    n_l, n_r = _bose(beta_left * energy_left), _bose(beta_right * energy_right)
    a_l, a_r = math.exp(-beta_left * energy_left), math.exp(-beta_right * energy_right)
    D, G = energy_left - energy_right, 2 + n_l + n_r + 2 * dephasing
    k = tunnelling**2 * G / (2 * (G**2 + D**2))
    g = (1 / (1 + n_r) + 1 / (1 + n_l)) / 2
    h = (1 / (1 + n_r) - 1 / (1 + n_l)) / 2
    drive = k * (a_l - a_r) / (1 + k * g)
    p_0 = 1 / (1 + a_l + a_r + drive * h)
    current = drive * p_0
    p_l, p_r = a_l * p_0 - current / (2 * (1 + n_l)), a_r * p_0 + current / (2 * (1 + n_r))
    state = np.diag([p_0, p_l, p_r]).astype(np.complex128)
    state[1, 2] = 0.5j * tunnelling * (p_l - p_r) / complex(G, D)
    state[2, 1] = state[1, 2].conjugate()
    flux_l, flux_r = beta_left * energy_left * current, -beta_right * energy_right * current
    # What each bath does to <log nu>: it moves I between two populations, and takes the coherence down at its own rate.
    logs = _logarithm(state)
    coherent = 2 * float((state[1, 2] * logs[2, 1]).real)
    onto_l = current * float((logs[1, 1] - logs[0, 0]).real) - (1 + n_l) * coherent
    onto_r = -current * float((logs[2, 2] - logs[0, 0]).real) - (1 + n_r) * coherent
    return JunctionCurrents(
        particle_current=current,
        heat_current_from_left=current * (energy_left - (1 + n_l) * D / G),
        heat_current_from_right=-current * (energy_right + (1 + n_r) * D / G) + 0.0,
        # Adding zero turns -0.0 into 0.0.
        heat_current_from_dephasing=-2 * dephasing * current * D / G + 0.0,
        entropy_flux_left=flux_l,
        entropy_flux_right=flux_r,
        entropy_flux_dephasing=0.0,
        entropy_production_left=-flux_l - onto_l,
        entropy_production_right=-flux_r - onto_r,
        entropy_production_dephasing=2 * dephasing * coherent,
        entropy_production=(beta_right * energy_right - beta_left * energy_left) * current,
        state=state,
    )


def transport_maximum(*, energy_left: float, energy_right: float, beta_left: float, beta_right: float) -> float | None:
    r"""The dephasing at which the particle current peaks, :math:`\gamma^*=(|E_L-E_R|-2-n_L-n_R)/2`.

    Dephasing broadens the two levels until they meet; past that it only slows tunnelling. Nothing depends on V.

    Args:
        energy_left: E_L > 0.
        energy_right: E_R > 0.
        beta_left: Inverse temperature of the left bath, positive.
        beta_right: Inverse temperature of the right bath, positive.

    Returns:
        gamma*, or None where the current falls from gamma = 0 on because the baths alone broaden enough.

    Example:
        >>> transport_maximum(energy_left=6.0, energy_right=1.0, beta_left=0.2, beta_right=2.0)
        1.206...
        >>> transport_maximum(energy_left=1.5, energy_right=1.0, beta_left=0.5, beta_right=2.0) is None
        True
    """
    n_l, n_r = _bose(beta_left * energy_left), _bose(beta_right * energy_right)
    best = (abs(energy_left - energy_right) - 2 - n_l - n_r) / 2
    return best if best > 0 else None


@dataclass(frozen=True, kw_only=True)
class DecoheringQubit:
    r"""A qubit :math:`\rho=\frac12(I+x\sigma_x+z\sigma_z)` that decoheres in the basis of sigma_z.

    Attributes:
        heat_current_from_dephasing: tr[H L_d(rho)] = -gamma E x, into the qubit.
        relative_entropy: R[rho || B_d] = h(z) - h(r), h the entropy of a qubit with that Bloch length, r^2 = x^2 + z^2.
        entropy_production_rate: P = 2 gamma x^2 artanh(r) / r; infinite for a pure state with coherence.
    """

    heat_current_from_dephasing: float
    relative_entropy: float
    entropy_production_rate: float


def decohering_qubit(*, energy: float, x: float, z: float, rate: float) -> DecoheringQubit:
    r"""Heat and irreversibility of decoherence at one moment, [RFA13] appendix C, corrected.

    The Hamiltonian is :math:`E|E\rangle\langle E|`, :math:`|E\rangle=(|0\rangle+|1\rangle)/\sqrt2`, so its mean is
    :math:`E(1+x)/2`. Dephasing :math:`\gamma\sum_j(2|j\rangle\langle j|\rho|j\rangle\langle j|-\ldots)` leaves z alone
    and takes x down at rate :math:`2\gamma`, which gives the heat. The relative entropy to the stationary state
    :math:`B_d(\rho)=(I+z\sigma_z)/2` is a difference of two entropies; its decay along
    :math:`\dot r=-2\gamma x^2/r`, with :math:`dh/dr=-\mathrm{artanh}\,r`, is P.

    Args:
        energy: E.
        x: Coherence, in the basis of the dephasing.
        z: Imbalance of the populations; :math:`x^2+z^2\le 1`.
        rate: gamma >= 0.

    Example:
        >>> decohering_qubit(energy=1.0, x=0.6, z=0.3, rate=0.2).heat_current_from_dephasing
        -0.12
    """
    r = min(1.0, math.hypot(x, z))
    return DecoheringQubit(
        heat_current_from_dephasing=-rate * energy * x + 0.0,
        relative_entropy=max(0.0, _qubit_entropy(z) - _qubit_entropy(r)),
        # Without coherence nothing decoheres, also where artanh is infinite.
        entropy_production_rate=2 * rate * x**2 * _artanh_over(r) if x else 0.0,
    )


def printed_qubit_heat_rate(*, energy: float, x: float, rate: float) -> float:
    r"""The heat rate of [RFA13] Eq. (11) as printed, :math:`+\gamma Ex`: the sign is wrong.

    The energy is :math:`E(1+x)/2` and decoherence takes x towards zero, so heat leaves a qubit with x > 0. (The
    appendix also prints :math:`\sigma_x=|1\rangle\langle0|-|0\rangle\langle1|`, which is not Hermitian.)

    Args:
        energy: E.
        x: Coherence, in the basis of the dephasing.
        rate: gamma >= 0.

    Example:
        >>> printed_qubit_heat_rate(energy=1.0, x=0.6, rate=0.2)  # right: -0.12
        0.12
    """
    return rate * energy * x


def _logarithm(state: ComplexArray) -> ComplexArray:
    """The logarithm of a positive matrix."""
    values, vectors = np.linalg.eigh(state)
    logarithm: ComplexArray = (vectors * np.log(values)) @ vectors.conj().T
    return logarithm


def _qubit_entropy(r: float) -> float:
    """Entropy of a qubit with Bloch length |r| <= 1, nats."""
    return -sum(p * math.log(p) for p in ((1 + r) / 2, (1 - r) / 2) if p > 0)


def _artanh_over(r: float) -> float:
    """artanh(r) / r, 1 at r = 0 and infinite at r = 1."""
    if r >= 1:
        return math.inf
    return math.atanh(r) / r if r > 0 else 1.0


def _bose(x: float) -> float:
    """1 / (e^x - 1) for x > 0."""
    return 1 / math.expm1(x) if x < 700 else math.exp(-x)
