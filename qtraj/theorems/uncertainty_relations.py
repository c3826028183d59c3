r"""Uncertainty relations of a process, each only in its scope, exactly and on samples.

Mapping: see `qtraj.theorems.uncertainty_bounds`. The premises are not assumed but looked at: whether jumps lead between
single energy eigenstates and the start is stationary; whether the joint law of entropy and current is its own mirror
image, class by class; whether backward paths stay on the support. Where a premise fails, the result says "not a bound
here" and why.

For parties that start in their own Gibbs states the entropy of the exchange relation is
:math:`\sum_r(\beta_r-\beta_S) Q_r + \beta_SW` (`qtraj.theorems.exchange`); that needs a process that is its own
reverse, as one with U = U^T is and one with a random U is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy import special

from qtraj.arrays import FloatArray
from qtraj.density.partners import exact_cumulants, exact_log_exponential_average, exact_support_loss
from qtraj.errors import InvalidInput, NoFiniteLaw, NotRecorded
from qtraj.paths.exact_law import law_between, law_if_finite
from qtraj.paths.law import PathLaw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.scalars import instance_of
from qtraj.quantum.spectrum import group_values
from qtraj.theorems.checks import FAMILY_LEVEL, require_level
from qtraj.theorems.exchange import exchange_theorem
from qtraj.theorems.uncertainty_bounds import (
    UncertaintyRelation,
    exchange_bound,
    hysteretic_bound,
    stationary_bound,
)

__all__ = ["Scope", "exchange_defect", "scopes_of", "uncertainty_relations"]

CURRENTS = ("heat", "work", "sigma", "sigma_d", "xi", "clausius_sigma", "information_change")
"""Quantities that change sign when a path is reversed; so do those that begin with one of `CURRENT_PREFIXES`."""

CURRENT_PREFIXES = ("heat_into_", "entropy_into_")

# Probabilities of equal transitions are equal to rounding; a random U misses by a percent and more.
SYMMETRY_TOLERANCE = 1e-10

# Values of path quantities that are opposite in theory are so to a few units in the last place of the largest term.
VALUE_TOLERANCE = 1e-9

# Rates at which populations change, relative to the fastest exit; stationary states are computed to 1e-13.
STATIONARY_TOLERANCE = 1e-9

# Means are sums of terms of either sign, good to 1e-16 of their spread a term.
MEAN_ROUNDING = 1e-13

# A backward process that leaves the support with less weight than rounding does not leave it.
SUPPORT_TOLERANCE = 1e-12

# Step of the numerical derivative of ln <e^{-u sigma}>: its error is h^4 and 1e-13/h.
STEP = 2e-3


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whether a relation is a bound for a process, and why.

    Attributes:
        applies: Whether its premise holds.
        reason: One plain sentence.
        entropy: Path quantities that add up to the entropy that enters it, with their factors; none for the hysteretic
            one.
    """

    applies: bool
    reason: str
    entropy: tuple[tuple[str, float], ...] = (("sigma", 1.0),)


def uncertainty_relations(
    process: Process,
    quantity: str = "heat",
    *,
    protocol: str | MeasurementProtocol = MeasurementProtocol.ENERGY,
    law: PathLaw | NoFiniteLaw | None = None,
) -> tuple[UncertaintyRelation, UncertaintyRelation, UncertaintyRelation]:
    """All three relations for one current, exactly.

    Args:
        process: Any process.
        quantity: A current: `heat`, `heat_into_NAME`, `entropy_into_NAME`, `work`, `sigma`, ...
        protocol: Measurement protocol, one that defines sigma.
        law: The exact law under that protocol, if you have it already, or the exception that says why there is none.

    Returns:
        The stationary, the exchange and the hysteretic relation.

    Raises:
        InvalidInput: If the quantity is no current.
        NotRecorded: If the protocol does not define it.

    Example:
        >>> from qtraj.models import build_model
        >>> for relation in uncertainty_relations(build_model("two-qubit-exchange")):
        ...     print(relation.name, relation.applies, relation.verdict)
        stationary False None
        exchange True pass
        hysteretic True pass
    """
    require_current(quantity)
    chosen = MeasurementProtocol.parse(protocol)
    if law is None:
        law = law_if_finite(process, protocol=chosen)
    scopes = scopes_of(process, quantity, law, chosen)
    mean, variance = _moments(process, law, quantity, chosen)
    relations = []
    for name, formula in (("stationary", stationary_bound), ("exchange", exchange_bound)):
        scope = scopes[name]
        entropy = sum(factor * _moments(process, law, part, chosen)[0] for part, factor in scope.entropy)
        relations.append(
            UncertaintyRelation(
                name=name,
                quantity=quantity,
                relative_variance=relative_variance(mean, variance),
                bound=formula(entropy),
                entropy_production=entropy,
                applies=scope.applies,
                reason=scope.reason,
                entropy=scope.entropy,
            )
        )
    back = _backward_moments(process, law, quantity, chosen)
    scope, sigma = scopes["hysteretic"], _moments(process, law, "sigma", chosen)[0]
    hysteretic = UncertaintyRelation(
        name="hysteretic",
        quantity=quantity,
        relative_variance=relative_variance(mean + back[0], variance + back[1]),
        bound=hysteretic_bound(sigma, back[2]),
        entropy_production=(sigma + back[2]) / 2,
        applies=scope.applies,
        reason=scope.reason,
        entropy=(),
    )
    return relations[0], relations[1], hysteretic


def scopes_of(
    process: Process, quantity: str, law: PathLaw | NoFiniteLaw, protocol: MeasurementProtocol
) -> dict[str, Scope]:
    """Which relations are bounds for this process, current and protocol, by name."""
    chain = _chain_objection(process)
    stationary = Scope(applies=not chain, reason=chain or "A classical jump process from its stationary state.")
    exchange = stationary
    if chain:
        exchange = _exchange_scope(process, quantity, law)
    lost = _lost(process, law, protocol)
    reason = "The detailed theorem relates forward and backward process, whatever the dynamics."
    if lost > SUPPORT_TOLERANCE:
        reason += f" Backward paths leave the support with weight {lost:.3g}, so that the bound is 0 and says nothing."
    hysteretic = Scope(applies=True, reason=reason, entropy=())
    return {"stationary": stationary, "exchange": exchange, "hysteretic": hysteretic}


def exchange_defect(entropy: FloatArray, current: FloatArray, log_probabilities: FloatArray) -> float:
    r"""Largest :math:`|P(s, Q) - e^sP(-s, -Q)|` over all values: 0 for a law that is its own mirror image.

    Args:
        entropy: s of every class, shape (C,).
        current: Q of every class, shape (C,).
        log_probabilities: ln P of every class, shape (C,).

    Example:
        >>> values, logs = np.array([1.0, -1.0]), np.log([np.e / (1 + np.e), 1 / (1 + np.e)])
        >>> exchange_defect(values, values, logs) < 1e-15, exchange_defect(2 * values, values, logs) > 0.1
        (True, True)
    """
    both = []
    for values in (entropy, current):
        labels, count = group_values(
            np.concatenate([values, -values]), VALUE_TOLERANCE * float(np.abs(values).max(initial=0.0))
        )
        both.append((labels, count))
    joint = both[0][0] * both[1][1] + both[1][0]
    size = both[0][1] * both[1][1]
    own, mirrored = joint[: entropy.size], joint[entropy.size :]
    # The weight e^s of a value s is e^{-s'} of the class with s' = -s that it comes from.
    forward = np.bincount(own, weights=np.exp(log_probabilities), minlength=size)
    backward = np.bincount(mirrored, weights=np.exp(log_probabilities - entropy), minlength=size)
    return float(np.abs(forward - backward).max())


def require_current(quantity: str) -> None:
    """Refuse what does not change sign under time reversal, such as a number of jumps.

    Raises:
        InvalidInput: With the names there are.
    """
    instance_of(quantity, str, "quantity")
    if quantity not in CURRENTS and not quantity.startswith(CURRENT_PREFIXES):
        raise InvalidInput(
            f"`quantity` must change sign when paths are reversed ({', '.join(CURRENTS)}, heat_into_NAME, "
            f"entropy_into_NAME), but {quantity!r} does not"
        )


def relative_variance(mean: float, variance: float) -> float:
    """Variance over the square of the mean; infinite where the mean is nothing but rounding."""
    return math.inf if abs(mean) <= MEAN_ROUNDING * math.sqrt(max(0.0, variance)) else variance / mean**2


def critical_z(level: float = FAMILY_LEVEL) -> float:
    """Standard errors that a violation must exceed."""
    require_level(level)
    return float(-special.ndtri(level))


def _chain_objection(process: Process) -> str:
    """Why 2/Sigma is no bound here; empty if it is one."""
    if not isinstance(process, JumpProcess):
        return (
            "It is proved for classical jump processes that are homogeneous in time, and a "
            f"{process.kind} is none: it can be violated."
        )
    chain = process.chain
    if chain is None:
        return "Jumps lead into superpositions of energy eigenstates, so the process is not classical."
    state = process.system.energy_state.matrix
    coherence = float(np.abs(state - np.diag(np.diag(state))).max())
    if coherence > STATIONARY_TOLERANCE:
        return f"The start has coherence ({coherence:.3g}), so the process is not classical."
    populations = np.diag(state).real
    change = float(np.abs(chain.rate_matrix @ populations - chain.exits * populations).max())
    if change > STATIONARY_TOLERANCE * float(chain.exits.max(initial=0.0)):
        return f"The start is not stationary: populations change at a rate of up to {change:.3g}."
    return ""


def _exchange_scope(process: Process, quantity: str, law: PathLaw | NoFiniteLaw) -> Scope:
    """Whether the joint law of an entropy and the current is its own mirror image."""
    if isinstance(law, NoFiniteLaw):
        return Scope(
            applies=False,
            reason="Without an exact law nobody can see whether one and the same law obeys the exchange theorem.",
        )
    defects = {}
    for entropy in _candidates(process):
        with suppress(NotRecorded):
            values = np.sum([factor * law.quantity(name) for name, factor in entropy], axis=0)
            defects[entropy] = exchange_defect(values, law.quantity(quantity), law.log_forward)
    best = min(defects, key=lambda key: defects[key])
    if defects[best] <= SYMMETRY_TOLERANCE:
        words = " + ".join(name if factor == 1 else f"{factor:.6g} {name}" for name, factor in best)
        return Scope(
            applies=True, reason=f"One and the same law obeys the exchange theorem, with s = {words}.", entropy=best
        )
    return Scope(
        applies=False,
        reason=f"P(s, Q) differs from e^s P(-s, -Q) by up to {defects[best]:.3g} within this process: its backward "
        "process is another one.",
    )


def _candidates(process: Process) -> Iterator[tuple[tuple[str, float], ...]]:
    """Entropies that the exchange theorem may hold with."""
    yield (("sigma", 1.0),)
    if isinstance(process, ThermalOperation | CollisionModel):
        with suppress(InvalidInput):  # no Gibbs start, no thermal units, or no law: then there is no such entropy
            theorem = exchange_theorem(process)
            yield tuple(zip(theorem.quantities, theorem.exponents.tolist(), strict=True))


def _moments(
    process: Process, law: PathLaw | NoFiniteLaw, name: str, protocol: MeasurementProtocol
) -> tuple[float, float]:
    """Exact mean and variance."""
    if isinstance(law, PathLaw):
        return law.cumulants(name)[:2]
    return exact_cumulants(process, name, protocol=protocol)[:2]


def _backward_moments(
    process: Process, law: PathLaw | NoFiniteLaw, name: str, protocol: MeasurementProtocol
) -> tuple[float, float, float]:
    """Mean and variance of the current in the backward process, and the mean of its own sigma, D(P_B || P_F)."""
    lost = _lost(process, law, protocol) > SUPPORT_TOLERANCE
    if isinstance(law, PathLaw):
        backward = backward_law(process, law)
        mean, variance, _ = backward.cumulants(name)
        return mean, variance, math.inf if lost else backward.mean("sigma")
    if not name.startswith(("heat", "entropy_into_")):
        raise InvalidInput(
            f"`quantity` must be counted by jumps alone where there is no exact law, but {name!r} also counts at the "
            "ends"
        )
    mean, variance, _ = exact_cumulants(process.reversed(), name, protocol=protocol)
    return mean, variance, math.inf if lost else _divergence_of_backward(process, protocol)


def _lost(process: Process, law: PathLaw | NoFiniteLaw, protocol: MeasurementProtocol) -> float:
    """Weight of backward paths outside the support."""
    return law.absolute_irreversibility if isinstance(law, PathLaw) else exact_support_loss(process, protocol)


def backward_law(process: Process, law: PathLaw) -> PathLaw:
    """The law of the backward process: started in the final outcomes, measured in the initial ones."""
    return law_between(process.reversed().stages(), law.endpoints.swapped())


def _divergence_of_backward(process: Process, protocol: MeasurementProtocol) -> float:
    r""":math:`D(P_B\|P_F) = \partial_u\ln\langle e^{-u\sigma}\rangle` at u = 1, by central differences."""
    near, far = (
        exact_log_exponential_average(process, "sigma", 1 + step, protocol=protocol)
        - exact_log_exponential_average(process, "sigma", 1 - step, protocol=protocol)
        for step in (STEP, 2 * STEP)
    )
    return (8 * near - far) / (12 * STEP)
