r"""The weights of an exponential average <e^{-u x}>, drawn and exact: what it and its logarithm are estimated from.

Mapping: weights :math:`w = e^{-ux}`, :math:`G(u) = \langle e^{-ux}\rangle`, exact variance :math:`G(2u) - G(u)^2`.
Under a tilt of strength s of the same quantity it is :math:`Z\,G(2u-s) - G(u)^2`, which vanishes at s = u.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtraj.arrays import FloatArray
from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.coverage import REQUIRED_COVERAGE, covered_weight
from qtraj.theorems.draws import Draws
from qtraj.theorems.exact_moments import ExactMoments
from qtraj.theorems.logarithms import exp_or_inf
from qtraj.theorems.without_law import BackwardWeights

__all__ = ["ExponentialWeights"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ExponentialWeights:
    """The weights e^{-u x} of an ensemble.

    Attributes:
        name: Of the average, such as `exp_minus_2sigma`.
        draws: The draws of x.
        logs: ln w of each, shape (K,).
        log_average: ln of the sampled average.
        sampled_variance: Var(w)/<w>^2 of a single draw, from the sample.
        exact: ln of the exact average; None where unknown.
        log_variance: ln of Var(w)/<w>^2 of a single draw, exactly; None where unknown, -inf where it vanishes.
        uncovered: Part of the average on values that so many paths are not expected to have shown.
    """

    name: str
    draws: Draws
    logs: FloatArray
    log_average: float
    sampled_variance: float
    exact: float | None
    log_variance: float | None
    uncovered: float

    @classmethod
    def of(cls, ensemble: Ensemble, name: str, u: float, backward: BackwardWeights | None) -> ExponentialWeights:
        """The weights of quantity `name`; arguments as in `estimate_exponential_average`."""
        draws, moments = Draws.of(ensemble, name), ExactMoments.of(ensemble, name)
        logs = -u * draws.values
        log_average, sampled = draws.log_average(logs)
        exact = moments.log_exponential_average(u)
        return cls(
            name=f"exp_minus_{'' if u == 1.0 else f'{u:g}'}{name}",
            draws=draws,
            logs=logs,
            log_average=log_average,
            sampled_variance=sampled,
            exact=exact,
            log_variance=None if exact is None else _log_relative_variance(ensemble, moments, u, exact),
            uncovered=0.0 if draws.tilted else _uncovered_share(ensemble, name, u, backward),
        )

    @property
    def kish(self) -> float:
        """Effective sample size by the sample's own account."""
        return self.draws.kish(self.logs)

    @property
    def effective_sample_size(self) -> float | None:
        """The exact one; None where it is unknown."""
        return None if self.log_variance is None else self.draws.paths / (1.0 + exp_or_inf(self.log_variance))

    @property
    def blind_spot(self) -> str:
        """What to say of an average that the paths are not expected to have shown; empty if they are."""
        if self.uncovered <= 1.0 - REQUIRED_COVERAGE:
            return ""
        return f"{self.uncovered:.2g} of the average lies on values that so many paths are not expected to show"


def _log_relative_variance(ensemble: Ensemble, exact: ExactMoments, u: float, log_mean: float) -> float | None:
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


def _uncovered_share(ensemble: Ensemble, name: str, u: float, backward: BackwardWeights | None) -> float:
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
