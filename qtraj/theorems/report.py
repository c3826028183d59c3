"""The report: every check on one line, and one sentence that says what they add up to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from qtraj.markup import joined, prose, table, tag
from qtraj.optional import import_optional
from qtraj.paths.pooling import in_words as seeds_in_words
from qtraj.theorems.check_cells import COLUMNS, aligned, check_cells
from qtraj.theorems.checks import Check, Verdict, overall
from qtraj.theorems.levels import FAMILY_LEVEL
from qtraj.theorems.paths_needed import all_at_once

__all__ = ["Report", "after_a_failure", "by_reason"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `verify` found.

    Attributes:
        checks: Every check made.
        paths: Number of paths N of the ensemble.
        seed: Its seed, None if it was not drawn from one.
        protocol: Measurement protocol.
        sampler: How the paths were drawn.
        covered_weight: Part of the weight of <e^-sigma> that N paths can have seen; None where not defined.
        timings: Seconds by stage.
        process: What was verified, in words.
        notes: Further sentences for people, such as what no check here can see.
        seeds: All seeds of the ensemble, ascending: several of a pooled one, by default only `seed`.

    Example:
        >>> from qtraj.theorems.checks import identity
        >>> report = Report(
        ...     checks=(identity("normalisation", 1.0, 1.0, 1e-12),),
        ...     paths=1000,
        ...     seed=7,
        ...     protocol="augmented",
        ...     sampler="counts",
        ... )
        >>> str(report.verdict), report.to_json()["paths"]
        ('pass', 1000)
    """

    checks: tuple[Check, ...]
    paths: int
    seed: int | None
    protocol: str
    sampler: str
    covered_weight: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    process: str = ""
    notes: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        seeds = self.seeds or (() if self.seed is None else (self.seed,))
        object.__setattr__(self, "seeds", tuple(seeds))
        object.__setattr__(self, "checks", tuple(self.checks))
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "timings", MappingProxyType(dict(self.timings)))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the read-only mapping as a plain dictionary; it cannot be pickled itself."""
        return {**self.__dict__, "timings": dict(self.timings)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def verdict(self) -> Verdict:
        """Fail if any check fails, else inconclusive if any is, else pass; never stored, so it cannot disagree."""
        return overall(self.checks)

    @property
    def sentence(self) -> str:
        """The verdict in words: which check fails and by how much, or what would settle the matter."""
        total = len(self.checks)
        failed = [check for check in self.checks if check.verdict is Verdict.FAIL]
        if failed:
            causes = " ".join(_failure(check) for check in failed)
            return f"FAIL: {_some(failed, total)} reject. {causes} {after_a_failure(failed)}"
        unsettled = [check for check in self.checks if check.verdict is Verdict.INCONCLUSIVE]
        if unsettled:
            reasons = [f"{', '.join(names)}: {note}" for note, names in by_reason(unsettled).items()]
            advice = all_at_once([check.paths_needed for check in unsettled])
            found = f"INCONCLUSIVE: nothing is rejected, but {_some(unsettled, total)} could not have been."
            return " ".join(filter(None, (found, *reasons, advice)))
        sentence = f"PASS: all {total} checks hold." if total != 1 else "PASS: the check holds."
        if self.covered_weight is not None:
            sentence += f" The paths can have seen {self.covered_weight:.2%} of the weight of <e^-sigma>."
        return sentence

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values; what is missing or not finite is None, with a reason."""
        reasons: dict[str, str] = {}
        covered = self.covered_weight
        if covered is None or not math.isfinite(covered):
            covered = None
            reasons["covered_weight"] = "not known: the protocol defines no sigma, or the paths were drawn with a tilt"
        if self.seed is None:
            reasons["seed"] = "the ensemble was not drawn from one seed"
        for name, seconds in self.timings.items():
            if not math.isfinite(seconds):
                reasons[f"timings.{name}"] = "not measured"
        return {
            "verdict": str(self.verdict),
            "paths": self.paths,
            "seed": self.seed,
            "seeds": list(self.seeds),
            "protocol": self.protocol,
            "sampler": self.sampler,
            "checks": [check.to_json() for check in self.checks],
            "covered_weight": covered,
            "timings": {name: s if math.isfinite(s) else None for name, s in self.timings.items()},
            "process": self.process,
            "sentence": self.sentence,
            "notes": list(self.notes),
            "reasons": reasons,
        }

    def to_pandas(self) -> Any:
        """The checks as a pandas DataFrame, one row a check (index `name`); what is said of all of them in `attrs`.

        Raises:
            MissingPackage: If pandas is not installed.

        Example:
            >>> from qtraj.theorems.checks import identity
            >>> checks = (identity("normalisation", 1.0, 1.0, 1e-12),)
            >>> report = Report(checks=checks, paths=1000, seed=7, protocol="augmented", sampler="counts")
            >>> report.to_pandas().loc["normalisation", "verdict"]
            'pass'
        """
        pandas = import_optional("pandas", "a data frame")
        hidden = ("details", "reasons")
        rows = [{key: value for key, value in check.to_json().items() if key not in hidden} for check in self.checks]
        frame = pandas.DataFrame(rows).set_index("name")
        document = self.to_json()
        named = ("verdict", "sentence", "process", "protocol", "sampler", "paths", "seed", "covered_weight")
        frame.attrs.update({key: document[key] for key in named})
        return frame

    def __repr__(self) -> str:
        """One line: the verdict, and on how many paths of what; `print` shows the table."""
        seed = f", {seeds_in_words(self.seeds)}" if self.seeds else ""
        process = f" of {self.process}" if self.process else ""
        return f"<Report: {self.verdict}, {len(self.checks)} checks, {self.paths:,} paths{process}{seed}>"

    def __str__(self) -> str:
        rows = [COLUMNS, *(check_cells(check) for check in self.checks)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        lines = [self._heading(), ""]
        for number, row in enumerate(rows):
            # text to the left, numbers to the right, so that digits of equal worth stand in one column
            first, *numbers, last = (
                cell.ljust(width) if column in (0, len(COLUMNS) - 1) else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            lines.append("  ".join((first, *numbers, last)).rstrip())
            if number == 0:
                lines.append("  ".join("-" * width for width in widths))
        lines += ["", self.sentence, *self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The checks as a table, for notebooks."""
        notes = joined(tag("p", prose(note)) for note in self.notes)
        checks = table(COLUMNS, (check_cells(check) for check in self.checks), caption=self._heading())
        # Names of checks have those of reservoirs in them, which somebody gave.
        sentence = prose(self.sentence, names=[check.name for check in self.checks])
        return tag("div", checks, tag("p", tag("strong", sentence)), notes, class_="qtraj-report")

    def _heading(self) -> str:
        parts = [self.process] if self.process else []
        parts += [f"protocol {self.protocol}", f"{self.paths:,} paths", f"sampler {self.sampler}"]
        parts += [seeds_in_words(self.seeds)] if self.seeds else []
        return ", ".join(parts)


def by_reason(checks: Iterable[Check]) -> dict[str, list[str]]:
    """Names of checks by their note, so that what is true of several of them is said once.

    Example:
        >>> from qtraj.theorems.checks import identity
        >>> by_reason([identity(name, 1.0, 1.0, 1e-12, note="Traces.") for name in ("before", "after")])
        {'Traces.': ['before', 'after']}
    """
    names: dict[str, list[str]] = {}
    for check in checks:
        names.setdefault(check.note, []).append(check.name)
    return names


def after_a_failure(failed: Sequence[Check]) -> str:
    """What a reader should think of failed checks, and do next."""
    if any(check.kind == "identity" for check in failed):
        return (
            "Exact numbers disagree, which is no chance: the process is not what the theory assumes, or there is a bug."
        )
    return (
        "The process is not what the theory assumes, or there is a bug, or it is chance: at the default level a right "
        f"process is rejected in one run out of {round(1 / FAMILY_LEVEL):,} at most; another seed will tell."
    )


def _some(checks: list[Check], total: int) -> str:
    return f"{len(checks)} of {total} checks"


def _failure(check: Check) -> str:
    sampled, _, exact = aligned(check)
    text = f"{check.name}: {sampled} against {exact}"
    if check.kind == "identity":
        return f"{text}, off by {check.sampled - check.exact:.3g} where {check.tolerance:.3g} is rounding."
    chance = "" if check.p_value is None else f", p <= {check.p_value:.2g}"
    score = "" if check.z is None else f" (z = {check.z:.2f}{chance})"
    return f"{text}{score}. {check.note}"
