"""How often the mean of N independent draws of a known law strays by z standard errors: a bound, not a guess.

The normal law is the right answer only in the limit. At the levels used here (1e-4 and below) entropy production
misses that limit badly: one rare atom that happens to be drawn among 100 paths is "8 standard errors". So p-values of
means are bounded by whichever of two theorems is sharper, each valid for every N and every law:

- Chernoff: P(mean >= mu + t) <= exp(-N I(t)), with I(t) = sup_h [h t - K(h)] and K the exact cumulant generating
  function of the law. Right exponent for any skewness, at most a factor of about 2.5 z too large.
- Berry-Esseen: the normal tail plus 0.4748 <|s - mu|^3> / (std^3 sqrt(N)) [Shevtsova, arXiv:1111.6554]. It takes over
  when N is so large (about 1e9) that the bound is below the level; the check is then the plain z-test.

The price is power: below N ~ 1e9 a mean is rejected from 4.45 standard errors instead of 3.89 at level 1e-4. An
approximate (saddle-point) tail would save that, but is unsound for laws of few atoms, which are the common case.

Symbols: u = (s - mu)/std the standardised value, h the tilt, K(h) = ln<e^{h u}>, z the standard score.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy import optimize, special

from qtraj.arrays import FloatArray, frozen
from qtraj.theorems.logarithms import log_sum

__all__ = ["POWER", "TailBound"]

POWER = 0.99
"""The probability with which an error of the `detectable` size is rejected."""

BERRY_ESSEEN = 0.4748
"""The best proven constant for identically distributed summands."""

EDGE_TOLERANCE = 1e-9
"""A mean this close (relatively) to the largest value the law has is taken to be at it: the sum of N products
carries up to a few 1e-16 of error, and past the edge the probability drops to zero."""

SERIES_BELOW = 1e-2
"""Below this, e^x - 1 - x is summed as a series to x^7, whose first omitted term is below 1e-17 of the sum."""

LARGEST_TILT = 600.0
"""Beyond this exponent sums over e^x are done in logarithms."""

NEWTON_STEPS = 6
NEWTON_TOLERANCE = 1e-4
"""Newton's steps towards the tilt, and when they end. Any tilt gives a bound; off by e it is less sharp by e^2."""

SMALL_SHIFT = 0.1
"""By how much, relatively, the first tilt may be moved for the skewness; beyond, the series behind it is no guide."""

ROOT_TOLERANCE = 1e-11
"""Relative accuracy of the tilt. The exponent is flat in it, so p-values are good to far better than 1e-9."""

TINY = 1e-250
"""A deviation below this many standard deviations is none."""

IMPOSSIBLE = math.log(1e-300)
"""Atoms rarer than this are left out: all of them together are drawn with a probability below 1e-280."""


def _second_order_exp(x: FloatArray) -> FloatArray:
    """Return e^x - 1 - x without cancellation: at N = 1e15 the tilt is 1e-7 and K(h) of order 1e-14."""
    small = np.abs(x) < SERIES_BELOW
    everywhere = bool(small.all())
    y = x if everywhere else np.where(small, x, 0.0)
    series: FloatArray = y * y * (0.5 + y * (1 / 6 + y * (1 / 24 + y * (1 / 120 + y * (1 / 720 + y / 5040)))))
    return series if everywhere else np.where(small, series, np.expm1(x) - x)


@dataclass(frozen=True, kw_only=True)
class TailBound:
    """Bounds on the two tails of the mean of `paths` draws, in units of its standard error.

    Attributes:
        standardised: u of every atom, shape (K,); empty when no law is known, and the normal law is then used as is.
        log_probabilities: Their log-probabilities, normalised, shape (K,).
        standard_deviation: Of a single draw.
        paths: Number of draws N.
    """

    standardised: FloatArray
    log_probabilities: FloatArray
    standard_deviation: float
    paths: int

    @classmethod
    def of_law(cls, values: FloatArray, log_probabilities: FloatArray, paths: int) -> Self:
        """Build the bounds from the exact law of one draw, atoms `values` (K,) with ln P `log_probabilities` (K,)."""
        present = log_probabilities > IMPOSSIBLE
        values, logs = values[present], log_probabilities[present]
        logs = logs - log_sum(logs)
        p = np.exp(logs)
        reach = float(np.ptp(values))
        centred = values - values[np.argmax(logs)]  # first from the likeliest atom: no cancellation for narrow laws
        centred = centred - math.fsum(p * centred)
        # scaled before squaring: a spread of 1e-200 or 1e200 must not underflow or overflow
        deviation = reach * math.sqrt(math.fsum(p * (centred / reach) ** 2)) if reach > 0.0 else 0.0
        u = centred / deviation if deviation > 0.0 else np.zeros(0)
        return cls(
            standardised=frozen(u), log_probabilities=frozen(logs), standard_deviation=deviation, paths=int(paths)
        )

    @classmethod
    def normal(cls, standard_deviation: float, paths: int) -> Self:
        """Assume the normal limit, for want of a law."""
        nothing = frozen(np.zeros(0))
        return cls(
            standardised=nothing, log_probabilities=nothing, standard_deviation=standard_deviation, paths=int(paths)
        )

    @property
    def standard_error(self) -> float:
        """Standard deviation of the mean."""
        return self.standard_deviation / math.sqrt(self.paths)

    def p_value(self, z: float, slack: float = 0.0) -> float:
        """Return an upper bound on the two-sided p-value of a mean `z` standard errors off.

        Args:
            z: Standard score.
            slack: Numerical error of z; it decides whether a mean at the edge of the law is still possible.
        """
        tail = float(special.ndtr(-abs(z)))
        if self.standardised.size:
            tail = min(tail + self._berry_esseen, math.exp(-self._exponent(z, slack)))
        return min(1.0, 2.0 * tail)

    def critical(self, level: float, sign: float, slack: float = 0.0) -> float:
        """Return the |z| on the side of `sign` from which the p-value is at most `level`."""
        wanted = level / 2
        if not self.standardised.size:
            return -float(special.ndtri(wanted))
        left = wanted - self._berry_esseen
        by_normal = -float(special.ndtri(left)) if left > 0.0 else math.inf
        return min(by_normal, self._critical_by_chernoff(-math.log(wanted), sign, slack))

    @cached_property
    def _berry_esseen(self) -> float:
        with np.errstate(divide="ignore"):
            log_third = log_sum(self.log_probabilities + 3.0 * np.log(np.abs(self.standardised)))
        return min(1.0, BERRY_ESSEEN * math.exp(min(700.0, log_third)) / math.sqrt(self.paths))

    def _tilted(self, tilt: float, u: FloatArray) -> tuple[float, float]:
        """Return the mean K'(h) of the tilted law and its exponent h K'(h) - K(h)."""
        x = tilt * u
        if x.max() < LARGEST_TILT:
            p = self._probabilities
            growth = float(np.sum(p * _second_order_exp(x)))
            mean = float(np.sum(p * u * np.expm1(x))) / (1.0 + growth)
            return mean, tilt * mean - math.log1p(growth)
        logs = self.log_probabilities + x
        logs = logs - logs.max()
        logs = logs - log_sum(logs)
        q = np.exp(logs)
        # relative entropy of the tilted law to the law: the same number, without its cancellation at large tilts
        return float(np.sum(q * u)), float(np.sum(q * (logs - self.log_probabilities)))

    @cached_property
    def _edges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Above and below: the farthest u and minus the log-probability of drawing it."""

        def edge(u: FloatArray) -> tuple[float, float]:
            top = float(u.max())
            return top, -log_sum(self.log_probabilities[u >= top * (1.0 - EDGE_TOLERANCE)])

        return edge(self.standardised), edge(-self.standardised)

    @cached_property
    def _skewness(self) -> float:
        with np.errstate(over="ignore", invalid="ignore"):  # of the rarest atoms: then there is no guide to the tilt
            return float((self._probabilities * self.standardised**3).sum())

    @cached_property
    def _probabilities(self) -> FloatArray:
        return np.exp(self.log_probabilities)

    def _exponent(self, z: float, slack: float) -> float:
        """Return N I(z / sqrt(N)), possibly infinite."""
        u = self.standardised if z > 0.0 else -self.standardised
        t = abs(z) / math.sqrt(self.paths)
        top, cost = self._edges[int(z <= 0.0)]
        if t > top * (1.0 + EDGE_TOLERANCE) + slack / math.sqrt(self.paths):
            return math.inf
        if t >= top * (1.0 - EDGE_TOLERANCE):
            return self.paths * cost
        if t < TINY:
            return 0.0
        skewness = self._skewness if z > 0.0 else -self._skewness
        if (quick := self._rate_by_newton(t, u, top, skewness)) is not None:
            return max(0.0, self.paths * quick)
        tilt = _increasing_root(lambda h: self._tilted(h, u)[0] - t, t)
        return max(0.0, self.paths * self._tilted(tilt, u)[1])

    def _rate_by_newton(self, t: float, u: FloatArray, top: float, skewness: float) -> float | None:
        """Return h t - K(h) at the h where Newton's steps for K'(h) = t end, if they do.

        They start from h = t, which is right for a normal law, less what the skewness changes where that is little.
        """
        p = self._probabilities
        shift = skewness * t / 2
        tilt = t * (1.0 - shift) if abs(shift) < SMALL_SHIFT else t  # NaN too
        for _ in range(NEWTON_STEPS):
            if tilt * top >= LARGEST_TILT:
                return None
            x = tilt * u
            beyond = _second_order_exp(x)
            total = 1.0 + (growth := float((p * beyond).sum()))
            with np.errstate(over="ignore", invalid="ignore"):
                mean = float((p * u * (beyond + x)).sum()) / total
                spread = float((p * u * u * (1.0 + x + beyond)).sum()) / total - mean * mean
            if not 0.0 < spread < math.inf:
                return None
            step = (t - mean) / spread
            if abs(step) <= NEWTON_TOLERANCE * tilt:
                return tilt * t - math.log1p(growth)
            tilt += step
            if tilt <= 0.0:
                return None
        return None

    def _critical_by_chernoff(self, wanted: float, sign: float, slack: float) -> float:
        u = self.standardised if sign > 0.0 else -self.standardised
        top, cost = self._edges[int(sign <= 0.0)]
        if self.paths * cost <= wanted * (1.0 + EDGE_TOLERANCE):
            return top * (1.0 + EDGE_TOLERANCE) * math.sqrt(self.paths) + slack
        tilt = _increasing_root(
            lambda h: self.paths * self._tilted(h, u)[1] - wanted, math.sqrt(2.0 * wanted / self.paths)
        )
        return self._tilted(tilt, u)[0] * math.sqrt(self.paths)


def _increasing_root(function: Callable[[float], float], start: float) -> float:
    """Return the positive root of an increasing function that is negative at 0, searched by orders of magnitude."""
    low = high = start
    factor = 2.0
    while function(high) < 0.0:
        low, high, factor = high, high * factor, factor * factor
    while function(low) >= 0.0:
        if low < TINY:
            return low
        low, high, factor = low / factor, low, factor * factor
    return float(optimize.brentq(function, low, high, xtol=low * ROOT_TOLERANCE, rtol=ROOT_TOLERANCE, maxiter=1000))
