"""Everything about an ensemble on one page: histograms, detailed theorem, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec

from qtraj.paths.ensemble import Ensemble
from qtraj.paths.pooling import in_words as seeds_in_words
from qtraj.plots.atoms import ExactAverages
from qtraj.plots.detailed import detailed_theorem
from qtraj.plots.labels import in_text
from qtraj.plots.numerals import whole_number
from qtraj.plots.panels import backward_atoms, choose_panels, spare_panel
from qtraj.plots.style import PAGE_WIDTH, QUIET, VERDICT_COLOURS, PaperFigure, paper_style
from qtraj.processes.collision_model import CollisionModel
from qtraj.quantum.scalars import instance_of
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.report import Report

__all__ = ["overview"]

SINGLE_WIDTH = 4.5
"""Width of a figure with one panel in inches: the heading needs more than a column."""

HEADING = 0.5
"""Height of the heading in inches."""

ROW_HEIGHT = 2.75
"""Height of a row of panels in inches, with its legend."""


def overview(
    ensemble: Ensemble,
    *,
    report: Report | None = None,
    log: bool = False,
    title: str | None = None,
    atoms: SigmaAtoms | None = None,
    exact: Mapping[str, ExactAverages] | None = None,
) -> Figure:
    """Draw histograms with their exact laws, the detailed theorem, and the verdict.

    The panels are those of `histogram` for sigma, sigma_d and xi, as far as the protocol defines them, and of
    `detailed_theorem` where paths have a finite law. With several reservoirs there is one more for the heat into each
    that anything goes into (its entropy, where single paths have no heat), and if a place is left, the `joint_map` of
    the first two. With a single reservoir the heat is shown if a place is left, or nothing else is defined.

    Args:
        ensemble: The sampled paths.
        report: What `verify` found; adds the verdict to the heading and, where paths have no law, exact averages.
        log: Logarithmic axes of probabilities.
        title: Name of the process in the heading; by default what the report or the process calls it.
        atoms: Forward and backward law of sigma, if you have them already.
        exact: Exact averages by quantity for an ensemble without a law, before those of the report.

    Returns:
        A new figure, 7 inches wide, in paper style; write it with `save_figure`.

    Raises:
        InvalidInput: If an argument is of another class.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> figure = overview(sample(build_model("two-qubit-exchange"), paths=1000), title="two-qubit exchange")
        >>> figure.get_suptitle()
        'two-qubit exchange, augmented protocol'
    """
    instance_of(ensemble, Ensemble, "ensemble")
    optional = {"report": (report, Report), "atoms": (atoms, SigmaAtoms), "exact": (exact, Mapping)}
    for argument, (value, wanted) in optional.items():
        if value is not None:
            instance_of(value, wanted, argument)
    atoms = atoms or backward_atoms(ensemble)
    panels = choose_panels(ensemble, report=report, exact=exact, log=log)
    if (len(panels) + (atoms is not None)) % 2:
        spare = spare_panel(ensemble, report=report, exact=exact, log=log)
        panels += [] if spare is None else [spare]
    number = len(panels) + (atoms is not None)
    columns, rows = min(2, number), (number + 1) // 2
    width = PAGE_WIDTH if columns == 2 else SINGLE_WIDTH
    figure = PaperFigure.of_size(width=width, height=HEADING + ROW_HEIGHT * rows)
    with paper_style():
        # The theorem takes two rows of the grid, for its line and the distance from it; so does its neighbour, and
        # their edges stay aligned.
        grid = GridSpec(1 + rows, columns, figure=figure, height_ratios=[3, 1, *[4.2] * (rows - 1)])
        places: list[SubplotSpec] = [grid[:2, column] for column in range(columns)]
        places += [grid[2 + row, column] for row in range(rows - 1) for column in range(columns)]
        letters = (chr(code) for code in count(ord("a")))
        if atoms is not None:
            del places[1]
        for position, (place, panel) in enumerate(zip(places, panels, strict=False)):
            axes = figure.add_subplot(place)
            panel.draw(axes)
            _letter(axes, next(letters), shown=number > 1)
            if position == 0 and atoms is not None:
                line = figure.add_subplot(grid[0, 1])
                difference = figure.add_subplot(grid[1, 1], sharex=line)
                detailed_theorem(ensemble, atoms=atoms, ax=line, residuals=difference)
                _letter(line, next(letters), shown=True)
        _write_heading(figure, ensemble, report, title)
    return figure


def _letter(axes: Axes, letter: str, *, shown: bool) -> None:
    if shown:
        axes.annotate(
            letter,
            xy=(0.0, 1.0),
            xycoords="axes fraction",
            xytext=(-30, 4),
            textcoords="offset points",
            fontsize="large",
            fontweight="bold",
            annotation_clip=False,
        )


def _simulated(ensemble: Ensemble) -> str:
    """What a reader must know about coherent units whose energy is measured: it is dephased units that paths meet."""
    if not isinstance(ensemble.process, CollisionModel):
        return ""
    names = [
        name
        for name, reservoir in ensemble.process.reservoirs.items()
        if reservoir.measure == "energy" and not reservoir.is_thermal
    ]
    return f"; energy of units measured: {', '.join(map(in_text, names))}" if names else ""


def _write_heading(figure: Figure, ensemble: Ensemble, report: Report | None, title: str | None) -> None:
    """Process and protocol; below, number of paths and seed to the left and the verdict to the right."""
    height, left, right = figure.get_figheight(), 0.06 / figure.get_figwidth(), 1 - 0.06 / figure.get_figwidth()
    figure.set_layout_engine("constrained", rect=(0.0, 0.0, 1.0, 1 - HEADING / height), hspace=0.06)
    name = title or (report.process if report else "") or str(getattr(ensemble.process, "kind", "process"))
    figure.suptitle(
        f"{name}, {ensemble.protocol} protocol", x=left, y=1 - 0.05 / height, ha="left", va="top", fontsize="large"
    )
    seeds = f", {seeds_in_words(ensemble.seeds)}" if ensemble.seeds else ""
    facts = f"$N = {whole_number(ensemble.paths)}$ paths{seeds}{_simulated(ensemble)}"
    second_line = 1 - (HEADING - 0.1) / height
    figure.text(left, second_line, facts, ha="left", va="baseline", color=QUIET)
    if report is not None:
        verdict = str(report.verdict)
        figure.text(
            right,
            second_line,
            verdict.upper(),
            ha="right",
            va="baseline",
            fontsize="large",
            fontweight="bold",
            color=VERDICT_COLOURS[verdict],
        )
