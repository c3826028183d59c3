"""Whether everything that is written in a figure is also on its page."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.text import Text

# Pixels: the boxes of letters are rounded.
ROUNDING = 1.0


def texts_cut_off(figure: Figure) -> list[str]:
    """What is written across the edge of the page, or beyond it."""
    figure.canvas.draw()
    page = figure.bbox.padded(ROUNDING)
    # There are ticks beyond the ends of an axis, which are not drawn.
    unseen = {
        text
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
        for text in (tick.label1, tick.label2)
    }
    written = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text not in unseen]
    boxes = [text.get_window_extent() for text in written]  # type: ignore[attr-defined]
    return [
        text.get_text()  # type: ignore[attr-defined]
        for text, box in zip(written, boxes, strict=True)
        if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1
    ]
