"""One look for all figures: paper size, colour-blind safe, legible in greyscale, the same on every machine.

The style belongs to the figure and not to the program: nothing here goes through pyplot, no setting outlives a call,
and figures can be drawn from threads and on machines without a screen.

Colours are those of Okabe and Ito. What is sampled is filled or solid, what is exact is hollow or dashed, so that
nothing depends on telling colours apart.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotParams  # new in 3.9
from matplotlib.legend import Legend
from matplotlib.transforms import Affine2D, Bbox, ScaledTranslation

from qtraj.errors import InvalidInput
from qtraj.quantum.scalars import instance_of

__all__ = [
    "COLUMN_WIDTH",
    "EXACT",
    "FAINT",
    "INK",
    "PAGE_WIDTH",
    "PAPER",
    "PIXELS_PER_INCH",
    "QUIET",
    "SAMPLED",
    "SAMPLED_FILL",
    "SERIES",
    "VERDICT_COLOURS",
    "LegendAbove",
    "PaperFigure",
    "axes_to_draw_on",
    "columns_that_fit",
    "figure_of",
    "paper_style",
]

COLUMN_WIDTH = 3.4
"""Width of one column of a two-column journal, in inches."""

PAGE_WIDTH = 7.0
"""Width of both columns, in inches."""

PIXELS_PER_INCH = 200
"""Resolution of PNG files: a page-wide figure has 1400 pixels."""

INK = "#1a1a1a"
FAINT = "#8a8a8a"  # lines behind the data
QUIET = "#595959"  # words beside the data: grey, and still 7 times darker than paper
SAMPLED = "#0072B2"  # blue
SAMPLED_FILL = "#A9D5F2"  # sky blue, lightened: the darker marks of the exact law stand out on it in greyscale too
EXACT = "#D55E00"  # vermillion

SERIES: Sequence[tuple[str, Any]] = (
    ("#D55E00", "-"),  # vermillion
    ("#0072B2", "--"),  # blue
    ("#009E73", "-."),  # green
    ("#CC79A7", ":"),  # purple
    ("#B07A00", (0, (6, 1, 1, 1, 1, 1))),  # dark orange
    ("#56B4E9", (0, (8, 2))),  # sky blue
)
"""Colour and line style of the reservoirs, in their order; the hot one usually comes first."""

VERDICT_COLOURS: Mapping[str, str] = MappingProxyType(
    {"pass": "#007A5A", "fail": "#D55E00", "inconclusive": "#8A5F00"}  # green, vermillion, dark orange
)

# Typed as anything: the stubs list every setting there is, which differs between versions of matplotlib.
PAPER: Mapping[Any, Any] = MappingProxyType(
    dict(matplotlib.rc_params_from_file(Path(__file__).with_name("paper.mplstyle"), use_default_template=False))
)
"""The settings of the style sheet, which is a file so that `plt.style.use("qtraj.plots.paper")` finds it as well."""

# How many letters the mark before an entry of a legend takes.
MARK_LETTERS = 6

# Points between a legend and the power of ten below it.
POWER_GAP = 1.5

# matplotlib keeps its settings per program. Two threads that enter and leave `rc_context` in turns would each restore
# what the other had set, so only one may be inside.
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def paper_style() -> Iterator[None]:
    """Use the settings of `PAPER` for everything made inside, and restore what was there before.

    Example:
        >>> with paper_style():
        ...     matplotlib.rcParams["axes.linewidth"]
        0.6
    """
    with _ONE_AT_A_TIME, matplotlib.rc_context(dict(PAPER)):
        yield


class PaperFigure(Figure):
    """A figure that is drawn in paper style whoever draws it, and shows itself in notebooks.

    Example:
        >>> figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.5)
        >>> figure.get_size_inches().tolist()
        [3.4, 2.5]
    """

    @classmethod
    def of_size(cls, *, width: float, height: float) -> PaperFigure:
        """An empty figure of `width` by `height` inches."""
        with paper_style():
            figure = cls(figsize=(width, height))
            FigureCanvasAgg(figure)
        return figure

    def draw(self, renderer: RendererBase) -> None:
        """Draw with this style: ticks, for one, are made as late as here."""
        with paper_style():
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        """What IPython shows."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def figure_of(axes: Axes) -> Figure:
    """The figure that the axes belong to, also through subfigures."""
    parent = axes.get_figure()
    if parent is None:
        raise InvalidInput("`ax` must belong to a figure, but has been removed from it")
    # A subfigure knows the figure at the root, and the figure is its own root.
    return parent.figure


class LegendAbove(Legend):
    """A legend above the axes: it can cover no data, and its width does not make a layout engine shrink the axes.

    Args:
        axes: The axes it stands on.
        handles: One mark for each label, an empty one for a label without.
        labels: What to write, column by column.
        columns: How many columns.
        gap: Distance from the axes in points.
        spacing: Distance between columns, in units of the font size.
    """

    def __init__(
        self,
        axes: Axes,
        handles: Sequence[Any],
        labels: Sequence[str],
        *,
        columns: int,
        gap: float = 4.0,
        spacing: float = 1.2,
    ) -> None:
        self._lift = Affine2D()
        raised = axes.transAxes + ScaledTranslation(0.0, gap / 72, figure_of(axes).dpi_scale_trans) + self._lift
        self._gap = gap
        super().__init__(
            axes,
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            bbox_transform=raised,
            ncols=columns,
            columnspacing=spacing,
            fontsize="small",
            frameon=False,
            borderpad=0.0,
            borderaxespad=0.0,
            handlelength=1.4,
            handletextpad=0.6,
            labelspacing=0.35,
        )
        axes.add_artist(self)
        # Whatever can be clipped to its axes is taken to lie inside, and layout engines would leave no room for it.
        self.set_clip_on(False)

    def get_tightbbox(self, renderer: RendererBase | None = None) -> Bbox:
        """The part above the axes that a layout has to leave free."""
        self._clear_power(renderer)
        box, frame = self.get_window_extent(renderer), self.axes.bbox
        return Bbox.from_extents(frame.x0, box.y0, frame.x1, box.y1)

    def draw(self, renderer: RendererBase) -> None:
        """Draw above the power of ten, whose place is only known by now."""
        self._clear_power(renderer)
        super().draw(renderer)

    def _clear_power(self, renderer: RendererBase | None) -> None:
        """Rise above the power of ten that the vertical axis may have on its top."""
        power, bottom = self.axes.yaxis.get_offset_text(), self.axes.bbox.y1 + self._gap / 72 * self.figure.dpi
        needed = power.get_window_extent(renderer).y1 - bottom if power.get_text() and power.get_visible() else 0.0
        self._lift.clear().translate(0.0, max(0.0, needed + POWER_GAP * self.figure.dpi / 72 if needed > 0 else 0.0))


def columns_that_fit(labels: Sequence[str], letters: int) -> int:
    """Columns of a legend, as many as stand side by side on `letters`; the longest label makes its column so wide.

    Example:
        >>> columns_that_fit(["sampled", "exact"], 57), columns_that_fit(["sampled", "exact"], 20)
        (2, 1)
    """
    for columns in range(len(labels), 1, -1):
        widths = [int(part.max()) + MARK_LETTERS for part in np.array_split([len(one) for one in labels], columns)]
        if sum(widths) <= letters:
            return columns
    return 1


def _has_usual_margins(figure: Figure) -> bool:
    """Whether the margins are those of Matplotlib's settings."""
    return vars(figure.subplotpars) == vars(SubplotParams())


@contextmanager
def axes_to_draw_on(ax: Axes | None, *, width: float = COLUMN_WIDTH, height: float = 2.7) -> Iterator[Axes]:
    """The caller's axes in the caller's style, or those of a new figure (`width` by `height` inches) in paper style.

    Legends stand above the axes, where `plt.subplots()` leaves no room. So a figure whose layout is nobody's gets the
    constrained one; one with a layout engine, or with margins that somebody has set, keeps them.
    """
    if ax is not None:
        yield instance_of(ax, Axes, "ax")
        figure = figure_of(ax)
        if figure.get_layout_engine() is None and ax.get_subplotspec() is not None and _has_usual_margins(figure):
            figure.set_layout_engine("constrained")
        return
    with paper_style():
        yield PaperFigure.of_size(width=width, height=height).add_subplot()
