"""What the line of a goodness of fit shows: chi-square, the pool, or paths outside the law, but only one of them.

The test has two halves and may be decided by either, so the line shows the one that is less likely if all is well.
Scores are normal scores of p-values: 3 is as surprising here as for a mean, however skewed chi-square is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from qtraj.theorems.chi_square import ChiSquare
from qtraj.theorems.pool import Pool

__all__ = ["Line", "one_sided_score_of", "score_of"]

LARGEST_SCORE = 38.0
"""Where the normal law leaves the doubles."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Numbers of one quantity.

    Attributes:
        sampled: What was found.
        exact: Its expectation.
        spread: Its standard deviation if all is well.
        tolerance: The largest distance from the expectation that passes.
        z: Normal score of its p-value, with the sign of the distance.
    """

    sampled: float
    exact: float
    spread: float
    tolerance: float
    z: float

    @classmethod
    def of_chi_square(cls, chi: ChiSquare, statistic: float, p_value: float, level: float) -> Line:
        """Chi-square beside its degrees of freedom; it speaks against a law only when it is large.

        Example:
            >>> import numpy as np
            >>> chi = ChiSquare.of(np.array([0.5, 0.5]), paths=100)
            >>> line = Line.of_chi_square(chi, 9.0, float(chi.p_values(np.array(9.0))), 1e-4)
            >>> line.sampled, line.exact, round(line.z, 2)
            (9.0, 1.0, 2.78)
        """
        degrees = float(chi.degrees)
        spread = math.sqrt(2.0 * degrees)
        return cls(
            sampled=statistic,
            exact=degrees,
            spread=spread,
            tolerance=chi.critical(level) - degrees,
            # A statistic of 0, common where cells are few, is at the end of its law, but only so far below its mean.
            z=max(one_sided_score_of(p_value), -degrees / spread),
        )

    @classmethod
    def of_pool(cls, pool: Pool, count: float, p_value: float, level: float) -> Line:
        """The number of paths in the pool beside its expectation."""
        return cls(
            sampled=count,
            exact=pool.expected,
            spread=pool.standard_deviation,
            tolerance=score_of(level) * pool.standard_deviation,
            z=math.copysign(score_of(p_value), count - pool.expected),
        )

    @classmethod
    def of_strays(cls, count: int) -> Line:
        """Paths where the law says that there can be none."""
        return cls(sampled=float(count), exact=0.0, spread=0.0, tolerance=0.0, z=LARGEST_SCORE)


def one_sided_score_of(p_value: float) -> float:
    """Normal score of a one-sided p-value, from -38 to 38.

    Example:
        >>> round(one_sided_score_of(0.0013499), 3), round(one_sided_score_of(0.9986501), 3)
        (3.0, -3.0)
    """
    return min(LARGEST_SCORE, max(-LARGEST_SCORE, -float(special.ndtri(min(1.0, p_value)))))


def score_of(p_value: float) -> float:
    """Normal score of a two-sided p-value, at most 38.

    Example:
        >>> round(score_of(0.0026998), 3)
        3.0
    """
    return one_sided_score_of(p_value / 2) + 0.0
