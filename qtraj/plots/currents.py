r"""Heat per round of a collision model: how the currents settle, and where the exact steady state says they must.

Lines are mean heats into the units of each reservoir, one point a round, from joint density matrices [Li18, Eq. (10)];
dashed lines the same at the fixed point of a round, which is solved for and not iterated. Positive is into the
reservoir.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from qtraj.arrays import FloatArray
from qtraj.density.collision_model import CollisionModelAverages, collision_model_averages
from qtraj.errors import InvalidInput
from qtraj.plots.labels import in_text
from qtraj.plots.style import FAINT, INK, SERIES, LegendAbove, axes_to_draw_on
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.seam import Process

__all__ = ["currents", "heat_per_round"]

# Marks of the reservoirs, so that lines can be told apart without their colours, and how many on a line.
MARKS = "os^Dv"
MARKS_ON_A_LINE = 40


def heat_per_round(model: CollisionModel, averages: CollisionModelAverages) -> dict[str, FloatArray]:
    """Mean heat into each reservoir in every round, summed over its collisions there, shape (repeat,) each.

    Example:
        >>> from qtraj.models import build_model
        >>> model = build_model("coherent-collision", collisions=3)
        >>> heat_per_round(model, collision_model_averages(model))["hot"].round(6).tolist()
        [-0.003627, -0.006325, -0.008876]
    """
    rounds = int(model.repeat)
    return {name: heat.reshape(rounds, -1).sum(axis=1) for name, heat in averages.heat_into.items()}


def currents(process: Process, *, averages: CollisionModelAverages | None = None, ax: Axes | None = None) -> Axes:
    r"""Draw the mean heat into each reservoir, round by round, and its exact steady value.

    Where coherent units are measured in their energy basis, the paths are those of another process, with dephased
    units; its heats are drawn too, as dotted lines.

    Args:
        process: A collision model; the figure shows all its rounds.
        averages: Its averages, if you have them already.
        ax: Axes to draw on; by default those of a new figure, one column wide, in paper style.

    Returns:
        The axes; `.figure` is the figure. Without a unique fixed point there is no steady value to be drawn.

    Raises:
        InvalidInput: If the process is no collision model.
        TooLarge: If its averages are too large to be computed.

    Example:
        >>> from qtraj.models import build_model
        >>> currents(build_model("coherent-collision", collisions=50)).get_xlabel()
        'round'
    """
    if not isinstance(process, CollisionModel):
        raise InvalidInput(f"`process` must be a collision model, but is {type(process).__name__}")
    values = collision_model_averages(process) if averages is None else averages
    numbers = np.arange(1, int(process.repeat) + 1)
    every = -(-numbers.size // MARKS_ON_A_LINE)
    with axes_to_draw_on(ax) as axes:
        axes.axhline(0.0, color=FAINT, linewidth=0.4, zorder=1)
        handles, names = list[Line2D](), list[str]()
        measured = {} if values.measured is None else heat_per_round(process, values.measured)
        for place, (name, heat) in enumerate(heat_per_round(process, values).items()):
            colour, _ = SERIES[place % len(SERIES)]
            mark = MARKS[place % len(MARKS)]
            handles += axes.plot(
                numbers, heat, color=colour, marker=mark, markersize=3, markevery=every, zorder=3, label=name
            )
            names.append(f"into {in_text(name)}")
            if values.steady_heat_into is not None:
                steady = values.steady_heat_into[name]
                axes.axhline(
                    steady, color=colour, linestyle=(0, (4, 3)), linewidth=0.8, zorder=2, label=f"{name} steady"
                )
            if measured:
                axes.plot(numbers, measured[name], color=colour, linestyle=":", zorder=3, label=f"{name} measured")
        if values.steady_heat_into is not None:
            handles.append(Line2D([], [], color=INK, linestyle=(0, (4, 3)), linewidth=0.8))
            names.append("steady, exact")
        if measured:
            handles.append(Line2D([], [], color=INK, linestyle=":"))
            names.append("units measured")
        axes.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        axes.set_xlabel("round")
        axes.set_ylabel("mean heat per round (energy)")
        LegendAbove(axes, handles, names, columns=len(names) if len(names) <= 3 else (len(names) + 1) // 2)
    return axes
