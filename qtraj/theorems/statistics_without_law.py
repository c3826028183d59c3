"""The statistical checks of an ensemble of followed paths that has no law.

Every sampled mean is held against the same number from density matrices, with its exact variance from the tilted
evolution; <e^-sigma> against paths of the backward process; the final outcomes against the final state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from qtraj.density.partners import exact_cumulants, exact_log_exponential_average
from qtraj.errors import TooLarge
from qtraj.paths.ensemble import Ensemble
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.theorems.checks import Check, identity
from qtraj.theorems.goodness_of_fit import marginal_check
from qtraj.theorems.references import IDENTITY_TOLERANCE, References
from qtraj.theorems.without_law import BackwardWeights, cautious_mean_check, outcome_counts, weights_check

__all__ = ["ExactPartners", "partner_identities", "statistics_without_law"]

# Tilted evolutions are products of hundreds of matrices, good to 1e-13 of the largest; a factor of a hundred to spare.
PARTNER_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactPartners:
    """Exact cumulants and exponential averages of path quantities, from density matrices, kept once computed."""

    process: Process
    protocol: MeasurementProtocol
    _known: dict[str, tuple[float, float, float]] = field(default_factory=dict, repr=False)

    def cumulants(self, name: str) -> tuple[float, float, float]:
        """Mean, variance and third cumulant of a quantity.

        Raises:
            TooLarge: If the process is too large for them.
        """
        if name not in self._known:
            self._known[name] = exact_cumulants(self.process, name, protocol=self.protocol)
        return self._known[name]

    def weight_cumulants(self, name: str) -> tuple[float, float, float]:
        """The same of e^-s; inf where one exceeds a double."""
        key = f"exp_minus_{name}"
        if key not in self._known:
            self._known[key] = self._weight_cumulants(name)
        return self._known[key]

    def _weight_cumulants(self, name: str) -> tuple[float, float, float]:
        with np.errstate(over="ignore", invalid="ignore"):
            one, two, three = (
                float(np.exp(exact_log_exponential_average(self.process, name, float(u), protocol=self.protocol)))
                for u in (1, 2, 3)
            )
            if not math.isfinite(three):
                return one, two - one**2 if math.isfinite(two) else math.inf, math.inf
            return one, two - one**2, three - 3 * one * two + 2 * one**3


def partner_identities(references: References, partners: ExactPartners) -> Iterator[Check]:
    """Averages from density matrices against the first cumulants of the tilted evolution."""
    for name, exact in references.means.items():
        try:
            mean, variance, _ = partners.cumulants(name)
        except TooLarge:
            continue
        slack = PARTNER_TOLERANCE * max(1e-3, abs(exact), math.sqrt(max(0.0, variance)))
        yield identity(
            f"tilted_mean_{name}",
            mean,
            exact,
            slack + references.energy_rounding.get(name, 0.0),
            note="First cumulant of the tilted evolution, boundary terms included.",
        )
    for name, exact in references.exponential.items():
        if name == "sigma":
            logarithm = exact_log_exponential_average(partners.process, name, 1.0, protocol=partners.protocol)
            yield identity(
                "tilted_exp_minus_sigma",
                math.exp(min(700.0, logarithm)),
                exact,
                PARTNER_TOLERANCE + IDENTITY_TOLERANCE,
                note="From the tilted evolution, against 1 - lambda from the backward process.",
            )


def statistics_without_law(
    ensemble: Ensemble, references: References, partners: ExactPartners, backward: BackwardWeights | None
) -> Iterator[Callable[[float], Check]]:
    """All checks of the ensemble, each waiting for its share of the level."""
    for name, exact in references.means.items():
        yield _mean(name, exact, ensemble, references, partners)
    if backward is not None:
        yield _sigma(ensemble, references, partners, backward)
    for name, exact in references.exponential.items():
        if name != "sigma":
            yield _weight(name, exact, ensemble, partners)
    if references.final_probabilities is not None:
        yield _final(ensemble, references)


def _mean(
    name: str, exact: float, ensemble: Ensemble, references: References, partners: ExactPartners
) -> Callable[[float], Check]:
    floor = PARTNER_TOLERANCE * max(1e-3, abs(exact)) + references.energy_rounding.get(name, 0.0)

    def check(level: float) -> Check:
        try:
            cumulants, note = partners.cumulants(name), ""
        except TooLarge:
            cumulants, note = _sampled_cumulants(ensemble, name), " The variance is that of the sample."
        found = cautious_mean_check(
            f"mean_{name}",
            sampled=ensemble.mean(name),
            cumulants=cumulants,
            exact=exact,
            paths=ensemble.paths,
            level=level,
            numerical_floor=floor,
        )
        return replace(found, note=found.note + note)

    return check


def _sampled_cumulants(ensemble: Ensemble, name: str) -> tuple[float, float, float]:
    values, counts = ensemble.values(name)
    mean, variance = ensemble.mean(name), ensemble.variance(name)
    return mean, variance, float((counts * (values - mean) ** 3).sum() / ensemble.paths)


def _weight(name: str, exact: float, ensemble: Ensemble, partners: ExactPartners) -> Callable[[float], Check]:
    def check(level: float) -> Check:
        return cautious_mean_check(
            f"exp_minus_{name}",
            sampled=ensemble.exponential_average(name),
            cumulants=partners.weight_cumulants(name),
            exact=exact,
            paths=ensemble.paths,
            level=level,
            numerical_floor=PARTNER_TOLERANCE * max(1.0, abs(exact)),
        )

    return check


def _sigma(
    ensemble: Ensemble, references: References, partners: ExactPartners, backward: BackwardWeights
) -> Callable[[float], Check]:
    values, _ = ensemble.values("sigma")
    return lambda level: weights_check(
        "exp_minus_sigma",
        values=values,
        backward=backward,
        target=references.exponential["sigma"],
        level=level,
        variance=partners.weight_cumulants("sigma")[1],
    )


def _final(ensemble: Ensemble, references: References) -> Callable[[float], Check]:
    probabilities, rows = references.final_probabilities, ensemble.rows
    assert probabilities is not None
    assert rows is not None
    counts = outcome_counts(rows["beta"], probabilities.size)
    return lambda level: marginal_check("final_marginal", counts=counts, probabilities=probabilities, level=level)
