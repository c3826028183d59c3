r"""Histograms of sigma, sigma_d, xi and heat: what was sampled, and the exact law over it.

The legend stands above the axes and carries the numbers, so that it can never cover data: mean with standard error
and :math:`\langle e^{-s}\rangle`, sampled beside exact. Standard errors are those of the exact law, because a sample
that has missed its rare paths does not know its own error.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

from qtraj.errors import UnknownName
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import QUANTITIES
from qtraj.plots.cells import Bins, Cells, axis_floor, frequency_interval, make_cells
from qtraj.plots.labels import AXIS_LABELS, SYMBOLS, digits_beside, exact_number, number_with_error
from qtraj.plots.style import EXACT, FAINT, SAMPLED, SAMPLED_FILL, LegendAbove, axes_to_draw_on

__all__ = ["histogram"]

# A mean of 1e-17 is the rounding error of a zero.
ROUNDING = 1e-13

# Two decades at least: on less, a logarithmic axis has no labels and exaggerates differences.
LEAST_RATIO = 100.0

# Points between axes and legend, room for the name of the line at the mean.
LEGEND_GAP = 12.0


def histogram(
    ensemble: Ensemble, quantity: str = "sigma", *, log: bool = False, bins: Bins = "auto", ax: Axes | None = None
) -> Axes:
    r"""Draw the histogram of a quantity with its exact law.

    Bars are sampled frequencies with their 68 % intervals (Jeffreys); circles on stems, or a dashed outline over bins,
    are the exact probabilities. The solid vertical line is the sampled mean, the dashed one the exact mean.

    Args:
        ensemble: The sampled paths.
        quantity: `sigma`, `sigma_d`, `xi` (nats) or `heat` (into the environment, in the units of the energies).
        log: Logarithmic axis of probabilities, down to a decade and a half below one path. Then a dotted line marks
            one path, 1/N, below which nothing can have been seen.
        bins: `atoms` (one bar for each value), a number of bins (counts and exact law are added up over the same
            bins), or `auto`: atoms if there are at most 80.
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
    if quantity not in SYMBOLS:
        raise UnknownName("quantity", quantity, SYMBOLS)
    cells = make_cells(ensemble, quantity, log=log, bins=bins)
    with axes_to_draw_on(ax) as axes:
        _set_scales(axes, cells, _means(ensemble, quantity), log=log)
        if cells.are_atoms:
            _draw_atoms(axes, cells)
        else:
            _draw_bins(axes, cells)
        _draw_means(axes, ensemble, quantity)
        axes.set_xlabel(AXIS_LABELS[quantity])
        axes.set_ylabel("probability" if cells.are_atoms else "probability per bin")
        _write_legend(axes, ensemble, quantity)
    return axes


def _means(ensemble: Ensemble, quantity: str) -> tuple[float, float]:
    return ensemble.mean(quantity), ensemble.law.mean(quantity)


def _set_scales(axes: Axes, cells: Cells, means: tuple[float, float], *, log: bool) -> None:
    low = min(cells.centres[0] - cells.widths[0] / 2, *means)
    high = max(cells.centres[-1] + cells.widths[-1] / 2, *means)
    margin = 1.0 if cells.centres.size == 1 else 0.03 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    top = float(max(cells.probabilities.max(), frequency_interval(cells.counts, cells.paths)[1].max()))
    if not log:
        axes.set_ylim(0.0, 1.06 * top)
        return
    axes.set_yscale("log")
    positive = cells.probabilities[cells.probabilities > 0]
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
    _draw_intervals(axes, cells)
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
    axes.stairs(cells.probabilities, cells.edges, color=EXACT, linewidth=0.8, zorder=4, label="exact", baseline=None)


def _draw_intervals(axes: Axes, cells: Cells) -> None:
    """Error bars of all cells that were seen; an unseen one is below one path, which the axis marks once for all."""
    seen = cells.counts > 0
    low, high = frequency_interval(cells.counts[seen], cells.paths)
    axes.vlines(cells.centres[seen], low, high, colors=SAMPLED, linewidth=1.0, zorder=3, label="68 % interval")


def _draw_means(axes: Axes, ensemble: Ensemble, quantity: str) -> None:
    sampled, exact = ensemble.mean(quantity), ensemble.law.mean(quantity)
    axes.axvline(sampled, color=SAMPLED, linewidth=1.1, zorder=2.2, label="sampled mean")
    axes.axvline(exact, color=EXACT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2.3, label="exact mean")
    axes.annotate(
        rf"$\langle {SYMBOLS[quantity]}\rangle$",
        xy=(exact, 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 1.5),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize="small",
        annotation_clip=False,
    )


def _write_legend(axes: Axes, ensemble: Ensemble, quantity: str) -> None:
    """A small table above the axes that is legend and result at once."""
    symbol, law, paths = SYMBOLS[quantity], ensemble.law, ensemble.paths
    mean, variance, _ = law.cumulants(quantity)
    size = float(np.abs(law.quantity(quantity)).max(initial=0.0))
    columns = [_column(rf"\langle {symbol}\rangle", ensemble.mean(quantity), mean, variance, paths, size)]
    if quantity in QUANTITIES:
        exact = law.exponential_average(quantity)
        with np.errstate(over="ignore", invalid="ignore"):
            spread = float(np.exp(law.log_exponential_average(quantity, 2.0)) - np.square(exact))
        sampled = ensemble.exponential_average(quantity)
        columns.append(_column(rf"\langle e^{{-{symbol}}}\rangle", sampled, exact, spread, paths, exact))
        if quantity == "sigma" and law.absolute_irreversibility > ROUNDING:
            columns[-1][-1] += r" = 1 - \lambda"
    nothing = Line2D([], [], linestyle="none")
    patch = Patch(color=SAMPLED_FILL, linewidth=0)
    error = Line2D([], [], color=SAMPLED, linestyle="none", marker="|", markersize=5)
    line = Line2D([], [], color=EXACT, linewidth=1.0)
    labels = ["", "sampled", "exact", *(f"${cell}$" for column in columns for cell in column)]
    LegendAbove(
        axes,
        [nothing, (patch, error), line, *[nothing] * (3 * len(columns))],
        labels,
        columns=1 + len(columns),
        gap=LEGEND_GAP,
        spacing=-0.8,  # the next column begins with the place of a mark, which is empty
    )


def _column(name: str, sampled: float, exact: float, variance: float, paths: int, size: float) -> list[str]:
    """Name, sampled average with its standard error, and exact average; what is only rounding counts as zero."""
    if variance <= (ROUNDING * size) ** 2:
        return [name, *(exact_number(0.0 if abs(value) <= ROUNDING * size else value) for value in (sampled, exact))]
    error = math.sqrt(variance / paths)
    rounded = 0.0 if abs(exact) <= ROUNDING * size else exact
    return [name, number_with_error(sampled, error), exact_number(rounded, digits_beside(exact, error))]
