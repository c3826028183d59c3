"""Level diagrams: levels as lines, populations as bars on them, the measured level as a dot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from qtraj.arrays import FloatArray, frozen
from qtraj.plots.style import INK, QUIET, SAMPLED, SAMPLED_FILL

__all__ = ["Ladder", "choose_levels", "draw_ladder"]

# More lines than this in an inch are a hatching.
MOST_LEVELS = 15

# With more labels than this the energies would touch each other.
MOST_NAMED_LEVELS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Ladder:
    """The levels of one party that a diagram shows.

    Attributes:
        energies: Distinct energies shown, ascending, shape (L,).
        weights: Probability of each, shape (L,), drawn as bars.
        more_below: Whether there are lower levels.
        more_above: Whether there are higher ones.
    """

    energies: FloatArray
    weights: FloatArray
    more_below: bool
    more_above: bool


def choose_levels(energies: FloatArray, weights: FloatArray, shown: Sequence[float]) -> Ladder:
    """The levels around the `shown` energies, at most 15 unless more lie between those.

    Args:
        energies: Distinct energies of the party, ascending, shape (L,).
        weights: Probability of each, shape (L,).
        shown: Energies that must be in the picture.

    Example:
        >>> ladder = choose_levels(np.arange(100.0), np.full(100, 0.01), [40.0, 42.0])
        >>> float(ladder.energies.min()), float(ladder.energies.max()), ladder.more_below
        (34.0, 48.0, True)
    """
    first = int(np.argmin(np.abs(energies - min(shown))))
    last = int(np.argmin(np.abs(energies - max(shown))))
    spare = max(0, MOST_LEVELS - (last - first + 1))
    start = max(0, min(first - spare // 2, energies.size - (last - first + 1) - spare))
    stop = min(energies.size, start + (last - first + 1) + spare)
    return Ladder(
        energies=frozen(energies[start:stop]),
        weights=frozen(weights[start:stop]),
        more_below=start > 0,
        more_above=stop < energies.size,
    )


def draw_ladder(
    axes: Axes,
    ladder: Ladder,
    *,
    corner: tuple[float, float],
    size: tuple[float, float],
    full: float,
    dot: float | None = None,
    name: str = "",
    ghost: float | None = None,
) -> None:
    """Draw a level diagram into a box, given in the axes' data coordinates.

    Args:
        axes: Where to draw.
        ladder: The levels.
        corner: Lower left corner of the box.
        size: Width and height of the box.
        full: The probability whose bar is as long as a level.
        dot: Energy of the measured level, drawn as a dot.
        name: What to write beside the dot.
        ghost: Energy of the level it was in before, drawn as a ring.
    """
    (x, y), (width, height) = corner, size
    heights = _heights(ladder, y, height)
    axes.hlines(heights, x, x + width, colors=INK, linewidth=0.6 if heights.size <= MOST_LEVELS else 0.25, zorder=3)
    thickness = min(0.09, 0.6 * float(np.diff(heights).min(initial=height)))
    axes.barh(heights, width * ladder.weights / full, thickness, left=x, color=SAMPLED_FILL, zorder=2)
    for more, edge, place in ((ladder.more_below, y - 0.02, "top"), (ladder.more_above, y + height + 0.02, "bottom")):
        if more:
            axes.text(x + width / 2, edge, r"$\vdots$", ha="center", va=place, color=QUIET, fontsize="small")
    if heights.size <= MOST_NAMED_LEVELS:
        for energy, level in zip(ladder.energies, heights, strict=True):
            axes.text(x - 0.06, level, f"${energy:.4g}$", ha="right", va="center", color=QUIET, fontsize="small")
    places = dict(zip(ladder.energies.tolist(), heights.tolist(), strict=True))
    if ghost is not None and ghost != dot:
        axes.plot(x + 0.85 * width, places[ghost], "o", markersize=4.5, mfc="white", mec=SAMPLED, mew=0.8, zorder=4)
    if dot is not None:
        axes.plot(x + 0.85 * width, places[dot], "o", markersize=5, color=SAMPLED, zorder=5)
        axes.text(x + width + 0.06, places[dot], name, ha="left", va="center")


def _heights(ladder: Ladder, bottom: float, height: float) -> FloatArray:
    low, high = ladder.energies[0], ladder.energies[-1]
    if high == low:
        return np.full(ladder.energies.size, bottom + height / 2)
    heights: FloatArray = bottom + height * (ladder.energies - low) / (high - low)
    return heights
