"""The cells of a histogram that expect too few paths to be compared one by one, taken together.

Their number of paths has an exact binomial law, however few they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.theorems.binomial import binomial_p_values, detectable_increase
from qtraj.theorems.chi_square import RELATIVE_ERROR
from qtraj.theorems.tail_bound import POWER

__all__ = ["Pool"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """The cells that expect too few paths, taken together.

    Attributes:
        members: Their numbers.
        probability: Of all together.
        paths: Number of paths N.
    """

    members: IntArray
    probability: float
    paths: int

    @classmethod
    def of(cls, probabilities: FloatArray, members: BoolArray, paths: int) -> Pool:
        """Pool the members."""
        share = math.fsum(probabilities[members])
        return cls(
            members=np.flatnonzero(members), probability=share if share < 1.0 - RELATIVE_ERROR else 1.0, paths=paths
        )

    @property
    def expected(self) -> float:
        """Expected number of paths in the pool."""
        return self.paths * self.probability

    @property
    def standard_deviation(self) -> float:
        """Standard deviation of the number of paths in the pool."""
        return math.sqrt(self.paths * self.probability * (1.0 - self.probability))

    def p_values(self, cells: IntArray) -> FloatArray:
        """Exact binomial p-values of the pools of cell counts (..., K)."""
        if not self.members.size:
            return np.ones(cells.shape[:-1])
        return binomial_p_values(cells[..., self.members].sum(axis=-1), self.paths, self.probability)

    def detectable_distance(self, level: float) -> float:
        """Return the TV distance to which the pool adds: what its count cannot see, and all that is inside it."""
        if not self.members.size:
            return 0.0
        rise = detectable_increase(self.paths, self.probability, level, POWER)
        return self.probability + (1.0 if math.isnan(rise) else rise)
