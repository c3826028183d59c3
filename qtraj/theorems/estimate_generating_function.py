r"""The cumulant generating function :math:`\ln\langle e^{-ux}\rangle` with its standard error and its bias.

Mapping: :math:`\bar w` the sample mean of :math:`w = e^{-ux}`. Linearised, :math:`\ln\bar w` has the standard error of
:math:`\bar w` over :math:`\langle w\rangle`, and by the next order it lies low by
:math:`Var(w)/(2N\langle w\rangle^2)` on average: half the inverse of the effective sample size.
"""

from __future__ import annotations

import math

from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.bootstrap import bootstrap_error
from qtraj.theorems.coverage import REQUIRED_COVERAGE
from qtraj.theorems.draws import Draws
from qtraj.theorems.estimate_exponential import exponential_name, log_relative_variance, uncovered_share
from qtraj.theorems.estimated import Estimate, Method, detectable_error
from qtraj.theorems.exact_moments import ExactMoments
from qtraj.theorems.weight_ladder import exp_or_inf
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
    draws, exact = Draws.of(ensemble, name), ExactMoments.of(ensemble, name)
    logs = -u * draws.values
    value, relative = draws.log_average(logs)
    known = exact.log_exponential_average(u)
    found = None if known is None else log_relative_variance(ensemble, exact, u, known)
    method = Method.DELTA
    if found is not None:
        method, relative = Method.DELTA_EXACT, exp_or_inf(found)
    error = math.sqrt(relative / draws.paths)
    if bootstrap:
        method = Method.BOOTSTRAP
        error = bootstrap_error(draws, lambda d: d.log_average(logs)[0], seed=ensemble.seed)
    share = 0.0 if draws.tilted else uncovered_share(ensemble, name, u, backward)
    # ln(1 - share): how low the sample lies without what it cannot show.
    uncovered = -math.log1p(-share) if share < 1.0 else math.inf
    bias = -relative / (2 * draws.paths)
    note = ""
    if bias < -LARGEST_BIAS:
        note = f"a bias of {bias:.2g} is beyond the expansion it comes from: far too few paths"
    elif share > 1.0 - REQUIRED_COVERAGE:
        note = f"{share:.2g} of the average lies on values that so many paths are not expected to show"
    return Estimate(
        name=f"log_{exponential_name(name, u)}",
        value=value,
        standard_error=error,
        method=method,
        paths=draws.paths,
        exact=known,
        effective_sample_size=None if found is None else draws.paths / (1.0 + relative),
        kish=draws.kish(logs),
        bias=bias,
        uncovered=uncovered,
        detectable=detectable_error(error, uncovered),
        note=note,
    )
