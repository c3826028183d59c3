r"""Histograms of entropy productions, heats and work: what was sampled, and the exact law over it.

The legend stands above the axes and carries the numbers, so that it can never cover data: mean with standard error
and :math:`\langle e^{-s}\rangle`, sampled beside exact. Standard errors are those of the exact law, because a sample
that has missed its rare paths does not know its own error.

Where paths can only be followed there is no law to draw. The exact averages still follow from density matrices: of
small systems they are computed, of larger ones whoever has them can pass them. Without them the legend has what was
sampled and nothing else.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import QUANTITIES
from qtraj.plots.atoms import ROUNDING, ExactAverages, reservoirs_of
from qtraj.plots.cells import Bins, Cells, axis_floor, frequency_interval, make_cells
from qtraj.plots.labels import axis_label, digits_beside, exact_number, is_entropy, number_with_error, symbol
from qtraj.plots.style import EXACT, FAINT, SAMPLED, SAMPLED_FILL, LegendAbove, axes_to_draw_on

__all__ = ["histogram"]

# Two decades at least: on less, a logarithmic axis has no labels and exaggerates differences.
LEAST_RATIO = 100.0

# Averages that are written with three digits as they are, so that 1.00 is not taken for an exact 1.
SMALL, LARGE = 1e-2, 1e2

# Points between axes and legend, room for the name of the line at the mean.
LEGEND_GAP = 12.0


def histogram(
    ensemble: Ensemble,
    quantity: str = "sigma",
    *,
    log: bool = False,
    bins: Bins = "auto",
    exact: ExactAverages | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw the histogram of a quantity with its exact law.

    Bars are sampled frequencies with their 68 % intervals (Jeffreys); dashes on stems, or an outline over bins, are the
    exact probabilities, where there is a law. The solid vertical line is the sampled mean, the dashed one the exact
    mean, where it is known.

    Args:
        ensemble: The sampled paths.
        quantity: `sigma`, `sigma_d`, `xi` (nats), `heat` (into the environment), `heat_into_NAME`, `work` (done on the
            system; all in the units of the energies), `entropy_into_NAME` (nats) or `jumps`.
        log: Logarithmic axis of probabilities, down to a decade and a half below one path. Then a dotted line marks
            one path, 1/N, below which nothing can have been seen.
        bins: `atoms` (one bar for each value), a number of bins (counts and exact law are added up over the same
            bins), or `auto`: atoms, those closer than a 90th of the axis in one bar, if there are not too many.
        exact: Exact averages, such as `ExactAverages.of(ensemble, quantity)`; by default those of the law or, without
            one, those of density matrices if the system has up to 8 states. For larger ones that would take longer
            than the figure.
        ax: Axes to draw on; by default those of a new figure, one column wide, in paper style.

    Returns:
        The axes; `.figure` is the figure.

    Raises:
        NotRecorded: If the protocol does not define the quantity.
        UnknownName: If there is no such quantity.
        InvalidInput: If `bins` is none of the above.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=1000)
        >>> histogram(ensemble, "sigma", log=True).get_yscale()
        'log'
    """
    cells = make_cells(ensemble, quantity, log=log, bins=bins)
    if exact is None:
        exact = ExactAverages.at_hand(ensemble, quantity)
    means = (ensemble.mean(quantity), *(() if exact is None else (exact.mean,)))
    with axes_to_draw_on(ax) as axes:
        _set_scales(axes, cells, means, log=log)
        if cells.are_atoms:
            _draw_atoms(axes, cells)
        else:
            _draw_bins(axes, cells)
        _draw_means(axes, means, quantity)
        axes.set_xlabel(axis_label(quantity, reservoirs_of(ensemble)))
        what = "frequency" if cells.probabilities is None else "probability"
        axes.set_ylabel(what if cells.are_atoms else f"{what} per bin")
        _write_legend(axes, ensemble, quantity, exact)
    return axes


def _set_scales(axes: Axes, cells: Cells, means: tuple[float, ...], *, log: bool) -> None:
    low = min(cells.centres[0] - cells.widths[0] / 2, *means)
    high = max(cells.centres[-1] + cells.widths[-1] / 2, *means)
    margin = 1.0 if cells.centres.size == 1 else 0.03 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    heights = cells.frequencies if cells.probabilities is None else cells.probabilities
    top = float(max(heights.max(), frequency_interval(cells.counts, cells.paths)[1].max()))
    if not log:
        axes.set_ylim(0.0, 1.06 * top)
        return
    axes.set_yscale("log")
    positive = heights[heights > 0]
    bottom = max(axis_floor(cells.paths), min(0.3 * float(positive.min(initial=1.0)), top / LEAST_RATIO))
    axes.set_ylim(bottom, 2.0 * top)
    axes.yaxis.set_major_locator(LogLocator(numticks=8))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if bottom < 1 / cells.paths < top:
        axes.axhline(1 / cells.paths, color=FAINT, linestyle=":", linewidth=0.7, zorder=0.5, label="one path")
        axes.annotate(
            "1 path",
            xy=(1.0, 1 / cells.paths),
            xycoords=axes.get_yaxis_transform(),
            xytext=(2, 0),
            textcoords="offset points",
            va="center",
            fontsize="x-small",
            color=FAINT,
            annotation_clip=False,
        )


def _draw_atoms(axes: Axes, cells: Cells) -> None:
    # Atoms may lie closer than bars are wide: the lower bar goes in front, and a thin edge parts the two.
    order = np.argsort(-cells.frequencies, kind="stable")
    axes.bar(
        cells.centres[order],
        cells.frequencies[order],
        cells.widths[order],
        color=SAMPLED_FILL,
        edgecolor="white",
        linewidth=0.3,
        zorder=2,
        label="sampled",
    )
    _draw_intervals(axes, cells)
    if cells.probabilities is None:
        return
    unseen = cells.counts == 0
    axes.vlines(
        cells.centres[unseen],
        0.0,
        cells.probabilities[unseen],
        colors=EXACT,
        linewidth=0.5,
        zorder=2.5,
        label="exact, not seen",
    )
    axes.hlines(
        cells.probabilities,
        cells.centres - 0.8 * cells.widths,
        cells.centres + 0.8 * cells.widths,
        colors=EXACT,
        linewidth=1.0,
        zorder=4,
        label="exact",
    )


def _draw_bins(axes: Axes, cells: Cells) -> None:
    axes.stairs(cells.frequencies, cells.edges, fill=True, color=SAMPLED_FILL, zorder=2, label="sampled")
    _draw_intervals(axes, cells)
    if cells.probabilities is not None:
        axes.stairs(
            cells.probabilities, cells.edges, color=EXACT, linewidth=0.8, zorder=4, label="exact", baseline=None
        )


def _draw_intervals(axes: Axes, cells: Cells) -> None:
    """Error bars of all cells that were seen; an unseen one is below one path, which the axis marks once for all."""
    seen = cells.counts > 0
    low, high = frequency_interval(cells.counts[seen], cells.paths)
    axes.vlines(cells.centres[seen], low, high, colors=SAMPLED, linewidth=1.0, zorder=3, label="68 % interval")


def _draw_means(axes: Axes, means: tuple[float, ...], quantity: str) -> None:
    """The sampled mean and, if it is known, the exact one."""
    axes.axvline(means[0], color=SAMPLED, linewidth=1.1, zorder=2.2, label="sampled mean")
    for mean in means[1:]:
        axes.axvline(mean, color=EXACT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2.3, label="exact mean")
    axes.annotate(
        rf"$\langle {symbol(quantity)}\rangle$",
        xy=(means[-1], 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 1.5),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize="small",
        annotation_clip=False,
    )


def _write_legend(axes: Axes, ensemble: Ensemble, quantity: str, exact: ExactAverages | None) -> None:
    """A small table above the axes that is legend and result at once."""
    columns = _averages(ensemble, quantity, exact)
    nothing = Line2D([], [], linestyle="none")
    patch = Patch(color=SAMPLED_FILL, linewidth=0)
    error = Line2D([], [], color=SAMPLED, linestyle="none", marker="|", markersize=5)
    names, handles = ["", "sampled"], list[Any]([nothing, (patch, error)])
    if exact is not None:
        line = Line2D([], [], color=EXACT, linewidth=1.0)
        if ensemble.finite_law is None:
            line.set_linestyle((0, (4, 3)))
        names.append("exact")
        handles.append(line)
    LegendAbove(
        axes,
        [*handles, *[nothing] * (len(names) * len(columns))],
        [*names, *(f"${cell}$" for column in columns for cell in column)],
        columns=1 + len(columns),
        gap=LEGEND_GAP,
        spacing=-0.8,  # the next column begins with the place of a mark, which is empty
    )


def _averages(ensemble: Ensemble, quantity: str, exact: ExactAverages | None) -> list[list[str]]:
    """Columns of the legend: the mean and, of entropy productions, the exponential average."""
    sign, paths, mean = symbol(quantity), ensemble.paths, ensemble.mean(quantity)
    names = [rf"\langle {sign}\rangle", rf"\langle e^{{-{sign}}}\rangle"]
    values, _ = ensemble.values(quantity)
    # Entropies are differences of logarithms, good to rounding of a nat; heat can only be compared with itself.
    size = float(np.abs(values).max(initial=1.0 if is_entropy(quantity) else 0.0))
    weight = ensemble.exponential_average(quantity) if quantity in QUANTITIES else None
    if exact is None:
        columns = [[names[0], _with_error(mean, ensemble.variance(quantity), paths, size)]]
        if weight is not None:
            # Its sampled error would be taken for the truth, and is not: e^-s lives on paths that may be missing.
            columns.append(
                [names[1], rf"\approx {weight:#.3g}" if SMALL <= weight < LARGE else exact_number(weight, 3)]
            )
        return columns
    columns = [_column(names[0], mean, exact.mean, exact.variance, paths, size)]
    if weight is not None and exact.exponential_average is not None:
        average = exact.exponential_average
        columns.append(_column(names[1], weight, average, exact.exponential_variance, paths, average))
        if exact.loses_weight:
            columns[-1][-1] += r" = 1 - \lambda"
    return columns


def _with_error(value: float, variance: float, paths: int, size: float) -> str:
    """A sampled average with the error it seems to have."""
    if variance <= (ROUNDING * size) ** 2:
        return exact_number(0.0 if abs(value) <= ROUNDING * size else value)
    return number_with_error(value, math.sqrt(variance / paths))


def _column(name: str, sampled: float, exact: float, variance: float, paths: int, size: float) -> list[str]:
    """Name, sampled average with its standard error, and exact average; what is only rounding counts as zero."""
    if variance <= (ROUNDING * size) ** 2:
        return [name, *(exact_number(0.0 if abs(value) <= ROUNDING * size else value) for value in (sampled, exact))]
    error = math.sqrt(variance / paths)
    rounded = 0.0 if abs(exact) <= ROUNDING * size else exact
    return [name, number_with_error(sampled, error), exact_number(rounded, digits_beside(exact, error))]
