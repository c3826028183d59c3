"""What a calibration run counts, and how it is kept so that an interruption loses one process at most."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["BINS", "LEVELS", "Tally"]

LEVELS = (1e-3, 0.05)
"""Family-wise levels: the default of a report, and one at which 10^5 ensembles see an excess of a percent or two."""

BINS = 20
"""Bins of values that should be uniform: coarse enough for thousands of ensembles in each."""


@dataclass(kw_only=True)
class Tally:
    """Counts of one process.

    Attributes:
        paths: Number of paths of each ensemble.
        checks: Number of statistical checks that share a level.
        ensembles: Number of ensembles.
        seconds: Time they took.
        families: How many ensembles had any rejected check, by family-wise level.
        rejected: The same of each check, by level and name.
        covered: How many standard scores lay within 1 and within 2, by name.
        uniform: How many values fell into each of `BINS` equal bins, by name.
        plain: False alarms that a plain z-test of <e^-sigma> would have made, by level.
        unsettled: Names of checks that were inconclusive, with the number of ensembles.
    """

    paths: int
    checks: int = 0
    ensembles: int = 0
    seconds: float = 0.0
    families: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    covered: dict[str, list[int]] = field(default_factory=dict)
    uniform: dict[str, list[int]] = field(default_factory=dict)
    plain: Counter[str] = field(default_factory=Counter)
    unsettled: Counter[str] = field(default_factory=Counter)

    def reject(self, level: float, name: str, number: int) -> None:
        """Count rejections of a check."""
        self.rejected.setdefault(str(level), Counter())[name] += number

    def score(self, name: str, scores: Any) -> None:
        """Count standard scores of a number whose error bar is put to the test."""
        z = np.abs(np.atleast_1d(scores))
        one, two = self.covered.get(name, [0, 0])
        self.covered[name] = [one + int((z <= 1.0).sum()), two + int((z <= 2.0).sum())]

    def spread(self, name: str, values: Any) -> None:
        """Count values that should be uniform between 0 and 1."""
        found = np.histogram(np.clip(np.atleast_1d(values), 0.0, 1.0), bins=BINS, range=(0.0, 1.0))[0]
        self.uniform[name] = (np.asarray(self.uniform.get(name, [0] * BINS)) + found).tolist()

    def save(self, file: Path) -> None:
        """Keep the counts."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(vars(self)), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Tally:
        """Read counts that were kept."""
        entries = json.loads(file.read_text(encoding="utf-8"))
        for name in ("families", "plain", "unsettled"):
            entries[name] = Counter(entries[name])
        entries["rejected"] = {level: Counter(numbers) for level, numbers in entries["rejected"].items()}
        return cls(**entries)
