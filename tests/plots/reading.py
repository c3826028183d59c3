"""What a reader finds written in a figure."""

from __future__ import annotations

from matplotlib.axes import Axes

from qtraj.plots.style import LegendAbove


def legend_of(axes: Axes) -> LegendAbove:
    """The one legend above the axes."""
    (legend,) = axes.findobj(LegendAbove)
    assert isinstance(legend, LegendAbove)
    return legend


def legend_texts(axes: Axes) -> list[str]:
    """What it says, column by column."""
    return [text.get_text() for text in legend_of(axes).get_texts()]
