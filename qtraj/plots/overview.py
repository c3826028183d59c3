"""Everything about an ensemble on one page: histograms, detailed theorem, and the verdict."""

from __future__ import annotations

from itertools import count

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import iterate_quantities
from qtraj.plots.detailed import detailed_theorem
from qtraj.plots.histograms import histogram
from qtraj.plots.labels import whole_number
from qtraj.plots.style import FAINT, PAGE_WIDTH, VERDICT_COLOURS, PaperFigure, paper_style
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
) -> Figure:
    """Draw histograms of all entropy productions with their exact laws, the detailed theorem, and the verdict.

    The panels are those of `histogram` and `detailed_theorem`, as far as the protocol defines their quantities. In the
    kraus protocol, which defines no entropy production, the heat is shown.

    Args:
        ensemble: The sampled paths.
        report: What `verify` found; adds the verdict to the heading.
        log: Logarithmic axes of probabilities.
        title: Name of the process in the heading; by default what the report or the process calls it.
        atoms: Forward and backward law of sigma, if you have them already.

    Returns:
        A new figure, 7 inches wide, in paper style; write it with `save_figure`.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> figure = overview(sample(build_model("two-qubit-exchange"), paths=1000), title="two-qubit exchange")
        >>> figure.get_suptitle()
        'two-qubit exchange, augmented protocol'
    """
    quantities = list(iterate_quantities(ensemble.law))
    with_theorem = "sigma" in quantities
    if not quantities:
        quantities = ["heat"]
    panels = len(quantities) + with_theorem
    columns, rows = min(2, panels), (panels + 1) // 2
    width = PAGE_WIDTH if columns == 2 else SINGLE_WIDTH
    figure = PaperFigure.of_size(width=width, height=HEADING + ROW_HEIGHT * rows)
    with paper_style():
        # The theorem takes two of the three rows of the grid, for its line and the distance from it; so does its
        # neighbour, and their edges stay aligned.
        grid = GridSpec(2 + (rows - 1), columns, figure=figure, height_ratios=[3, 1, 4.2][: 2 + (rows - 1)])
        cells = [grid[:2, 0], *(grid[2, column] for column in range(rows * columns - columns))]
        letters = (chr(code) for code in count(ord("a")))
        for place, quantity in zip(cells, quantities, strict=False):
            axes = figure.add_subplot(place)
            histogram(ensemble, quantity, log=log, ax=axes)
            _letter(axes, next(letters), shown=panels > 1)
            if quantity == "sigma":
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


def _write_heading(figure: Figure, ensemble: Ensemble, report: Report | None, title: str | None) -> None:
    """Process and protocol; below, number of paths and seed to the left and the verdict to the right."""
    height, left, right = figure.get_figheight(), 0.06 / figure.get_figwidth(), 1 - 0.06 / figure.get_figwidth()
    figure.set_layout_engine("constrained", rect=(0.0, 0.0, 1.0, 1 - HEADING / height), hspace=0.06)
    name = title or (report.process if report else "") or str(getattr(ensemble.process, "kind", "process"))
    figure.suptitle(
        f"{name}, {ensemble.protocol} protocol", x=left, y=1 - 0.05 / height, ha="left", va="top", fontsize="large"
    )
    more = f" and {len(ensemble.seeds) - 1} more" if len(ensemble.seeds) > 1 else ""
    facts = f"$N = {whole_number(ensemble.paths)}$ paths, seed {ensemble.seed}{more}"
    second_line = 1 - (HEADING - 0.1) / height
    figure.text(left, second_line, facts, ha="left", va="baseline", color=FAINT)
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
