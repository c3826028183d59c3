"""Chi-square with an allowance for the rounding of the probabilities it compares with.

Probabilities in double precision are themselves wrong by dp = 1e-12 p + 1e-15. With N paths this alone shifts
chi-square by the noncentrality N sum dp^2/p, which is therefore allowed for (noncentral chi-square). When it exceeds
0.1 sqrt(2 dof) the test says more about rounding than about physics.

Symbols: p the probabilities, c the counts, N paths, dof degrees of freedom, TV the total-variation distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from qtraj.arrays import FloatArray, IntArray
from qtraj.theorems.tail_bound import POWER

__all__ = ["RELATIVE_ERROR", "ChiSquare"]

RELATIVE_ERROR = 1e-12
ABSOLUTE_ERROR = 1e-15
"""Error budget of a probability: products of a dozen factors and of squared amplitudes, a factor of ten to spare."""

FLOOR_SHARE = 0.1
"""The part of chi-square's standard deviation that rounding may make up."""


CENTRAL_BELOW = 1e-9
"""A smaller noncentrality changes p-values by less than 10^-9 of the statistic, and takes ten times as long."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChiSquare:
    """Chi-square of counts over two or more cells, given their total; made ready once for many ensembles.

    Attributes:
        probabilities: p of each cell, adding up to 1, shape (m,).
        degrees: Degrees of freedom, the number of cells less one.
        noncentrality: What rounding of the probabilities alone adds to the statistic, N sum dp^2 / p.
        paths: How many paths N the cells are expected to hold.

    Example:
        >>> chi = ChiSquare.of(np.array([0.5, 0.5]), paths=100)
        >>> float(chi.statistic(np.array([60, 40]))), chi.degrees, chi.drowned
        (4.0, 1, False)
    """

    probabilities: FloatArray
    degrees: int
    noncentrality: float
    paths: int

    @classmethod
    def of(cls, probabilities: FloatArray, *, paths: int, relative_error: float = RELATIVE_ERROR) -> ChiSquare:
        """Prepare cells of these probabilities (m,), which are normalised here; fewer than two cells give dof 0."""
        degrees = max(0, probabilities.size - 1)
        if degrees == 0 or paths == 0:
            return cls(probabilities=probabilities, degrees=0, noncentrality=0.0, paths=paths)
        p = probabilities / math.fsum(probabilities)
        error = relative_error * p + ABSOLUTE_ERROR
        noncentrality = paths * math.fsum(error**2 / p)
        return cls(probabilities=p, degrees=degrees, noncentrality=noncentrality, paths=paths)

    @property
    def drowned(self) -> bool:
        """Whether rounding of the probabilities could be seen."""
        return self.degrees > 0 and self.noncentrality > FLOOR_SHARE * math.sqrt(2.0 * self.degrees)

    def statistic(self, counts: IntArray) -> FloatArray:
        """Return sum (c - n p)^2 / (n p) for counts (..., m) of any number of ensembles, n the sum of each, (...)."""
        total = counts.sum(axis=-1, dtype=np.int64)
        if self.degrees == 0:
            return np.zeros(total.shape)
        expected = np.maximum(total, 1)[..., None] * self.probabilities
        found: FloatArray = ((counts - expected) ** 2 / expected).sum(axis=-1)
        return np.where(total > 0, found, 0.0)

    def p_values(self, statistic: FloatArray) -> FloatArray:
        """Return the probability of a statistic at least this large, rounding allowed for, any shape."""
        if self.degrees == 0:
            return np.ones(np.shape(statistic))
        if self.noncentrality < CENTRAL_BELOW:
            return np.asarray(special.chdtrc(self.degrees, statistic))
        return np.asarray(stats.ncx2.sf(statistic, self.degrees, self.noncentrality))

    def critical(self, level: float) -> float:
        """Return the statistic from which the p-value is at most `level`."""
        if self.degrees == 0:
            return 0.0
        if self.noncentrality < CENTRAL_BELOW:
            return float(special.chdtri(self.degrees, level))
        return float(stats.ncx2.isf(level, self.degrees, self.noncentrality))

    def detectable_distance(self, level: float) -> float:
        """Return the TV distance from which every other law is rejected with probability `POWER`.

        A law at distance d has noncentrality N sum dp^2/p >= 4 N d^2 (Cauchy-Schwarz), equality for the law that
        moves probability between two halves.
        """
        if self.degrees == 0:
            return 0.0
        critical = self.critical(level)

        def missing(noncentrality: float) -> float:
            return 1.0 - float(special.chndtr(critical, self.degrees, noncentrality)) - POWER

        # The search asks twenty times; `stats.ncx2`, the same function, would look at its arguments for longer than
        # this takes. Near 0.99 nothing is lost by the difference from 1.
        high = critical
        while missing(high) < 0.0:
            high *= 2.0
        return math.sqrt(float(optimize.brentq(missing, 0.0, high, rtol=1e-6)) / (4.0 * self.paths))
