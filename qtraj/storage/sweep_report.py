"""What `verify` said of a point, kept beside its paths: the tables of a sweep are made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qtraj.errors import StorageError
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.storage.checked_json import FORMAT_VERSION, REPORT_FORMAT, read_checked, write_checked
from qtraj.storage.run_folder import RunFolder
from qtraj.storage.sweep_manifest import SEED_BITS
from qtraj.theorems.checks import Verdict
from qtraj.theorems.report import Report

__all__ = ["REPORT", "PointReport", "SampledNumber", "identity_of", "read_report", "write_report"]

REPORT: Final = "report.json"

_MEAN: Final = "mean_"
_EXPONENTIAL: Final = "exp_minus_"


@dataclass(frozen=True, kw_only=True)
class SampledNumber:
    """A sampled number beside its exact partner.

    Attributes:
        quantity: `sigma`, `heat`, ... for a mean, `exp_minus_sigma`, ... for an exponential average.
        mean: Sampled mean.
        standard_error: Its standard deviation if all is well, from exact variances where they are known.
        exact: What it should be, from density matrices.
        verdict: Of the check that compares the two.
    """

    quantity: str
    mean: float
    standard_error: float
    exact: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class PointReport:
    """What tables need of a report; the file has all of it.

    Attributes:
        paths: Number of paths.
        seed: Their seed.
        protocol: What was measured.
        sampler: How they were drawn.
        verdict: Of all checks of the point.
        because_of: Names of the checks that made it fail or inconclusive.
        covered_weight: Part of the weight of <e^-sigma> that the paths can have seen; NaN where not defined.
        numbers: Means and exponential averages.
        paths_needed: If it is inconclusive, the number of paths that would settle it, where there is one.
        of: What it is a report of; empty for one that is not kept.
    """

    paths: int
    seed: int
    protocol: str
    sampler: str
    verdict: Verdict
    because_of: tuple[str, ...]
    covered_weight: float
    numbers: tuple[SampledNumber, ...]
    paths_needed: int | None
    of: dict[str, Any]

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PointReport:
        """From the JSON of a report.

        Raises:
            KeyError, TypeError, ValueError: If it is something else.
        """
        checks = list(document["checks"])
        verdict = Verdict(document["verdict"])
        needed = [check["paths_needed"] for check in checks if check["verdict"] == Verdict.INCONCLUSIVE]
        return cls(
            paths=check_paths(document["paths"]),
            seed=_seed(document["seed"]),
            protocol=str(document["protocol"]),
            sampler=str(document["sampler"]),
            verdict=verdict,
            because_of=tuple(
                str(check["name"]) for check in checks if verdict != Verdict.PASS and check["verdict"] == verdict
            ),
            covered_weight=_float(document["covered_weight"]),
            numbers=_numbers(checks),
            paths_needed=None if None in needed else max(map(int, needed), default=None),
            of=dict(document.get("of", {})),
        )


def identity_of(folder: RunFolder, level: float) -> dict[str, Any]:
    """Everything that the report of a point is a function of."""
    manifest = folder.manifest
    return {"run": manifest.run, "seed": manifest.seeds[0], "paths": manifest.paths, "level": level}


def write_report(folder: RunFolder, report: Report, level: float) -> None:
    """Keep a report in the run folder it is about, without the times it took: equal runs have equal files.

    Raises:
        StorageError: If it cannot be written.
    """
    document = {key: value for key, value in report.to_json().items() if key != "timings"}
    about = {"format": REPORT_FORMAT, "format_version": FORMAT_VERSION, "of": identity_of(folder, level)}
    write_checked(folder.path / REPORT, about | document, by_way_of=folder.unfinished)


def read_report(path: Path) -> PointReport:
    """Read the report in a run folder.

    Raises:
        StorageError: If it is missing, damaged, or no report.
    """
    document = read_checked(path / REPORT, REPORT_FORMAT)
    try:
        return PointReport.from_json(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(f"`{path / REPORT}` is no report of a point: {type(error).__name__} {error}") from error


def _numbers(checks: list[dict[str, Any]]) -> tuple[SampledNumber, ...]:
    found = []
    for check in checks:
        name = str(check["name"])
        if check["kind"] == "statistical" and name.startswith((_MEAN, _EXPONENTIAL)):
            found.append(
                SampledNumber(
                    quantity=name.removeprefix(_MEAN),
                    mean=_float(check["sampled"]),
                    standard_error=_float(check["standard_error"]),
                    exact=_float(check["exact"]),
                    verdict=Verdict(check["verdict"]),
                )
            )
    return tuple(found)


def _seed(value: object) -> int:
    """A seed that fits into a column; those of points always do."""
    seed = check_seed(value)
    if seed >= 2**SEED_BITS:
        raise ValueError(f"a seed must stay below 2^{SEED_BITS}, but is {seed}")
    return seed


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
