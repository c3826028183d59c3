r"""Variances and third cumulants with their standard errors.

Mapping: central moments :math:`m_k`. The estimates are Fisher's k-statistics, unbiased;
:math:`Var\,k_2 = (m_4 - m_2^2)/N` and :math:`Var\,k_3 = (m_6 - m_3^2 - 6m_4m_2 + 9m_2^3)/N` to leading order (the delta
method). Under a tilt moments are ratios of weighted sums, and errors those of their linearisation.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.bootstrap import bootstrap_error
from qtraj.theorems.draws import Draws
from qtraj.theorems.estimate_mean import moment_estimate
from qtraj.theorems.estimated import Estimate, Method
from qtraj.theorems.exact_moments import ExactMoments

__all__ = ["estimate_cumulant"]

NAMES = {2: "variance", 3: "third_cumulant"}


def estimate_cumulant(ensemble: Ensemble, name: str = "sigma", order: int = 2, *, bootstrap: bool = False) -> Estimate:
    """A cumulant of a quantity.

    Standard error: delta method, with the law's exact moments where there is a law, else with those of the sample.

    Args:
        ensemble: The paths, at least three.
        name: sigma, sigma_d, xi, heat, heat into a reservoir, ...
        order: 2 or 3; for the first see `estimate_mean`.
        bootstrap: Take the standard error from resampling instead.

    Raises:
        NotRecorded: If the ensemble does not record the quantity.
        InvalidInput: If the order is another, or there are fewer than three paths.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> found = estimate_cumulant(sample(build_model("two-qubit-exchange"), paths=1e12, seed=7))
        >>> abs(found.z) < 5
        True
    """
    if order not in (2, 3):
        raise InvalidInput(f"`order` must be 2 or 3, but is {order!r}")
    draws, exact = Draws.of(ensemble, name), ExactMoments.of(ensemble, name)
    if draws.paths < 3:
        raise InvalidInput(f"a cumulant needs at least three paths, but there are {draws.paths}", measured=draws.paths)
    value, variance = _cumulant(draws, order)
    method = Method.DELTA
    if bootstrap:
        method = Method.BOOTSTRAP
        error = bootstrap_error(draws, lambda d: _cumulant(d, order)[0], seed=ensemble.seed)
    else:
        if exact.central is not None and not draws.tilted:
            method, variance = Method.DELTA_EXACT, _variance(exact.central, order)
        error = math.sqrt(max(0.0, variance) / draws.paths)
    return moment_estimate(
        ensemble,
        draws,
        name=f"{NAMES[order]}_{name}",
        value=value,
        standard_error=error,
        method=method,
        exact=None if exact.cumulants is None else exact.cumulants[order - 1],
    )


def _cumulant(draws: Draws, order: int) -> tuple[float, float]:
    """The estimate, and the variance of a single draw's influence on it."""
    n = draws.paths
    weights = draws.counts * np.exp(draws.log_weights - draws.log_weights.max()) if draws.tilted else draws.counts
    total = math.fsum(weights)
    centred = draws.values - math.fsum(weights * draws.values) / total
    m = [math.fsum(weights * centred**k) / total for k in range(7)]
    if not draws.tilted:
        factor = n / (n - 1) if order == 2 else n * n / ((n - 1) * (n - 2))
        return factor * m[order], _variance(tuple(m), order)
    influence = centred**2 - m[2] if order == 2 else centred**3 - m[3] - 3 * m[2] * centred
    relative = weights / draws.counts * (n / total)
    return m[order], math.fsum(draws.counts * (relative * influence) ** 2) / n


def _variance(m: tuple[float, ...], order: int) -> float:
    """N times the leading variance of a k-statistic."""
    return m[4] - m[2] ** 2 if order == 2 else m[6] - m[3] ** 2 - 6 * m[4] * m[2] + 9 * m[2] ** 3
