r"""Checks of followed paths that have no finite law, against density matrices and against the backward process.

Mapping: weights :math:`w = e^{-s}`. Below a cut tau, :math:`B_\tau = \langle w\,1[w\le\tau]\rangle_F` is also the
probability that a path of the *backward* process has its weight below the cut, and above it,
:math:`P_F(w>\tau) = \langle w^{-1}1[w>\tau]\rangle_B`. Both right-hand sides are means of bounded numbers, however
heavy the forward tail, so backward paths say what a forward sample must show and how much of the weight it can see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from qtraj.arrays import FloatArray, IntArray
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.coverage import REQUIRED_COVERAGE, coverage_verdict
from qtraj.theorems.mean_check import mean_check
from qtraj.theorems.paths_needed import in_words

__all__ = ["BackwardWeights", "cautious_mean_check", "weights_check", "weights_support"]

# A normal tail at z = 4.5 is off by a factor exp(z^3 skewness / 6), so by a third, at this skewness of the mean.
LARGEST_SKEWNESS = 0.02

# As for laws: no single weight may exceed a 25th of the standard deviation of the sum.
CUT_DIVISOR = 25.0

# With fewer backward paths in the support, none above the cut would not exclude that 1 % of the weight is there.
LEAST_RETURNING = 300

# A spread of weights below this is rounding.
RESOLVED = 1e-9

SEEN_FROM = "as paths of the backward process show"

# In place of cumulants that overflow.
BEYOND_DOUBLES = 1e300

# With fewer backward paths below the cut, the standard deviation of forward weights there is not known to 10 %.
LEAST_BELOW = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class BackwardWeights:
    """Logarithms ln w = -s of the weights of backward paths.

    Attributes:
        logs: One per path that ends in the support of the initial state.
        paths: Number of backward paths M, those that end outside included.
    """

    logs: FloatArray
    paths: int

    def cut(self, forward_paths: int) -> float:
        """Ln of the largest tau <= sqrt(N V_tau)/25, V_tau the second moment below it; -inf if there is none."""
        logs = np.sort(self.logs)
        # <w^2 1[w<=tau]>_F = <w 1[w<=tau]>_B
        with np.errstate(over="ignore", divide="ignore"):
            second = np.logaddexp.accumulate(logs) - math.log(self.paths)
        fine = np.flatnonzero(logs <= (math.log(forward_paths) + second) / 2 - math.log(CUT_DIVISOR))
        return float(logs[fine[-1]]) if fine.size else -math.inf

    def halves(self) -> tuple[BackwardWeights, BackwardWeights]:
        """One half to choose the cut, one to judge by it.

        A cut chosen by the paths that are then counted below it would be where too many of them happen to be.
        """
        one, two = (BackwardWeights(logs=self.logs[k::2], paths=(self.paths + 1 - k) // 2) for k in (0, 1))
        return one, two

    def covered(self, cut: float) -> float:
        """Share of the weight below a cut; 0 where too few backward paths return to know it."""
        return float((self.logs <= cut).mean()) if self.logs.size >= LEAST_RETURNING else 0.0

    def above(self, cut: float, level: float) -> tuple[float, float, float]:
        """Share of backward paths above a cut, between the ends of its Clopper-Pearson interval at that level."""
        count, number = int((self.logs > cut).sum()), self.paths
        low = float(stats.beta.ppf(level / 2, count, number - count + 1)) if count else 0.0
        high = float(stats.beta.isf(level / 2, count + 1, number - count)) if count < number else 1.0
        return low, count / number, high

    def deviation(self, cut: float, mean: float) -> float:
        """Standard deviation of forward weights below the cut (zero above it), given their mean.

        Forward weights themselves underestimate it whenever their largest ones happen to be missing, and their mean
        with it.
        """
        second = float(np.exp(self.logs[self.logs <= cut]).sum()) / self.paths
        return math.sqrt(max(0.0, second - mean**2))


def cautious_mean_check(
    name: str,
    *,
    sampled: float,
    cumulants: tuple[float, float, float],
    exact: float,
    paths: int,
    level: float,
    numerical_floor: float,
) -> Check:
    """Check a sampled mean against the exact one where only three cumulants of the law are known.

    A z beyond its critical value fails only if the mean is close enough to normal for z to be believed, or if
    Chebyshev's inequality, which needs no belief, rejects as well; otherwise it is inconclusive. Where the variance is
    infinite there is no z to show, and any error may hide.

    Args:
        name: What is compared.
        sampled: Sample mean.
        cumulants: Exact mean, variance and third cumulant of a single draw, from the tilted evolution; the last two
            are infinite where they exceed a double.
        exact: The exact mean by another route.
        paths: Number of draws N.
        level: False-alarm rate.
        numerical_floor: Absolute error to allow for rounding.
    """
    _, variance, third = cumulants
    if not math.isfinite(variance):
        bounded = (cumulants[0], BEYOND_DOUBLES, BEYOND_DOUBLES)
        check = cautious_mean_check(
            name,
            sampled=sampled,
            cumulants=bounded,
            exact=exact,
            paths=paths,
            level=level,
            numerical_floor=numerical_floor,
        )
        return replace(check, standard_error=math.inf, tolerance=math.inf, z=None, detectable=math.inf)
    variance = max(0.0, variance)
    check = mean_check(
        name,
        sampled=sampled,
        exact=exact,
        exact_variance=variance,
        paths=paths,
        level=level,
        numerical_floor=numerical_floor,
    )
    if check.verdict is not Verdict.FAIL or variance == 0.0:
        return check
    skewness = abs(third) / variance**1.5 / math.sqrt(paths)
    if skewness <= LARGEST_SKEWNESS or (check.z is not None and check.z**-2 < level):
        return check
    relative = abs(third) / variance**1.5 / LARGEST_SKEWNESS
    needed = math.ceil(relative**2) if math.isfinite(relative) else None
    note = (
        f"The mean of {paths:,} paths is too skewed (by {skewness:.2g}) for its z to be believed; {in_words(needed)}."
    )
    return replace(check, verdict=Verdict.INCONCLUSIVE, note=note, paths_needed=needed)


def weights_check(
    name: str, *, values: FloatArray, backward: BackwardWeights, target: float, level: float, variance: float
) -> Check:
    """Check sampled <e^-s> below a cut, and how many weights lie above it, against backward paths.

    The line shows the plain mean of e^-s, its exact value, its exact standard error and its z, which decides nothing;
    what decides are the two parts, and they are in `details`.

    Args:
        name: What is compared.
        values: s of every forward path, shape (N,).
        backward: Weights of backward paths.
        target: 1 - lambda, from density matrices.
        level: False-alarm rate; each of the two tests gets half.
        variance: Exact variance of e^-s, or inf; only for the error and the z shown.
    """
    forward, paths = -values, values.size
    whole, (cut, backward) = backward, _settled(backward, paths)
    top = max(0.0, cut)
    below = forward <= cut
    kept = np.where(below, np.exp(np.minimum(forward, cut) - top), 0.0)
    # What is above the cut is rare, and known from backward paths; what is below follows from the exact sum of both.
    least, above, most = backward.above(cut, level / 8)
    share = max(0.0, target - above)
    error = max(backward.deviation(cut, share), RESOLVED) / math.sqrt(paths)
    mean = float(kept.mean()) * math.exp(top)
    # Only what lies beyond all that the rare backward paths above the cut may mean is held against the forward ones.
    excess = max(0.0, mean - (target - least)) + min(0.0, mean - (target - most))
    z_below = excess / error if math.isfinite(cut) else 0.0
    tail = _tail_p_value(int((~below).sum()), paths, backward, cut)
    critical = float(stats.norm.isf(level / 8))
    p_below = 2 * float(stats.norm.sf(abs(z_below)))
    failed = abs(z_below) > critical or tail < level / 2
    covered = backward.covered(cut)
    enough = covered >= REQUIRED_COVERAGE
    verdict = Verdict.FAIL if failed else Verdict.PASS if enough else Verdict.INCONCLUSIVE
    needed = None if enough or failed else _paths_needed(whole)
    note = "Weights below a cut and the number above it, against paths of the backward process."
    if verdict is Verdict.INCONCLUSIVE:
        note = _too_little(whole, covered, needed)
    elif failed and p_below <= tail:
        note = f"Below the cut the sampled average differs from the exact one (z = {z_below:.3g} there)."
    elif failed:
        note = "The number of paths above the cut differs from what paths of the backward process lead to expect."
    with np.errstate(over="ignore"):
        sampled = float(np.exp(forward).mean())
    standard_error = math.sqrt(max(0.0, variance) / paths) if math.isfinite(variance) else math.inf
    return Check(
        name=name,
        kind="statistical",
        sampled=sampled,
        standard_error=standard_error,
        exact=target,
        verdict=verdict,
        tolerance=critical * error + (most - least) / 2,
        z=(sampled - target) / standard_error if 0.0 < standard_error < math.inf and sampled < math.inf else None,
        detectable=(critical + float(stats.norm.isf(0.01))) * error + most,
        paths_needed=needed,
        note=note,
        p_value=min(1.0, 2 * min(p_below, tail)),
        details={
            "below_cut": mean,
            "below_cut_exact": share,
            "z_below": z_below,
            "above_cut": float((~below).sum()),
        },
    )


def weights_support(*, backward: BackwardWeights, paths: int, name: str = "support") -> Check:
    """Check that N forward paths can see 99 % of what <e^-sigma> is made of; inconclusive if they cannot."""
    cut, judge = _settled(backward, paths)
    seen = judge.covered(cut)
    if seen >= REQUIRED_COVERAGE:
        note = f"{seen:.4%} of the weight of <e^-sigma> lies on values that the paths can have seen, {SEEN_FROM}."
        return coverage_verdict(name, seen, note=note)
    needed = _paths_needed(backward)
    return coverage_verdict(name, seen, needed=needed, note=_too_little(backward, seen, needed))


def _settled(backward: BackwardWeights, paths: int) -> tuple[float, BackwardWeights]:
    """The cut for so many forward paths, and the backward paths to judge by it; -inf if they cannot."""
    choose, judge = backward.halves()
    cut = choose.cut(paths)
    if int((judge.logs <= cut).sum()) < LEAST_BELOW:
        cut = -math.inf
    return cut, judge


def _tail_p_value(count: int, paths: int, backward: BackwardWeights, cut: float) -> float:
    """Two-sided p-value of `count` forward weights above the cut, where backward paths estimate how many to expect."""
    if math.isinf(cut):
        return 1.0  # every weight is above: what is left is no statement
    above = backward.logs[backward.logs > cut]
    inverse = np.exp(-above)
    mean = float(inverse.sum()) / backward.paths
    spread = math.sqrt(max(0.0, float((inverse**2).sum()) / backward.paths - mean**2) / backward.paths)
    expected, error = paths * mean, paths * spread
    if expected >= 25 and expected >= 5 * error:
        return 2 * float(stats.norm.sf(abs(count - expected) / math.hypot(math.sqrt(expected), error)))
    # Too few for a normal law: the most favourable expectation within its error, and within what none at all allows.
    low, high = max(0.0, expected - 4 * error), expected + 4 * error + (paths / backward.paths) * math.exp(-cut) * 10
    return min(1.0, 2 * min(float(stats.poisson.sf(count - 1, high)), float(stats.poisson.cdf(count, low))))


def _paths_needed(backward: BackwardWeights) -> int | None:
    """The smallest power of two of forward paths whose cut leaves 99 % of the weight below it."""
    for exponent in range(1, 60):
        cut, judge = _settled(backward, 2**exponent)
        if judge.covered(cut) >= REQUIRED_COVERAGE:
            return int(2**exponent)
    return None


def _too_little(backward: BackwardWeights, covered: float, needed: int | None) -> str:
    """Why nothing can be said about <e^-sigma>."""
    if backward.logs.size < 2 * LEAST_RETURNING:
        return (
            f"Only {backward.logs.size} of {backward.paths:,} backward paths return to the support of the initial "
            f"state, and {2 * LEAST_RETURNING} are needed to know where the weight of <e^-sigma> lies."
        )
    return f"Only {covered:.3g} of the weight of <e^-sigma> lies below the cut, {SEEN_FROM}; {in_words(needed)}."


def outcome_counts(column: IntArray, outcomes: int) -> IntArray:
    """How many rows have each outcome."""
    counts: IntArray = np.bincount(column, minlength=outcomes).astype(np.int64)
    return counts
