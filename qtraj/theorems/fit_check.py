"""Goodness of fit: counts of classes against their exact probabilities.

Cells expected to hold at least 25 paths are compared by chi-square, given how many paths fell on them together; the
others are pooled, and the pool's count is tested by its exact binomial law. The two are independent, each gets half
the level, or all of it where the other has nothing to test. A path outside the law (on a class of probability zero)
fails at once.

With very many paths the test sees the rounding of the probabilities (see `chi_square`) and says so: inconclusive,
"numerical floor".

Measured false alarms at nominal 1e-3, 1e-4, 1e-5 (1e6 to 1e7 samples each): 1.0, 1.1, 1.1 times nominal for 20 cells
of expectation 25; 1.3 to 1.4, 1.7 to 2.2, 3 to 4 times for the worst laws, 1 to 30 cells of exactly 25 beside a
dominant one.

Symbols: p the probabilities, c the counts, N paths, dof degrees of freedom, TV the total-variation distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.chi_square import RELATIVE_ERROR, ChiSquare
from qtraj.theorems.fit_line import Line
from qtraj.theorems.levels import require_level
from qtraj.theorems.paths_needed import in_words
from qtraj.theorems.pool import Pool
from qtraj.theorems.prepared import Atoms

__all__ = ["LARGEST_POOL", "FitCheck"]

SMALLEST_EXPECTATION = 25.0
"""Cells expected to hold fewer paths are pooled: below, chi-square is no longer chi-square in its tail."""

LARGEST_POOL = 0.5
"""With more than this probability in the pool a pass says nothing about most paths."""

LARGEST_LOG = 1e-9
"""The logarithm of a probability may exceed 0 by rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FitCheck:
    """Goodness of fit, prepared for a law, a number of paths and a level.

    Attributes:
        name: What is compared.
        level: False-alarm rate.
        paths: Number of paths N.
        atoms: Which cell every class belongs to.
        probabilities: p of each cell, shape (K,).
        impossible: Cells without any probability; a path there fails at once.
        tested: Cells compared one by one.
        chi: Their chi-square.
        pool: All others together.
        largest_pool: Above this probability in the pool nothing can pass.
    """

    name: str
    level: float
    paths: int
    atoms: Atoms
    probabilities: FloatArray
    impossible: IntArray
    tested: IntArray
    chi: ChiSquare
    pool: Pool
    largest_pool: float

    @classmethod
    def prepare(
        cls,
        name: str,
        *,
        log_probabilities: FloatArray,
        paths: int,
        level: float,
        relative_error: float = RELATIVE_ERROR,
        largest_pool: float = LARGEST_POOL,
        atoms: Atoms | None = None,
    ) -> FitCheck:
        """Sort the cells into those that are tested one by one, pooled, and impossible.

        Args:
            name: What is compared.
            log_probabilities: ln P of each cell, -inf for impossible ones, shape (K,).
            paths: Number of paths N, those outside the law included.
            level: False-alarm rate of this check.
            relative_error: Relative error of the probabilities.
            largest_pool: Above this probability in the pool the check is inconclusive; 1 to accept any pool.
            atoms: Which cell every class of the law belongs to; by default each is one.

        Raises:
            InvalidInput: If a log-probability is NaN or above 0, or `level` is out of range.
        """
        require_level(level)
        most = float(log_probabilities.max())
        if not most <= LARGEST_LOG:
            raise InvalidInput(f"`log_probabilities` must not exceed 0, but the largest is {most:g}", measured=most)
        p = np.exp(np.minimum(log_probabilities, 0.0))
        impossible = np.isneginf(log_probabilities)
        tested = paths * p >= SMALLEST_EXPECTATION
        share = math.fsum(p[tested])
        return cls(
            name=name,
            level=level,
            paths=paths,
            atoms=Atoms.identity(p.size) if atoms is None else atoms,
            probabilities=p,
            impossible=np.flatnonzero(impossible),
            tested=np.flatnonzero(tested),
            chi=ChiSquare.of(p[tested], paths=round(paths * min(1.0, share)), relative_error=relative_error),
            pool=Pool.of(p, ~tested & ~impossible, paths),
            largest_pool=largest_pool,
        )

    @property
    def parts(self) -> int:
        """How many of chi-square and pool have something to test: 1 or 2."""
        return max(1, (self.chi.degrees > 0) + (self.pool.members.size > 0))

    @property
    def settled(self) -> bool:
        """Whether a sample that is not rejected passes."""
        return not self.chi.drowned and not self._too_rare

    @property
    def _too_rare(self) -> bool:
        certain = self.impossible.size == self.probabilities.size - 1  # nothing to compare, and nothing to doubt
        return not certain and (not self.tested.size or self.pool.probability > self.largest_pool)

    def chi_square(self, cells: IntArray) -> FloatArray:
        """Chi-square of cell counts (..., K)."""
        return self.chi.statistic(cells[..., self.tested] if self.tested.size < cells.shape[-1] else cells)

    def p_values(self, counts: IntArray) -> FloatArray:
        """The p-values of ensembles with class counts (..., C)."""
        cells = self.atoms.counts(counts)
        smaller = np.minimum(self.chi.p_values(self.chi_square(cells)), self.pool.p_values(cells))
        found = np.minimum(1.0, self.parts * smaller)
        return np.where(cells[..., self.impossible].any(axis=-1), 0.0, found) if self.impossible.size else found

    def rejects(self, counts: IntArray) -> BoolArray:
        """Whether ensembles with class counts (..., C) are rejected."""
        return self.p_values(counts) <= self.level

    def judge(self, counts: IntArray, outside: int = 0) -> Check:
        """Judge class counts (C,), with so many more paths outside the law; see `goodness_of_fit` for the line."""
        cells = self.atoms.counts(counts)
        stray = int(outside) + int(cells[self.impossible].sum())
        statistic = float(self.chi_square(cells))
        p_chi, p_pool = float(self.chi.p_values(np.asarray(statistic))), float(self.pool.p_values(cells))
        p_value = 0.0 if stray else min(1.0, self.parts * min(p_chi, p_pool))
        verdict, needed, note = self._verdict(p_value, self._worst(cells) if p_chi <= p_pool else None, stray)
        own, pooled = self.level / self.parts, float(cells[self.pool.members].sum())
        if stray:
            shown = Line.of_strays(stray)
        elif self.chi.degrees and p_chi <= p_pool:
            shown = Line.of_chi_square(self.chi, statistic, p_chi, own)
        else:
            shown = Line.of_pool(self.pool, pooled, p_pool, own)
        return Check(
            name=self.name,
            kind="statistical",
            sampled=shown.sampled,
            standard_error=shown.spread,
            exact=shown.exact,
            verdict=verdict,
            tolerance=shown.tolerance,
            z=shown.z,
            detectable=self.detectable,
            paths_needed=needed,
            note=note,
            p_value=p_value,
            details={
                "chi_square": statistic,
                "degrees_of_freedom": float(self.chi.degrees),
                "noncentrality": self.chi.noncentrality,
                "p_value_chi_square": p_chi,
                "pool": pooled,
                "pool_expected": self.pool.expected,
                "p_value_pool": p_pool,
                "outside": float(stray),
            },
        )

    @cached_property
    def detectable(self) -> float:
        """Total-variation distance from which every other law is rejected with probability 0.99."""
        own = self.level / self.parts
        seen = (1.0 - self.pool.probability) * self.chi.detectable_distance(own)
        return min(1.0, seen + self.pool.detectable_distance(own))

    def _worst(self, cells: IntArray) -> str:
        """Which of the cells compared one by one is furthest off, in words."""
        if not self.tested.size:
            return ""
        counts, p = cells[self.tested], self.probabilities[self.tested]
        expected = counts.sum() * p / p.sum()
        worst = int(np.argmax((counts - expected) ** 2 / expected))
        return (
            f"; of {self.tested.size} classes or bins, number {int(self.tested[worst])} is furthest off: "
            f"{counts[worst]} paths where {expected[worst]:.4g} are expected"
        )

    def _verdict(self, p_value: float, worst: str | None, stray: int) -> tuple[Verdict, int | None, str]:
        if stray:
            return (
                Verdict.FAIL,
                None,
                f"{stray:.6g} of {self.paths:.6g} paths fell where the law says that none can.",
            )
        if p_value <= self.level:
            return (
                Verdict.FAIL,
                None,
                "The number of paths on rare classes is rejected."
                if worst is None
                else f"Chi-square is rejected{worst}.",
            )
        if self.chi.drowned:
            note = "Numerical floor: with so many paths the test sees the rounding of the probabilities; use fewer."
            return Verdict.INCONCLUSIVE, None, note
        if self._too_rare:
            needed = _paths_for_pool(self.probabilities, self.largest_pool)
            note = f"Classes too rare to be compared one by one hold {self.pool.probability:.3g} of the probability"
            return Verdict.INCONCLUSIVE, needed, f"{note}; {in_words(needed)}."
        return Verdict.PASS, None, self._compared(worst is not None)

    def _compared(self, chi_square_is_shown: bool) -> str:
        """What was compared, and which part of it the line shows."""
        number, rare = self.tested.size, self.pool.members.size
        classes, ones = f"{number} class{'es' if number != 1 else ''}", f"{rare} rare one{'s' if rare != 1 else ''}"
        if not rare:
            return f"{classes} compared one by one."
        if self.parts == 1:
            return f"{classes} compared one by one, {ones} as a pool."
        if chi_square_is_shown:
            return f"{classes} compared one by one, by chi-square, which is shown; {ones} as a pool."
        return f"{classes} compared one by one, {ones} as a pool, whose number of paths is shown."


def _paths_for_pool(probabilities: FloatArray, largest_pool: float) -> int | None:
    """Return the smallest N for which the classes left in the pool hold at most `largest_pool`."""
    descending = np.sort(probabilities)[::-1]
    enough = np.cumsum(descending) >= 1.0 - largest_pool
    last = float(descending[np.argmax(enough)]) if enough.any() else 0.0
    return math.ceil(SMALLEST_EXPECTATION / last) if last > 0.0 else None
