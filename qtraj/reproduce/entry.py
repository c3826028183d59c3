"""What a reproduction is: a figure or table of a paper, made again, its printed numbers beside ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtraj.errors import InvalidInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLUMN_HEIGHT", "Reproduction", "Row"]

COLUMN_HEIGHT = 2.7
"""Height of a figure of one row of axes, in inches."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One quantity, three times.

    Attributes:
        quantity: What it is, in words and symbols, with the parameters that differ from the entry's own.
        printed: The value of the paper's formula (or figure) as printed, a word such as "not given", or None.
        corrected: The value of the right formula, where the paper's is wrong; None where there is nothing to correct.
        ours: The value that the package computes without the formula: from a density matrix or from paths.
        note: What is wrong in print, or why nothing can be compared; a sentence without its full stop.
    """

    quantity: str
    printed: float | str | None
    corrected: float | str | None
    ours: float | str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A figure or table of a paper.

    Attributes:
        name: Its name on the command line, such as `diosi14-currents`.
        source: Key of the paper in the bibliography, with the place: "Diosi14, slide 6".
        what: What it shows, in one sentence.
        rows: Computes the table. Takes seconds at most.
        draw: Draws on an empty figure in paper style, one column wide; it may set another size. None if the entry is
            a table only.
    """

    name: str
    source: str
    what: str
    rows: Callable[[], tuple[Row, ...]]
    draw: Callable[[Figure], None] | None = None

    def figure(self) -> Figure:
        """The figure, in paper style; write it with `qtraj.plots.save_figure`.

        Raises:
            InvalidInput: If the entry is a table only.
        """
        if self.draw is None:
            raise InvalidInput(f"`{self.name}` is a table and has no figure")
        # Imported here: matplotlib takes half a second, which only figures are worth.
        from qtraj.plots.style import COLUMN_WIDTH, PaperFigure, paper_style

        figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=COLUMN_HEIGHT)
        with paper_style():
            self.draw(figure)
        return figure
