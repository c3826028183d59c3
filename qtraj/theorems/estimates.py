"""Sample moments from counts, and the rounding to allow in them.

Sums are exact (`math.fsum`), so that a moment does not depend on the order of the atoms nor on how the counts were
gathered. Variances and higher central moments are checked as means too: pass (s - mu)^2 with the exact mu as values.

Symbols: s the values, c the counts, N = sum c, mean = sum c s / N.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput

__all__ = ["LAW_ERROR", "central_moment", "number_of_paths", "rounding_floor", "weighted_mean"]

LAW_ERROR = 1e-12
"""Relative error of a mean over an exact law: atoms are products of a dozen factors, each good to about 1e-15, and
squared matrix elements, good to about 1e-16 over their size; a factor of ten to spare."""


def number_of_paths(counts: IntArray) -> int:
    """Return N = sum of the counts.

    Raises:
        InvalidInput: If a count is negative or there is no path at all.
    """
    if counts.size and int(counts.min()) < 0:
        raise InvalidInput(
            f"`counts` must not be negative, but the least is {counts.min()}", measured=int(counts.min())
        )
    total = int(counts.sum(dtype=np.int64))
    if total < 1:
        raise InvalidInput("`counts` must hold at least one path, but they add up to 0", measured=0)
    return total


def weighted_mean(values: FloatArray, counts: IntArray) -> float:
    """Return the sample mean sum c s / N.

    Args:
        values: Values s of the atoms, shape (K,).
        counts: Paths on each, shape (K,).

    Raises:
        InvalidInput: If the shapes differ, a count is negative, or all are 0.

    Example:
        >>> weighted_mean(np.array([0.0, 1.0]), np.array([3, 1]))
        0.25
    """
    if values.shape != counts.shape:
        raise InvalidInput(f"`values` and `counts` must have one shape, but have {values.shape} and {counts.shape}")
    total = number_of_paths(counts)
    seen = counts > 0
    return math.fsum(values[seen] * counts[seen]) / total


def central_moment(values: FloatArray, counts: IntArray, order: int) -> float:
    """Return the sample's central moment sum c (s - mean)^order / N.

    Args:
        values: Values s of the atoms, shape (K,).
        counts: Paths on each, shape (K,).
        order: 2 for the variance (with N, not N - 1), 3 for the third cumulant.

    Raises:
        InvalidInput: As `weighted_mean`.

    Example:
        >>> central_moment(np.array([-1.0, 1.0]), np.array([5, 5]), 2)
        1.0
    """
    return weighted_mean((values - weighted_mean(values, counts)) ** order, counts)


def rounding_floor(values: FloatArray, log_probabilities: FloatArray) -> float:
    """Return the numerical error to allow in a mean over the law: 1e-12 max(1, <|s|>).

    Args:
        values: Atoms, shape (K,).
        log_probabilities: ln P of each, shape (K,).
    """
    return LAW_ERROR * max(1.0, math.fsum(np.abs(values) * np.exp(log_probabilities)))
