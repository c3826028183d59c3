"""The style stays with its figures: settings of the program, threads and notebooks are left in peace."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import pytest
from matplotlib.figure import Figure

import qtraj
from qtraj.errors import InvalidInput
from qtraj.plots.style import (
    PAPER,
    SAMPLED,
    SAMPLED_FILL,
    VERDICT_COLOURS,
    PaperFigure,
    axes_to_draw_on,
    figure_of,
    paper_style,
)
from qtraj.theorems.checks import Verdict


def lightness(colour: str) -> float:
    """CIE L* of a colour, 0 to 100: what is left of it in greyscale."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in matplotlib.colors.to_rgb(colour)]
    y = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))
    return 116 * y ** (1 / 3) - 16


def test_settings_are_restored() -> None:
    before = dict(matplotlib.rcParams)
    with pytest.raises(ZeroDivisionError), paper_style():
        assert matplotlib.rcParams["svg.hashsalt"] == PAPER["svg.hashsalt"]
        _ = 1 / 0
    assert dict(matplotlib.rcParams) == before


def test_threads_do_not_leave_settings_behind() -> None:
    before = dict(matplotlib.rcParams)

    def work(_: int) -> bytes:
        figure = PaperFigure.of_size(width=1.0, height=1.0)
        with paper_style():
            figure.add_subplot().plot([0, 1], [0, 1])
        return figure._repr_png_()

    with ThreadPoolExecutor(4) as pool:
        pictures = set(pool.map(work, range(12)))
    assert len(pictures) == 1
    assert dict(matplotlib.rcParams) == before


def test_a_paper_figure_is_drawn_in_its_own_style() -> None:
    def picture() -> bytes:
        with axes_to_draw_on(None) as axes:
            axes.plot([0, 1], [0, 1])
        return figure_of(axes)._repr_png_()  # type: ignore[attr-defined,no-any-return]

    plain = picture()
    with matplotlib.rc_context({"font.size": 20, "xtick.labelsize": 20, "axes.linewidth": 5}):
        assert picture() == plain
    assert plain.startswith(b"\x89PNG")


def test_foreign_axes_keep_their_style() -> None:
    axes = Figure().add_subplot()
    with axes_to_draw_on(axes) as same:
        assert same is axes
        assert matplotlib.rcParams["font.size"] != PAPER["font.size"]


def engine_after(figure: Figure) -> str | None:
    with axes_to_draw_on(figure.axes[0]):
        pass
    engine = figure.get_layout_engine()
    return None if engine is None else type(engine).__name__


def test_a_figure_without_a_layout_gets_room_for_what_stands_outside_its_axes() -> None:
    plain = Figure()
    plain.add_subplot()
    assert engine_after(plain) == "ConstrainedLayoutEngine"


def test_a_layout_that_somebody_chose_is_kept() -> None:
    tight, spaced, placed = Figure(layout="tight"), Figure(), Figure()
    tight.add_subplot()
    spaced.add_subplot()
    spaced.subplots_adjust(left=0.3)
    placed.add_axes((0.2, 0.2, 0.5, 0.5))
    assert engine_after(tight) == "TightLayoutEngine"
    assert engine_after(spaced) is None
    assert engine_after(placed) is None


def test_the_root_figure_is_found_from_a_subfigure() -> None:
    figure = Figure()
    inner = figure.subfigures(1, 2)[0].add_subplot()
    assert figure_of(inner) is figure
    inner.remove()
    with pytest.raises(InvalidInput, match="`ax` must belong to a figure"):
        figure_of(inner)


def test_what_lies_on_bars_stands_out_in_greyscale() -> None:
    assert lightness(SAMPLED_FILL) - lightness(SAMPLED) > 30
    assert all(lightness(colour) < 56 for colour in VERDICT_COLOURS.values())


def test_every_verdict_has_a_colour() -> None:
    assert set(VERDICT_COLOURS) == {str(verdict) for verdict in Verdict}


def test_pyplot_is_never_imported() -> None:
    code = (
        "import qtraj.plots, sys; from qtraj.plots.style import PaperFigure; "
        "PaperFigure.of_size(width=1, height=1)._repr_png_(); print('matplotlib.pyplot' in sys.modules)"
    )
    root = Path(qtraj.__file__).parent.parent
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
