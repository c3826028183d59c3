r"""Exponential averages <e^{-u x}> with their standard errors: the estimator that looks converged when it is not.

The variance of the weights is in `qtraj.theorems.exponential_weights`.
"""

from __future__ import annotations

import math

from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.bootstrap import bootstrap_error
from qtraj.theorems.estimated import FLATTERY, Estimate, Method, detectable_error
from qtraj.theorems.exponential_weights import ExponentialWeights
from qtraj.theorems.logarithms import exp_or_inf
from qtraj.theorems.without_law import BackwardWeights

__all__ = ["estimate_exponential_average"]


def estimate_exponential_average(
    ensemble: Ensemble,
    name: str = "sigma",
    u: float = 1.0,
    *,
    backward: BackwardWeights | None = None,
    bootstrap: bool = False,
) -> Estimate:
    """The average of e^{-u x}.

    Standard error: exact variance where it is finite, from the law or the tilted evolution; else from the sample, which
    knows only the weights that were drawn. `uncovered` is the part of the average on values that N paths are not
    expected to show.

    Args:
        ensemble: The paths.
        name: The quantity x.
        u: Counting parameter.
        backward: Paths of the backward process: where there is no law they tell the uncovered part of <e^-sigma>.
        bootstrap: Take the standard error from resampling instead.

    Raises:
        NotRecorded: If the ensemble does not record the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> found = estimate_exponential_average(sample(build_model("two-qubit-exchange"), paths=1e12, seed=7))
        >>> found.exact, str(found.method), found.uncovered
        (1.0, 'exact variance', 0.0)
    """
    weights = ExponentialWeights.of(ensemble, name, u, backward)
    draws, scale, method = weights.draws, weights.log_average, Method.DELTA
    if bootstrap:
        error = math.exp(scale) * bootstrap_error(
            draws, lambda d: math.exp(d.log_average(weights.logs)[0] - scale), seed=ensemble.seed
        )
        method = Method.BOOTSTRAP
    elif weights.exact is not None and weights.log_variance is not None:
        method, scale = Method.EXACT, weights.exact
        error = exp_or_inf(scale + weights.log_variance / 2) / math.sqrt(draws.paths)
    else:
        error = exp_or_inf(scale) * math.sqrt(weights.sampled_variance / draws.paths)
    uncovered = exp_or_inf(scale) * weights.uncovered if weights.uncovered else 0.0
    return Estimate(
        name=weights.name,
        value=exp_or_inf(weights.log_average),
        standard_error=error,
        method=method,
        paths=draws.paths,
        exact=None if weights.exact is None else exp_or_inf(weights.exact),
        effective_sample_size=weights.effective_sample_size,
        kish=weights.kish,
        uncovered=uncovered,
        detectable=detectable_error(error, uncovered),
        note=weights.blind_spot or _flattery(weights),
    )


def _flattery(weights: ExponentialWeights) -> str:
    size, kish = weights.effective_sample_size, weights.kish
    if size is not None and kish >= FLATTERY * size:
        return f"the sample believes itself worth {kish:.3g} paths, but is worth {size:.3g}"
    return ""
