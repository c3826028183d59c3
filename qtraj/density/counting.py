r"""What a quantity counts along a trajectory: an amount per jump, and an amount at either end.

Mapping: a quantity is :math:`x = x_{start}(\alpha, n) + \sum_i c_{k_i} + x_{end}(\beta, m)`. For sigma the jumps count
their entropies and the ends :math:`\ln p_\alpha` and :math:`-\ln p'_\beta`; for sigma_d :math:`\ln p_n` and
:math:`-\ln p'_m`; xi counts no jumps, and :math:`\ln p_\alpha/p_n` and :math:`-\ln p'_\beta/p'_m`; heats count
jumps only. Everything exact follows from the operators

.. math:: A_u = \sum_\alpha p_\alpha \overline{e^{-ux_{start}}}\,P_\alpha,\qquad
          B_u = \sum_\beta \overline{e^{-ux_{end}}}\,P_\beta,\qquad
          \langle e^{-ux}\rangle = tr[B_u\,e^{\mathcal{L}_uT}(A_u)],

the bars averaging over the energy label given the outcome, and their derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.errors import NotRecorded, UnknownName
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoint, MeasurementProtocol
from qtraj.quantum.outcomes import Outcomes

__all__ = ["Counted", "EndCount", "counted", "end_count", "jump_amounts"]

_WITH_ENDS = ("sigma", "sigma_d", "xi")


@dataclass(frozen=True, kw_only=True, eq=False)
class EndCount:
    """Amounts counted at one end.

    Attributes:
        outcomes: The measured outcomes.
        log_weights: Ln of the eigenvalue of every outcome at the start, zeros at the end, shape (r,).
        values: Amount for every outcome and energy label, shape (r, labels).
        log_conditional: Ln of the label's probability given the outcome, shape (r, labels).
    """

    outcomes: Outcomes
    log_weights: FloatArray
    values: FloatArray
    log_conditional: FloatArray

    def operator(self, u: float) -> tuple[float, ComplexArray]:
        """Log-scale and operator :math:`A_u` resp. :math:`B_u`, shape (d, d)."""
        logs = self.log_weights + logsumexp(self.log_conditional - u * self.values, axis=1)
        scale = float(logs.max())
        return scale, self._assembled(np.exp(logs - scale))

    def derivatives(self, order: int) -> list[ComplexArray]:
        """Taylor coefficients of the operator in -u at u = 0, up to `order`."""
        conditional = np.exp(self.log_conditional)
        # Labels that an outcome cannot have may carry any value; 0 times it must stay 0.
        values = np.where(conditional > 0, self.values, 0.0)
        moments = [(conditional * values**k).sum(axis=1) / factorial(k) for k in range(order + 1)]
        return [self._assembled(np.exp(self.log_weights) * moment) for moment in moments]

    def _assembled(self, weights: FloatArray) -> ComplexArray:
        vectors = self.outcomes.vectors
        return (vectors * weights[self.outcomes.outcome_of]) @ np.conj(vectors.T)


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """A quantity as amounts per jump and at the ends.

    Attributes:
        name: Its name.
        amounts: Amount per jump, shape (J,).
        start: Amounts at the start.
        end: Amounts at the end.
    """

    name: str
    amounts: FloatArray
    start: EndCount
    end: EndCount


def counted(process: JumpProcess, name: str, protocol: str | MeasurementProtocol) -> Counted:
    """What `name` counts in a process under a measurement protocol.

    Raises:
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol does not define it, or a jump has no definite heat.
    """
    chosen = MeasurementProtocol.parse(protocol)
    amounts = jump_amounts(process, name)
    ends = process.endpoints(chosen)
    return Counted(
        name=name,
        amounts=amounts,
        start=end_count(ends.initial, name, 1.0),
        end=end_count(ends.final, name, -1.0),
    )


def jump_amounts(process: JumpProcess, name: str) -> FloatArray:
    """What every jump adds to a quantity, shape (J,).

    Args:
        process: The process.
        name: `sigma`, `sigma_d`, `xi`, `heat`, `heat_into_<bath>`, `entropy_into_<bath>` or `jumps`.

    Raises:
        UnknownName: If there is no such quantity.
        NotRecorded: If a jump that counts has no definite heat.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> jump_amounts(davies_qutrit(), "heat").tolist()
        [1.0, -1.0, 1.5, -1.5, 2.5, -2.5]
    """
    if name in ("sigma", "sigma_d"):
        return np.array(process.entropies)
    if name == "xi":
        return np.zeros(len(process.jumps))
    if name == "jumps":
        return np.ones(len(process.jumps))
    own = np.ones(len(process.jumps), dtype=bool)
    flows = process.heats
    if name != "heat":
        kind, _, bath = name.partition("_into_")
        if kind not in ("heat", "entropy") or bath not in process.baths:
            per_bath = [f"{flow}_into_{each}" for flow in ("heat", "entropy") for each in process.baths]
            raise UnknownName("quantity", name, (*_WITH_ENDS, "heat", "jumps", *per_bath))
        own = process.bath_of == process.baths.index(bath)
        flows = process.heats if kind == "heat" else process.entropies
    if np.isnan(flows[own]).any():
        vague = sorted(
            {jump.bath for jump, counts in zip(process.jumps, own, strict=True) if counts and jump.heat is None}
        )
        raise NotRecorded(
            f"`{name}` is not defined: jumps of bath {', '.join(vague)} have no definite heat, because their operators "
            "do not change the energy by one amount and their channels do not say one"
        )
    return np.where(own, flows, 0.0)


def end_count(end: Endpoint, name: str, sign: float) -> EndCount:
    """Amounts at the start (sign +1) or at the end (sign -1).

    Besides sigma, sigma_d and xi, `work` counts at the ends: the energy gained by the system between n and m.

    Raises:
        NotRecorded: If the protocol does not define the quantity.
    """
    outcomes = end.outcomes
    log_weights = outcomes.log_eigenvalues if sign > 0 else np.zeros(outcomes.count)
    if name == "work":
        if end.label_energies is None or end.log_conditional is None:
            raise NotRecorded("`work` is not defined in a protocol without energy labels")
        energies = -sign * end.label_energies[None, :] + np.zeros((outcomes.count, 1))
        return EndCount(
            outcomes=outcomes, log_weights=log_weights, values=energies, log_conditional=end.log_conditional
        )
    if name not in _WITH_ENDS:
        if sign < 0:
            # No quantity at the end: sum over all outcomes, also those of probability zero.
            d = outcomes.vectors.shape[0]
            outcomes = Outcomes.from_parts([0.0], [np.eye(d, dtype=np.complex128)])
            log_weights = np.zeros(1)
        zeros = np.zeros((outcomes.count, 1))
        return EndCount(outcomes=outcomes, log_weights=log_weights, values=zeros, log_conditional=zeros)
    if not end.measured:
        raise NotRecorded(f"`{name}` is not defined without a measurement at the end")
    own = sign * outcomes.log_eigenvalues[:, None]
    if name == "sigma":
        return EndCount(
            outcomes=outcomes, log_weights=log_weights, values=own, log_conditional=np.zeros((outcomes.count, 1))
        )
    if end.energy_labels is None or end.log_conditional is None:
        raise NotRecorded(f"`{name}` is not defined in a protocol without energy labels")
    labels = sign * end.energy_labels.log_eigenvalues[None, :] + 0.0 * own
    return EndCount(
        outcomes=outcomes,
        log_weights=log_weights,
        values=labels if name == "sigma_d" else own - labels,
        log_conditional=end.log_conditional,
    )
