"""Means with their standard errors."""

from __future__ import annotations

import math

import numpy as np

from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.bootstrap import bootstrap_error
from qtraj.theorems.draws import Draws, tilted_sample_size
from qtraj.theorems.estimated import FLATTERY, Estimate, Method, detectable_error
from qtraj.theorems.exact_moments import ExactMoments

__all__ = ["estimate_mean", "moment_estimate"]

# A mean over fewer independent paths is no estimate.
FEWEST = 10.0


def estimate_mean(ensemble: Ensemble, name: str = "sigma", *, bootstrap: bool = False) -> Estimate:
    """The mean of a quantity.

    Standard error: exact variance, from the law or the tilted evolution, over N; of the sample where neither knows the
    quantity, and where another quantity was tilted. The mean of W x is unbiased whatever the weights W.

    Args:
        ensemble: The paths.
        name: sigma, sigma_d, xi, heat, heat into a reservoir, ...
        bootstrap: Take the standard error from resampling instead.

    Raises:
        NotRecorded: If the ensemble does not record the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> print(estimate_mean(sample(build_model("two-qubit-exchange"), paths=1e12, seed=7)))
        mean_sigma = 0.00886... +- 1.4e-07 (exact variance; exact 0.00886792)
    """
    draws, exact = Draws.of(ensemble, name), ExactMoments.of(ensemble, name)
    value, variance = draws.average(draws.values)
    known, method = exact.cumulants, Method.DELTA
    if bootstrap:
        method, error = Method.BOOTSTRAP, bootstrap_error(draws, lambda d: d.average(d.values)[0], seed=ensemble.seed)
    else:
        second = None if ensemble.tilt is None else exact.weighted_second_moment(ensemble.tilt)
        if known is not None and not draws.tilted:
            method, variance = Method.EXACT, max(0.0, known[1])
        elif known is not None and second is not None:
            method, variance = Method.EXACT, max(0.0, second - known[0] ** 2)
        error = math.sqrt(variance / draws.paths)
    return moment_estimate(
        ensemble,
        draws,
        name=f"mean_{name}",
        value=value,
        standard_error=error,
        method=method,
        exact=None if known is None else known[0],
    )


def moment_estimate(
    ensemble: Ensemble,
    draws: Draws,
    *,
    name: str,
    value: float,
    standard_error: float,
    method: Method,
    exact: float | None,
) -> Estimate:
    """The estimate of a moment, whose only weights are those of a tilt; arguments as the attributes of `Estimate`."""
    kish, size = draws.kish(np.zeros(draws.values.size)), tilted_sample_size(ensemble)
    doubtful = size is not None and (kish >= FLATTERY * size or size < FEWEST)
    return Estimate(
        name=name,
        value=value,
        standard_error=standard_error,
        method=method,
        paths=draws.paths,
        exact=exact,
        effective_sample_size=size,
        kish=kish,
        detectable=detectable_error(standard_error),
        note=f"only {size:.2g} effective paths, though the sample shows {kish:.2g}: more paths, or another tilt"
        if doubtful
        else "",
    )
