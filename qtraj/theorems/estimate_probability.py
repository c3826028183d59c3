r"""Probabilities of intervals with their standard errors; under a tilt also those that no plain sample can see.

Mapping: :math:`P(low < x < high)`, estimated by the mean of W 1[low < x < high].
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.bootstrap import bootstrap_error
from qtraj.theorems.draws import Draws
from qtraj.theorems.estimated import Estimate, Method, detectable_error
from qtraj.theorems.exact_moments import ExactMoments

__all__ = ["estimate_probability"]

# Fewer paths beyond the edge do not show that the tilt reaches it.
LEAST_PATHS = 10

# Logarithms of weights that differ by less than this cannot hide anything.
NEARLY_EQUAL = 3.0


def estimate_probability(
    ensemble: Ensemble,
    name: str = "sigma",
    *,
    above: float = -math.inf,
    below: float = math.inf,
    bootstrap: bool = False,
) -> Estimate:
    """The probability that a quantity lies strictly between two values.

    Standard error: exact variance p (1 - p) from the law; without one, and under a tilt, that of the sample. A tilt
    that does not bring paths to the edge of the interval cannot tell, whatever its standard error: see `uncovered`.

    Args:
        ensemble: The paths.
        name: The quantity.
        above: It must be above this.
        below: It must be below this.
        bootstrap: Take the standard error from resampling instead.

    Returns:
        The estimate. Its Kish sample size counts the paths inside, by weight.

    Raises:
        InvalidInput: If there is nothing between the two.
        NotRecorded: If the ensemble does not record the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=1e12, seed=7)
        >>> abs(estimate_probability(ensemble, "sigma", below=-0.01).z) < 5
        True
    """
    if not above < below:
        raise InvalidInput(f"`above` must be less than `below`, but they are {above:g} and {below:g}")
    draws, exact = Draws.of(ensemble, name), ExactMoments.of(ensemble, name)
    inside = ((draws.values > above) & (draws.values < below)).astype(np.float64)
    value, variance = draws.average(inside)
    known, method = exact.probability(above, below), Method.DELTA
    if bootstrap:
        method, error = Method.BOOTSTRAP, bootstrap_error(draws, lambda d: d.average(inside)[0], seed=ensemble.seed)
    else:
        if known is not None and not draws.tilted:
            method, variance = Method.EXACT, known * (1.0 - known)
        error = math.sqrt(variance / draws.paths)
    with np.errstate(divide="ignore"):
        kish = draws.kish(np.log(inside)) if inside.any() else 0.0
    note, uncovered = "", 0.0
    if draws.tilted and _beyond(ensemble, name, above, below) < LEAST_PATHS:
        uncovered = max(0.0, 1.0 - value)
        note = "hardly a path lies beyond the edge where weights are largest: this tilt is not made for this interval"
    elif known is None and kish == 0.0:
        # The rule of three, at 99 %: no path in N says that p is below 4.6 / N.
        note = f"no path lies there: the probability is below {-math.log(0.01) / draws.paths:.2g} at 99 % confidence"
    return Estimate(
        name=f"probability_{name}_{_interval(above, below)}",
        value=value,
        standard_error=error,
        method=method,
        paths=draws.paths,
        exact=known,
        effective_sample_size=None,
        kish=kish,
        uncovered=uncovered,
        detectable=detectable_error(error, uncovered),
        note=note,
    )


def _beyond(ensemble: Ensemble, name: str, above: float, below: float) -> float:
    """How many rows lie beyond the edge at which weights are largest; inf where the weights are nearly equal.

    Weights rise towards one side. Rows beyond that edge say that those just inside it are not missing.
    """
    tilt, logs = ensemble.tilt, ensemble.log_weights
    assert tilt is not None
    assert logs is not None
    if tilt.quantity != name or float(np.ptp(logs)) < NEARLY_EQUAL:
        return math.inf
    values = ensemble.weighted_values(name)[0]
    return int((values <= above).sum() if tilt.strength < 0 else (values >= below).sum())


def _interval(above: float, below: float) -> str:
    parts = [f"above_{above:g}" if above > -math.inf else "", f"below_{below:g}" if below < math.inf else ""]
    return "_".join(part for part in parts if part) or "anywhere"
