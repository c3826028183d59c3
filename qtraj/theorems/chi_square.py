"""Chi-square with an allowance for the rounding of the probabilities it compares with.

Probabilities in double precision are themselves wrong by dp = 1e-12 p + 1e-15. With N paths this alone shifts
chi-square by the noncentrality N sum dp^2/p, which is therefore allowed for (noncentral chi-square). When it exceeds
0.1 sqrt(2 dof) the test says more about rounding than about physics.

Symbols: p the probabilities, c the counts, N paths, dof degrees of freedom, TV the total-variation distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize, stats

from qtraj.arrays import FloatArray, IntArray
from qtraj.theorems.tail_bound import POWER

__all__ = ["RELATIVE_ERROR", "ChiSquare"]

RELATIVE_ERROR = 1e-12
ABSOLUTE_ERROR = 1e-15
"""Error budget of a probability: products of a dozen factors and of squared amplitudes, a factor of ten to spare."""

FLOOR_SHARE = 0.1
"""The part of chi-square's standard deviation that rounding may make up."""


@dataclass(frozen=True, kw_only=True)
class ChiSquare:
    """Chi-square of counts over two or more cells, given their total.

    Attributes:
        statistic: sum (c - N p)^2 / (N p).
        degrees: Degrees of freedom, the number of cells less one.
        noncentrality: What rounding of the probabilities alone adds to the statistic, N sum dp^2 / p.
        paths: Their total N.

    Example:
        >>> import numpy as np
        >>> chi = ChiSquare.of(np.array([60, 40]), np.array([0.5, 0.5]))
        >>> chi.statistic, chi.degrees, chi.drowned
        (4.0, 1, False)
    """

    statistic: float
    degrees: int
    noncentrality: float
    paths: int

    @classmethod
    def of(cls, counts: IntArray, probabilities: FloatArray, relative_error: float = RELATIVE_ERROR) -> ChiSquare:
        """Compare counts (m,) with probabilities (m,), which are normalised here; fewer than two cells give dof 0."""
        paths, degrees = int(counts.sum()), max(0, counts.size - 1)
        if degrees == 0 or paths == 0:
            return cls(statistic=0.0, degrees=0, noncentrality=0.0, paths=paths)
        p = probabilities / math.fsum(probabilities)
        statistic = math.fsum((counts - paths * p) ** 2 / (paths * p))
        error = relative_error * p + ABSOLUTE_ERROR
        noncentrality = paths * math.fsum(error**2 / p)
        return cls(statistic=statistic, degrees=degrees, noncentrality=noncentrality, paths=paths)

    @property
    def drowned(self) -> bool:
        """Whether rounding of the probabilities could be seen."""
        return self.degrees > 0 and self.noncentrality > FLOOR_SHARE * math.sqrt(2.0 * self.degrees)

    @property
    def p_value(self) -> float:
        """Probability of a statistic at least this large, rounding allowed for."""
        if self.degrees == 0:
            return 1.0
        return float(stats.ncx2.sf(self.statistic, self.degrees, self.noncentrality))

    def critical(self, level: float) -> float:
        """Return the statistic from which the p-value is at most `level`."""
        return float(stats.ncx2.isf(level, self.degrees, self.noncentrality)) if self.degrees else 0.0

    def detectable_distance(self, level: float) -> float:
        """Return the TV distance from which every other law is rejected with probability `POWER`.

        A law at distance d has noncentrality N sum dp^2/p >= 4 N d^2 (Cauchy-Schwarz), equality for the law that
        moves probability between two halves.
        """
        if self.degrees == 0:
            return 0.0
        critical = self.critical(level)

        def missing(noncentrality: float) -> float:
            return float(stats.ncx2.sf(critical, self.degrees, noncentrality)) - POWER

        high = critical
        while missing(high) < 0.0:
            high *= 2.0
        return math.sqrt(float(optimize.brentq(missing, 0.0, high, rtol=1e-6)) / (4.0 * self.paths))
