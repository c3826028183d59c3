"""Exponential averages <e^-s>: judged below a cut, counted above it, and never claimed beyond what N paths can see.

The weight w = e^-s of one rare path may outweigh all others together. A z-test of the plain mean then errs 10 to 100
times too often when such a path is seen and has no power when none is, so the average is split at a cut tau:

- tau is the largest weight of the law with tau <= sqrt(N V_tau) / 25, so that no single path can dominate;
- (a) the mean of w 1[w <= tau] is compared with its exact value B_tau;
- (b) the number of paths with w > tau is compared with its exact binomial law;
- each at half the level, or one of them at all of it where the other has nothing to test. Rejected by either: fail.
  By neither, and B_tau at least 99 % of the whole: pass. Otherwise inconclusive, with the smallest N for which the same
  rule would cover 99 %.

When nothing is cut, only deviations from the mean matter, and the condition is max |w - B| <= sqrt(N V) / 25: with
the bare tau a law whose weights are all nearly equal (close to equilibrium) would need millions of paths for nothing.

B_tau is the independently known average minus what the law holds above the cut, so that a wrong average (such as 1
where 1 - lambda is right) is rejected too. Everything is done in logarithms: weights may span 1e300 and more.

Averages other than that of sigma may be of weights that hardly fluctuate at all, such as those of the information in
a start with next to no correlations: nearly all weights are 1, and V_tau is that of a few rare light ones, for which
the rule would ask for millions of paths. There 625 paths are enough for a cut tau <= 1.01 B_tau with 99 % of the
average below it: no path that is kept weighs more than the others by more than what the 99 % leave open.

Symbols: w = e^-s, P its probability, tau the cut, B_tau = <w 1[w <= tau]>, V_tau the variance of w 1[w <= tau],
target = <w>, N paths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.theorems.binomial import binomial_p_value, binomial_p_values
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.levels import require_level
from qtraj.theorems.logarithms import exp_or_inf, log_mean, log_sum
from qtraj.theorems.paths_needed import in_words
from qtraj.theorems.prepared import Atoms
from qtraj.theorems.weight_ladder import WeightLadder, require_weights
from qtraj.theorems.weight_parts import Below, Whole

__all__ = ["WeightCheck"]


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightCheck:
    """An exponential average judged below a cut and counted above it; prepared for a law, a number of paths, a level.

    Attributes:
        name: What is compared.
        target: The exact average by another route.
        level: False-alarm rate.
        paths: Number of paths N.
        atoms: Which value of s every class of the law has.
        ladder: The law by ascending weight.
        cut: Index of the largest weight kept, or -1.
        whole: The exact average, and the numerical error to allow in it.
        below: The part below the cut.
        chance_above: Probability of a weight above the cut.
    """

    name: str
    target: float
    level: float
    paths: int
    atoms: Atoms
    ladder: WeightLadder
    cut: int
    whole: Whole
    below: Below
    chance_above: float

    @classmethod
    def prepare(
        cls,
        name: str,
        *,
        values: FloatArray,
        log_probabilities: FloatArray,
        target: float,
        paths: int,
        level: float,
        log_weighted: FloatArray | None = None,
        atoms: Atoms | None = None,
        immaterial: float = 0.0,
    ) -> WeightCheck:
        """Choose the cut and everything that follows from it.

        Args:
            name: What is compared.
            values: Atoms s of the exact law, strictly ascending, shape (K,).
            log_probabilities: ln P of each, shape (K,).
            target: The exact average by another route: 1 - lambda for sigma (never 1 for a rank-deficient start). An
                infinite one (too large for a double) is replaced by the law's own sum.
            paths: Number of paths N.
            level: False-alarm rate of this check; each of the two tests gets half.
            log_weighted: ln of e^-s P of each atom where it is known independently, shape (K,).
            atoms: Which atom every class of the law belongs to; by default each is one.
            immaterial: Which part of the average may lie above the cut, and by which part the heaviest weight kept may
                exceed it, without any path dominating: 0 for sigma, whose rare paths are what the theorem is about.

        Raises:
            InvalidInput: If the arrays do not match, values do not ascend, or the target is negative or NaN.

        Example:
            >>> ready = WeightCheck.prepare(
            ...     "exp_minus_sigma",
            ...     values=np.array([-np.log(1.5), np.log(2.0)]),  # weights 3/2 and 1/2
            ...     log_probabilities=np.log([0.5, 0.5]),
            ...     target=1.0,
            ...     paths=10_000,
            ...     level=1e-4,
            ... )
            >>> check = ready.judge(np.array([5040, 4960]))
            >>> str(check.verdict), round(check.sampled, 6), round(check.z, 6)
            ('pass', 1.004, 0.8)
        """
        require_level(level)
        require_weights(values, log_probabilities, target)
        ladder = WeightLadder.of(values, log_probabilities, log_weighted, immaterial)
        cut, whole = ladder.cut(paths), Whole.of(ladder, target)
        return cls(
            name=name,
            target=float(target),
            level=level,
            paths=paths,
            atoms=Atoms.identity(values.size) if atoms is None else atoms,
            ladder=ladder,
            cut=cut,
            whole=whole,
            below=Below.of(ladder, cut, whole, paths, level / _parts(ladder, cut)),
            chance_above=min(1.0, exp_or_inf(log_sum(ladder.log_probabilities[cut + 1 :]))),
        )

    @property
    def parts(self) -> int:
        """How many of the two tests have something to test."""
        return _parts(self.ladder, self.cut)

    @property
    def settled(self) -> bool:
        """Whether enough of the average lies below the cut for a pass to mean something."""
        return self.cut >= 0 and float(self.ladder.log_below[self.cut]) >= self.whole.log_required

    def above(self, counts: IntArray) -> IntArray:
        """How many paths of ensembles with class counts (..., C) lie above the cut."""
        number: IntArray = self._by_weight(counts)[..., self.cut + 1 :].sum(axis=-1, dtype=np.int64)
        return number

    def rejects(self, counts: IntArray) -> BoolArray:
        """Whether ensembles with class counts (..., C) are rejected."""
        ascending = self._by_weight(counts)
        mean = self.below.test.rejects(self.below.means(ascending, self.paths) - self.below.exact)
        above = ascending[..., self.cut + 1 :].sum(axis=-1, dtype=np.int64)
        number = binomial_p_values(above, self.paths, self.chance_above) <= self.level / self.parts
        return np.asarray(mean | number)

    def judge(self, counts: IntArray, outside: int = 0) -> Check:
        """Judge class counts (C,).

        The line shows what anyone can recompute: `sampled` is the plain mean of e^-s over the paths, `exact` is the
        target, `standard_error` the exact one of the plain mean, and `z` that of the plain mean (none where a double
        cannot hold them). `tolerance` and `detectable` belong to the part below the cut, which decides. `details`
        holds the two parts; `paths_needed` is set when it is inconclusive.
        """
        ascending = self._by_weight(counts)
        below, cut, ladder = self.below, self.cut, self.ladder
        kept_mean = float(below.means(ascending, self.paths))
        test = below.test.judge(kept_mean - below.exact)
        above = int(ascending[cut + 1 :].sum())
        p_above = binomial_p_value(above, self.paths, self.chance_above)
        p_value = min(1.0, self.parts * min(test.p_value, p_above))
        needed: int | None = None
        verdict = Verdict.FAIL if p_value <= self.level else Verdict.PASS
        if verdict is Verdict.PASS and not self.settled:
            verdict, needed = Verdict.INCONCLUSIVE, ladder.paths_needed(self.whole.log_required)
        uncut = cut + 1 == ladder.log_weights.size
        fraction = self.fraction_below
        unseen = exp_or_inf(self.whole.log_value) * (1.0 - fraction) if fraction < 1.0 else 0.0
        sampled = exp_or_inf(log_mean(ladder.log_weights, ascending, self.paths))
        standard_error = exp_or_inf(0.5 * (ladder.log_variance - math.log(self.paths)))
        # Of the numbers shown. It decides nothing: for heavy tails a plain z of -1 may hide everything.
        z = test.z if uncut else None
        if 0.0 < standard_error < math.inf and sampled < math.inf and not uncut:
            z = (sampled - self.target) / standard_error
        return Check(
            name=self.name,
            kind="statistical",
            sampled=sampled,
            standard_error=standard_error,
            exact=self.target,
            verdict=verdict,
            tolerance=below.in_units(test.tolerance),
            z=z,
            detectable=below.in_units(test.detectable) + unseen,
            paths_needed=needed,
            note=self._sentence(verdict, needed, test.p_value <= p_above),
            p_value=p_value,
            details={
                "cut": exp_or_inf(float(ladder.log_weights[cut])) if cut >= 0 else 0.0,
                "fraction_below": fraction,
                "sampled_below": below.in_units(kept_mean),
                "exact_below": below.in_units(below.exact),
                "standard_error_below": below.in_units(below.test.tail.standard_error),
                "z_below": test.z,
                "p_value_below": test.p_value,
                "paths_above": float(above),
                "expected_above": self.paths * self.chance_above,
                "p_value_above": p_above,
            },
        )

    @property
    def fraction_below(self) -> float:
        """Part of the average that lies below the cut."""
        if self.cut < 0:
            return 0.0
        return exp_or_inf(min(0.0, float(self.ladder.log_below[self.cut]) - self.whole.log_value))

    def _by_weight(self, counts: IntArray) -> IntArray:
        return self.atoms.counts(counts)[..., ::-1]

    def _sentence(self, verdict: Verdict, needed: int | None, mean_is_worse: bool) -> str:
        uncut, fraction = self.cut + 1 == self.ladder.log_weights.size, self.fraction_below
        if verdict is Verdict.FAIL:
            if uncut:
                return "The sampled average differs from the exact one."
            if mean_is_worse:
                return "Below the cut the sampled average differs from the exact one."
            return "The number of paths above the cut differs from what the law expects."
        if verdict is Verdict.PASS:
            return "No single path dominates." if uncut else f"{fraction:.4%} of the average lies below the cut."
        share = f"Only {fraction:.3g}" if fraction > 0.0 else "Nothing"
        return f"{share} of the average lies below the cut; {in_words(needed)}."


def _parts(ladder: WeightLadder, cut: int) -> int:
    """Where one of the two tests has nothing to test, the other has the whole level."""
    return 2 if 0 <= cut < ladder.log_weights.size - 1 else 1
