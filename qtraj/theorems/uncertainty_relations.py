"""Uncertainty relations of a process, exactly, each only in its scope.

Mapping: see `qtraj.theorems.uncertainty_bounds` for the formulas and `uncertainty_scopes` for the premises. Where a
premise fails, the result says "not a bound here" and why.
"""

from __future__ import annotations

import math

from qtraj.density.partners import exact_cumulants, exact_log_exponential_average
from qtraj.errors import InvalidInput, NoFiniteLaw
from qtraj.paths.exact_law import law_between, law_if_finite
from qtraj.paths.law import PathLaw
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.quantum.scalars import instance_of
from qtraj.theorems.uncertainty_bounds import (
    UncertaintyRelation,
    exchange_bound,
    hysteretic_bound,
    relative_variance,
    stationary_bound,
)
from qtraj.theorems.uncertainty_scopes import scopes_of, support_loss

__all__ = ["backward_law", "require_current", "uncertainty_relations"]

CURRENTS = ("heat", "work", "sigma", "sigma_d", "xi", "clausius_sigma", "information_change")
"""Quantities that change sign when a path is reversed; so do those that begin with one of `CURRENT_PREFIXES`."""

CURRENT_PREFIXES = ("heat_into_", "entropy_into_")

# Step of the numerical derivative of ln <e^{-u sigma}>: its error is h^4 and 1e-13/h.
STEP = 2e-3


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
    lost = support_loss(process, law, protocol) > 0
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
