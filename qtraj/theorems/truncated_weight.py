"""Exponential averages <e^-s>: judged below a cut, counted above it, and never claimed beyond what N paths can see.

The weight w = e^-s of one rare path may outweigh all others together. A z-test of the plain mean then errs 10 to 100
times too often when such a path is seen and has no power when none is, so the average is split at a cut tau:

- tau is the largest weight of the law with tau <= sqrt(N V_tau) / 25, so that no single path can dominate;
- (a) the mean of w 1[w <= tau] is compared with its exact value B_tau;
- (b) the number of paths with w > tau is compared with its exact binomial law;
- each at half the level. Rejected by either: fail. By neither, and B_tau at least 99 % of the whole: pass.
  Otherwise inconclusive, with the smallest N for which the same rule would cover 99 %.

When nothing is cut, only deviations from the mean matter, and the condition is max |w - B| <= sqrt(N V) / 25: with
the bare tau a law whose weights are all nearly equal (close to equilibrium) would need millions of paths for nothing.

B_tau is the independently known average minus what the law holds above the cut, so that a wrong average (such as 1
where 1 - lambda is right) is rejected too. Everything is done in logarithms: weights may span 1e300 and more.

Symbols: w = e^-s, P its probability, tau the cut, B_tau = <w 1[w <= tau]>, V_tau the variance of w 1[w <= tau],
target = <w>, N paths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.theorems.binomial import binomial_p_value
from qtraj.theorems.checks import Check, Verdict, in_words, require_level
from qtraj.theorems.estimates import number_of_paths
from qtraj.theorems.tail_bound import MeanTest, TailBound, judge_mean
from qtraj.theorems.weight_ladder import (
    WeightLadder,
    exp_or_inf,
    log_mean,
    log_or_minus_inf,
    log_sum,
    require_weighted_law,
)

__all__ = ["truncated_weight_check"]

REQUIRED_COVERAGE = 0.99
"""The part of the average that must lie below the cut for a pass to mean something."""

ABSOLUTE_FLOOR = 1e-13
RELATIVE_FLOOR = 1e-12
"""Errors of the exact averages: traces of products of a few matrices, 1e-16 an element; and of sums over the law."""

VALUE_FLOOR = 4e-16
"""Relative error of s, a difference of logarithms: the weight e^-s inherits it |s|-fold."""

NEGLIGIBLE = 1e-12
"""An average below this is itself rounding, and is judged against the law's own sum."""


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
    require_level(level)
    require_weighted_law(values, log_probabilities, counts, target)
    paths = number_of_paths(counts)
    ladder = WeightLadder.of(values, log_probabilities, log_weighted)
    cut = ladder.cut(paths)
    whole = _Whole.of(ladder, target)
    sorted_counts = counts[::-1]
    below = _judge_below(ladder, cut, sorted_counts, whole, paths, level / 2)
    above = int(sorted_counts[cut + 1 :].sum())
    chance_above = min(1.0, exp_or_inf(log_sum(ladder.log_probabilities[cut + 1 :])))
    p_above = binomial_p_value(above, paths, chance_above)
    p_value = min(1.0, 2.0 * min(below.test.p_value, p_above))

    covered = cut >= 0 and float(ladder.log_below[cut]) >= whole.log_required
    needed: int | None = None
    if p_value <= level:
        verdict = Verdict.FAIL
    elif covered:
        verdict = Verdict.PASS
    else:
        verdict, needed = Verdict.INCONCLUSIVE, ladder.paths_needed(whole.log_required)
    fraction = exp_or_inf(min(0.0, float(ladder.log_below[cut]) - whole.log_value)) if cut >= 0 else 0.0
    unseen = exp_or_inf(whole.log_value) * (1.0 - fraction) if fraction < 1.0 else 0.0
    sampled = exp_or_inf(log_mean(ladder.log_weights, sorted_counts, paths))
    standard_error = exp_or_inf(0.5 * (ladder.log_variance - math.log(paths)))
    # Of the numbers shown. It decides nothing: for heavy tails a plain z of -1 may hide everything.
    shown = 0.0 < standard_error < math.inf and sampled < math.inf
    return Check(
        name=name,
        kind="statistical",
        sampled=sampled,
        standard_error=standard_error,
        exact=float(target),
        verdict=verdict,
        tolerance=below.in_units(below.test.tolerance),
        z=(sampled - float(target)) / standard_error if shown and cut + 1 != values.size else below.test.z,
        detectable=below.in_units(below.test.detectable) + unseen,
        paths_needed=needed,
        note=_sentence(verdict, covered, cut + 1 == values.size, fraction, needed, below.test.p_value <= p_above),
        p_value=p_value,
        details={
            "cut": exp_or_inf(float(ladder.log_weights[cut])) if cut >= 0 else 0.0,
            "fraction_below": fraction,
            "sampled_below": below.in_units(below.sampled),
            "exact_below": below.in_units(below.exact),
            "standard_error_below": below.in_units(below.standard_error),
            "z_below": below.test.z,
            "p_value_below": below.test.p_value,
            "paths_above": float(above),
            "expected_above": paths * chance_above,
            "p_value_above": p_above,
        },
    )


@dataclass(frozen=True, kw_only=True)
class _Whole:
    """The exact average, and the numerical error to allow in it."""

    log_value: float
    log_floor: float
    from_law: bool

    @classmethod
    def of(cls, ladder: WeightLadder, target: float) -> _Whole:
        log_total = float(ladder.log_below[-1])
        # Of an average that is rounding, or too large for a double, only the law's logarithm is meaningful.
        from_law = math.isinf(target) or max(target, exp_or_inf(log_total)) < NEGLIGIBLE
        log_value = log_total if from_law else log_or_minus_inf(target)
        log_floor = math.log(RELATIVE_FLOOR) + max(log_value, log_total)
        return cls(
            log_value=log_value,
            log_floor=log_floor if from_law else float(np.logaddexp(log_floor, math.log(ABSOLUTE_FLOOR))),
            from_law=from_law,
        )

    @property
    def log_required(self) -> float:
        return math.log(REQUIRED_COVERAGE) + self.log_value


@dataclass(frozen=True, kw_only=True)
class _Below:
    """The judgement on the part below the cut, in multiples of `unit` (so that nothing overflows)."""

    test: MeanTest
    sampled: float
    exact: float
    standard_error: float
    unit: float

    def in_units(self, number: float) -> float:
        """Undo the scaling; the unit may be infinite, and zero remains zero."""
        return number * self.unit if number else 0.0


def _judge_below(ladder: WeightLadder, cut: int, counts: IntArray, whole: _Whole, paths: int, level: float) -> _Below:
    if cut < 0:  # everything is above the cut: the mean of nothing is 0, exactly
        return _Below(test=MeanTest(0.0, 1.0, 0.0, 0.0), sampled=0.0, exact=0.0, standard_error=0.0, unit=1.0)
    kept = slice(0, cut + 1)
    logs = ladder.log_weights[kept]
    with np.errstate(divide="ignore"):
        log_entropies = np.log(np.abs(logs))
    log_value_error = math.log(VALUE_FLOOR) + log_sum(ladder.log_contributions[kept] + log_entropies)
    log_floor = float(np.logaddexp(whole.log_floor, log_value_error))
    scale = max(float(logs[-1]), log_floor)
    x = np.exp(logs - scale)
    sampled = math.fsum(x * counts[kept]) / paths

    log_above = log_sum(ladder.log_contributions[cut + 1 :])
    if whole.from_law or log_above > whole.log_value - math.log(2.0):
        # target minus the part above would be the rounding of both
        exact = math.exp(float(ladder.log_below[cut]) - scale)
    else:
        exact = exp_or_inf(whole.log_value - scale) - exp_or_inf(log_above - scale)
    tail = TailBound.of_law(
        np.append(x, 0.0),
        np.append(ladder.log_probabilities[kept], log_sum(ladder.log_probabilities[cut + 1 :])),
        paths,
    )
    test = judge_mean(sampled - exact, tail=tail, level=level, numerical_floor=math.exp(log_floor - scale))
    return _Below(test=test, sampled=sampled, exact=exact, standard_error=tail.standard_error, unit=exp_or_inf(scale))


def _sentence(
    verdict: Verdict, covered: bool, uncut: bool, fraction: float, needed: int | None, mean_is_worse: bool
) -> str:
    if verdict is Verdict.FAIL:
        if uncut:
            return "The sampled average differs from the exact one."
        return (
            "Below the cut the sampled average differs from the exact one."
            if mean_is_worse
            else "The number of paths above the cut differs from what the law expects."
        )
    if covered:
        return "No single path dominates." if uncut else f"{fraction:.4%} of the average lies below the cut."
    share = f"Only {fraction:.3g}" if fraction > 0.0 else "Nothing"
    return f"{share} of the average lies below the cut; {in_words(needed)}."
