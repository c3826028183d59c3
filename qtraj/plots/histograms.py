r"""Histograms of entropy productions, heats and work: what was sampled, and the exact law over it.

The legend stands above the axes and carries the numbers, so that it can never cover data (see `averages_legend`). What
the picture leaves out is said in words below the axis: rare paths beyond its ends, and values that share a bar.

Where paths can only be followed there is no law to draw. The exact averages still follow from density matrices: of
small systems they are computed, of larger ones whoever has them can pass them. Without them the legend has what was
sampled and nothing else.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from qtraj.paths.ensemble import Ensemble
from qtraj.plots.atoms import ExactAverages, reservoirs_of
from qtraj.plots.averages_legend import write_averages
from qtraj.plots.cells import Bins, Cells, axis_floor, frequency_interval, make_cells
from qtraj.plots.labels import axis_label, symbol
from qtraj.plots.numerals import exact_number, whole_number
from qtraj.plots.style import EXACT, FAINT, QUIET, SAMPLED, SAMPLED_FILL, axes_to_draw_on
from qtraj.quantum.scalars import instance_of

__all__ = ["histogram"]

# Two decades at least: on less, a logarithmic axis has no labels and exaggerates differences.
LEAST_RATIO = 100.0

# Longer counts are rounded to three digits.
LONGEST_COUNT = 100_000


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
    exact probabilities, where there is a law, and else mark what was sampled, so that no bar is too low to be seen. The
    solid vertical line is the sampled mean, the dashed one the exact mean, where it is known. Rare paths far
    from all others are not drawn on a linear axis, but counted below it.

    Args:
        ensemble: The sampled paths.
        quantity: `sigma`, `sigma_d`, `xi` (nats), `heat` (into the environment), `heat_into_NAME`, `work` (energy that
            the system gains plus heat; all in the units of the energies), `entropy_into_NAME` (nats) or `jumps`.
        log: Logarithmic axis of probabilities, down to a decade and a half below one path. Then a dotted line marks
            one path, 1/N, below which nothing can have been seen.
        bins: `atoms` (one bar for each value), a number of bins (counts and exact law are added up over the same
            bins), or `auto`: atoms, those closer than a 90th of the axis in one bar, which is then said below the axis,
            if there are not too many.
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
    exact = ExactAverages.at_hand(ensemble, quantity) if exact is None else instance_of(exact, ExactAverages, "exact")
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
        _write_remarks(axes, cells, ensemble.outside)
        write_averages(axes, ensemble, quantity, exact)
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
            color=QUIET,
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
        left, right = cells.centres - 0.5 * cells.widths, cells.centres + 0.5 * cells.widths
        axes.hlines(cells.frequencies, left, right, colors=SAMPLED, linewidth=0.8, zorder=3, label="frequency")
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
    law = cells.probabilities
    heights, colour, label = (cells.frequencies, SAMPLED, "frequency") if law is None else (law, EXACT, "exact")
    axes.stairs(heights, cells.edges, color=colour, linewidth=0.8, zorder=4, label=label, baseline=None)


def _draw_intervals(axes: Axes, cells: Cells) -> None:
    """Error bars of all cells that were seen; an unseen one is below one path, which the axis marks once for all."""
    seen = cells.counts > 0
    low, high = frequency_interval(cells.counts[seen], cells.paths)
    axes.vlines(cells.centres[seen], low, high, colors=SAMPLED, linewidth=1.0, zorder=3, label="68 % interval")


def _write_remarks(axes: Axes, cells: Cells, outside: int) -> None:
    """Say in words, below the name of the axis, which values share a bar, and how many paths are not in the picture."""
    remarks = []
    if cells.spread > 0:
        remarks.append(f"some bars join values up to ${exact_number(cells.spread, 2)}$ apart")
    places = {"below": cells.below, "above": cells.above, "in no class of the law": outside}
    words = [f"{_count(number)} {place}" for place, number in places.items() if number]
    if words:
        remarks.append(f"paths not shown: {', '.join(words)}")
    if remarks:
        axes.annotate(
            "\n".join(remarks),
            xy=(0.5, 0.0),
            xycoords=axes.xaxis.label,
            xytext=(0, -1.5),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize="x-small",
            color=QUIET,
            annotation_clip=False,
        )


def _count(number: int) -> str:
    return f"${whole_number(number) if number < LONGEST_COUNT else exact_number(number, 3)}$"


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
