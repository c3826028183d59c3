r"""What a sweep found: a curve over one swept key, a map over two; sampled beside exact.

On a curve, dots with bars of one standard error are what was sampled, and a dashed line joins the exact values. On a
map, colour is what was sampled, and dashed lines join places of equal exact values. Points whose check did not pass are
marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.plots.labels import SYMBOLS, axis_label, in_text, reservoir_of, symbol
from qtraj.plots.style import EXACT, INK, SAMPLED, VERDICT_COLOURS, LegendAbove, axes_to_draw_on, figure_of

__all__ = ["sweep"]

# From dark blue to yellow with steadily rising lightness; where zero lies in between, purple and orange on its two
# sides. Both look alike to colour-blind readers.
RISING, AROUND_ZERO = "cividis", "PuOr_r"

# Signs that differ only in the noise are no reason for two colours: by so many standard errors they must.
CLEARLY = 5.0

# Fewer values than this are no curve, and a grid that is narrower has no lines of equal values.
FEWEST_FOR_LINES = 3

# Equal ratios, to the rounding of a printed value, and not within a decade, where a linear axis reads better.
RATIO_TOLERANCE = 1e-6
LEAST_RATIO = 8.0

LONGEST_KEY: Final = 40
LONGEST_TICK: Final = 12
CONTOURS: Final = 6
_EXPONENTIAL: Final = "exp_minus_"
_MARKS: Final = {"inconclusive": "o", "fail": "X"}


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
        curve: Columns with an entry for every point: the swept keys, `mean`, `standard_error`, `exact` and `verdict`;
            `SweepFolder.curve` gives them.
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
        >>> points |= {"standard_error": np.array([0.1, 0.1]), "verdict": np.array(["pass", "pass"])}
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
    places, names = _places(curve[over[0]])
    order = np.argsort(places, kind="stable")
    x = places[order]
    mean, error, exact = (
        np.asarray(curve[key], dtype=np.float64)[order] for key in ("mean", "standard_error", "exact")
    )
    verdicts = np.asarray(curve["verdict"])[order]
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
    passed = verdicts == "pass"
    axes.plot(x[passed], mean[passed], "o", color=SAMPLED, markersize=3, zorder=4, label="sampled")
    handles = [
        Line2D([], [], color=SAMPLED, marker="o", markersize=3, linestyle="none"),
        Line2D([], [], color=EXACT, linestyle="--" if joined else "none", marker="" if joined else "_", markersize=9),
    ]
    shown = ["sampled", "exact"]
    _mark(axes, x, mean, verdicts, handles, shown)
    if names is None:
        _scale(axes, "x", x)
    else:
        axes.set_xticks(np.unique(places), names, rotation=0 if len(names) <= 4 else 30)
        axes.set_xlim(-0.5, len(names) - 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    others = ", ".join(map(_key, over[1:]))
    axes.set_xlabel(_key(over[0]) + (f" (with {others})" if others else ""))
    axes.set_ylabel(label)
    LegendAbove(axes, handles, shown, columns=len(shown))


def _draw_map(axes: Axes, curve: Mapping[str, NDArray[Any]], first: str, second: str, label: str) -> None:
    sides, orders = [], []
    for name in (first, second):
        values = np.asarray(list(dict.fromkeys(curve[name].tolist())), dtype=object)
        places, names = _places(values)
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
    scaled = [_is_geometric(values) and names is None for values, names in sides]
    edges = [_edges(values, log=log) for (values, _), log in zip(sides, scaled, strict=True)]
    cells = axes.pcolormesh(*edges, np.ma.masked_invalid(mean), rasterized=True, zorder=1, **colours)
    for which, (values, names), log in zip("xy", sides, scaled, strict=True):
        if names is None:
            _scale(axes, which, values, log=log)
        else:
            getattr(axes, f"set_{which}ticks")(values, names)
    handles, shown = list[Line2D](), list[str]()
    lines = min(x.size, y.size) >= FEWEST_FOR_LINES and all(names is None for _, names in sides)
    if lines and np.isfinite(exact).all() and np.ptp(exact) > CLEARLY * float(np.median(error[finite])):
        drawn = axes.contour(x, y, exact, levels=CONTOURS, colors=[INK], linestyles="dashed", linewidths=0.7, zorder=2)
        drawn.set_path_effects([withStroke(linewidth=1.8, foreground="white", alpha=0.6)])
        handles.append(Line2D([], [], color=INK, linestyle="--", linewidth=0.7))
        shown.append("equal exact values")
    across, up = np.meshgrid(x, y)
    _mark(axes, across.ravel(), up.ravel(), grid("verdict").ravel(), handles, shown)
    axes.set_xlabel(_key(first))
    axes.set_ylabel(_key(second))
    axes.tick_params(direction="out")
    bar = figure_of(axes).colorbar(cells, ax=axes, label=label, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    if handles:
        LegendAbove(axes, handles, shown, columns=len(handles))


def _mark(
    axes: Axes, x: FloatArray, y: FloatArray, verdicts: NDArray[Any], handles: list[Line2D], shown: list[str]
) -> None:
    """Mark points whose check did not pass, in colour and in shape."""
    for verdict, mark in _MARKS.items():
        here = verdicts == verdict
        if here.any():
            look: dict[str, Any] = {"markersize": 4, "markerfacecolor": "white", "markeredgewidth": 0.8}
            look |= {"marker": mark, "markeredgecolor": VERDICT_COLOURS[verdict], "linestyle": "none"}
            axes.plot(x[here], y[here], zorder=5, label=verdict, **look)
            handles.append(Line2D([], [], **look))
            shown.append(verdict)


def _places(values: NDArray[Any]) -> tuple[FloatArray, list[str] | None]:
    """Where values stand on an axis; and what is written there, if they are no numbers."""
    listed = values.tolist()
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in listed):
        return np.asarray(listed, dtype=np.float64), None
    names = list(dict.fromkeys(map(str, listed)))
    positions = np.asarray([names.index(str(value)) for value in listed], dtype=np.float64)
    return positions, [_shortened(name, LONGEST_TICK) for name in names]


def _scale(axes: Axes, which: str, values: FloatArray, *, log: bool | None = None) -> None:
    if _is_geometric(values) if log is None else log:
        getattr(axes, f"set_{which}scale")("log")
        return
    axis = getattr(axes, f"{which}axis")
    whole = bool((values == np.round(values)).all())
    axis.set_major_locator(MaxNLocator(6, integer=whole))
    axis.set_minor_locator(NullLocator())


def _is_geometric(values: FloatArray) -> bool:
    """Whether values belong on a logarithmic axis: they grow by equal factors, over about a decade or more."""
    ordered = np.unique(values)
    if ordered.size < FEWEST_FOR_LINES or ordered[0] <= 0 or ordered[-1] < LEAST_RATIO * ordered[0]:
        return False
    steps = np.diff(np.log(ordered))
    return bool(np.ptp(steps) <= RATIO_TOLERANCE * steps.max())


def _edges(values: FloatArray, *, log: bool) -> FloatArray:
    """Borders of the cells around ascending values: half-way to the neighbours."""
    where = np.log(values) if log else values
    if where.size == 1:
        return np.array([values[0] / 2, values[0] * 2]) if log else np.array([values[0] - 0.5, values[0] + 0.5])
    middle = (where[:-1] + where[1:]) / 2
    edges = np.concatenate([[2 * where[0] - middle[0]], middle, [2 * where[-1] - middle[-1]]])
    return np.exp(edges) if log else edges


def _label(quantity: str) -> str:
    """The axis of a mean or an exponential average."""
    name = quantity.removeprefix(_EXPONENTIAL)
    if name not in SYMBOLS and reservoir_of(name) is None:
        return f"mean of {in_text(quantity)}"
    if quantity.startswith(_EXPONENTIAL):
        return rf"$\langle e^{{-{symbol(name)}}}\rangle$"
    return f"mean {axis_label(name)}".replace(f"${symbol(name)}$", rf"$\langle {symbol(name)}\rangle$")


def _key(name: str) -> str:
    return _shortened(name, LONGEST_KEY)


def _shortened(name: str, longest: int) -> str:
    """A key or a value as it stands, without signs that mean something in mathematics."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name).replace("$", r"\$")
    return text if len(text) <= longest else f"{text[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"
