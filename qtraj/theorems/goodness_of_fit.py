"""Goodness of fit of one ensemble: its classes, or one index of its paths, against their exact probabilities.

How it is judged is told in `fit_check`.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check
from qtraj.theorems.chi_square import RELATIVE_ERROR
from qtraj.theorems.fit_check import LARGEST_POOL, FitCheck
from qtraj.theorems.prepared import Atoms

__all__ = ["goodness_of_fit", "marginal_check", "marginal_fit"]

NEGATIVE_NOISE = 1e-12
"""Eigenvalues of a density matrix may be negative by this much; they then count as zero."""


def goodness_of_fit(
    name: str,
    *,
    counts: IntArray,
    log_probabilities: FloatArray,
    level: float,
    outside: int = 0,
    relative_error: float = RELATIVE_ERROR,
    largest_pool: float = LARGEST_POOL,
) -> Check:
    """Check counts of classes against the law of the classes.

    The line shows what is less likely if all is well: chi-square (`sampled`) beside its degrees of freedom (`exact`)
    with standard deviation sqrt(2 dof), or the pool's count beside its expectation; of paths outside the law, their
    number beside 0. `z` is the normal score of the p-value of what is shown, so that 3 is as surprising here as for a
    mean; `p_value` allows for having looked at both. `detectable` is a total-variation
    distance: every law further than this from the one given is rejected with probability 0.99.

    Args:
        name: What is compared.
        counts: Paths on each class, shape (K,).
        log_probabilities: ln P of each class, -inf for impossible ones, shape (K,).
        level: False-alarm rate of this check.
        outside: Number of paths that fell on no class of the law.
        relative_error: Relative error of the probabilities.
        largest_pool: Above this probability in the pool the check is inconclusive; 1 to accept any pool.

    Raises:
        InvalidInput: If shapes differ, counts are negative or all zero, or a log-probability is NaN or above 0.

    Example:
        >>> check = goodness_of_fit(
        ...     "classes", counts=np.array([260, 240, 500]), log_probabilities=np.log([0.25, 0.25, 0.5]), level=1e-4
        ... )
        >>> round(check.sampled, 6), check.exact, str(check.verdict)
        (0.8, 2.0, 'pass')
    """
    _require_classes(counts, log_probabilities, outside)
    ready = FitCheck.prepare(
        name,
        log_probabilities=log_probabilities,
        paths=int(counts.sum()) + int(outside),
        level=level,
        relative_error=relative_error,
        largest_pool=largest_pool,
    )
    return ready.judge(counts, outside)


def marginal_check(name: str, *, counts: IntArray, probabilities: FloatArray, level: float, outside: int = 0) -> Check:
    """Check counts of one index against its exact probabilities, which may be zero.

    The final index's counts against the eigenvalues of rho'_S is the check that sees U^dag used for U, where
    <e^-sigma> = 1 all the same. An index of probability zero that was observed fails.

    Args:
        name: What is compared.
        counts: Paths on each value of the index, shape (K,).
        probabilities: Exact probabilities, shape (K,); noise down to -1e-12 counts as zero.
        level: False-alarm rate of this check.
        outside: Number of paths whose index is none of these.

    Raises:
        InvalidInput: If shapes differ, counts are negative or all zero, or a probability is not one.

    Example:
        >>> check = marginal_check(
        ...     "beta", counts=np.array([700, 299, 1]), probabilities=np.array([0.7, 0.3, 0.0]), level=1e-4
        ... )
        >>> str(check.verdict)
        'fail'
    """
    _require_classes(counts, probabilities, outside)
    return marginal_fit(name, probabilities=probabilities, paths=int(counts.sum()) + outside, level=level).judge(
        counts, outside
    )


def marginal_fit(
    name: str, *, probabilities: FloatArray, paths: int, level: float, atoms: Atoms | None = None
) -> FitCheck:
    """Prepare `marginal_check` for a number of paths.

    Args:
        name: What is compared.
        probabilities: Exact probabilities, shape (K,); noise down to -1e-12 counts as zero.
        paths: Number of paths.
        level: False-alarm rate of this check.
        atoms: Which index every class of the law has.
    """
    least = float(probabilities.min(initial=0.0))
    if not least >= -NEGATIVE_NOISE:
        raise InvalidInput(f"`probabilities` must not be negative, but the least is {least:g}", measured=least)
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(probabilities, 0.0))
    return FitCheck.prepare(name, log_probabilities=logs, paths=paths, level=level, largest_pool=1.0, atoms=atoms)


def _require_classes(counts: IntArray, cells: FloatArray, outside: int) -> None:
    if counts.ndim != 1 or counts.shape != cells.shape or counts.size < 1:
        raise InvalidInput(
            "`counts` and probabilities must have one shape (K,) with K >= 1, "
            f"but have {counts.shape} and {cells.shape}"
        )
    if int(counts.min()) < 0 or outside < 0:
        least = min(int(counts.min()), outside)
        raise InvalidInput(f"`counts` and `outside` must not be negative, but the least is {least}", measured=least)
    if int(counts.sum()) + outside < 1:
        raise InvalidInput("`counts` must hold at least one path, but they add up to 0", measured=0)
