"""What a reproduction is: a figure or table of a paper, made again, its printed numbers beside ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qtraj.errors import InvalidInput
from qtraj.reproduce.setting import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "AS_PRINTED",
    "COLUMNS",
    "COLUMN_HEIGHT",
    "MEANINGS",
    "NOT_GIVEN",
    "NO_NUMBERS",
    "ONLY_OURS",
    "PLOTTED",
    "Reproduction",
    "Row",
]

COLUMN_HEIGHT: Final = 2.7
"""Height of a figure of one row of axes, in inches."""


COLUMNS: Final = {
    "printed": "the paper's formula, number or statement",
    "corrected": "the right value, where the paper is wrong or has none",
    "ours": "computed without that formula",
}
"""The three values of a row, and what they are."""

NOT_GIVEN: Final = "not given"
"""Of what is printed: the paper has neither a formula nor a number."""

PLOTTED: Final = "plotted"
"""Of what is printed: a curve, without a formula or a number."""

AS_PRINTED: Final = "as printed"
"""Of what is corrected: nothing, the paper is right."""

ONLY_OURS: Final = "only ours"
"""Of what is corrected: there is no formula to put in place of the print, and ours is the right value."""

MEANINGS: Final = {
    NOT_GIVEN: "the paper has neither a formula nor a number",
    PLOTTED: "the paper has a curve, and neither a formula nor a number",
    AS_PRINTED: "the paper is right, to the digits that it gives",
    ONLY_OURS: "the paper is wrong or silent, there is no formula to put in its place, and ours is the right value",
}
"""What these words mean to somebody who has only the paper."""

NO_NUMBERS: Final = "the paper's formula at these parameters (ours: the paper has no numbers), or its statement"
"""What stands under `printed` where the paper has no numbers at all."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One quantity, three times.

    Attributes:
        quantity: What it is, in words and symbols, with the parameters that differ from the entry's own.
        printed: The value of the paper's formula as printed, its number, its statement in words, or `NOT_GIVEN` or
            `PLOTTED`.
        corrected: `AS_PRINTED` if the paper is right; else the value of the right formula, the right statement, or
            `ONLY_OURS`.
        ours: The value that the package computes without the formula: from a density matrix or from paths.
        note: What is wrong in print, or why two numbers of the row differ; a sentence without its full stop.
    """

    quantity: str
    printed: float | str
    corrected: float | str = AS_PRINTED
    ours: float | str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A figure or table of a paper.

    Attributes:
        name: Its name on the command line, such as `diosi14-currents`.
        source: Key of the paper in the bibliography, with the place: "Diosi14, slide 6".
        what: What it shows, in one sentence.
        at: Builds what the numbers are of, the parameters that rows name excepted.
        printed: What stands under `printed` here: a number that the paper prints, or the value of its formula at
            parameters of its own or of ours.
        rows: Computes the table. Takes seconds at most.
        remark: What has to be known of all rows: where the values come from and how far they can be trusted; a
            sentence.
        draw: Draws on an empty figure in paper style, one column wide; it may set another size. None if the entry is
            a table only.
    """

    name: str
    source: str
    what: str
    at: Callable[[], tuple[Setting, ...]]
    printed: str
    rows: Callable[[], tuple[Row, ...]]
    remark: str = ""
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
