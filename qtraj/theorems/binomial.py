"""The exact binomial test, sound from one path to 10^15 and down to probabilities of 1e-300.

`scipy.special.bdtr` returns NaN beyond 2^31 trials and the normal approximation is wrong for rare events, which are
the ones that matter here; the regularised incomplete beta function is accurate in all of these cases.

Symbols: N trials, success probability q, count k.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from qtraj.arrays import FloatArray, IntArray

__all__ = ["binomial_p_value", "binomial_p_values", "detectable_increase"]


def _at_least(count: int, paths: int, probability: float) -> float:
    """Return P(X >= count)."""
    return 1.0 if count <= 0 else float(special.betainc(count, paths - count + 1.0, probability))


def _at_most(count: int, paths: int, probability: float) -> float:
    """Return P(X <= count)."""
    return 1.0 if count >= paths else float(special.betaincc(count + 1.0, paths - count, probability))


def binomial_p_value(count: int, paths: int, probability: float) -> float:
    """Return the exact two-sided p-value min(1, 2 min[P(X <= k), P(X >= k)]) of a binomial count.

    Twice the smaller tail, rather than the sum over less likely outcomes: it is what Clopper-Pearson intervals
    invert, needs two function calls at any N, and errs on the safe side.

    Args:
        count: Number of successes k, between 0 and `paths`.
        paths: Number of trials N.
        probability: Success probability q; rounding outside [0, 1] is clipped.

    Returns:
        The p-value; 0 when the count is impossible (k > 0 at q = 0, or k < N at q = 1).

    Example:
        >>> binomial_p_value(0, 10, 0.5) == 2 * 0.5**10
        True
        >>> binomial_p_value(1, 10**15, 1e-300) < 1e-280
        True
    """
    q = min(1.0, max(0.0, probability))
    return min(1.0, 2.0 * min(_at_most(count, paths, q), _at_least(count, paths, q)))


def binomial_p_values(counts: IntArray, paths: int, probability: float) -> FloatArray:
    """Return `binomial_p_value` of many counts, any shape.

    Example:
        >>> binomial_p_values(np.array([0, 5, 10]), 10, 0.5).tolist() == [2 * 0.5**10, 1.0, 2 * 0.5**10]
        True
    """
    q = min(1.0, max(0.0, probability))
    k = counts.astype(np.float64)
    # The clipped arguments belong to entries that are not used.
    at_least = np.where(k <= 0, 1.0, special.betainc(np.maximum(k, 1.0), paths - k + 1.0, q))
    at_most = np.where(k >= paths, 1.0, special.betaincc(k + 1.0, np.maximum(paths - k, 1.0), q))
    return np.minimum(1.0, 2.0 * np.minimum(at_least, at_most))


def detectable_increase(paths: int, probability: float, level: float, power: float) -> float:
    """Return by how much the success probability must be too large to be rejected with probability `power`.

    The test rejects from the smallest count k with P(X >= k) <= level/2; the q' with P(X >= k | q') = power is an
    inverse incomplete beta function.

    Returns:
        q' - q, at most 1 - q; NaN when no count at all would be rejected.
    """
    q = min(1.0, max(0.0, probability))
    if _at_least(paths, paths, q) > level / 2:
        return math.nan
    low, high = 0, paths
    while high - low > 1:  # invariant: `high` is rejected and `low` is not
        middle = (low + high) // 2
        if _at_least(middle, paths, q) <= level / 2:
            high = middle
        else:
            low = middle
    return float(special.betaincinv(high, paths - high + 1.0, power)) - q
