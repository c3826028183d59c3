"""What the run was good for: what it can have seen, what its paths are worth, which errors it would have noticed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from qtraj.markup import Markup, facts, joined, prose, table, tag
from qtraj.report.elements import PERCENT, Section, broken, in_box, whole
from qtraj.report.subject import Subject
from qtraj.theorems.checks import Check
from qtraj.theorems.coverage import REQUIRED_COVERAGE
from qtraj.theorems.paths_needed import in_words

__all__ = ["diagnostics_section"]

LARGEST_WHOLE: Final = 1e9
"""Larger numbers are written with a power of ten."""


def diagnostics_section(subject: Subject) -> Section:
    """Coverage, effective sample sizes, truncated weights, and the smallest errors that would be noticed."""
    content = [_coverage(subject), *_weights(subject), *_detectable(subject)]
    return Section(name="diagnostics", heading="Diagnostics", content=joined(content))


def _coverage(subject: Subject) -> Markup:
    report = subject.report
    entries = {"paths": f"{report.paths:,}"}
    if report.covered_weight is not None:
        entries[prose("covered weight of <e^-sigma>")] = (
            f"{report.covered_weight:.6g}; {REQUIRED_COVERAGE} is called for"
        )
    needed = {check.name: check for check in report.checks if check.paths_needed is not None}
    if needed:
        entries |= {
            joined(["to settle ", tag("code", name)]): prose(in_words(check.paths_needed))
            for name, check in needed.items()
        }
    elif not any(check.verdict == "inconclusive" for check in report.checks):
        entries["further paths needed"] = "none"
    if subject.ensemble is not None and subject.ensemble.outside:
        entries["paths in no class of the law"] = f"{subject.ensemble.outside:,}"
    return facts(entries, caption="What the run can have seen")


def _weights(subject: Subject) -> Iterator[Markup]:
    """What the paths are worth for averages of exponentials, and where their weight was cut."""
    if not subject.weights:
        return
    checks = {check.name: check for check in subject.report.checks}
    rows, warnings = list[list[str]](), list[Markup]()
    for name, found in subject.weights.items():
        size = found.effective_sample_size
        rows.append(
            [
                tag("code", name),
                "" if size is None else _size(size),
                _size(found.kish),
                *_cut(checks[name]),
            ]
        )
        if found.flattering and size is not None:
            flattered = (
                f"the sample believes itself worth {found.kish:.3g} paths, but is worth {size:.3g}: the heaviest paths "
                "have not been drawn."
            )
            warnings.append(joined([tag("code", name), ": ", prose(flattered)]))
        elif found.note:
            warnings.append(joined([tag("code", name), ": ", prose(whole(found.note))]))
    caption = "What the paths are worth for averages of exponentials, as so many paths of equal weight"
    columns = ["average", "exact", "Kish, from the sample", "below the cut", "paths above", "expected above"]
    yield in_box(table(columns, rows, caption=caption, class_="numbers"), "Effective sample sizes")
    yield tag(
        "p",
        "Such averages live on rare paths. The part of the exact average below the cut is judged by its mean; paths "
        "above the cut are too rare for that, and are counted.",
    )
    yield from (tag("p", tag("strong", sentence)) for sentence in warnings)


def _size(size: float) -> str:
    """A number of paths, to four digits."""
    return f"{float(f'{size:.4g}'):,.0f}" if 1e3 <= size < LARGEST_WHOLE else f"{size:.4g}"


def _cut(check: Check) -> list[str]:
    """The part of the average that a check judges by its mean, and the paths beyond, with a law and without."""
    details = check.details
    below = details.get("fraction_below", details.get("below_cut_exact", math.nan) / (check.exact or math.nan))
    above = details.get("paths_above", details.get("above_cut", math.nan))
    expected = details.get("expected_above", math.nan)
    shown = [f"{below:.6g}", f"{above:,.0f}", f"{expected:.3g}"]
    return [text if math.isfinite(value) else "" for text, value in zip(shown, (below, above, expected), strict=True)]


def _detectable(subject: Subject) -> Iterator[Markup]:
    checks = [
        check for check in subject.report.checks if check.kind == "statistical" and not math.isnan(check.detectable)
    ]
    if not checks:
        return
    rows = [[tag("code", broken(check.name)), f"{check.detectable:.2g}", _in_proportion(check)] for check in checks]
    columns = ["check", "smallest error", "that is"]
    caption = "The smallest error of each exact value that this run would have noticed 99 times out of 100"
    yield in_box(table(columns, rows, caption=caption, class_="numbers"), "Smallest errors noticed")


def _in_proportion(check: Check) -> str:
    """The smallest error as a part of the exact average or, where distributions are compared, of the probability."""
    if not check.name.startswith(("mean_", "exp_minus_")):
        return f"{_percent(check.detectable)} of the probability in a wrong place"
    known = math.isfinite(check.exact) and check.exact != 0.0 and math.isfinite(check.detectable)
    return f"{_percent(check.detectable / abs(check.exact))} of the exact value" if known else ""


def _percent(part: float) -> str:
    # Two digits, but never a power of ten where a whole number does.
    text = f"{100 * part:.2g}"
    return (f"{float(text):,.0f}" if 100 <= float(text) < LARGEST_WHOLE else text) + PERCENT
