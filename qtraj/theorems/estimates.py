"""Sample moments from counts, and the check of a sampled mean against the exact one.

Sums are exact (`math.fsum`), so that a moment does not depend on the order of the atoms nor on how the counts were
gathered. Variances and higher central moments are checked as means too: pass (s - mu)^2 with the exact mu as values.

Symbols: s the values, c the counts, N = sum c, mean = sum c s / N.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check, Verdict, require_level
from qtraj.theorems.tail_bound import TailBound, judge_mean

__all__ = ["central_moment", "mean_check", "number_of_paths", "rounding_floor", "weighted_mean"]

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


def mean_check(
    name: str,
    *,
    sampled: float,
    exact: float,
    exact_variance: float,
    paths: int,
    level: float,
    numerical_floor: float,
    law: tuple[FloatArray, FloatArray] | None = None,
) -> Check:
    """Check a sample mean against the exact mean.

    z = (sampled - exact) / sqrt(variance/N + floor^2). With the `law` of a single draw, the p-value is an upper
    bound that holds for every N and every skewness (see `tail_bound`), so that the check errs at most at its level;
    without, it is that of the normal law. A quantity of zero variance must agree to within the floor.

    Args:
        name: What is compared.
        sampled: Sample mean.
        exact: Exact mean, best from another route than the law.
        exact_variance: Exact variance of one draw.
        paths: Number of draws N.
        level: False-alarm rate of this check.
        numerical_floor: Absolute error to allow for rounding, see `rounding_floor`.
        law: Values (K,) and log-probabilities (K,) of one draw, if known.

    Returns:
        A statistical check; its `detectable` is (critical z + z_0.99) SE + floor.

    Raises:
        InvalidInput: If the variance is negative beyond the floor, or `paths`, `level` or the floor out of range.

    Example:
        >>> law = (np.array([-1.0, 1.0]), np.log([0.5, 0.5]))
        >>> check = mean_check(
        ...     "mean",
        ...     sampled=0.5,
        ...     exact=0.0,
        ...     exact_variance=1.0,
        ...     paths=100,
        ...     level=1e-4,
        ...     numerical_floor=1e-12,
        ...     law=law,
        ... )
        >>> check.z, str(check.verdict)
        (5.0, 'fail')
    """
    require_level(level)
    if paths < 1:
        raise InvalidInput(f"`paths` must be at least 1, but is {paths}", measured=paths)
    if not (0.0 <= numerical_floor < math.inf):
        raise InvalidInput(
            f"`numerical_floor` must be finite and not negative, but is {numerical_floor:g}", measured=numerical_floor
        )
    if not (-LAW_ERROR * max(1.0, exact * exact) <= exact_variance < math.inf):
        raise InvalidInput(
            f"`exact_variance` must be finite and not negative, but is {exact_variance:g}", measured=exact_variance
        )
    deviation = math.sqrt(max(0.0, exact_variance))
    normal = TailBound.normal(deviation, paths)
    # the law's own tail belongs to the law's own variance; z shows the variance from the other route
    tail = normal if law is None else TailBound.of_law(*law, paths)
    test = judge_mean(sampled - exact, tail=tail, level=level, numerical_floor=numerical_floor)
    joint = math.hypot(normal.standard_error, numerical_floor)
    rejected = not test.p_value > level
    note = "Sampled mean against the exact one" + (
        ", p bounded by the exact law's own tail." if law is not None else ", in the normal limit."
    )
    return Check(
        name=name,
        kind="statistical",
        sampled=sampled,
        standard_error=normal.standard_error,
        exact=exact,
        verdict=Verdict.FAIL if rejected else Verdict.PASS,
        tolerance=test.tolerance,
        z=(sampled - exact) / joint if joint > 0.0 else test.z,
        detectable=test.detectable,
        note=note,
        p_value=test.p_value,
    )
