"""The detailed theorem P_F(s) = e^s P_B(-s), bin by bin, with the sum over atoms and never e^(bin centre).

The forward histogram of the sample is compared with N times the sum over the atoms of each bin of e^s P_B(-s), where
P_B is the law of the backward process, computed independently of the forward one. Multiplying a backward histogram by
e^(bin centre) instead is wrong by up to e^(half a bin's width), a bias that looks like a violated theorem.

Valid for sigma only: neither sigma_d nor xi obeys a detailed theorem of its own.

Symbols: s values of sigma, P_F forward law, P_B(-s) backward weight of the same atom, q = e^s P_B(-s), N paths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check, Verdict, identity
from qtraj.theorems.chi_square import RELATIVE_ERROR
from qtraj.theorems.fit_check import FitCheck
from qtraj.theorems.logarithms import log_sum
from qtraj.theorems.prepared import Atoms

__all__ = ["BINS", "DetailedCheck", "detailed_identity", "equal_weight_bins"]

BINS = 24
"""Enough to see a shape, few enough that most bins of a small sample expect their 25 paths."""

TOTAL_TOLERANCE = 1e-9
"""How far e^s P_B may be from adding up to 1: e^s amplifies an error of 1e-15 |s| in s, with |s| up to 1e5."""

ROUNDINGS = 8
"""How many roundings of s, forward and backward, may add up in the total."""

VALUE_ERROR = 4e-16
"""Relative error of s, a difference of logarithms, which e^s turns into a relative error |s| times as large."""


def equal_weight_bins(log_probabilities: FloatArray, log_backward: FloatArray, bins: int) -> IntArray:
    """Return the bin of every atom, chosen so that the bins carry about equal weight, shape (K,), ascending.

    The weight is half forward and half (normalised) backward probability. Equal forward probability alone would put
    the whole negative tail, which the theorem is about, into the first bin.

    Example:
        >>> equal_weight_bins(np.log([0.1, 0.2, 0.3, 0.4]), np.log([0.4, 0.3, 0.2, 0.1]), 2).tolist()
        [0, 0, 1, 1]
    """
    if bins < 1:
        raise InvalidInput(f"`bins` must be at least 1, but is {bins}", measured=bins)
    weight = np.exp(log_probabilities - log_sum(log_probabilities))
    if np.isfinite(log_backward).any():
        weight = weight + np.exp(log_backward - log_sum(log_backward))
    middle = (np.cumsum(weight) - weight / 2) / math.fsum(weight)
    return np.unique(np.minimum((middle * bins).astype(np.int64), bins - 1), return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class DetailedCheck:
    """The detailed theorem on bins, prepared for a law, a number of paths and a level.

    Attributes:
        fit: The histogram's goodness of fit.
        log_total: ln of the sum of e^s P_B(-s), which must be 0.
        slack: How far from 0 it may be.
    """

    fit: FitCheck
    log_total: float
    slack: float

    @classmethod
    def prepare(
        cls,
        *,
        values: FloatArray,
        log_probabilities: FloatArray,
        log_backward: FloatArray,
        paths: int,
        level: float,
        bins: int = BINS,
        edges: FloatArray | None = None,
        name: str = "detailed_theorem",
        atom_of: IntArray | None = None,
    ) -> DetailedCheck:
        """Choose the bins and what each should hold.

        Args:
            values: Atoms s of the exact law, strictly ascending, shape (K,).
            log_probabilities: ln P_F of each, used only to choose the bins, shape (K,).
            log_backward: ln P_B(-s) of each from the backward process, shape (K,).
            paths: Number of paths N.
            level: False-alarm rate of this check.
            bins: About how many bins to choose.
            edges: Inner edges of the bins, ascending, instead of `bins`; the outer bins are open.
            name: Name of the check.
            atom_of: Atom of every class of the law, shape (C,); by default each is one.

        Raises:
            InvalidInput: If the shapes differ, `bins` is below 1, or as `FitCheck.prepare`.

        Example:
            >>> ready = DetailedCheck.prepare(
            ...     values=np.array([-1.0, 1.0]),
            ...     log_probabilities=np.log([0.268941421, 0.731058579]),
            ...     log_backward=np.log([0.731058579, 0.268941421]),
            ...     paths=1000,
            ...     level=1e-4,
            ... )
            >>> str(ready.judge(np.array([270, 730])).verdict)
            'pass'
        """
        if not (values.ndim == 1 and values.shape == log_probabilities.shape == log_backward.shape):
            raise InvalidInput(
                "`values`, `log_probabilities` and `log_backward` must have one shape (K,), but have "
                f"{values.shape}, {log_probabilities.shape} and {log_backward.shape}"
            )
        if edges is None:
            bin_of = equal_weight_bins(log_probabilities, log_backward, bins)
        else:
            bin_of = np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1].astype(np.int64)
        starts = np.flatnonzero(np.diff(bin_of, prepend=-1))
        log_forward = np.logaddexp.reduceat(values + log_backward, starts)  # ln sum over atoms of e^s P_B(-s)
        log_total = log_sum(log_forward)
        largest = float(np.abs(values[np.isfinite(log_backward)]).max(initial=0.0))
        fit = FitCheck.prepare(
            name,
            log_probabilities=log_forward - log_total if log_total > -math.inf else log_forward,
            paths=paths,
            level=level,
            relative_error=RELATIVE_ERROR + VALUE_ERROR * largest,
            largest_pool=1.0,
            atoms=Atoms.of(bin_of if atom_of is None else bin_of[atom_of], starts.size),
        )
        return cls(fit=fit, log_total=log_total, slack=TOTAL_TOLERANCE + ROUNDINGS * VALUE_ERROR * largest)

    @property
    def name(self) -> str:
        """What is compared."""
        return self.fit.name

    @property
    def level(self) -> float:
        """False-alarm rate."""
        return self.fit.level

    @property
    def settled(self) -> bool:
        """Whether a sample that is not rejected passes."""
        return self.fit.settled

    @property
    def _adds_up(self) -> bool:
        return abs(self.log_total) <= self.slack

    def rejects(self, counts: IntArray) -> BoolArray:
        """Whether ensembles with class counts (..., C) are rejected."""
        return self.fit.rejects(counts) | (not self._adds_up)

    def judge(self, counts: IntArray, outside: int = 0) -> Check:
        """Judge class counts (C,); see `goodness_of_fit` for the line. Fails if e^s P_B does not add up to 1."""
        check = self.fit.judge(counts, outside)
        if self._adds_up:
            return check
        note = f"e^s P_B(-s) adds up to {math.exp(min(700.0, self.log_total)):.9g} and not to 1."
        return replace(check, verdict=Verdict.FAIL, p_value=0.0, paths_needed=None, note=note)


def detailed_identity(
    *,
    values: FloatArray,
    log_probabilities: FloatArray,
    log_backward: FloatArray,
    tolerance: float,
    name: str = "detailed_theorem_of_the_law",
) -> Check:
    """Check P_F(s) = e^s P_B(-s) atom by atom on the exact laws: half the sum of all differences must vanish.

    Args:
        values: Atoms s, shape (K,).
        log_probabilities: ln P_F of each, shape (K,).
        log_backward: ln P_B(-s) of each from the backward process, shape (K,).
        tolerance: Largest accepted total-variation distance.
        name: Name of the check.

    Example:
        >>> p = np.log([0.268941421369995, 0.731058578630005])
        >>> str(
        ...     detailed_identity(
        ...         values=np.array([-1.0, 1.0]), log_probabilities=p, log_backward=p[::-1], tolerance=1e-12
        ...     ).verdict
        ... )
        'pass'
    """
    with np.errstate(over="ignore"):
        distance = 0.5 * float(np.abs(np.exp(log_probabilities) - np.exp(values + log_backward)).sum())
    note = "Total-variation distance between the forward law and e^s times the backward law."
    return identity(name, distance, 0.0, tolerance, note=note)
