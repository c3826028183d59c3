"""Sums of numbers of which only the logarithms fit into a double, and the way there and back."""

from __future__ import annotations

import math

import numpy as np

from qtraj.arrays import FloatArray, IntArray

__all__ = ["exp_or_inf", "log_mean", "log_or_minus_inf", "log_sum"]

LARGEST_EXPONENT = 709.0
"""e^709 = 8e307 is the last power that a double holds."""


def log_sum(logs: FloatArray) -> float:
    """Return ln sum exp of logarithms, any shape; -inf for nothing.

    Example:
        >>> round(log_sum(np.array([-1000.0, -1000.0])), 6), log_sum(np.zeros(0))
        (-999.306853, -inf)
    """
    top = float(logs.max(initial=-math.inf))
    # As SciPy's, whose checks of what it was given take longer than the sum.
    return top + math.log(float(np.exp(logs - top).sum())) if math.isfinite(top) else top


def log_mean(log_weights: FloatArray, counts: IntArray, paths: int) -> float:
    """Return ln of the sample mean of weights (K,), `counts` (K,) of which were drawn in `paths` paths."""
    seen = counts > 0
    return log_sum(log_weights[seen] + np.log(counts[seen])) - math.log(paths)


def log_or_minus_inf(x: float) -> float:
    """Return ln x, -inf at 0."""
    return math.log(x) if x > 0.0 else -math.inf


def exp_or_inf(x: float) -> float:
    """Return e^x, infinite where a double cannot hold it (the JSON output then says so)."""
    return math.exp(x) if x < LARGEST_EXPONENT else math.inf
