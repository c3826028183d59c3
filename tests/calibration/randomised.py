"""Uniform numbers from discrete ones: the distribution function, with every jump spread evenly over its height."""

from __future__ import annotations

import numpy as np
from scipy import special

from qtraj.arrays import FloatArray, IntArray

__all__ = ["dithered", "randomised"]

SAME = 1e-9
"""Scores nearer to each other are one and the same, up to rounding: steps of a lattice are 1e-8 at 10^15 paths."""


def randomised(counts: IntArray, paths: int | IntArray, probability: float, rng: np.random.Generator) -> FloatArray:
    """Return P(X < k) + U P(X = k), uniform if the counts k are binomial.

    A p-value of a count is not uniform, because only some values occur; this is, exactly.

    Args:
        counts: Numbers k, shape (E,).
        paths: Number of trials, of all or of each, shape (E,).
        probability: Success probability.
        rng: Source of U.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> u = randomised(rng.binomial(3, 0.5, 100_000), 3, 0.5, rng)
        >>> bool(abs((u < 0.3).mean() - 0.3) < 0.01)
        True
    """
    k = counts.astype(np.float64)
    below = np.where(k <= 0, 0.0, special.betaincc(np.maximum(k, 1.0), paths - k + 1.0, probability))
    up_to = np.where(k >= paths, 1.0, special.betaincc(k + 1.0, np.maximum(paths - k, 1.0), probability))
    values: FloatArray = below + rng.random(k.shape) * (up_to - below)
    return values


def dithered(scores: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the scores, each spread over the step of the lattice that they lie on.

    The mean of a quantity of few values has values on a lattice, and its normal score cannot be normal. Numbers that
    lie on no lattice have a smallest gap that is next to nothing, and are left as they are.

    Args:
        scores: Standard scores, shape (E,).
        rng: Source of the spread.
    """
    distinct = np.unique(scores)
    gaps = np.diff(distinct)
    gaps = gaps[gaps > SAME]
    step = float(gaps.min()) if gaps.size else 0.0
    spread: FloatArray = scores + step * (rng.random(scores.shape) - 0.5)
    return spread
