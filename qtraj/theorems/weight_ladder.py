"""The weights w = e^-s of an exact law in ascending order, and how many paths each cut between them takes.

Everything is a logarithm: weights may span 1e300 and more, and their probabilities too.

Symbols: w = e^-s, P its probability, tau the cut, B_tau = <w 1[w <= tau]>, V_tau the variance of w 1[w <= tau].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.theorems.logarithms import log_sum

__all__ = ["WeightLadder", "require_weights"]

DOMINANCE = 25.0
"""The cut keeps every single path below 1/25 of the standard deviation of the sum."""

EQUAL_WEIGHTS = 1e-12
"""Weights that differ by less, relatively, are equal to rounding and need no second path."""

LEAST_PATHS = DOMINANCE**2
"""What the rule asks of two weights of equal probability, and hence of any that are all but equal."""

ROUNDING = 1e-11
"""Relative accuracy of a number of paths, so that the smallest one named is also one that does."""

LARGEST_LOG_PATHS = 690.0
"""Numbers of paths beyond e^690, about 1e300, are not named."""


@dataclass(frozen=True, kw_only=True)
class WeightLadder:
    """The law sorted by ascending weight, and for every possible cut how many paths it takes."""

    log_weights: FloatArray
    log_probabilities: FloatArray
    log_contributions: FloatArray
    log_below: FloatArray  # ln B_tau for the cut at each atom
    log_needed: FloatArray  # ln of the smallest N that allows the cut at each atom
    log_variance: float  # ln of the variance of w

    @classmethod
    def of(
        cls,
        values: FloatArray,
        log_probabilities: FloatArray,
        log_weighted: FloatArray | None,
        immaterial: float = 0.0,
    ) -> WeightLadder:
        """Sort a law, and find for every cut how many paths it takes.

        Args:
            values: Atoms s, strictly ascending, shape (K,).
            log_probabilities: ln P of each, shape (K,).
            log_weighted: ln(w P) of each where known independently, shape (K,).
            immaterial: Which part of the average may lie above a cut, and by which part of B_tau the heaviest weight
                kept may exceed it, without any path dominating.
        """
        w, p = -values[::-1], log_probabilities[::-1]
        contributions = p + w if log_weighted is None else log_weighted[::-1]
        below = np.logaddexp.accumulate(contributions)
        second = np.logaddexp.accumulate(p + 2.0 * w)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = second + np.log1p(-np.exp(np.minimum(0.0, 2.0 * below - second)))
            needed = 2.0 * (math.log(DOMINANCE) + w) - variance
        needed[~np.isfinite(below) | np.isnan(needed)] = math.inf
        # Below such a cut there is one weight to rounding, as in a cold start in equilibrium: no path can dominate.
        needed[np.isfinite(below) & (variance <= 2.0 * (math.log(EQUAL_WEIGHTS) + below))] = 0.0
        needed[-1], log_variance = _uncut(w, p)
        if immaterial:
            # Where next to nothing fluctuates, a standard deviation is a measure of rare light paths, not of the rest.
            even = (w <= below + math.log1p(immaterial)) & (below >= below[-1] + math.log1p(-immaterial))
            needed[even] = np.minimum(needed[even], math.log(LEAST_PATHS))
        return cls(
            log_weights=w,
            log_probabilities=p,
            log_contributions=contributions,
            log_below=below,
            log_needed=needed,
            log_variance=log_variance,
        )

    def cut(self, paths: int) -> int:
        """Index of the largest weight that may be kept, or -1."""
        allowed = np.flatnonzero(self.log_needed <= math.log(paths) + ROUNDING)
        return int(allowed[-1]) if allowed.size else -1

    def paths_needed(self, log_required: float) -> int | None:
        """Smallest N whose cut keeps at least e^log_required, or None if no N up to 1e300 does."""
        enough = self.log_needed[self.log_below >= log_required]
        least = float(enough.min(initial=math.inf))
        return max(1, math.ceil(math.exp(least) * (1.0 - ROUNDING / 2))) if least < LARGEST_LOG_PATHS else None


def _uncut(log_weights: FloatArray, log_probabilities: FloatArray) -> tuple[float, float]:
    """Return ln of the N from which nothing need be cut, (25 max|w - B|)^2 / V, and ln V."""
    present = np.isfinite(log_probabilities)
    logs = log_weights[present]
    top = float(logs.max(initial=-math.inf))
    if top == -math.inf:
        return math.inf, -math.inf
    x, p = np.exp(logs - top), np.exp(log_probabilities[present])
    mean = math.fsum(p * x) / math.fsum(p)
    reach = float(np.abs(x - mean).max())
    if reach <= EQUAL_WEIGHTS:
        return 0.0, -math.inf
    with np.errstate(divide="ignore"):  # in logarithms: p of the heaviest weight may be below 1e-308
        log_variance = log_sum(log_probabilities[present] + 2.0 * np.log(np.abs(x - mean)))
    return 2.0 * math.log(DOMINANCE * reach) - log_variance, log_variance + 2.0 * top


def require_weights(values: FloatArray, log_probabilities: FloatArray, target: float) -> None:
    """Raise `InvalidInput` unless the arrays are one law with ascending values, and the target an average of it."""
    if values.ndim != 1 or values.size < 1 or values.shape != log_probabilities.shape:
        raise InvalidInput(
            "`values` and `log_probabilities` must have one shape (K,) with K >= 1, "
            f"but have {values.shape} and {log_probabilities.shape}"
        )
    if not (np.isfinite(values).all() and (np.diff(values) > 0.0).all()):
        raise InvalidInput("`values` must be finite and strictly ascending, but are not; merge equal atoms first")
    if not target >= 0.0:
        raise InvalidInput(f"`target` must be a number, not negative, but is {target:g}", measured=target)
