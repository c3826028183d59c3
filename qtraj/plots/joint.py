r"""The joint law of two quantities as a map: of sigma_d and xi, of two heats, of any two that a path has.

Every path has :math:`\sigma = \sigma_d + \xi`, so that lines of constant entropy production fall from left to right; so
do lines of constant total heat on the map of the heats into two reservoirs.
Discs are the exact law: colour and area grow with the logarithm of the probability, because rare paths carry the
theorem. A ring round a disc is what was sampled, on the same scale: it hugs its disc where sample and law agree.
Without a law, discs are what was sampled, and there are no rings.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D

from qtraj.arrays import FloatArray
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.atoms import reservoirs_of
from qtraj.plots.cells import axis_floor
from qtraj.plots.constant_sums import draw_constant_sums
from qtraj.plots.joint_cells import MOST_PLACES, ROUNDED, SMALLEST_AREA, JointCells, joint_cells, quantum_of
from qtraj.plots.labels import axis_label, in_lines, symbol
from qtraj.plots.style import FAINT, INK, LegendAbove, axes_to_draw_on, figure_of

__all__ = ["joint_map"]

# Cividis runs from dark blue to yellow with steadily rising lightness, and looks the same to colour-blind readers.
# Reversed, likely paths are dark and rare ones pale.
COLOURS = "cividis_r"

# On one axis.
MOST_TICKS = 7

# Of ticks at values of the law.
DECIMALS = 2

# Points between axes and legend, room for the values of the sum.
LEGEND_GAP = 14.0


def joint_map(ensemble: Ensemble, x: str = "sigma_d", y: str = "xi", *, ax: Axes | None = None) -> Axes:
    r"""Draw the joint probabilities of two quantities, exact as discs and sampled as rings.

    Args:
        ensemble: The sampled paths. Without a law, discs are what was sampled.
        x: Quantity along the horizontal axis.
        y: Quantity along the vertical axis, such as `heat_into_cold` against `heat_into_hot`.
        ax: Axes to draw on; by default those of a new figure, one column wide, in paper style.

    Returns:
        The axes; `.figure` is the figure. Atoms that were not seen and are rarer than a decade and a half below one
        path are left out; more than 150 atoms are joined in the cells of a grid, if they do not lie on a lattice.

    Raises:
        InvalidInput: If both quantities are the same.
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol does not define one of them.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> axes = joint_map(sample(build_model("two-qubit-exchange"), paths=1000))
        >>> axes.get_xlabel()
        'population part $\\sigma_{\\mathrm{d}}$ (nats)'
    """
    cells = joint_cells(ensemble, x, y)
    likeliest, rarest = float(cells.weights[0]), float(cells.weights[-1])
    scale = LogNorm(vmin=max(axis_floor(ensemble.paths), min(rarest / 2, likeliest / 100)), vmax=likeliest)
    with axes_to_draw_on(ax, height=2.9) as axes:
        discs = axes.scatter(
            cells.positions[:, 0],
            cells.positions[:, 1],
            s=_areas(cells.weights, scale, cells.largest_area),
            c=cells.weights,
            cmap=COLOURS,
            norm=scale,
            linewidths=0,
            zorder=3,
            label="sampled" if cells.probabilities is None else "exact",
        )
        handles = [Line2D([], [], linestyle="none", marker="o", markersize=5, mew=0, color=discs.get_cmap()(0.6))]
        names = [str(discs.get_label())]
        if cells.probabilities is not None:
            _draw_rings(axes, cells, scale)
            handles.append(Line2D([], [], linestyle="none", marker="o", markersize=5.5, mfc="none", mec=INK, mew=0.5))
            names.append("sampled")
        axes.margins(0.08)
        for axis, column in zip((axes.xaxis, axes.yaxis), cells.positions.T, strict=True) if cells.are_atoms else ():
            _set_ticks(axis, column)
        total = _sum_of(ensemble, x, y)
        if total is not None and draw_constant_sums(axes, total, cells.positions):
            handles.append(Line2D([], [], color=FAINT, linewidth=0.5))
            names.append(f"constant ${total} = {symbol(x)} + {symbol(y)}$")
        axes.set_xlabel(axis_label(x, reservoirs_of(ensemble)))
        axes.set_ylabel(in_lines(axis_label(y, reservoirs_of(ensemble))))
        what = "frequency" if cells.probabilities is None else "probability"
        label = what if cells.are_atoms else f"{what} per cell of the grid"
        bar = figure_of(axes).colorbar(discs, ax=axes, label=label, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        LegendAbove(axes, handles, names, columns=len(names), gap=LEGEND_GAP if total is not None else 4.0)
    return axes


def _set_ticks(axis: Axis, column: FloatArray) -> None:
    """Ticks at the values themselves where they lie on a lattice of round numbers: half a quantum is in no law."""
    span, quantum = float(np.ptp(column)), quantum_of(column)
    if span <= ROUNDED:
        axis.set_ticks([float(column[0])])
    elif quantum > 0 and (places := round(span / quantum) + 1) <= MOST_PLACES:
        step = quantum * math.ceil(places / MOST_TICKS)
        # Counted from the value next to zero, which is one of the ticks if it is one of the values.
        first = float(column[np.abs(column).argmin()])
        first -= step * math.floor((first - float(column.min())) / step + ROUNDED)
        ticks = first + step * np.arange(math.floor((float(column.max()) - first) / step + ROUNDED) + 1)
        ticks = np.where(np.abs(ticks) < ROUNDED * span, 0.0, ticks)
        if np.abs(ticks - np.round(ticks, DECIMALS)).max() < ROUNDED * span:  # longer numbers run into each other
            axis.set_ticks(ticks.tolist())


def _draw_rings(axes: Axes, cells: JointCells, scale: LogNorm) -> None:
    seen = cells.counts > 0
    axes.scatter(
        cells.positions[seen, 0],
        cells.positions[seen, 1],
        s=_areas(cells.frequencies[seen], scale, cells.largest_area),
        facecolors="none",
        edgecolors=INK,
        linewidths=0.5,
        zorder=4,
        label="sampled",
    )


def _areas(probabilities: FloatArray, scale: LogNorm, largest: float) -> FloatArray:
    """Mark areas that grow linearly with the logarithm of the probability."""
    height = np.clip(np.asarray(scale(probabilities), dtype=np.float64), 0.0, None)
    areas: FloatArray = SMALLEST_AREA + (largest - SMALLEST_AREA) * height
    return areas


def _sum_of(ensemble: Ensemble, x: str, y: str) -> str | None:
    """Symbol of the quantity that both add up to, if they do."""
    if {x, y} == {"sigma_d", "xi"}:
        return symbol("sigma")
    heats = {name for name in ensemble.quantities if name.startswith("heat_into_")}
    return symbol("heat") if {x, y} == heats and "heat" in ensemble.quantities else None
