"""The parts of an exponential average: the whole of it, and what lies below the cut.

Symbols: w = e^-s, tau the cut, B_tau = <w 1[w <= tau]>, N paths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.theorems.logarithms import exp_or_inf, log_or_minus_inf, log_sum
from qtraj.theorems.mean_test import MeanJudge
from qtraj.theorems.tail_bound import TailBound
from qtraj.theorems.weight_ladder import WeightLadder

__all__ = ["REQUIRED_COVERAGE", "Below", "Whole"]

REQUIRED_COVERAGE = 0.99
"""The part of the average that must lie below the cut for a pass to mean something."""

ABSOLUTE_FLOOR = 1e-13
RELATIVE_FLOOR = 1e-12
"""Errors of the exact averages: traces of products of a few matrices, 1e-16 an element; and of sums over the law."""

VALUE_FLOOR = 4e-16
"""Relative error of s, a difference of logarithms: the weight e^-s inherits it |s|-fold."""

NEGLIGIBLE = 1e-12
"""An average below this is itself rounding, and is judged against the law's own sum."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The exact average, and the numerical error to allow in it.

    Attributes:
        log_value: ln of the average.
        log_floor: ln of the error.
        from_law: Whether it is the law's own sum, for want of a number that a double can hold.
    """

    log_value: float
    log_floor: float
    from_law: bool

    @classmethod
    def of(cls, ladder: WeightLadder, target: float) -> Whole:
        """Take the target for the average, unless only the law's logarithm means anything."""
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
        """Ln of what must lie below the cut."""
        return math.log(REQUIRED_COVERAGE) + self.log_value


@dataclass(frozen=True, kw_only=True, eq=False)
class Below:
    """The part below the cut, in multiples of `unit` (so that nothing overflows)."""

    weights: FloatArray
    exact: float
    test: MeanJudge
    unit: float

    @classmethod
    def of(cls, ladder: WeightLadder, cut: int, whole: Whole, paths: int, level: float) -> Below:
        """Keep the weights up to the cut; the rest of the law counts as zeros."""
        kept = slice(0, cut + 1)
        if cut < 0:  # everything is above the cut: the mean of nothing is 0, exactly
            nothing = MeanJudge(tail=TailBound.normal(0.0, paths), level=level, numerical_floor=0.0)
            return cls(weights=np.zeros(0), exact=0.0, test=nothing, unit=1.0)
        logs = ladder.log_weights[kept]
        with np.errstate(divide="ignore"):
            log_entropies = np.log(np.abs(logs))
        log_value_error = math.log(VALUE_FLOOR) + log_sum(ladder.log_contributions[kept] + log_entropies)
        log_floor = float(np.logaddexp(whole.log_floor, log_value_error))
        scale = max(float(logs[-1]), log_floor)
        x = np.exp(logs - scale)
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
        test = MeanJudge(tail=tail, level=level, numerical_floor=math.exp(log_floor - scale))
        return cls(weights=x, exact=exact, test=test, unit=exp_or_inf(scale))

    def means(self, ascending: IntArray, paths: int) -> FloatArray:
        """Sampled means of w 1[w <= tau], from counts (..., K) by ascending weight."""
        found: FloatArray = (ascending[..., : self.weights.size] * self.weights).sum(axis=-1) / paths
        return found

    def in_units(self, number: float) -> float:
        """Undo the scaling; the unit may be infinite, and zero remains zero."""
        return number * self.unit if number else 0.0
