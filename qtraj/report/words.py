"""The verdict in words: what it means for this run, what could not be seen, and what no check can see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from qtraj.markup import Markup, joined, prose, tag
from qtraj.report.elements import MARKS, PERCENT, Section, whole
from qtraj.report.subject import Subject
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.levels import FAMILY_LEVEL
from qtraj.theorems.paths_needed import all_at_once
from qtraj.theorems.report import Report, after_a_failure, by_reason

__all__ = ["verdict_section"]

ROUNDING: Final = 1e-12
"""A weight this close to all of it is all of it."""


def verdict_section(subject: Subject) -> Section:
    """The verdict, what it means here, and what it does not."""
    report = subject.report
    verdict = str(report.verdict)
    headline, _, _ = report.sentence.partition(":")
    content = [
        tag(
            "p",
            tag("span", f"{MARKS[verdict]} ", aria_hidden="true"),
            f"{headline}: {_summary(report)}",
            class_=f"verdict {verdict}",
        ),
        tag("h3", "What this means"),
        _listed(_meaning(report)),
        tag("h3", "What could not be seen"),
        _listed(_unseen(report)),
    ]
    return Section(name="verdict", heading="Verdict", content=joined(content))


def _listed(sentences: Iterator[str]) -> Markup:
    return tag("ul", *(tag("li", prose(sentence)) for sentence in sentences))


def _about(names: Sequence[str], words: str, note: str) -> Markup:
    """A sentence about checks that have one note."""
    codes = joined(", " if k % 2 else tag("code", names[k // 2]) for k in range(2 * len(names) - 1))
    return joined([codes, f" {words}: ", prose(whole(note))])


def _of(report: Report, verdict: Verdict) -> list[Check]:
    return [check for check in report.checks if check.verdict is verdict]


def _summary(report: Report) -> str:
    total = len(report.checks)
    match report.verdict:
        case Verdict.FAIL:
            failed = len(_of(report, Verdict.FAIL))
            return f"{failed} of {total} checks reject{'s' if failed == 1 else ''}."
        case Verdict.INCONCLUSIVE:
            unsettled = len(_of(report, Verdict.INCONCLUSIVE))
            return f"nothing is rejected, but {unsettled} of {total} checks could not have been."
        case _:
            return f"all {total} checks hold." if total != 1 else "the check holds."


def _meaning(report: Report) -> Iterator[str]:
    identities = [check for check in report.checks if check.kind == "identity"]
    statistical = [check for check in report.checks if check.kind == "statistical"]
    failed, unsettled = _of(report, Verdict.FAIL), _of(report, Verdict.INCONCLUSIVE)
    for check in failed:
        yield _about([check.name], "rejects", check.note)
    if failed:
        yield after_a_failure(failed)
    for note, names in by_reason(unsettled).items():
        yield _about(names, "could not have been rejected", note)
    if advice := all_at_once([check.paths_needed for check in unsettled]):
        yield advice
    held = [check for check in identities if check.verdict is Verdict.PASS]
    if held:
        yield (
            f"{_of_all(len(held), len(identities), 'identity', 'identities')} between exact numbers "
            f"{'holds' if len(identities) == 1 else 'hold'} to rounding: what "
            "was computed in two different ways agrees."
        )
    quiet = [check for check in statistical if check.verdict is Verdict.PASS]
    if quiet:
        yield (
            f"{_of_all(len(quiet), len(statistical), 'statistical check', 'statistical checks')} hold"
            f"{'s' if len(statistical) == 1 else ''} the {report.paths:,} sampled paths against exact numbers and "
            f"{'does' if len(statistical) == 1 else 'do'} not reject. Unless another level was asked for, a right "
            f"process is rejected by any of them in one run out of {round(1 / FAMILY_LEVEL):,} at most."
        )
    for check in report.checks:
        if check.kind == "support" and check.verdict is Verdict.PASS:
            yield _about([check.name], "holds", check.note)


def _of_all(number: int, total: int, one: str, many: str) -> str:
    if number == total:
        return f"The {one}" if total == 1 else f"All {total} {many}"
    return f"{number} of {total} {many}"


def _unseen(report: Report) -> Iterator[str]:
    covered = report.covered_weight
    if covered is None:
        yield "This protocol defines no entropy production of single paths whose rare values could be missing."
    elif covered < 1.0 - ROUNDING:
        yield (
            f"{_percent(1.0 - covered)} of the weight of <e^-sigma> lies on values so rare that {report.paths:,} paths "
            "may not have shown them. About these the sample says nothing."
        )
    yield from map(whole, report.notes)
    yield (
        "That <e^-sigma> has its exact value proves neither the dynamics nor the basis that was measured: both can be "
        "wrong and leave it as it is. The means and the final state are what would show it."
    )


def _percent(part: float) -> str:
    return f"{100 * part:.2g}{PERCENT}" if part >= 1e-4 else f"A part of {part:.1g}"
