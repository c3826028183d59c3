"""Lines of constant sum on a map of two quantities, with their values where marks leave room for them."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from qtraj.arrays import FloatArray
from qtraj.plots.style import FAINT, QUIET

__all__ = ["draw_constant_sums"]

# Lines, and values of them that have room side by side; round steps between them.
MOST_SUMS = 9
MOST_LABELS = 4
STEPS = [1, 2, 5, 10]

# Width and height of a value and half those of a mark, in units of the axes; and where room is looked for.
LABEL_SIZE = np.array([0.22, 0.08])
MARK_SIZE = np.array([0.03, 0.03])
CORNERS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
PLACES_TRIED = 25


def draw_constant_sums(axes: Axes, total: str, positions: FloatArray) -> bool:
    """Lines x + y = constant at round values among those of the marks, each with its value where it comes in.

    A line that comes in from the side has its value beside it, where marks leave room; without room there is no line.

    Args:
        axes: The axes of the map, which may begin a little further to the left afterwards.
        total: Symbol of the sum, without dollar signs.
        positions: Where the marks are, shape (K, 2).

    Returns:
        Whether there is any line.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    totals = positions.sum(axis=1)
    # The values stand side by side along the top: no more of them than fit there.
    overall = MaxNLocator(MOST_SUMS, steps=STEPS).tick_values(left + bottom, right + top)
    above = MaxNLocator(MOST_LABELS, steps=STEPS).tick_values(left, right)
    step = float(max(overall[1] - overall[0], above[1] - above[0]))
    values = step * np.arange(math.floor((left + bottom) / step), math.ceil((right + top) / step) + 1)
    # A line that just misses the top would have no room for its value: the picture begins where it does not.
    missing = left + top - values
    left -= float(missing[(missing > 0) & (missing < LABEL_SIZE[0] / 2 * (right - left))].max(initial=0.0))
    spare = step / 2
    taken = positions
    drawn = False
    for value in values:
        if not max(left + bottom, totals.min() - spare) < value < min(right + top, totals.max() + spare):
            continue
        if left <= value - top <= right:
            place, side = np.array([value - top, top]), None
        else:
            found = _room_beside(value, taken, np.array([left, bottom]), np.array([right, top]))
            if found is None:
                continue
            place, side, corners = found
            taken = np.vstack([taken, corners])
        drawn = True
        axes.axline((value - bottom, bottom), slope=-1, color=FAINT, linewidth=0.4, zorder=1)
        axes.annotate(
            rf"${total} = {value:.4g}$",
            xy=(float(place[0]), float(place[1])),
            xytext=(0, 1.5) if side is None else (1.5 * side, 1.5 * side),
            textcoords="offset points",
            ha="center" if side is None else "left" if side > 0 else "right",
            va="top" if side == -1 else "bottom",
            fontsize="small",
            color=QUIET,
            annotation_clip=False,
        )
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    return drawn


def _room_beside(
    value: float, taken: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, int, FloatArray] | None:
    """Where the value of the line x + y = `value` has room, first on its way through the picture.

    Args:
        value: What the line is drawn for.
        taken: Where marks and other values are, shape (K, 2).
        low: Lower left corner of the axes.
        high: Upper right corner.

    Returns:
        A place on the line; 1 for the upper right of it and -1 for the lower left; the corners of the text, shape
        (4, 2). None if there is no room.
    """
    size, gap = LABEL_SIZE * (high - low), MARK_SIZE * (high - low)
    across = np.linspace(max(low[0], value - high[1]), min(high[0], value - low[1]), PLACES_TRIED)
    for place in np.stack([across, value - across], axis=1):
        for side in (1, -1):
            middle = place + side * size / 2
            inside = (np.abs(2 * middle - low - high) <= high - low - size).all()
            if inside and not (np.abs(taken - middle) < size / 2 + gap).all(axis=1).any():
                return place, side, middle + size / 2 * CORNERS
    return None
