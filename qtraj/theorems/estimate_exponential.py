r"""Exponential averages <e^{-u x}> with their standard errors: the estimator that looks converged when it is not.

Mapping: weights :math:`w = e^{-ux}`, :math:`G(u) = \langle e^{-ux}\rangle`, exact variance :math:`G(2u) - G(u)^2`.
Under a tilt of strength s of the same quantity it is :math:`Z\,G(2u-s) - G(u)^2`, which vanishes at s = u.
"""

from __future__ import annotations

import math

from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.bootstrap import bootstrap_error
from qtraj.theorems.coverage import REQUIRED_COVERAGE, covered_weight
from qtraj.theorems.draws import Draws
from qtraj.theorems.estimated import Estimate, Method, detectable_error
from qtraj.theorems.exact_moments import ExactMoments
from qtraj.theorems.weight_ladder import exp_or_inf
from qtraj.theorems.without_law import BackwardWeights

__all__ = ["estimate_exponential_average", "exponential_name", "log_relative_variance", "uncovered_share"]


def exponential_name(name: str, u: float) -> str:
    """`exp_minus_sigma`, `exp_minus_2sigma`, `exp_minus_0.5sigma`."""
    return f"exp_minus_{'' if u == 1.0 else f'{u:g}'}{name}"


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
    draws, exact = Draws.of(ensemble, name), ExactMoments.of(ensemble, name)
    logs = -u * draws.values
    log_value, sampled = draws.log_average(logs)
    known = exact.log_exponential_average(u)
    relative = None if known is None else log_relative_variance(ensemble, exact, u, known)
    method = Method.DELTA
    scale = log_value
    if bootstrap:
        error = math.exp(log_value) * bootstrap_error(
            draws, lambda d: math.exp(d.log_average(logs)[0] - log_value), seed=ensemble.seed
        )
        method = Method.BOOTSTRAP
    elif relative is not None and known is not None:
        method, scale = Method.EXACT, known
        error = exp_or_inf(scale + relative / 2) / math.sqrt(draws.paths)
    else:
        error = exp_or_inf(scale) * math.sqrt(sampled / draws.paths)
    share = 0.0 if draws.tilted else uncovered_share(ensemble, name, u, backward)
    uncovered = exp_or_inf(scale) * share if share else 0.0
    size = None if relative is None else draws.paths / (1.0 + exp_or_inf(relative))
    return Estimate(
        name=exponential_name(name, u),
        value=exp_or_inf(log_value),
        standard_error=error,
        method=method,
        paths=draws.paths,
        exact=None if known is None else exp_or_inf(known),
        effective_sample_size=size,
        kish=draws.kish(logs),
        uncovered=uncovered,
        detectable=detectable_error(error, uncovered),
        note=_sentence(share, size, draws.kish(logs)),
    )


def log_relative_variance(ensemble: Ensemble, exact: ExactMoments, u: float, log_mean: float) -> float | None:
    """Ln of Var(w)/<w>^2 of a single draw, exactly; None where unknown, -inf where it vanishes."""
    tilt = ensemble.tilt
    if tilt is None:
        second = exact.log_exponential_average(2.0 * u)
    elif tilt.quantity == exact.name:
        second = exact.log_exponential_average(2.0 * u - tilt.strength)
        second = None if second is None else second + tilt.log_normalisation
    else:
        second = None
    if second is None:
        return None
    excess = second - 2.0 * log_mean
    # Of equal weights what is left is rounding.
    return -math.inf if excess <= 1e-12 else excess + math.log1p(-math.exp(-excess))


def uncovered_share(ensemble: Ensemble, name: str, u: float, backward: BackwardWeights | None = None) -> float:
    """Part of <e^{-u x}> on values that N paths are not expected to have shown, 0 where nobody knows.

    With a law, each value counts as far as it is likely to be drawn at least once (`covered_weight`); with backward
    paths, the part above the cut that N paths allow.
    """
    if u == 0.0:
        return 0.0
    if ensemble.finite_law is None:
        if backward is None or (name, u) != ("sigma", 1.0) or not backward.logs.size:
            return 0.0
        return 1.0 - float((backward.logs <= backward.cut(ensemble.paths)).mean())
    distribution = ensemble.finite_law.distribution(name)
    logs = distribution.log_probabilities
    covered = covered_weight(log_probabilities=logs, log_backward=logs - u * distribution.atoms, paths=ensemble.paths)
    return max(0.0, 1.0 - covered)


def _sentence(share: float, size: float | None, kish: float) -> str:
    if share > 1.0 - REQUIRED_COVERAGE:
        return f"{share:.2g} of the average lies on values that so many paths are not expected to show"
    if size is not None and kish >= 2.0 * size:
        return f"the sample believes itself worth {kish:.3g} paths, but is worth {size:.3g}"
    return ""
