"""Exponential averages <e^-s>: judged below a cut, counted above it, and never claimed beyond what N paths can see.

The weight w = e^-s of one rare path may outweigh all others together. A z-test of the plain mean then errs 10 to 100
times too often when such a path is seen and has no power when none is, so the average is split at a cut tau:

- tau is the largest weight of the law with tau <= sqrt(N V_tau) / 25, so that no single path can dominate;
- (a) the mean of w 1[w <= tau] is compared with its exact value B_tau;
- (b) the number of paths with w > tau is compared with its exact binomial law;
- each at half the level, or one of them at all of it where the other has nothing to test. Rejected by either: fail.
  By neither, and B_tau at least 99 % of the whole: pass. Otherwise inconclusive, with the smallest N for which the same
  rule would cover 99 %.

When nothing is cut, only deviations from the mean matter, and the condition is max |w - B| <= sqrt(N V) / 25: with
the bare tau a law whose weights are all nearly equal (close to equilibrium) would need millions of paths for nothing.

B_tau is the independently known average minus what the law holds above the cut, so that a wrong average (such as 1
where 1 - lambda is right) is rejected too. Everything is done in logarithms: weights may span 1e300 and more.

Symbols: w = e^-s, P its probability, tau the cut, B_tau = <w 1[w <= tau]>, V_tau the variance of w 1[w <= tau],
target = <w>, N paths.
"""

from __future__ import annotations

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check
from qtraj.theorems.estimates import number_of_paths
from qtraj.theorems.weight_check import WeightCheck

__all__ = ["truncated_weight_check"]


def truncated_weight_check(
    name: str,
    *,
    values: FloatArray,
    log_probabilities: FloatArray,
    counts: IntArray,
    target: float,
    level: float,
    log_weighted: FloatArray | None = None,
) -> Check:
    """Check the sampled <e^-s> against its exact value by the rule of the module's first lines.

    The line shows what anyone can recompute: `sampled` is the plain mean of e^-s over the paths, `exact` is the
    target, `standard_error` the exact one of the plain mean. `z` is that of the plain
    mean; `tolerance` and `detectable` belong to the part below the cut, which decides. `details` holds the two parts.

    Args:
        name: What is compared, e.g. "exp_minus_sigma".
        values: Atoms s of the exact law, strictly ascending, shape (K,).
        log_probabilities: ln P of each, shape (K,).
        counts: Paths on each, shape (K,).
        target: The exact average by another route: 1 - lambda for sigma (never 1 for a rank-deficient start).
            An infinite one (too large for a double) is replaced by the law's own sum.
        level: False-alarm rate of this check; each of the two tests gets half.
        log_weighted: ln of e^-s P of each atom where it is known independently (the backward weights), shape (K,).

    Returns:
        A statistical check; `paths_needed` is set when it is inconclusive.

    Raises:
        InvalidInput: If the arrays do not match, values do not ascend, or the target is negative or NaN.

    Example:
        >>> import numpy as np
        >>> s = np.array([-np.log(1.5), np.log(2.0)])  # weights 3/2 and 1/2
        >>> check = truncated_weight_check(
        ...     "exp_minus_sigma",
        ...     values=s,
        ...     log_probabilities=np.log([0.5, 0.5]),
        ...     counts=np.array([5040, 4960]),
        ...     target=1.0,
        ...     level=1e-4,
        ... )
        >>> str(check.verdict), round(check.sampled, 6), round(check.z, 6)
        ('pass', 1.004, 0.8)
    """
    paths = number_of_paths(counts)
    if counts.shape != values.shape:
        raise InvalidInput(f"`values` and `counts` must have one shape, but have {values.shape} and {counts.shape}")
    ready = WeightCheck.prepare(
        name,
        values=values,
        log_probabilities=log_probabilities,
        target=target,
        paths=paths,
        level=level,
        log_weighted=log_weighted,
    )
    return ready.judge(counts)
