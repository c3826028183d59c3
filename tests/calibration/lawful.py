"""Ensembles of processes that have an exact law: drawn and judged by the hundred thousand.

Counts come from the package's splitter, and the checks are those that `verify` prepares, with their levels in a whole
report. The paths that a report follows measurement by measurement are stood in for by counts from the law: following
10^5 paths 10^5 times would take months, and what is calibrated here is the judge and not that sampler.
"""

from __future__ import annotations

import time
from functools import cached_property

import numpy as np
from scipy import special

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.paths.splitting import SplittingForest
from qtraj.processes.seam import MeasurementProtocol
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.detailed import DetailedCheck
from qtraj.theorems.fit_check import FitCheck
from qtraj.theorems.gather import gather_references
from qtraj.theorems.law_statistics import followed_statistics, law_statistics
from qtraj.theorems.levels import split_level
from qtraj.theorems.mean_check import MeanCheck
from qtraj.theorems.prepared import Plan, PreparedCheck
from qtraj.theorems.verify import FOLLOWED_PATHS
from qtraj.theorems.weight_check import WeightCheck
from tests.calibration.processes import Case
from tests.calibration.randomised import dithered, randomised
from tests.calibration.tally import LEVELS, Tally

__all__ = ["calibrate"]

CELLS = 2_000_000
"""Counts held at once: 16 MB, so that a process of 10 000 classes is drawn 200 ensembles at a time."""

RESOLVED = 1000.0
"""A number whose standard error is not this many times the rounding allowed for has no error bar to put to the test."""


class _Bench:
    """One process with its law and its checks."""

    def __init__(self, case: Case) -> None:
        self.case = case
        process, protocol = case.build(), MeasurementProtocol.parse(case.protocol)
        self.law: PathLaw = exact_law(process, protocol=protocol)
        references = gather_references(process, protocol)
        atoms = SigmaAtoms.of(process, self.law) if self.law.records("sigma") else None
        self.followed: tuple[Plan, ...] = followed_statistics(self.law, references)
        self.own: tuple[Plan, ...] = law_statistics(self.law, references, atoms)

    @property
    def number(self) -> int:
        return len(self.followed) + len(self.own)

    @cached_property
    def prepared(self) -> dict[float, tuple[list[PreparedCheck], list[PreparedCheck]]]:
        """Checks of followed paths and of the ensemble, by family-wise level."""
        return {
            level: (
                [plan(FOLLOWED_PATHS, split_level(level, self.number)) for plan in self.followed],
                [plan(self.case.paths, split_level(level, self.number)) for plan in self.own],
            )
            for level in LEVELS
        }

    @cached_property
    def forest(self) -> SplittingForest:
        return SplittingForest(self.law.probabilities, [0, self.law.classes])

    def draw(self, ensembles: int, paths: int, rng: np.random.Generator) -> IntArray:
        """Class counts of many ensembles, shape (E, C)."""
        rows = np.zeros(ensembles, dtype=np.int64)
        row, leaf, count = self.forest.counts(rows, np.full(ensembles, paths), rng)
        counts = np.zeros((ensembles, self.law.classes), dtype=np.int64)
        counts[row, leaf] = count
        return counts


def calibrate(case: Case, *, ensembles: int, seed: int) -> Tally:
    """Draw and judge so many ensembles of a process.

    Args:
        case: The process.
        ensembles: How many.
        seed: Seed of all of them.
    """
    start = time.perf_counter()
    bench, tally = _Bench(case), Tally(paths=case.paths)
    tally.checks = bench.number
    size = max(1, min(ensembles, CELLS // bench.law.classes))
    for first in range(0, ensembles, size):
        rng = np.random.default_rng([seed, first])
        number = min(size, ensembles - first)
        counts, followed = (bench.draw(number, paths, rng) for paths in (case.paths, FOLLOWED_PATHS))
        for level, (on_followed, on_own) in bench.prepared.items():
            any_rejected = np.zeros(number, dtype=bool)
            for drawn, checks in ((followed, on_followed), (counts, on_own)):
                for check in checks:
                    rejected = check.rejects(drawn)
                    any_rejected |= rejected
                    tally.reject(level, check.name, int(rejected.sum()))
            tally.families[str(level)] += int(any_rejected.sum())
        checks = bench.prepared[LEVELS[0]][1]
        for check in checks:
            _measure(check, counts, tally, rng)
        for check in bench.prepared[LEVELS[0]][0]:
            _measure(check, followed, tally, rng)
        tally.ensembles += number
    for check in checks:
        if not check.settled:
            tally.unsettled[check.name] = tally.ensembles
    tally.seconds = time.perf_counter() - start
    return tally


def _measure(check: PreparedCheck, counts: IntArray, tally: Tally, rng: np.random.Generator) -> None:
    """Standard scores and uniform numbers of a check's parts."""
    if isinstance(check, MeanCheck):
        if check.standard_error > RESOLVED * check.test.numerical_floor:
            scores = check.scores(counts)
            tally.score(check.name, scores)
            tally.spread(check.name, special.ndtr(dithered(scores, rng)))
    elif isinstance(check, WeightCheck):
        _measure_weights(check, counts, tally, rng)
    elif isinstance(check, DetailedCheck | FitCheck):
        fit = check.fit if isinstance(check, DetailedCheck) else check
        cells = fit.atoms.counts(counts)
        if fit.chi.degrees == 1:
            two = cells[..., fit.tested]
            values = randomised(two[..., 0], two.sum(axis=-1), float(fit.chi.probabilities[0]), rng)
            tally.spread(f"{check.name}, two cells", values)
        elif fit.chi.degrees:
            tally.spread(f"{check.name}, chi-square", fit.chi.p_values(fit.chi_square(cells)))
        if fit.pool.members.size:
            pooled = cells[..., fit.pool.members].sum(axis=-1)
            tally.spread(f"{check.name}, pool", randomised(pooled, fit.paths, fit.pool.probability, rng))


def _measure_weights(check: WeightCheck, counts: IntArray, tally: Tally, rng: np.random.Generator) -> None:
    below = check.below
    ascending = check.atoms.counts(counts)[..., ::-1]
    error = below.test.tail.standard_error
    if error > RESOLVED * below.test.numerical_floor:
        scores = (below.means(ascending, check.paths) - below.exact) / below.test.joint
        tally.score(f"{check.name}, below the cut", scores)
        tally.spread(f"{check.name}, below the cut", special.ndtr(dithered(scores, rng)))
    if check.parts == 2:
        tally.spread(
            f"{check.name}, above the cut", randomised(check.above(counts), check.paths, check.chance_above, rng)
        )
    if check.name == "exp_minus_sigma":
        for level in LEVELS:
            plain = _plain_scores(check, ascending)
            tally.plain[str(level)] += int((np.abs(plain) > -special.ndtri(level / 2)).sum())


def _plain_scores(check: WeightCheck, ascending: IntArray) -> FloatArray:
    """Scores of the plain mean of e^-sigma, cut nowhere, by its exact variance: what a z-test would go by."""
    weights = np.exp(check.ladder.log_weights)
    error = np.exp(0.5 * check.ladder.log_variance) / np.sqrt(check.paths)
    scores: FloatArray = ((ascending * weights).sum(axis=-1) / check.paths - check.target) / error
    return scores
