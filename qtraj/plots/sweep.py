r"""What a sweep found: a curve over one swept key, a map over two; sampled beside exact.

On a curve, dots with bars of one standard error are what was sampled, and a dashed line joins the exact values. On a
map, colour is what was sampled, and dashed lines join places of equal exact values. Points that did not pass are
marked: those whose number is in doubt itself, and, by a ring or a square around the number, those that another check
found wanting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.plots.labels import SYMBOLS, axis_label, exponential_average, in_lines, in_text, reservoir_of, symbol
from qtraj.plots.style import (
    EXACT,
    INK,
    SAMPLED,
    VERDICT_COLOURS,
    LegendAbove,
    axes_to_draw_on,
    columns_that_fit,
    figure_of,
)
from qtraj.plots.swept_axes import cell_edges, is_geometric, name_ticks, places_of, set_scale, shortened

__all__ = ["sweep"]

# From dark blue to yellow with steadily rising lightness; where zero lies in between, purple and orange on its two
# sides. Both look alike to colour-blind readers.
RISING, AROUND_ZERO = "cividis", "PuOr_r"

# Signs that differ only in the noise are no reason for two colours: by so many standard errors they must.
CLEARLY = 5.0

# Fewer values than this are no curve, and a grid that is narrower has no lines of equal values.
FEWEST_FOR_LINES = 3

LONGEST_KEY: Final = 40

# Letters that fit below a curve.
LONGEST_LINE: Final = 50

# Letters that fit side by side in a legend.
LONGEST_LEGEND: Final = 57
CONTOURS: Final = 6
_EXPONENTIAL: Final = "exp_minus_"

# What a point that did not pass gets, and where the check of another number is the reason, in colour and in shape.
_OWN_MARKS: Final = {"inconclusive": "o", "fail": "X"}
_OTHER_MARKS: Final = {"inconclusive": "o", "fail": "s"}


def sweep(
    curve: Mapping[str, NDArray[Any]],
    over: Sequence[str],
    *,
    quantity: str = "sigma",
    zipped: bool = False,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw one quantity at all points of a sweep.

    Args:
        curve: Columns with an entry for every point: the swept keys, `mean`, `standard_error`, `exact`, `verdict` (of
            these numbers) and `point_verdict` (of all checks); `SweepFolder.curve` gives them.
        over: Names of the swept keys: one, or two of which the second changes fastest. Of keys that were zipped, the
            first one is drawn along.
        quantity: What the numbers are of, for the label.
        zipped: Whether the keys went side by side and not through a grid.
        ax: Axes to draw on; by default those of a new figure, one column wide, in paper style.

    Returns:
        The axes; `.figure` is the figure.

    Raises:
        InvalidInput: If there is nothing to draw, or a grid has more than two keys.

    Example:
        >>> points = {"angle": np.array([0.1, 0.2]), "mean": np.array([0.5, 0.7]), "exact": np.array([0.5, 0.6])}
        >>> points |= {"standard_error": np.array([0.1, 0.1])}
        >>> points |= {name: np.array(["pass", "pass"]) for name in ("verdict", "point_verdict")}
        >>> sweep(points, ["angle"]).get_ylabel()
        'mean entropy production $\\langle \\sigma\\rangle$ (nats)'
    """
    if not over or len(curve["mean"]) == 0:
        raise InvalidInput("`over` must name the keys that were swept, but there are none")
    if len(over) > 2 and not zipped:
        raise InvalidInput(
            f"a figure must have one or two swept keys, but there are {len(over)}: {', '.join(over)[:120]}; take part "
            "of the table and draw that",
            measured=float(len(over)),
        )
    if zipped or len(over) == 1:
        with axes_to_draw_on(ax) as axes:
            _draw_curve(axes, curve, over, _label(quantity))
    else:
        with axes_to_draw_on(ax, height=2.9) as axes:
            _draw_map(axes, curve, over[0], over[1], _label(quantity))
    return axes


def _draw_curve(axes: Axes, curve: Mapping[str, NDArray[Any]], over: Sequence[str], label: str) -> None:
    places, names = places_of(curve[over[0]])
    order = np.argsort(places, kind="stable")
    x = places[order]
    mean, error, exact = (
        np.asarray(curve[key], dtype=np.float64)[order] for key in ("mean", "standard_error", "exact")
    )
    verdict, of_point = (np.asarray(curve[key])[order] for key in ("verdict", "point_verdict"))
    joined = names is None and x.size > 1
    axes.plot(
        x,
        exact,
        color=EXACT,
        linestyle="--" if joined else "none",
        marker=None if joined else "_",
        markersize=14,
        zorder=2,
        label="exact",
    )
    axes.errorbar(x, mean, yerr=error, fmt="none", ecolor=SAMPLED, elinewidth=0.8, capsize=1.5, zorder=3)
    passed = verdict == "pass"
    axes.plot(x[passed], mean[passed], "o", color=SAMPLED, markersize=3, zorder=4, label="sampled")
    handles = [
        Line2D([], [], color=SAMPLED, marker="o", markersize=3, linestyle="none"),
        Line2D([], [], color=EXACT, linestyle="--" if joined else "none", marker="" if joined else "_", markersize=9),
    ]
    shown = ["sampled", "exact"]
    _mark(axes, x, mean, verdict, of_point, handles, shown)
    if names is None:
        set_scale(axes, "x", x)
    else:
        name_ticks(axes, "x", np.unique(places), names)
        axes.set_xlim(-0.5, len(names) - 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    others = ", ".join(map(_key, over[1:]))
    axes.set_xlabel(in_lines(_key(over[0]) + (f" (with {others})" if others else ""), LONGEST_LINE))
    axes.set_ylabel(label)
    LegendAbove(axes, handles, shown, columns=columns_that_fit(shown, LONGEST_LEGEND))


def _draw_map(axes: Axes, curve: Mapping[str, NDArray[Any]], first: str, second: str, label: str) -> None:
    sides, orders = [], []
    for name in (first, second):
        values = np.asarray(list(dict.fromkeys(curve[name].tolist())), dtype=object)
        places, names = places_of(values)
        orders.append(np.argsort(places, kind="stable"))
        sides.append((places[orders[-1]], names))
    (x, _), (y, _) = sides
    if x.size * y.size != len(curve["mean"]):
        raise InvalidInput(
            f"a map must have a point for each of {x.size} x {y.size} pairs of values, but has {len(curve['mean'])}"
        )

    def grid(name: str) -> NDArray[Any]:
        """A column as the map has it: the first key along the columns, ascending, the second along the rows."""
        table = np.asarray(curve[name]).reshape(x.size, y.size)
        return table[np.ix_(*orders)].T

    mean, exact = grid("mean").astype(np.float64), grid("exact").astype(np.float64)
    error = grid("standard_error").astype(np.float64)
    colours: dict[str, Any] = {"cmap": RISING}
    finite = np.isfinite(mean)
    if (mean + CLEARLY * error)[finite].min(initial=0.0) < 0 < (mean - CLEARLY * error)[finite].max(initial=0.0):
        reach = float(np.abs(mean[finite]).max())
        colours = {"cmap": AROUND_ZERO, "vmin": -reach, "vmax": reach}
    scaled = [is_geometric(values) and names is None for values, names in sides]
    edges = [cell_edges(values, log=log) for (values, _), log in zip(sides, scaled, strict=True)]
    cells = axes.pcolormesh(*edges, np.ma.masked_invalid(mean), rasterized=True, zorder=1, **colours)
    for which, (values, names), log in zip("xy", sides, scaled, strict=True):
        if names is None:
            set_scale(axes, which, values, log=log)
        else:
            name_ticks(axes, which, values, names)
    handles, shown = list[Line2D](), list[str]()
    lines = min(x.size, y.size) >= FEWEST_FOR_LINES and all(names is None for _, names in sides)
    if lines and np.isfinite(exact).all() and np.ptp(exact) > CLEARLY * float(np.median(error[finite])):
        drawn = axes.contour(x, y, exact, levels=CONTOURS, colors=[INK], linestyles="dashed", linewidths=0.7, zorder=2)
        drawn.set_path_effects([withStroke(linewidth=1.8, foreground="white", alpha=0.6)])
        handles.append(Line2D([], [], color=INK, linestyle="--", linewidth=0.7))
        shown.append("equal exact values")
    across, up = np.meshgrid(x, y)
    verdict, of_point = (grid(name).ravel() for name in ("verdict", "point_verdict"))
    _mark(axes, across.ravel(), up.ravel(), verdict, of_point, handles, shown)
    axes.set_xlabel(_key(first))
    axes.set_ylabel(_key(second))
    axes.tick_params(direction="out")
    bar = figure_of(axes).colorbar(cells, ax=axes, label=label, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    if handles:
        LegendAbove(axes, handles, shown, columns=columns_that_fit(shown, LONGEST_LEGEND))


def _mark(
    axes: Axes,
    x: FloatArray,
    y: FloatArray,
    verdict: NDArray[Any],
    of_point: NDArray[Any],
    handles: list[Line2D],
    shown: list[str],
) -> None:
    """Mark points that did not pass, and say in words whether the number shown or another check is the reason."""
    for word, mark in _OWN_MARKS.items():
        look: dict[str, Any] = {"marker": mark, "markersize": 4, "markerfacecolor": "white", "markeredgewidth": 0.8}
        _mark_these(axes, x, y, verdict == word, word, word, look, handles, shown)
    for word, mark in _OTHER_MARKS.items():
        around = {"marker": mark, "markersize": 7, "markerfacecolor": "none", "markeredgewidth": 1.0}
        _mark_these(
            axes, x, y, (of_point == word) & (verdict != word), word, f"{word}: another check", around, handles, shown
        )


def _mark_these(
    axes: Axes,
    x: FloatArray,
    y: FloatArray,
    here: NDArray[np.bool_],
    verdict: str,
    label: str,
    look: dict[str, Any],
    handles: list[Line2D],
    shown: list[str],
) -> None:
    if not here.any():
        return
    look = look | {"markeredgecolor": VERDICT_COLOURS[verdict], "linestyle": "none"}
    # The halo keeps a thin ring in sight on dark cells.
    halo = [withStroke(linewidth=2.2, foreground="white")]
    axes.plot(x[here], y[here], zorder=5, label=label, path_effects=halo, **look)
    handles.append(Line2D([], [], **look))
    shown.append(label)


def _label(quantity: str) -> str:
    """The axis of a mean or an exponential average."""
    name = quantity.removeprefix(_EXPONENTIAL)
    if name not in SYMBOLS and reservoir_of(name) is None:
        return f"mean of {in_text(quantity)}"
    if quantity.startswith(_EXPONENTIAL):
        return f"${exponential_average(name)}$"
    mean = f"mean {axis_label(name)}".replace(f"${symbol(name)}$", rf"$\langle {symbol(name)}\rangle$")
    return in_lines(mean)


def _key(name: str) -> str:
    return shortened(name, LONGEST_KEY)
