"""All checks in one table, by kind of evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from qtraj.markup import Markup, joined, prose, tag
from qtraj.report.elements import Section, broken, in_box, verdict_mark
from qtraj.report.subject import Subject
from qtraj.theorems.check_cells import check_cells
from qtraj.theorems.checks import Check, Kind

__all__ = ["checks_section"]

KINDS: Final[dict[Kind, str]] = {
    "identity": "Identities: two exact numbers, found in different ways",
    "statistical": "Statistical checks: what was sampled against an exact number",
    "support": "Support: whether so many paths can have seen what decides",
}
"""The kinds of evidence, in the order in which they are read."""

COLUMNS: Final = ("check", "verdict", "value", "std. error", "exact", "z", "detectable", "in words")


def checks_section(subject: Subject) -> Section:
    """The table of all checks."""
    checks = subject.report.checks
    names = (tag("th", column, scope="col", class_="note" if column == COLUMNS[-1] else None) for column in COLUMNS)
    head = tag("thead", tag("tr", *names))
    bodies = [_group(kind, [check for check in checks if check.kind == kind]) for kind in KINDS]
    caption = tag("caption", f"{len(checks)} checks")
    content = [
        tag(
            "p",
            "An identity holds to rounding. A statistical check compares a sampled value with an exact one; z is their "
            "distance in standard errors or, where counts are compared, the score of a normal law that is exceeded as "
            "rarely. The smallest true error that a check would have noticed 99 times out of 100 stands under "
            "detectable.",
        ),
        in_box(tag("table", caption, head, *bodies, class_="numbers"), "All checks"),
    ]
    return Section(name="checks", heading="Checks", content=joined(content))


def _group(kind: Kind, checks: list[Check]) -> Markup:
    if not checks:
        return Markup()
    heading = tag("tr", tag("th", tag("span", KINDS[kind]), scope="rowgroup", colspan=len(COLUMNS)))
    return tag("tbody", heading, *_rows(checks))


def _rows(checks: list[Check]) -> Iterator[Markup]:
    for check in checks:
        name, *numbers, verdict = check_cells(check)
        yield tag(
            "tr",
            tag("th", tag("code", broken(name)), scope="row"),
            tag("td", verdict_mark(verdict)),
            *(tag("td", number) for number in numbers),
            tag("td", prose(check.note), class_="note"),
        )
