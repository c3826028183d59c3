r"""The Margenau-Hill quasiprobability of the heat beside its two-point distribution.

Solid bars are the quasiprobability (hatched where it is negative), dashes the two-point probabilities: where a bar does
not end at its dash, the first measurement would have changed the heat. The lines are the two means, of which only that
of the quasiprobability is the true one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qtraj.density.quasiprobability import HeatQuasiprobability
from qtraj.plots.labels import axis_label
from qtraj.plots.numerals import exact_number
from qtraj.plots.style import EXACT, FAINT, SAMPLED, SAMPLED_FILL, LegendAbove, axes_to_draw_on
from qtraj.quantum.scalars import instance_of

__all__ = ["quasiprobability"]

# Of the distance between neighbouring heats.
BAR_WIDTH = 0.5
DASH_WIDTH = 0.8

# Digits of the numbers in the legend.
DIGITS = 4


def quasiprobability(table: HeatQuasiprobability, *, ax: Axes | None = None) -> Axes:
    """Draw the quasiprobability of the heat and its two-point distribution.

    Args:
        table: What `qtraj.density.quasiprobability.heat_quasiprobability` returns.
        ax: Axes to draw on; by default those of a new figure, one column wide, in paper style.

    Returns:
        The axes; `.figure` is the figure.

    Example:
        >>> from qtraj.density.quasiprobability import heat_quasiprobability
        >>> from qtraj.models import build_model
        >>> axes = quasiprobability(heat_quasiprobability(build_model("two-qubit-exchange", correlation=0.1j)))
        >>> axes.get_ylabel()
        '(quasi)probability'
    """
    instance_of(table, HeatQuasiprobability, "table")
    heats, values, measured = table.heats, table.heat_margenau_hill, table.heat_two_point
    spacing = float(np.diff(heats).min()) if heats.size > 1 else 1.0
    with axes_to_draw_on(ax) as axes:
        axes.axhline(0.0, color=FAINT, linewidth=0.5, zorder=1)
        negative = values < 0
        for chosen, hatch in ((~negative, ""), (negative, "/////")):
            axes.bar(
                heats[chosen],
                values[chosen],
                width=BAR_WIDTH * spacing,
                color=SAMPLED_FILL,
                edgecolor=SAMPLED,
                linewidth=0.6,
                hatch=hatch,
                zorder=2,
                label="negative" if hatch else "quasiprobability",
            )
        half = DASH_WIDTH * spacing / 2
        axes.hlines(measured, heats - half, heats + half, colors=EXACT, linewidth=1.1, zorder=4, label="two-point")
        axes.axvline(table.mean_heat, color=SAMPLED, linewidth=1.1, zorder=3, label="true mean")
        axes.axvline(
            table.two_point_mean_heat, color=EXACT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=3.1, label="its mean"
        )
        axes.set_xlim(heats[0] - spacing, heats[-1] + spacing)
        low, high = float(min(values.min(), 0.0)), float(max(values.max(), measured.max()))
        axes.set_ylim(low - 0.06 * (high - low) * (low < 0), high + 0.06 * (high - low))
        axes.set_xlabel(axis_label("heat"))
        axes.set_ylabel("(quasi)probability")
        _write_legend(axes, table)
    return axes


def _write_legend(axes: Axes, table: HeatQuasiprobability) -> None:
    """What is drawn, with its mean, and the negativity."""
    bar = Patch(facecolor=SAMPLED_FILL, edgecolor=SAMPLED, linewidth=0.6)
    handles: list[Any] = [bar, Line2D([], [], color=EXACT, linewidth=1.1)]
    nothing = Line2D([], [], linestyle="none")
    names = [
        "Margenau-Hill",
        "two-point",
        rf"$\langle Q\rangle = {exact_number(table.mean_heat, DIGITS)}$",
        rf"$\langle Q\rangle = {exact_number(table.two_point_mean_heat, DIGITS)}$",
        rf"negativity ${exact_number(table.margenau_hill_negativity, DIGITS)}$",
        "",
    ]
    LegendAbove(axes, [*handles, *[nothing] * 4], names, columns=3, spacing=-0.4)
