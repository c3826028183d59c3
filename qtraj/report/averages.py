"""Exact numbers beside sampled ones: averages of every quantity, and the law of the most important one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from qtraj.markup import Markup, escaped, joined, prose, table, tag
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import QUANTITIES
from qtraj.plots.atoms import ROUNDING
from qtraj.report.elements import Section, in_box
from qtraj.report.subject import Subject
from qtraj.storage.columns import COLUMNS, column

__all__ = ["averages_section"]

MOST_ATOMS: Final = 20
"""Values shown of a law: what a reader takes in, and a page in print."""

UNITS: Final = {"nat": "nats", "energy": "energy", "time": "time", "1": ""}

DIGITS: Final = 6


def averages_section(subject: Subject) -> Section | None:
    """Sampled averages beside exact ones; None without an ensemble."""
    ensemble = subject.ensemble
    if ensemble is None:
        return None
    return Section(
        name="averages",
        heading="Exact and sampled",
        content=joined([_averages(subject, ensemble), *_atoms(ensemble)]),
    )


def _averages(subject: Subject, ensemble: Ensemble) -> Markup:
    columns = ["quantity", "meaning", "unit", "exact mean", "sampled mean", "std. error", prose("exact <e^-s>")]
    rows = list(_rows(subject, ensemble))
    finite = "from the law of all paths" if ensemble.finite_law is not None else "from density matrices"
    caption = f"Averages over {ensemble.paths:,} paths; exact ones {finite}. ħ = k_B = 1."
    return in_box(
        table([*columns, prose("sampled <e^-s>")], rows, caption=prose(caption), class_="numbers described"), "Averages"
    )


def _rows(subject: Subject, ensemble: Ensemble) -> Iterator[list[str]]:
    for name in ensemble.quantities:
        exact, about = subject.exact(name), column(name)
        weighted, size = name in QUANTITIES, _size(ensemble, name)
        error = ensemble.standard_error(name)
        yield [
            tag("code", name),
            prose(about.meaning) if name in COLUMNS else escaped(about.meaning),  # which ends in a reservoir's name
            UNITS.get(about.unit, about.unit),
            "" if exact is None else _number(exact.mean, size),
            _number(ensemble.mean(name), size),
            "0" if error <= ROUNDING * size else f"{error:.2g}",
            _number(exact.exponential_average) if exact is not None and exact.exponential_average is not None else "",
            _number(ensemble.exponential_average(name)) if weighted else "",
        ]


def _atoms(ensemble: Ensemble) -> Iterator[Markup]:
    """The most probable values of sigma (of the heat, where there is no sigma), where there is a law."""
    law = ensemble.finite_law
    if law is None:
        yield tag(
            "p",
            "The paths of this process have no finite law: they can only be followed, and what stands beside their "
            "averages comes from the evolution of density matrices.",
        )
        return
    name = next((key for key in ("sigma", "heat") if key in law.quantities), law.quantities[0])
    found = law.distribution(name)
    shown = np.sort(np.argsort(-found.log_probabilities, kind="stable")[:MOST_ATOMS])
    counts, size = found.counts(ensemble.class_counts), _size(ensemble, name)
    rows = [
        [
            _number(float(found.atoms[atom]), size),
            _number(float(found.probabilities[atom])),
            _number(int(counts[atom]) / ensemble.paths),
            f"{int(counts[atom]):,}",
        ]
        for atom in shown
    ]
    hidden = found.atoms.size - shown.size
    caption = f"The law of `{name}`: {found.atoms.size:,} value{'s' if found.atoms.size != 1 else ''}"
    if hidden:
        rest = max(0.0, 1.0 - float(found.probabilities[shown].sum()))
        caption += f", of which the {shown.size} most probable; the others have {rest:.2g} of the probability"
    columns = [tag("code", name), "exact probability", "sampled frequency", "paths"]
    yield in_box(table(columns, rows, caption=prose(caption), class_="numbers"), f"The law of {name}")


def _size(ensemble: Ensemble, name: str) -> float:
    """What rounding is compared with: a nat, or the largest energy of a path."""
    return max(float(np.abs(ensemble.values(name)[0]).max()), 1.0 if column(name).unit == "nat" else 0.0)


def _number(value: float, size: float = 0.0) -> str:
    """A number, or 0 where it is only the rounding of numbers of this `size`."""
    return "0" if abs(value) <= ROUNDING * size else f"{value:.{DIGITS}g}"
