r"""Logistic regression of the label "forward or backward" on sigma, and the test that its slope is 1.

Mapping: :math:`n_F` forward and :math:`n_B` backward paths with labels y = 1 and 0. If
:math:`P_F(\sigma) = e^\sigma P_B(-\sigma)`, the odds of a path with sigma being a forward one are
:math:`e^{a+b\sigma}` with :math:`a = \ln(n_F/n_B)` and b = 1: no free parameter is left. With :math:`g = (1, \sigma)`
and :math:`f = 1/(1+e^{-a-b\sigma})` the score is :math:`U = \sum(y-f)g`. The numbers of paths are given, not drawn, so
:math:`Cov\,U = I - (\tfrac1{n_F}+\tfrac1{n_B})(Ie_1)(Ie_1)^T` with :math:`I = \sum f(1-f)gg^T` (the
:math:`n_F n_B/(n_F+n_B)` of Bennett's ratio), and that of the fitted parameters is
:math:`I^{-1} - (\tfrac1{n_F}+\tfrac1{n_B})e_1e_1^T`.

The test is the score test at the known parameters: it needs no fit, and holds where the fit would not converge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from qtraj.arrays import FloatArray
from qtraj.theorems.tail_bound import POWER

__all__ = ["Labelled", "LogisticTest", "logistic_test"]

# The score's law is close to normal when so many paths lie where forward and backward overlap.
LEAST_OVERLAP = 100.0

# Values of sigma that differ by less, relatively, are one value: there is no slope to speak of.
NO_SPREAD = 1e-9

MOST_STEPS = 100
STEP_TOLERANCE = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Values of sigma of paths of one direction.

    Attributes:
        values: The forward path's sigma, shape (K,).
        counts: How many paths have it, shape (K,).
        paths: How many paths there are, those off the support included.
    """

    values: FloatArray
    counts: FloatArray
    paths: int


@dataclass(frozen=True, kw_only=True)
class LogisticTest:
    """A fit and a test.

    Attributes:
        slope: Fitted b, which should be 1; NaN where the fit does not exist.
        slope_error: Its standard error.
        intercept: Fitted a; NaN likewise.
        intercept_error: Its standard error.
        expected_intercept: ln(n_F / n_B).
        statistic: Score statistic.
        degrees: Its degrees of freedom, 2; less if sigma has but one value.
        p_value: Of slope and intercept jointly.
        overlap: Number of paths where both directions occur, 4 sum f (1 - f).
        detectable_slope: Smallest error of the slope that is noticed with probability 0.99 at the level of the test.
        detectable_intercept: Likewise of the intercept.
    """

    slope: float
    slope_error: float
    intercept: float
    intercept_error: float
    expected_intercept: float
    statistic: float
    degrees: int
    p_value: float
    overlap: float
    detectable_slope: float
    detectable_intercept: float

    @property
    def believable(self) -> bool:
        """Whether enough paths lie in the overlap for the p-value to be one."""
        return self.overlap >= LEAST_OVERLAP


def logistic_test(forward: Labelled, backward: Labelled, *, level: float) -> LogisticTest:
    """Fit slope and intercept, and test them jointly against 1 and ln(n_F / n_B).

    Args:
        forward: Forward paths.
        backward: Backward paths, with the sigma of the forward path they are the reverse of.
        level: False-alarm rate, for the detectable errors.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> ones = np.ones(50_000)
        >>> forward = Labelled(values=rng.normal(1.0, np.sqrt(2.0), 50_000), counts=ones, paths=50_000)
        >>> backward = Labelled(values=rng.normal(-1.0, np.sqrt(2.0), 50_000), counts=ones, paths=50_000)
        >>> found = logistic_test(forward, backward, level=1e-4)
        >>> abs(found.slope - 1.0) < 0.05, found.p_value > 1e-9
        (True, True)
    """
    sigma = np.concatenate([forward.values, backward.values])
    counts = np.concatenate([forward.counts, backward.counts]).astype(np.float64)
    label = np.concatenate([np.ones(forward.values.size), np.zeros(backward.values.size)])
    offset = math.log(forward.paths / backward.paths)
    fixed = 1.0 / forward.paths + 1.0 / backward.paths
    # In units t = (sigma - centre) / width the equations are well conditioned; the null hypothesis is (centre, width).
    centre = float((counts * sigma).sum() / counts.sum())
    width = math.sqrt(float((counts * (sigma - centre) ** 2).sum() / counts.sum()))
    spread = width > NO_SPREAD * max(1.0, abs(centre))
    t = (sigma - centre) / width if spread else np.zeros(sigma.size)
    null = np.array([centre, width if spread else 0.0])
    score, information = _score(t, label, counts, offset, null)
    covariance = information - fixed * np.outer(information[:, 0], information[:, 0])
    statistic, degrees = _quadratic(score, covariance)
    fit, found = _fitted(t, label, counts, offset, null) if spread else (np.full(2, math.nan), information)
    slope_error = intercept_error = slope = intercept = math.nan
    if spread and np.isfinite(fit).all():
        turn = np.array([[1.0, -centre / width], [0.0, 1.0 / width]])  # from (in units of t) to (intercept, slope)
        errors = turn @ np.linalg.inv(found) @ turn.T - fixed * np.diag([1.0, 0.0])
        intercept, slope = turn @ fit
        intercept_error, slope_error = np.sqrt(np.maximum(np.diag(errors), 0.0))
    turn_back = np.array([[1.0, centre], [0.0, width]])  # an error of (intercept, slope) in units of t
    moved = turn_back.T @ (information @ _inverse(covariance) @ information) @ turn_back
    needed = _noncentrality(level, max(1, degrees))
    detectable = [math.sqrt(needed / moved[k, k]) if moved[k, k] > 0 else math.inf for k in (0, 1)]
    return LogisticTest(
        slope=float(slope),
        slope_error=float(slope_error),
        intercept=float(intercept) + offset,
        intercept_error=float(intercept_error),
        expected_intercept=offset,
        statistic=statistic,
        degrees=degrees,
        p_value=float(stats.chi2.sf(statistic, degrees)) if degrees else 1.0,
        overlap=4.0 * float(information[0, 0]),
        detectable_slope=detectable[1] if spread else math.inf,
        detectable_intercept=detectable[0],
    )


def _score(
    t: FloatArray, label: FloatArray, counts: FloatArray, offset: float, at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Score and information at (intercept, slope), in units of t."""
    exponent = offset + at[0] + at[1] * t
    f = special.expit(exponent)
    rest = counts * np.where(label > 0, special.expit(-exponent), -f)
    spread = counts * f * special.expit(-exponent)
    score = np.array([rest.sum(), (rest * t).sum()])
    one, two, three = spread.sum(), (spread * t).sum(), (spread * t * t).sum()
    return score, np.array([[one, two], [two, three]])


def _fitted(
    t: FloatArray, label: FloatArray, counts: FloatArray, offset: float, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Newton's method for the maximum of the likelihood; NaN if there is none (no overlap)."""
    at = start.copy()
    score, information = _score(t, label, counts, offset, at)
    for _ in range(MOST_STEPS):
        if np.linalg.cond(information) > 1e14:
            break
        step = np.linalg.solve(information, score)
        # The likelihood is concave; a step is halved until the score along it has not changed its sign too far.
        scale = 1.0
        while scale > 1e-6:
            new_score, new_information = _score(t, label, counts, offset, at + scale * step)
            if new_score @ step >= -abs(score @ step):
                break
            scale /= 2
        at += scale * step
        score, information = new_score, new_information
        if float(np.abs(scale * step).max()) <= STEP_TOLERANCE * max(1.0, float(np.abs(at).max())):
            return at, information
    return np.full(2, math.nan), information


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse on the part that is not rounding."""
    return np.asarray(np.linalg.pinv(matrix, rcond=1e-10, hermitian=True), dtype=np.float64)


def _quadratic(vector: FloatArray, covariance: FloatArray) -> tuple[float, int]:
    values = np.linalg.eigvalsh(covariance)
    degrees = int((values > 1e-10 * max(float(values[-1]), 1e-300)).sum()) if values[-1] > 0 else 0
    return float(vector @ _inverse(covariance) @ vector) if degrees else 0.0, degrees


def _noncentrality(level: float, degrees: int) -> float:
    """The noncentrality at which a chi-square test rejects with probability 0.99."""
    critical = float(stats.chi2.isf(level, degrees))
    high = 10.0 * critical + 100.0
    low = 0.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if float(stats.ncx2.sf(critical, degrees, middle)) >= POWER else (middle, high)
    return high
