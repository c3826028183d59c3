"""The check of a sampled mean against the exact one.

Symbols: s the values, c the counts, N = sum c, mean = sum c s / N, z the standard score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.law_error import LAW_ERROR
from qtraj.theorems.levels import require_level
from qtraj.theorems.mean_test import MeanJudge
from qtraj.theorems.tail_bound import TailBound

__all__ = ["MeanCheck", "mean_check"]


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
    ready = MeanCheck.prepare(
        name,
        exact=exact,
        exact_variance=exact_variance,
        paths=paths,
        level=level,
        numerical_floor=numerical_floor,
        law=law,
    )
    return ready.judge_mean(sampled)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanCheck:
    """The check of a mean, prepared for a law, a number of paths and a level.

    Attributes:
        name: What is compared.
        exact: Exact mean.
        standard_error: Of the sampled mean, from the exact variance.
        paths: Number of draws N.
        level: False-alarm rate.
        test: What rejects.
        by_law: Whether the tails are those of a law, or normal.
        values: Value of every class, shape (C,); None where only means are judged.
    """

    name: str
    exact: float
    standard_error: float
    paths: int
    level: float
    test: MeanJudge
    by_law: bool
    values: FloatArray | None = None

    @classmethod
    def prepare(
        cls,
        name: str,
        *,
        exact: float,
        exact_variance: float,
        paths: int,
        level: float,
        numerical_floor: float,
        law: tuple[FloatArray, FloatArray] | None = None,
        values: FloatArray | None = None,
    ) -> MeanCheck:
        """Prepare the check; arguments as in `mean_check`, and the value of every class of a law, shape (C,)."""
        require_level(level)
        if paths < 1:
            raise InvalidInput(f"`paths` must be at least 1, but is {paths}", measured=paths)
        if not (0.0 <= numerical_floor < math.inf):
            raise InvalidInput(
                f"`numerical_floor` must be finite and not negative, but is {numerical_floor:g}",
                measured=numerical_floor,
            )
        if not (-LAW_ERROR * max(1.0, exact * exact) <= exact_variance < math.inf):
            raise InvalidInput(
                f"`exact_variance` must be finite and not negative, but is {exact_variance:g}", measured=exact_variance
            )
        normal = TailBound.normal(math.sqrt(max(0.0, exact_variance)), paths)
        # the law's own tail belongs to the law's own variance; z shows the variance from the other route
        tail = normal if law is None else TailBound.of_law(*law, paths)
        return cls(
            name=name,
            exact=exact,
            standard_error=normal.standard_error,
            paths=paths,
            level=level,
            test=MeanJudge(tail=tail, level=level, numerical_floor=numerical_floor),
            by_law=law is not None,
            values=values,
        )

    @property
    def settled(self) -> bool:
        """A mean that is not rejected passes."""
        return True

    def means(self, counts: IntArray) -> FloatArray:
        """Sampled means of ensembles with class counts (..., C); NaN, which agrees with nothing, of no paths."""
        assert self.values is not None
        total = counts.sum(axis=-1, dtype=np.int64)
        # not a product of matrices, for which BLAS may start threads: it would take longer than this sum
        sums = np.einsum("...c,c->...", counts.astype(np.float64), self.values)
        found: FloatArray = np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)
        return found

    def scores(self, counts: IntArray) -> FloatArray:
        """Standard scores of ensembles with class counts (..., C)."""
        joint = math.hypot(self.standard_error, self.test.numerical_floor)
        return (self.means(counts) - self.exact) / joint

    def rejects(self, counts: IntArray) -> BoolArray:
        """Whether ensembles with class counts (..., C) are rejected."""
        return self.test.rejects(self.means(counts) - self.exact)

    def judge(self, counts: IntArray, outside: int = 0) -> Check:
        """Judge class counts (C,); paths outside the law have no value and are left out."""
        return self.judge_mean(float(self.means(counts)))

    def judge_mean(self, sampled: float) -> Check:
        """Judge a sampled mean."""
        difference = sampled - self.exact
        test = self.test.judge(difference)
        joint = math.hypot(self.standard_error, self.test.numerical_floor)
        note = "Sampled mean against the exact one" + (
            ", p bounded by the exact law's own tail." if self.by_law else ", in the normal limit."
        )
        return Check(
            name=self.name,
            kind="statistical",
            sampled=sampled,
            standard_error=self.standard_error,
            exact=self.exact,
            verdict=Verdict.PASS if test.p_value > self.level else Verdict.FAIL,
            tolerance=test.tolerance,
            z=difference / joint if joint > 0.0 else test.z,
            detectable=test.detectable,
            note=note,
            p_value=test.p_value,
        )
