"""Goodness of fit: counts of classes against their exact probabilities.

Cells expected to hold at least 25 paths are compared by chi-square, given how many paths fell on them together; the
others are pooled, and the pool's count is tested by its exact binomial law. The two are independent, each gets half
the level. A path outside the law (on a class of probability zero) fails at once.

With very many paths the test sees the rounding of the probabilities (see `chi_square`) and says so: inconclusive,
"numerical floor".

Measured false alarms at nominal 1e-3, 1e-4, 1e-5 (1e6 to 1e7 samples each): 1.0, 1.1, 1.1 times nominal for 20 cells
of expectation 25; 1.3 to 1.4, 1.7 to 2.2, 3 to 4 times for the worst laws, 1 to 30 cells of exactly 25 beside a
dominant one.

Symbols: p the probabilities, c the counts, N paths, dof degrees of freedom, TV the total-variation distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.binomial import binomial_p_value, detectable_increase
from qtraj.theorems.checks import Check, Verdict, in_words, require_level
from qtraj.theorems.chi_square import RELATIVE_ERROR, ChiSquare
from qtraj.theorems.tail_bound import POWER

__all__ = ["goodness_of_fit", "marginal_check"]

SMALLEST_EXPECTATION = 25.0
"""Cells expected to hold fewer paths are pooled: below, chi-square is no longer chi-square in its tail."""

LARGEST_POOL = 0.5
"""With more than this probability in the pool a pass says nothing about most paths."""

LARGEST_LOG = 1e-9
"""The logarithm of a probability may exceed 0 by rounding."""

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

    The line shows chi-square (`sampled`) beside its degrees of freedom (`exact`) with standard deviation
    sqrt(2 dof), or, with fewer than two cells left unpooled, the pool's count beside its expectation. `z` is the
    normal score of the p-value, so that 3 is as surprising here as for a mean. `detectable` is a total-variation
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
    require_level(level)
    _require_classes(counts, log_probabilities, outside)
    impossible: BoolArray = np.isneginf(log_probabilities)
    p = np.exp(np.minimum(log_probabilities, 0.0))
    stray = int(outside) + int(counts[impossible].sum())
    paths = int(counts.sum()) + int(outside)
    tested: BoolArray = paths * p >= SMALLEST_EXPECTATION
    chi = ChiSquare.of(counts[tested], p[tested], relative_error)
    pool = _Pool.of(counts, p, ~tested & ~impossible, paths - stray)
    p_value = 0.0 if stray else min(1.0, 2.0 * min(chi.p_value, pool.p_value))
    certain = int((~impossible).sum()) == 1  # the only possible class: nothing to compare, and nothing to doubt

    needed: int | None = None
    if stray:
        verdict = Verdict.FAIL
        note = f"{stray:.6g} of {paths:.6g} paths fell where the law says that none can."
    elif p_value <= level:
        verdict = Verdict.FAIL
        note = f"{'Chi-square' if chi.p_value <= pool.p_value else 'The number of paths on rare classes'} is rejected."
    elif chi.drowned:
        verdict = Verdict.INCONCLUSIVE
        note = "Numerical floor: with so many paths the test sees the rounding of the probabilities; use fewer."
    elif not certain and (not tested.any() or pool.probability > largest_pool):
        verdict, needed = Verdict.INCONCLUSIVE, _paths_for_pool(p, largest_pool)
        note = f"Classes too rare to be compared one by one hold {pool.probability:.3g} of the probability"
        note += f"; {in_words(needed)}."
    else:
        verdict = Verdict.PASS
        note = f"{int(tested.sum())} classes compared one by one, {pool.classes} rare ones as a pool."

    share = 1.0 - pool.probability
    distance = share * chi.detectable_distance(level / 2) + pool.detectable_distance(level / 2)
    if chi.degrees:
        sampled, exact, spread = chi.statistic, float(chi.degrees), math.sqrt(2.0 * chi.degrees)
        tolerance = chi.critical(level / 2) - exact
    else:
        sampled, exact, spread = float(pool.count), pool.paths * pool.probability, pool.standard_deviation
        tolerance = -float(special.ndtri(level / 4)) * spread
    return Check(
        name=name,
        kind="statistical",
        sampled=sampled,
        standard_error=spread,
        exact=exact,
        verdict=verdict,
        tolerance=tolerance,
        z=score_of(p_value),
        detectable=min(1.0, distance),
        paths_needed=needed,
        note=note,
        p_value=p_value,
        details={
            "chi_square": chi.statistic,
            "degrees_of_freedom": float(chi.degrees),
            "noncentrality": chi.noncentrality,
            "p_value_chi_square": chi.p_value,
            "pool": float(pool.count),
            "pool_expected": pool.paths * pool.probability,
            "p_value_pool": pool.p_value,
            "outside": float(stray),
        },
    )


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
    least = float(probabilities.min(initial=0.0))
    if not least >= -NEGATIVE_NOISE:
        raise InvalidInput(f"`probabilities` must not be negative, but the least is {least:g}", measured=least)
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(probabilities, 0.0))
    return goodness_of_fit(name, counts=counts, log_probabilities=logs, level=level, outside=outside, largest_pool=1.0)


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """The classes that expect too few paths, taken together."""

    count: int
    classes: int
    probability: float
    paths: int

    @classmethod
    def of(cls, counts: IntArray, probabilities: FloatArray, members: BoolArray, paths: int) -> _Pool:
        return cls(
            count=int(counts[members].sum()),
            classes=int(members.sum()),
            probability=share if (share := math.fsum(probabilities[members])) < 1.0 - RELATIVE_ERROR else 1.0,
            paths=paths,
        )

    @property
    def standard_deviation(self) -> float:
        return math.sqrt(self.paths * self.probability * (1.0 - self.probability))

    @property
    def p_value(self) -> float:
        return binomial_p_value(self.count, self.paths, self.probability) if self.paths else 1.0

    def detectable_distance(self, level: float) -> float:
        """Return the TV distance to which the pool adds: what its count cannot see, and all that is inside it."""
        if not self.classes or not self.paths:
            return 0.0
        rise = detectable_increase(self.paths, self.probability, level, POWER)
        return self.probability + (1.0 if math.isnan(rise) else rise)


def score_of(p_value: float) -> float:
    """Normal score of a two-sided p-value, at most 38, where the normal law leaves the doubles.

    Example:
        >>> round(score_of(0.0026998), 3)
        3.0
    """
    return min(38.0, abs(float(special.ndtri(min(1.0, p_value) / 2)))) if p_value > 0 else 38.0


def _paths_for_pool(probabilities: FloatArray, largest_pool: float) -> int | None:
    """Return the smallest N for which the classes left in the pool hold at most `largest_pool`."""
    descending = np.sort(probabilities)[::-1]
    enough = np.cumsum(descending) >= 1.0 - largest_pool
    last = float(descending[np.argmax(enough)]) if enough.any() else 0.0
    return math.ceil(SMALLEST_EXPECTATION / last) if last > 0.0 else None


def _require_classes(counts: IntArray, log_probabilities: FloatArray, outside: int) -> None:
    if counts.ndim != 1 or counts.shape != log_probabilities.shape or counts.size < 1:
        raise InvalidInput(
            "`counts` and `log_probabilities` must have one shape (K,) with K >= 1, "
            f"but have {counts.shape} and {log_probabilities.shape}"
        )
    if int(counts.min()) < 0 or outside < 0:
        least = min(int(counts.min()), outside)
        raise InvalidInput(f"`counts` and `outside` must not be negative, but the least is {least}", measured=least)
    if int(counts.sum()) + outside < 1:
        raise InvalidInput("`counts` must hold at least one path, but they add up to 0", measured=0)
    most = float(log_probabilities.max())
    if not most <= LARGEST_LOG:
        raise InvalidInput(f"`log_probabilities` must not exceed 0, but the largest is {most:g}", measured=most)
