"""How many paths it takes to see a mistake: ensembles with the mistake, judged as a whole report would."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.errors import NoFiniteLaw
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.paths.sample import sample
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.backward_paths import backward_weights
from qtraj.theorems.checks import Verdict
from qtraj.theorems.gather import gather_references
from qtraj.theorems.law_statistics import followed_statistics, law_statistics
from qtraj.theorems.levels import FAMILY_LEVEL, split_level
from qtraj.theorems.prepared import PreparedCheck
from qtraj.theorems.references import References
from qtraj.theorems.statistics_without_law import ExactPartners, statistics_without_law
from qtraj.theorems.verify import BACKWARD_PATHS
from qtraj.theorems.without_law import BackwardWeights

__all__ = ["Bench", "Pool", "RowBench", "smallest"]

REPEATS = 100
MOST_PATHS = 2**40


def smallest(rejecting: Callable[[int, int], set[str]]) -> tuple[int, str]:
    """The smallest number of paths 2^(k/2) at which one check rejects 99 of 100 ensembles, and that check.

    Args:
        rejecting: Names of the checks that reject ensemble number `repeat` of so many paths.
    """
    for step in range(4, 80):
        paths = round(2 ** (step / 2))
        seen: dict[str, int] = {}
        for repeat in range(REPEATS):
            for name in rejecting(paths, repeat):
                seen[name] = seen.get(name, 0) + 1
            if repeat == 4 and not any(times >= 4 for times in seen.values()):
                break
        best = max(seen, key=lambda name: seen[name], default="")
        if best and seen[best] >= 0.99 * REPEATS:
            return paths, best
    raise AssertionError("no number of paths is enough; this is a blind spot")


class _Judge(ABC):
    """What all benches have in common."""

    process: Process

    @cached_property
    def references(self) -> References:
        return gather_references(self.process, MeasurementProtocol.AUGMENTED)

    @abstractmethod
    def rejecting(self, *arguments: Any, **options: Any) -> set[str]:
        """Names of the statistical checks that reject."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench(_Judge):
    """Everything the checks of a report need, computed once, to judge many ensembles of one process with a law."""

    process: Process
    _prepared: dict[tuple[int, bool], tuple[PreparedCheck, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def law(self) -> PathLaw:
        return exact_law(self.process)

    @cached_property
    def atoms(self) -> SigmaAtoms:
        return SigmaAtoms.of(self.process, self.law)

    def rejecting(self, ensemble: Ensemble, *, as_followed: bool) -> set[str]:
        """Names of the statistical checks that reject, each at its level in a whole report."""
        prepared = self.prepared(ensemble.paths, as_followed)
        checks = (check.judge(ensemble.class_counts, ensemble.outside) for check in prepared)
        return {check.name for check in checks if check.verdict is Verdict.FAIL}

    def prepared(self, paths: int, as_followed: bool) -> tuple[PreparedCheck, ...]:
        """The statistical checks of a report on so many paths."""
        if (paths, as_followed) not in self._prepared:
            own = law_statistics(self.law, self.references, self.atoms)
            followed = followed_statistics(self.law, self.references)
            level = split_level(FAMILY_LEVEL, len(own) + len(followed))
            plans = (*followed, *own) if as_followed else own
            self._prepared[paths, as_followed] = tuple(plan(paths, level) for plan in plans)
        return self._prepared[paths, as_followed]

    def ensemble(self, counts: np.ndarray, outside: int = 0) -> Ensemble:
        """An ensemble of these counts."""
        return Ensemble(
            process=self.process,
            finite_law=self.law,
            sampler="followed",
            seeds=(0,),
            paths=int(counts.sum()) + outside,
            class_counts=counts,
            outside=outside,
        )

    def draw(self, frequencies: np.ndarray, paths: int, repeat: int) -> Ensemble:
        """An ensemble with these frequencies of the classes, and last of all paths outside the law."""
        drawn = np.random.default_rng([paths, repeat]).multinomial(paths, frequencies)
        return self.ensemble(drawn[:-1], int(drawn[-1]))

    def needed(self, frequencies: np.ndarray) -> tuple[int, str]:
        """How many followed paths it takes, and the check that sees it: one that every report has."""

        def rejecting(paths: int, repeat: int) -> set[str]:
            names = self.rejecting(self.draw(frequencies, paths, repeat), as_followed=True)
            return {name for name in names if name.startswith("followed")}

        return smallest(rejecting)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Many paths with a mistake, forward and backward, from which ensembles are drawn.

    Attributes:
        rows: Columns of the forward paths.
        backward: ln w of every backward path, NaN for those that end outside the support.
    """

    rows: Mapping[str, NDArray[Any]]
    backward: NDArray[np.float64]

    @classmethod
    def of(cls, process: Process, *, paths: int, seed: int = 0) -> Pool:
        """Follow them, with whatever sampler is in place."""
        forward = sample(process, paths=paths, seed=seed, law=NoFiniteLaw("test"))
        found = backward_weights(process, forward.endpoints, paths=paths, seed=seed)
        assert forward.rows is not None
        lost = np.full(paths - found.logs.size, np.nan)
        return cls(rows=forward.rows, backward=np.concatenate([found.logs, lost]))


@dataclass(frozen=True, kw_only=True, eq=False)
class RowBench(_Judge):
    """The same for a process whose paths have no finite law."""

    process: Process

    @cached_property
    def partners(self) -> ExactPartners:
        return ExactPartners(process=self.process, protocol=MeasurementProtocol.AUGMENTED)

    def rejecting(self, pool: Pool, *, paths: int, repeat: int) -> set[str]:
        """Names of the checks that reject an ensemble of the pool's paths."""
        rng = np.random.default_rng([paths, repeat])
        size = pool.backward.size
        chosen = rng.integers(size, size=paths)
        ensemble = Ensemble(
            process=self.process,
            finite_law=None,
            sampler="followed",
            seeds=(0,),
            paths=paths,
            class_counts=np.zeros(0, dtype=np.int64),
            rows={name: column[chosen] for name, column in pool.rows.items()},
            measured=self.process.endpoints(MeasurementProtocol.AUGMENTED),
        )
        number = min(paths, BACKWARD_PATHS)
        logs = pool.backward[rng.integers(size, size=number)]
        backward = BackwardWeights(logs=logs[np.isfinite(logs)], paths=number)
        plans = list(statistics_without_law(ensemble, self.references, self.partners, backward))
        level = split_level(FAMILY_LEVEL, len(plans))
        return {check.name for check in (plan(level) for plan in plans) if check.verdict is Verdict.FAIL}

    def needed(self, pool: Pool) -> tuple[int, str]:
        """How many paths it takes, and the check that sees it."""
        return smallest(lambda paths, repeat: self.rejecting(pool, paths=paths, repeat=repeat))
