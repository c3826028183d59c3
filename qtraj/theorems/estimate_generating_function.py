r"""The cumulant generating function :math:`\ln\langle e^{-ux}\rangle` with its standard error and its bias.

Mapping: :math:`\bar w` the sample mean of :math:`w = e^{-ux}`. Linearised, :math:`\ln\bar w` has the standard error of
:math:`\bar w` over :math:`\langle w\rangle`, and by the next order it lies low by
:math:`Var(w)/(2N\langle w\rangle^2)` on average: half the inverse of the effective sample size.
"""

from __future__ import annotations

import math

from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.bootstrap import bootstrap_error
from qtraj.theorems.estimated import Estimate, Method, detectable_error
from qtraj.theorems.exponential_weights import ExponentialWeights
from qtraj.theorems.logarithms import exp_or_inf
from qtraj.theorems.without_law import BackwardWeights

__all__ = ["estimate_log_exponential_average"]

# The expansion in 1/N is one in the inverse of the effective sample size; above this its first term is no guide.
LARGEST_BIAS = 0.1


def estimate_log_exponential_average(
    ensemble: Ensemble,
    name: str = "sigma",
    u: float = 1.0,
    *,
    backward: BackwardWeights | None = None,
    bootstrap: bool = False,
) -> Estimate:
    """The logarithm of the average of e^{-u x}.

    Standard error: delta method, with exact moments where they are finite.

    Args:
        ensemble: The paths.
        name: The quantity x.
        u: Counting parameter.
        backward: As in `estimate_exponential_average`.
        bootstrap: Take the standard error from resampling instead.

    Returns:
        The estimate; its `bias` is the leading one and is not taken off.

    Raises:
        NotRecorded: If the ensemble does not record the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> found = estimate_log_exponential_average(sample(build_model("two-qubit-exchange"), paths=1e4, seed=7))
        >>> -1e-3 < found.bias < 0
        True
    """
    weights = ExponentialWeights.of(ensemble, name, u, backward)
    draws, relative, method = weights.draws, weights.sampled_variance, Method.DELTA
    if weights.log_variance is not None:
        method, relative = Method.DELTA_EXACT, exp_or_inf(weights.log_variance)
    error = math.sqrt(relative / draws.paths)
    if bootstrap:
        method = Method.BOOTSTRAP
        error = bootstrap_error(draws, lambda d: d.log_average(weights.logs)[0], seed=ensemble.seed)
    # ln(1 - share): how low the sample lies without what it cannot show.
    uncovered = -math.log1p(-weights.uncovered) if weights.uncovered < 1.0 else math.inf
    bias = -relative / (2 * draws.paths)
    note = weights.blind_spot
    if bias < -LARGEST_BIAS:
        note = f"a bias of {bias:.2g} is beyond the expansion it comes from: far too few paths"
    return Estimate(
        name=f"log_{weights.name}",
        value=weights.log_average,
        standard_error=error,
        method=method,
        paths=draws.paths,
        exact=weights.exact,
        effective_sample_size=weights.effective_sample_size,
        kish=weights.kish,
        bias=bias,
        uncovered=uncovered,
        detectable=detectable_error(error, uncovered),
        note=note,
    )
