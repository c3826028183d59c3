"""What the run was good for: what it can have seen, what its paths are worth, which errors it would have noticed."""

from __future__ import annotations

import math
from collections.abc import Iterator

from qtraj.markup import Markup, facts, joined, table, tag
from qtraj.report.elements import Section, in_box, prose, whole
from qtraj.report.subject import Subject
from qtraj.theorems.checks import Check, in_words
from qtraj.theorems.coverage import REQUIRED_COVERAGE

__all__ = ["diagnostics_section"]


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
        entries |= {f"to settle {name}": in_words(check.paths_needed) for name, check in needed.items()}
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
    rows, warnings = list[list[str]](), list[str]()
    for name, found in subject.weights.items():
        size = found.effective_sample_size
        rows.append(
            [
                tag("code", name),
                "" if size is None else f"{size:.4g}",
                f"{found.kish:.4g}",
                *_cut(checks[name]),
            ]
        )
        if found.flattering and size is not None:
            warnings.append(
                f"{name}: the sample believes itself worth {found.kish:.3g} paths, but is worth {size:.3g}: the "
                "heaviest paths have not been drawn."
            )
        elif found.note:
            warnings.append(f"{name}: {whole(found.note)}")
    caption = "What the paths are worth for averages of exponentials, as so many paths of equal weight"
    columns = ["average", "exact", "Kish, from the sample", "below the cut", "paths above", "expected above"]
    yield in_box(table(columns, rows, caption=caption, class_="numbers"), "Effective sample sizes")
    yield tag(
        "p",
        "Such averages live on rare paths. The part of the exact average below the cut is judged by its mean; paths "
        "above the cut are too rare for that, and are counted.",
    )
    yield from (tag("p", tag("strong", prose(sentence))) for sentence in warnings)


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
    rows = [[tag("code", check.name), f"{check.detectable:.2g}", _in_proportion(check)] for check in checks]
    columns = ["check", "smallest error", "that is"]
    caption = "The smallest error of each exact value that this run would have noticed 99 times out of 100"
    yield in_box(table(columns, rows, caption=caption, class_="numbers"), "Smallest errors noticed")


def _in_proportion(check: Check) -> str:
    """The smallest error as a part of the exact average or, where distributions are compared, of the probability."""
    if not check.name.startswith(("mean_", "exp_minus_")):
        return f"{100 * check.detectable:.2g} % of the probability in a wrong place"
    known = math.isfinite(check.exact) and check.exact != 0.0 and math.isfinite(check.detectable)
    return f"{100 * check.detectable / abs(check.exact):.2g} % of the exact value" if known else ""
