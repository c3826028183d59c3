"""Where the values of a swept key stand on an axis: places, scale and ticks, and the borders of cells around them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from qtraj.arrays import FloatArray

__all__ = ["cell_edges", "is_geometric", "name_ticks", "places_of", "set_scale", "shortened"]

# Equal ratios, to the rounding of a printed value, and not within a decade, where a linear axis reads better.
FEWEST_FOR_RATIOS: Final = 3
RATIO_TOLERANCE: Final = 1e-6
LEAST_RATIO: Final = 8.0

# So many values are ticked one by one, unless some stand closer than this part of the axis.
MOST_TICKED: Final = 7
LEAST_GAP: Final = 0.09

# Letters that fit side by side below the axis of a map, which is the shorter one; two of them part one label from the
# next.
LETTERS_ACROSS: Final = 38
LETTERS_BETWEEN: Final = 2

LONGEST_TICK: Final = 12
SLANT: Final = 30


def places_of(values: NDArray[Any]) -> tuple[FloatArray, list[str] | None]:
    """Where values stand on an axis; and what is written there, if they are no numbers."""
    listed = values.tolist()
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in listed):
        return np.asarray(listed, dtype=np.float64), None
    names = list(dict.fromkeys(map(str, listed)))
    positions = np.asarray([names.index(str(value)) for value in listed], dtype=np.float64)
    return positions, [shortened(name, LONGEST_TICK) for name in names]


def set_scale(axes: Axes, which: str, values: FloatArray, *, log: bool | None = None) -> None:
    """A scale that suits the values of a key, with ticks at these values where they are few."""
    logarithmic = is_geometric(values) if log is None else log
    if logarithmic:
        getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    ticks = _ticks(values, log=logarithmic, across=which == "x")
    if ticks is not None:
        axis.set_ticks(ticks, [_written(value) for value in ticks])
        axis.set_minor_locator(NullLocator())
    elif not logarithmic:
        whole = bool((values == np.round(values)).all())
        axis.set_major_locator(MaxNLocator(6, integer=whole))
        axis.set_minor_locator(NullLocator())


def name_ticks(axes: Axes, which: str, places: FloatArray, names: list[str]) -> None:
    """Ticks with the names of values that are no numbers, slanting where they would run into each other."""
    getattr(axes, f"set_{which}ticks")(places, names)
    if which == "x" and max(map(len, names)) + LETTERS_BETWEEN > LETTERS_ACROSS / len(names):
        axes.tick_params(axis="x", labelrotation=SLANT)


def _ticks(values: FloatArray, *, log: bool, across: bool) -> FloatArray | None:
    """The values themselves, if their labels have room; decades are better known as powers of ten."""
    ticks: FloatArray = np.unique(values)
    where = np.log10(ticks) if log else ticks
    if ticks.size > MOST_TICKED or (log and np.allclose(where, np.round(where))):
        return None
    if ticks.size == 1:
        return ticks
    gaps = np.diff(where) / np.ptp(where)
    sizes = np.array([len(_written(value)) for value in ticks])
    # Labels are centred: each takes half its length from the gaps on its two sides.
    needed = ((sizes[:-1] + sizes[1:]) / 2 + LETTERS_BETWEEN) / LETTERS_ACROSS if across else LEAST_GAP
    return ticks if (gaps >= np.maximum(needed, LEAST_GAP)).all() else None


def _written(value: float) -> str:
    """A number as other axes have it, with a minus and not a hyphen."""
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def is_geometric(values: FloatArray) -> bool:
    """Whether values belong on a logarithmic axis: they grow by equal factors, over about a decade or more."""
    ordered = np.unique(values)
    if ordered.size < FEWEST_FOR_RATIOS or ordered[0] <= 0 or ordered[-1] < LEAST_RATIO * ordered[0]:
        return False
    steps = np.diff(np.log(ordered))
    return bool(np.ptp(steps) <= RATIO_TOLERANCE * steps.max())


def cell_edges(values: FloatArray, *, log: bool) -> FloatArray:
    """Borders of the cells around ascending values: half-way to the neighbours, and not past zero on the way out."""
    if values.size == 1:
        half = abs(float(values[0])) / 2 or 0.5
        return np.array([values[0] - half, values[0] + half])
    where = np.log(values) if log else values
    middle = (where[:-1] + where[1:]) / 2
    edges: FloatArray = np.concatenate([[2 * where[0] - middle[0]], middle, [2 * where[-1] - middle[-1]]])
    if log:
        np.exp(edges, out=edges)
    # A key of positive values may have no others.
    if values[0] > 0:
        edges[0] = max(edges[0], 0.0)
    if values[-1] < 0:
        edges[-1] = min(edges[-1], 0.0)
    return edges


def shortened(name: str, longest: int) -> str:
    """A key or a value as it stands, without signs that mean something in mathematics."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name).replace("$", r"\$")
    return text if len(text) <= longest else f"{text[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"
