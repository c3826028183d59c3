"""One entry for all estimators, by the names that reports and files use."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qtraj.errors import UnknownName
from qtraj.paths.distribution import VALUE_TOLERANCE
from qtraj.paths.ensemble import Ensemble
from qtraj.quantum.scalars import instance_of
from qtraj.theorems.estimate_cumulant import estimate_cumulant
from qtraj.theorems.estimate_exponential import estimate_exponential_average
from qtraj.theorems.estimate_generating_function import estimate_log_exponential_average
from qtraj.theorems.estimate_mean import estimate_mean
from qtraj.theorems.estimate_probability import estimate_probability
from qtraj.theorems.estimated import Estimate

__all__ = ["estimate"]

_EXPONENTIAL = re.compile(r"(log_)?exp_minus_(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)?([a-z].*)")

_PLAIN: dict[str, Callable[[Ensemble, str, bool], Estimate]] = {
    "mean_": lambda e, name, boot: estimate_mean(e, name, bootstrap=boot),
    "variance_": lambda e, name, boot: estimate_cumulant(e, name, 2, bootstrap=boot),
    "third_cumulant_": lambda e, name, boot: estimate_cumulant(e, name, 3, bootstrap=boot),
    "probability_negative_": lambda e, name, boot: _negative(e, name, boot),
}


def _negative(ensemble: Ensemble, name: str, bootstrap: bool) -> Estimate:
    """Below zero by more than rounding."""
    largest = max(1.0, float(np.abs(ensemble.weighted_values(name)[0]).max(initial=0.0)))
    found = estimate_probability(ensemble, name, below=-VALUE_TOLERANCE * largest, bootstrap=bootstrap)
    return replace(found, name=f"probability_negative_{name}")


def estimate(ensemble: Ensemble, name: str, *, bootstrap: bool = False) -> Estimate:
    """An estimate by its name.

    Args:
        ensemble: Any ensemble: counts, rows, with or without a tilt.
        name: `mean_X`, `variance_X`, `third_cumulant_X`, `exp_minus_X`, `exp_minus_2X` (any number), `log_exp_minus_X`
            or `probability_negative_X`, with X one of the ensemble's quantities (sigma, sigma_d, xi, heat, ...).
        bootstrap: Take the standard error from resampling.

    Returns:
        Value, standard error with the method it comes from, exact value where there is one, effective sample sizes,
        bias, uncovered part, smallest detectable discrepancy.

    Raises:
        UnknownName: If there is no such estimate.
        NotRecorded: If the ensemble does not record the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=1e12, seed=7)
        >>> estimate(ensemble, "exp_minus_2sigma").name
        'exp_minus_2sigma'
    """
    instance_of(ensemble, Ensemble, "ensemble")
    instance_of(name, str, "name")
    for prefix, function in _PLAIN.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            return function(ensemble, name.removeprefix(prefix), bootstrap)
    if match := _EXPONENTIAL.fullmatch(name):
        logarithm, number, quantity = match.groups()
        exponential = estimate_log_exponential_average if logarithm else estimate_exponential_average
        return exponential(ensemble, quantity, 1.0 if number is None else float(number), bootstrap=bootstrap)
    quantities = ensemble.quantities
    kinds = (*_PLAIN, "exp_minus_", "log_exp_minus_")
    raise UnknownName("estimate", name, [f"{kind}{quantity}" for quantity in quantities for kind in kinds])
