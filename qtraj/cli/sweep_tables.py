"""What a person and a program read of a sweep: a table with a verdict, and a JSON object."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from qtraj import __version__
from qtraj.cli.output import plain
from qtraj.storage.sweep_folder import SweepFolder
from qtraj.storage.sweep_report import PointReport, SampledNumber
from qtraj.storage.sweep_run import SweepCompletion
from qtraj.theorems.checks import Verdict
from qtraj.theorems.levels import FAMILY_LEVEL
from qtraj.theorems.paths_needed import LARGEST_RUN, rounded_up

__all__ = ["overall_verdict", "sweep_document", "sweep_table", "usual_quantity"]

MOST_ROWS: Final = 40
"""Points shown: one screen."""

MOST_NAMED: Final = 5
"""Points named in the sentence of a verdict."""

MOST_CHECKS: Final = 2
"""Checks named in a row that did not pass."""

SMALLEST_PLAIN, LARGEST_PLAIN = 4, 6
"""Powers of ten of numbers that read well as they are."""


def overall_verdict(reports: Sequence[PointReport]) -> Verdict:
    """Fail if any point fails, else inconclusive if any is, else pass."""
    verdicts = {report.verdict for report in reports}
    return next((found for found in (Verdict.FAIL, Verdict.INCONCLUSIVE) if found in verdicts), Verdict.PASS)


def usual_quantity(reports: Sequence[PointReport]) -> str:
    """The quantity that people look at first, among those that all points have."""
    names = Counter(number.quantity for report in reports for number in report.numbers)
    common = [name for name, count in names.items() if count == len(reports)]
    return "sigma" if "sigma" in common or not common else common[0]


def sweep_document(
    folder: SweepFolder, reports: Sequence[PointReport], verdict: Verdict, done: SweepCompletion | None
) -> dict[str, Any]:
    """A sweep as plain JSON values; what is not finite is None, with a sentence under `reasons`.

    Args:
        folder: The sweep.
        reports: Of its points.
        verdict: Over all of them.
        done: What was drawn just now; None if it was only read.
    """
    reasons: dict[str, str] = {}
    points = []
    for point, report in zip(folder.points, reports, strict=True):
        place = f"points.{point.index}"
        points.append(
            {
                "point": point.index,
                "values": point.values,
                "seed": report.seed,
                "paths": report.paths,
                "protocol": report.protocol,
                "sampler": report.sampler,
                "verdict": str(report.verdict),
                "because_of": list(report.because_of),
                "covered_weight": plain(report.covered_weight, f"{place}.covered_weight", reasons),
                "quantities": {
                    number.quantity: {
                        key: plain(getattr(number, key), f"{place}.quantities.{number.quantity}.{key}", reasons)
                        for key in ("mean", "standard_error", "exact")
                    }
                    | {"verdict": str(number.verdict)}
                    for number in report.numbers
                },
            }
        )
    document: dict[str, Any] = {
        "verdict": str(verdict),
        "folder": str(folder.path),
        "name": folder.manifest.name,
        "mode": folder.manifest.mode,
        "axes": {axis.name: list(axis.values) for axis in folder.sweep.axes},
        "seed": folder.manifest.sampling.seed,
        "level": FAMILY_LEVEL,
        "points": points,
        "reasons": reasons,
        "qtraj_version": __version__,
    }
    if done is not None:
        document |= {"kept": done.kept, "drawn": done.drawn, "remade": list(done.remade)}
    return document


def sweep_table(
    folder: SweepFolder,
    reports: Sequence[PointReport],
    verdict: Verdict,
    done: SweepCompletion | None,
    quantity: str,
) -> Iterator[str]:
    """The lines that a person reads: what was swept, a row for every point, and the verdict in a sentence.

    Args:
        folder: The sweep.
        reports: Of its points.
        verdict: Over all of them.
        done: What was drawn just now; None if it was only read.
        quantity: Whose numbers are shown.
    """
    sizes = ", ".join(f"{axis.name} ({len(axis.values)} values)" for axis in folder.sweep.axes)
    yield (
        f"{folder.manifest.name}: {len(folder.points):,} points in {folder.path}, {folder.manifest.mode} over {sizes}, "
        f"seed {folder.manifest.sampling.seed}"
    )
    if done is not None:
        yield from (f"made again: {sentence}" for sentence in done.remade)
        yield f"points: {done.drawn:,} drawn, {done.kept:,} were there; all numbers in {folder.path / 'results.csv'}"
    keys = [axis.name for axis in folder.sweep.axes]
    title = quantity if quantity.startswith("exp_minus_") else f"mean {quantity}"
    # The number shown and the covered weight need not be why a point did not pass.
    explained = ["because of"] if verdict is not Verdict.PASS else []
    rows = [["point", *keys, "paths", title, "std. error", "exact", "covered", *explained, "verdict"]]
    # One more row takes no more room than the line that says it is left out.
    hidden = len(folder.points) - MOST_ROWS if len(folder.points) > MOST_ROWS + 1 else 0
    for point, report in list(zip(folder.points, reports, strict=True))[: len(folder.points) - hidden]:
        shown = [_value(value) for value in point.values.values()]
        row = [str(point.index), *shown, f"{report.paths:,}", *_cells(report, quantity), f"{report.covered_weight:.2%}"]
        rows.append([*row, *([_because(report)] if explained else []), str(report.verdict)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield ""
    for number, row in enumerate(rows):
        *cells, last = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([*cells, last.strip()])
        if number == 0:
            yield "  ".join("-" * width for width in widths)
    if hidden:
        yield f"{hidden:,} more points are not shown; results.csv has all"
    yield ""
    yield _sentence(folder, reports, verdict)


def _cells(report: PointReport, quantity: str) -> tuple[str, str, str]:
    number = next((number for number in report.numbers if number.quantity == quantity), None)
    if number is None:
        return "-", "-", "-"
    return _digits(number, number.mean), f"{number.standard_error:.1e}", _digits(number, number.exact)


def _because(report: PointReport) -> str:
    """The checks that made a point fail or inconclusive."""
    more = len(report.because_of) - MOST_CHECKS
    return ", ".join(report.because_of[:MOST_CHECKS]) + (f" and {more} more" if more > 0 else "")


def _digits(number: SampledNumber, value: float) -> str:
    """As many digits as the standard error makes worth reading: two of its own."""
    error, size = number.standard_error, max(abs(number.mean), abs(number.exact))
    if not (0 < error < math.inf and 0 < size < math.inf):
        return f"{value:.6g}"
    power, last = math.floor(math.log10(size)), math.floor(math.log10(error)) - 1
    if -SMALLEST_PLAIN <= power < LARGEST_PLAIN:
        return f"{value:.{max(0, -last)}f}"
    return f"{value:.{max(1, power - last)}e}"


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:24]


def _sentence(folder: SweepFolder, reports: Sequence[PointReport], verdict: Verdict) -> str:
    total = len(reports)
    if verdict is Verdict.PASS:
        return f"PASS: all {total:,} points hold. They share a false-alarm level of {FAMILY_LEVEL:g}."
    found = [point for point, report in zip(folder.points, reports, strict=True) if report.verdict is verdict]
    names = ", ".join(str(point.path) for point in found[:MOST_NAMED]) + (", ..." if len(found) > MOST_NAMED else "")
    if verdict is Verdict.FAIL:
        return f"FAIL: {len(found):,} of {total:,} points reject. `qtraj verify` says how, of {names}."
    needed = [report.paths_needed for report in reports if report.verdict is verdict]
    enough = max((number for number in needed if number is not None), default=0)
    advice = f"`qtraj verify` says why, of {names}."
    if None not in needed and 0 < enough <= LARGEST_RUN:
        advice = f"`qtraj resume {folder.path} --paths N` with N = {rounded_up(enough)} would settle all of them."
    return f"INCONCLUSIVE: nothing is rejected, but {len(found):,} of {total:,} points could not have been. {advice}"
