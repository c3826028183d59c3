"""The whole document: semantic HTML that needs nothing but itself, whatever is in the names it shows.

A policy in its head forbids every connection and every program. What programs may want is in it as JSON.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from qtraj import __version__
from qtraj.markup import Markup, tag
from qtraj.paths.pooling import in_words as seeds_in_words
from qtraj.report.averages import averages_section
from qtraj.report.checks import checks_section
from qtraj.report.diagnostics import diagnostics_section
from qtraj.report.elements import Section
from qtraj.report.figures import figures_section
from qtraj.report.provenance import experiment_section, reproduce_section, self_contained
from qtraj.report.style import STYLE
from qtraj.report.subject import Subject
from qtraj.report.words import verdict_section

__all__ = ["FORMAT", "FORMAT_VERSION", "html_document"]

FORMAT: Final = "qtraj report"

FORMAT_VERSION: Final = 1
"""Of the JSON in it; goes up when a program that reads it could misread it."""

POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""No network, no programs: the pictures and the style are in the file."""


def html_document(subject: Subject) -> str:
    """The report as the text of an HTML file; equal runs give equal texts."""
    sections = _sections(subject)
    title = f"{subject.report.verdict}: {subject.title}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="generator", content=f"qtraj {__version__}"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    body = tag(
        "body",
        tag("a", "Skip to the verdict", class_="skip", href="#main"),
        _header(subject, sections),
        tag("main", *(section.element() for section in sections), id="main", tabindex=-1),
        tag("footer", tag("p", _footer(subject))),
        tag("script", _data(subject), type="application/json", id="data"),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _sections(subject: Subject) -> list[Section]:
    found = [
        verdict_section(subject),
        checks_section(subject),
        figures_section(subject),
        averages_section(subject),
        diagnostics_section(subject),
        experiment_section(subject),
        reproduce_section(subject),
    ]
    return [section for section in found if section is not None]


def _header(subject: Subject, sections: list[Section]) -> Markup:
    report = subject.report
    line = [report.process] if report.process else []
    line += [f"protocol {report.protocol}", f"{report.paths:,} paths", f"sampler {report.sampler}"]
    line += [seeds_in_words(report.seeds)] if report.seeds else []
    line += [subject.date] if subject.date is not None else []
    links = (tag("li", tag("a", section.heading, href=f"#{section.name}")) for section in sections)
    return tag(
        "header",
        tag("h1", subject.title),
        tag("p", " \N{MIDDLE DOT} ".join(line), class_="quiet"),
        tag("nav", tag("ul", *links), aria_label="Contents"),
    )


def _footer(subject: Subject) -> str:
    return (
        f"Written by qtraj {__version__}. This file is complete: it loads nothing from anywhere, and holds all its "
        "numbers once more as JSON, in the element with the identifier data."
    )


def _data(subject: Subject) -> Markup:
    """Everything once more for programs; written so that no text in it can end the element."""
    report: dict[str, Any] = subject.report.to_json()
    # How long it took is different every time, and equal runs shall give equal files.
    del report["timings"]
    report["reasons"] = {key: why for key, why in report["reasons"].items() if not key.startswith("timings.")}
    experiment = subject.experiment
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "title": subject.title,
        "date": subject.date,
        "report": report,
        "experiment": self_contained(experiment) if experiment is not None and experiment.document else None,
        "effective_sample_sizes": {
            name: {"exact": found.effective_sample_size, "kish": found.kish if math.isfinite(found.kish) else None}
            for name, found in subject.weights.items()
        },
        "machine": subject.machine,
    }
    text = json.dumps(document, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
