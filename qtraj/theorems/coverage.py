"""Whether N paths can have seen what <e^-sigma> is made of.

The average <e^-sigma> collects, at each value s of sigma, the weight P_B(-s) = e^-s P_F(s) that the backward process
gives it. A value counts as covered as far as it is likely to be drawn at least once in N paths. On labelled paths the
same sum would look uncovered long after every *value* has been seen many times, so it is taken over merged values.

Symbols: P_F(s) forward probability of the value s, P_B(-s) backward weight, 1 - lambda their sum, N paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.paths_needed import in_words

__all__ = ["REQUIRED_COVERAGE", "coverage_verdict", "covered_weight", "support_check"]

REQUIRED_COVERAGE = 0.99
"""The part of the backward weight that N paths must be able to see."""

NEGLIGIBLE = 1e-12
"""A total backward weight below this is itself rounding: the law's own sum then stands for it."""

LARGEST_EXPONENT = 1000
"""The search for the smallest N ends at 2^1000, about 1e301."""


def covered_weight(
    *, log_probabilities: FloatArray, log_backward: FloatArray, paths: int, target: float | None = None
) -> float:
    """Return the covered part sum_s P_B(-s) [1 - (1 - P_F(s))^N] / (1 - lambda), between 0 and 1.

    Args:
        log_probabilities: ln P_F of every distinct value of sigma, shape (K,).
        log_backward: ln P_B of the same values, shape (K,).
        paths: Number of paths N.
        target: 1 - lambda, known independently; by default the sum of the backward weights.

    Raises:
        InvalidInput: If the shapes differ or `paths` is below 1.

    Example:
        >>> round(covered_weight(log_probabilities=np.log([0.9, 0.1]), log_backward=np.log([0.5, 0.5]), paths=10), 6)
        0.825661
    """
    if log_probabilities.shape != log_backward.shape or log_probabilities.ndim != 1:
        raise InvalidInput(
            "`log_probabilities` and `log_backward` must have one shape (K,), "
            f"but have {log_probabilities.shape} and {log_backward.shape}"
        )
    if paths < 1:
        raise InvalidInput(f"`paths` must be at least 1, but is {paths}", measured=paths)
    total = float(special.logsumexp(log_backward)) if log_backward.size else -math.inf
    if total == -math.inf:
        return 1.0  # no path has a reverse: nothing to be seen
    if target is not None and max(target, math.exp(min(0.0, total))) >= NEGLIGIBLE:
        total = max(total, math.log(target)) if target > 0.0 else total
    with np.errstate(divide="ignore"):
        log_unseen = float(paths) * np.log1p(-np.exp(np.minimum(log_probabilities, 0.0)))
    return min(1.0, math.fsum(np.exp(log_backward - total) * -np.expm1(log_unseen)))


def support_check(
    *,
    log_probabilities: FloatArray,
    log_backward: FloatArray,
    paths: int,
    target: float | None = None,
    name: str = "support",
) -> Check:
    """Check that N paths can see 99 % of what <e^-sigma> is made of; inconclusive if they cannot.

    This looks at the law only, never at the sample: it says what a pass of the other checks is worth.

    Args:
        log_probabilities: ln P_F of every distinct value of sigma, shape (K,).
        log_backward: ln P_B of the same values, shape (K,).
        paths: Number of paths N.
        target: 1 - lambda, known independently; by default the sum of the backward weights.
        name: Name of the check.

    Returns:
        A check of kind "support": `sampled` is the covered weight, `detectable` the part not covered, and
        `paths_needed` the smallest N that covers 99 %.

    Raises:
        InvalidInput: As `covered_weight`.

    Example:
        >>> check = support_check(
        ...     log_probabilities=np.log([1 - 1e-6, 1e-6]), log_backward=np.log([0.5, 0.5]), paths=1000
        ... )
        >>> str(check.verdict), check.paths_needed
        ('inconclusive', 3912022)
    """

    def covered(number: int) -> float:
        return covered_weight(
            log_probabilities=log_probabilities, log_backward=log_backward, paths=number, target=target
        )

    seen = covered(paths)
    if seen >= REQUIRED_COVERAGE:
        return coverage_verdict(name, seen)
    needed = _smallest(covered, paths)
    note = f"Only {seen:.3g} of the weight of <e^-sigma> lies on values that the paths can have seen"
    return coverage_verdict(name, seen, needed=needed, note=f"{note}; {in_words(needed)}.")


def coverage_verdict(name: str, seen: float, *, needed: int | None = None, note: str = "") -> Check:
    """The check that says what part of the weight of <e^-sigma> the paths can have seen.

    Args:
        name: Name of the check.
        seen: That part, between 0 and 1.
        needed: Number of paths that would do, where these do not.
        note: A sentence about it; by default that of a check that passes.
    """
    return Check(
        name=name,
        kind="support",
        sampled=seen,
        standard_error=0.0,
        exact=1.0,
        verdict=Verdict.PASS if seen >= REQUIRED_COVERAGE else Verdict.INCONCLUSIVE,
        tolerance=1.0 - REQUIRED_COVERAGE,
        detectable=1.0 - seen,
        paths_needed=needed,
        note=note or f"{seen:.4%} of the weight of <e^-sigma> lies on values that the paths can have seen.",
    )


def _smallest(covered: Callable[[int], float], too_few: int) -> int | None:
    """Return the smallest N that covers enough, by bisection first of its exponent and then of N itself."""
    low, high = int(too_few).bit_length() - 1, LARGEST_EXPONENT
    if covered(2**high) < REQUIRED_COVERAGE:
        return None
    while high - low > 1:  # invariant: 2^low is too few (or at most `too_few`), 2^high is enough
        middle = (low + high) // 2
        low, high = (low, middle) if covered(2**middle) >= REQUIRED_COVERAGE else (middle, high)
    few, enough = max(int(too_few), 1 << low), 1 << high
    while enough - few > max(1, enough >> 52):  # beyond 53 bits N itself is not exact in the formula
        middle = (few + enough) // 2
        few, enough = (few, middle) if covered(middle) >= REQUIRED_COVERAGE else (middle, enough)
    return enough
