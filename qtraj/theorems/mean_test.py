"""Whether a sampled mean differs from the exact one: prepared from the tails of its law, then asked about samples.

Symbols: z the standard score, SE the standard error, delta the numerical error allowed for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import special

from qtraj.arrays import BoolArray, FloatArray
from qtraj.theorems.tail_bound import POWER, TailBound

__all__ = ["MeanJudge", "MeanTest"]


class MeanTest(NamedTuple):
    """What the difference between a sampled mean and the exact one amounts to.

    Attributes:
        z: Difference over its standard error, joined with the numerical floor.
        p_value: Upper bound on the two-sided p-value.
        tolerance: Largest difference, on the side of the one seen, that is not rejected.
        detectable: Smallest true error rejected with probability `POWER`, on whichever side is worse.
    """

    z: float
    p_value: float
    tolerance: float
    detectable: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanJudge:
    """A test of a mean that has everything but the sample: critical values and detectable error.

    The standard error is joined with the numerical floor, sqrt(SE^2 + delta^2). A quantity that does not fluctuate
    at all must agree to within the floor itself.

    Attributes:
        tail: Bounds on the tails.
        level: False-alarm rate, two-sided.
        numerical_floor: Absolute error delta to allow for rounding.
    """

    tail: TailBound
    level: float
    numerical_floor: float

    @cached_property
    def joint(self) -> float:
        """Standard error, joined with the floor."""
        return math.hypot(self.tail.standard_error, self.numerical_floor)

    @cached_property
    def critical(self) -> tuple[float, float]:
        """Standard scores above and below from which a mean is rejected."""
        return self.tail.critical(self.level, 1.0, self._slack), self.tail.critical(self.level, -1.0, self._slack)

    @cached_property
    def detectable(self) -> float:
        """Smallest true error rejected with probability `POWER`, on whichever side is worse."""
        if self.tail.standard_error == 0.0:
            return self.numerical_floor
        reach = max(self.critical) * self.joint
        return reach + float(special.ndtri(POWER)) * self.tail.standard_error + self.numerical_floor

    @property
    def _slack(self) -> float:
        return self.numerical_floor / self.tail.standard_error

    def rejects(self, differences: FloatArray) -> BoolArray:
        """Whether differences (sampled - exact), any shape, are rejected: as `judge`, without their p-values."""
        if self.tail.standard_error == 0.0:
            return ~(np.abs(differences) <= self.numerical_floor)
        up, down = self.critical
        return ~((differences < up * self.joint) & (differences > -down * self.joint))

    def judge(self, difference: float) -> MeanTest:
        """Judge one difference (sampled - exact)."""
        if math.isnan(difference):
            return MeanTest(math.nan, 0.0, math.nan, math.nan)
        joint = self.joint
        z = difference / joint if joint > 0.0 else math.copysign(math.inf, difference) if difference else 0.0
        if self.tail.standard_error == 0.0:
            agrees = abs(difference) <= self.numerical_floor
            return MeanTest(z, 1.0 if agrees else 0.0, self.numerical_floor, self.numerical_floor)
        p_value = self.tail.p_value(z, self._slack)
        return MeanTest(z, p_value, self.critical[int(z < 0.0)] * joint, self.detectable)
