"""The figures of a report: vector graphics inside the page, each with a caption and the numbers that it shows in words.

Every panel is a figure of its own, one column of a journal wide: two stand side by side on a screen and on paper, and
one fits a phone. A picture is an image and not part of the document, so that its identifiers cannot meet those of
another one; it keeps its white ground at night, as its colours are chosen for that.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from qtraj.markup import Markup, joined, prose, tag
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.atoms import reservoirs_of
from qtraj.plots.cells import frequency_interval, make_cells
from qtraj.plots.detailed import FEW_PATHS, detailed_theorem, forward_and_backward
from qtraj.plots.joint_cells import joint_cells
from qtraj.plots.labels import heat_in_words
from qtraj.plots.panels import Panel
from qtraj.plots.saving import figure_bytes
from qtraj.plots.style import figure_of
from qtraj.report.elements import PERCENT, Section
from qtraj.report.subject import Subject
from qtraj.storage.columns import column
from qtraj.theorems.backward import SigmaAtoms

__all__ = ["figures_section"]

PIXELS_PER_INCH: Final = 96
"""What an inch is in a style sheet."""


def figures_section(subject: Subject) -> Section | None:
    """All figures; None without an ensemble."""
    if subject.ensemble is None:
        return None
    return Section(name="figures", heading="Figures", content=tag("div", *_figures(subject), class_="figures"))


def _figures(subject: Subject) -> Iterator[Markup]:
    for panel in subject.panels:
        joint = len(panel.quantities) == 2
        words = _joint_words(panel) if joint else _histogram_words(panel)
        yield _figure(panel.draw(), words, _caption(panel))
        if panel is subject.panels[0] and subject.atoms is not None and subject.ensemble is not None:
            axes = detailed_theorem(subject.ensemble, atoms=subject.atoms)
            caption = (
                "The detailed fluctuation theorem: the logarithm of sampled forward over exact backward probability "
                "against sigma, the line of slope 1 that it demands and, below, the distance from that line. Points of "
                f"fewer than {FEW_PATHS} paths are pale, and triangles at the edge below where they lie beyond it."
            )
            yield _figure(axes, _detailed_words(subject.ensemble, subject.atoms), caption)


def _figure(axes: Axes, words: str, caption: str) -> Markup:
    figure = figure_of(axes)
    data = base64.b64encode(figure_bytes(figure, "svg")).decode()
    width, height = (round(PIXELS_PER_INCH * float(inches)) for inches in figure.get_size_inches())
    image = tag("img", src=f"data:image/svg+xml;base64,{data}", alt=words, width=width, height=height)
    return tag("figure", image, tag("figcaption", prose(caption)))


def _caption(panel: Panel) -> Markup:
    reservoirs = reservoirs_of(panel.ensemble)
    if len(panel.quantities) == 2:
        one, other = (column(name).meaning for name in panel.quantities)
        law = panel.ensemble.finite_law is not None
        marks = "discs are the exact law and rings what was sampled" if law else "discs are what was sampled"
        sentence = f"{_capital(one)} and {other}, path by path: {marks}, on a logarithmic scale."
        return prose(sentence, names=reservoirs)
    (name,) = panel.quantities
    has_law = panel.ensemble.finite_law is not None
    marks = ", marks the exact law" if has_law else ""
    both = has_law or panel.exact is not None
    means = "Lines are the means, sampled (solid) and exact (dashed)." if both else "The line is the sampled mean."
    meaning = heat_in_words(reservoirs) if name == "heat" else column(name).meaning
    bars = f"Bars are sampled frequencies with their 68{PERCENT} intervals{marks}. {means}"
    return joined([prose(_capital(meaning), names=reservoirs), " (", tag("code", name), "). ", bars])


def _histogram_words(panel: Panel) -> str:
    """What there is to be seen in a histogram."""
    (name,), ensemble = panel.quantities, panel.ensemble
    cells = make_cells(ensemble, name)
    what = "bins" if not cells.are_atoms else "bars" if cells.spread > 0 else "values"
    mean, error = ensemble.mean(name), ensemble.standard_error(name)
    words = [
        f"Histogram of {name} with {cells.centres.size} {what} from {cells.centres[0]:.4g} to {cells.centres[-1]:.4g}, "
        f"the highest at {cells.centres[cells.frequencies.argmax()]:.4g} with {cells.frequencies.max():.3g} of the "
        f"{ensemble.paths:,} paths. The sampled mean is {mean:.5g} with standard error {error:.2g}."
    ]
    law = ensemble.finite_law
    exact = law.mean(name) if law is not None else None if panel.exact is None else panel.exact.mean
    if exact is not None:
        words.append(f"The exact mean is {exact + 0.0:.5g}.")
    if cells.below or cells.above:
        words.append(f"{cells.below:,} paths lie below what is shown, and {cells.above:,} above.")
    if cells.probabilities is None:
        words.append("There is no exact law to be drawn.")
    else:
        low, high = frequency_interval(cells.counts, cells.paths)
        inside = int(np.count_nonzero((low <= cells.probabilities) & (cells.probabilities <= high)))
        words.append(f"The exact law runs through the 68 % interval of {inside} of the {cells.centres.size} {what}.")
    return " ".join(words)


def _joint_words(panel: Panel) -> str:
    """What there is to be seen in a joint map."""
    x, y = panel.quantities
    cells = joint_cells(panel.ensemble, x, y)
    (left, bottom), (right, top) = cells.positions.min(axis=0) + 0.0, cells.positions.max(axis=0) + 0.0
    first, second = cells.positions[0] + 0.0
    return (
        f"Map of {len(cells.positions)} {'pairs of values' if cells.are_atoms else 'cells'}: {x} from {left:.4g} to "
        f"{right:.4g} along the horizontal axis, {y} from {bottom:.4g} to {top:.4g} along the vertical one. The "
        f"likeliest has {x} = {first:.4g} and {y} = {second:.4g}, with "
        f"{'probability' if cells.probabilities is not None else 'frequency'} {cells.weights[0]:.3g}."
    )


def _detailed_words(ensemble: Ensemble, atoms: SigmaAtoms) -> str:
    """What there is to be seen in the picture of the detailed theorem."""
    points = forward_and_backward(ensemble, atoms)
    down, up = points.errors
    distance = points.log_ratio - points.sigma
    hit = int(np.count_nonzero((distance - down <= 0) & (distance + up >= 0)))
    return (
        f"{points.sigma.size} points with sigma from {points.sigma[0]:.4g} to {points.sigma[-1]:.4g} beside the line "
        f"of slope 1. The line runs through the 68 % error bars of {hit} of them; the largest distance from it is "
        f"{np.abs(distance).max():.2g}, where {int(points.counts[np.abs(distance).argmax()]):,} paths were seen."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
