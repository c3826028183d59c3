"""What a tally must look like if the checks keep their promises, at a false-failure rate that is stated.

The suite asks many questions of many processes. All together may fail by chance with probability `FALSE_FAILURE`, and
each has an equal share (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tests.calibration.tally import LEVELS, Tally

__all__ = ["FALSE_FAILURE", "Finding", "clopper_pearson", "findings"]

FALSE_FAILURE = 1e-6
"""How often the suite as a whole may reject a package that is right."""

BUDGET = 2000
"""Between how many questions this is shared: about 600 are asked, of 22 processes."""

COVERAGE = (float(stats.norm.cdf(1) - stats.norm.cdf(-1)), float(stats.norm.cdf(2) - stats.norm.cdf(-2)))
"""How often a normal number lies within one and within two standard errors: 68.3 % and 95.4 %."""

SKEW_ALLOWANCE = 0.002
"""What the skewness of a mean of N paths may change in these frequencies: the density of a normal number times a sixth
of the skewness, which the cut keeps below 0.04, and half a step of a lattice."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer to one question.

    Attributes:
        about: Which promise: "family", "check", "coverage" or "uniform".
        name: Which check or number.
        value: The frequency, or p-value, that was found.
        expected: What it should be (at most, for rates of false alarms).
        p_value: How likely something as bad is if the promise is kept.
    """

    about: str
    name: str
    value: float
    expected: float
    p_value: float

    @property
    def kept(self) -> bool:
        """Whether the promise is kept as far as so many ensembles can tell."""
        return self.p_value > FALSE_FAILURE / BUDGET


def findings(tally: Tally, *, skewed: bool = False) -> Iterator[Finding]:
    """Ask a tally everything.

    Args:
        tally: The counts.
        skewed: Whether there are so few paths that means are not normal; then scores are not asked to be.
    """
    number = tally.ensembles
    for level in LEVELS:
        alarms = tally.families[str(level)]
        yield _rate("family", f"level {level:g}", alarms, number, level)
        for name, rejected in tally.rejected.get(str(level), {}).items():
            yield _rate("check", f"{name} at {level:g}", rejected, number, level / tally.checks)
    for name, within in tally.covered.items():
        for width, found, expected in zip((1, 2), within, COVERAGE, strict=True):
            p_value = 1.0 if skewed else _two_sided(found, number, expected, SKEW_ALLOWANCE)
            yield Finding(
                about="coverage", name=f"{name}, {width} SE", value=found / number, expected=expected, p_value=p_value
            )
    for name, bins in tally.uniform.items():
        if skewed and not name.endswith(("above the cut", "pool", "chi-square", "two cells")):
            continue
        statistic, p_value = stats.chisquare(np.asarray(bins))
        yield Finding(
            about="uniform", name=name, value=float(statistic), expected=len(bins) - 1.0, p_value=float(p_value)
        )


def clopper_pearson(count: int, number: int, level: float) -> tuple[float, float]:
    """The interval that misses the true rate with probability `level` at most."""
    low = 0.0 if count == 0 else float(stats.beta.ppf(level / 2, count, number - count + 1))
    high = 1.0 if count == number else float(stats.beta.isf(level / 2, count + 1, number - count))
    return low, high


def _rate(about: str, name: str, count: int, number: int, level: float) -> Finding:
    """At most `level` false alarms: one-sided and exact."""
    return Finding(
        about=about,
        name=name,
        value=count / number,
        expected=level,
        p_value=float(stats.binom.sf(count - 1, number, level)),
    )


def _two_sided(count: int, number: int, expected: float, allowance: float) -> float:
    high = float(stats.binom.sf(count - 1, number, min(1.0, expected + allowance)))
    low = float(stats.binom.cdf(count, number, expected - allowance))
    return min(1.0, 2.0 * min(high, low))
