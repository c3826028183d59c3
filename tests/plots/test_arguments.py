"""Junk in any argument of a figure is refused with one of qtraj's own exceptions, as everywhere else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtraj import plots
from qtraj.errors import InvalidInput, QtrajError
from qtraj.plots.style import PaperFigure
from tests.plots.other_processes import ensemble_of

JUNK: tuple[Any, ...] = (None, "a", object(), float("nan"), [], {}, True, -1, 2.5, b"bytes")

FIGURES: dict[str, Callable[..., Any]] = {
    name: getattr(plots, name)
    for name in (
        *("currents", "detailed_theorem", "histogram", "joint_map", "overview", "quasiprobability", "tail"),
        *("trajectory", "walk"),
    )
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_drawn_must_be_something_to_draw(name: str) -> None:
    for junk in JUNK:
        with pytest.raises(QtrajError, match=r"`(ensemble|ensembles|process|table)` must"):
            FIGURES[name](junk)


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ("currents", "quasiprobability", "walk")])
def test_junk_in_any_other_argument_is_refused(name: str) -> None:
    """Or drawn, where it means something; never an exception from somewhere inside."""
    ensemble = ensemble_of("qutrit", paths=200)
    first = [ensemble] if name == "tail" else ensemble
    for argument in list(inspect.signature(FIGURES[name]).parameters)[1:]:
        for junk in JUNK:
            try:
                FIGURES[name](first, **{argument: junk})
            except QtrajError as error:
                assert str(error)  # noqa: PT017


@pytest.mark.parametrize("junk", [one for one in JUNK if not isinstance(one, str)])
def test_files_have_names(junk: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="`path` must be a file name, but is of class"):
        plots.check_figure_path(junk)
    with pytest.raises(InvalidInput, match="`figure` must be of class Figure"):
        plots.save_figure(junk, tmp_path / "a.png")
    with pytest.raises(InvalidInput, match="null character"):
        plots.save_figure(PaperFigure.of_size(width=1, height=1), "a\0.png")
    assert not list(tmp_path.iterdir())
