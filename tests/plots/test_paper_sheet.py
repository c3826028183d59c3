"""The style sheet for papers: one file, found by name, and the one that figures of qtraj are drawn with."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.resources import files

import matplotlib
import pytest
from matplotlib.axes import Axes

import qtraj.plots
from qtraj.plots.style import COLUMN_WIDTH, PAPER, paper_style


def test_matplotlib_finds_it_by_name() -> None:
    """In a program of its own: pyplot keeps its settings for good."""
    code = (
        "import matplotlib.pyplot as plt; from qtraj.plots.style import PAPER; plt.style.use('qtraj.plots.paper'); "
        "assert all(plt.rcParams[key] == value for key, value in PAPER.items())"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


def test_it_is_part_of_the_package() -> None:
    assert (files("qtraj.plots") / "paper.mplstyle").is_file()


def test_it_suits_a_journal() -> None:
    assert PAPER["figure.figsize"][0] == COLUMN_WIDTH
    assert min(PAPER[key] for key in ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")) >= 8
    assert PAPER["pdf.fonttype"] == 42  # letters stay letters; some journals refuse type 3
    colours = [entry["color"] for entry in PAPER["axes.prop_cycle"]]
    lightness = [
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), matplotlib.colors.to_rgb(colour), strict=True))
        for colour in colours
    ]
    assert len({round(value, 2) for value in lightness}) == len(colours)
    with paper_style():
        assert matplotlib.rcParams["font.family"] == ["STIXGeneral"]


DRAWING = [
    name
    for name in qtraj.plots.__all__
    if name.islower() and "ax" in inspect.signature(getattr(qtraj.plots, name)).parameters
]


def test_what_draws_is_public() -> None:
    assert set(DRAWING) >= {
        *("currents", "detailed_theorem", "histogram", "joint_map", "quasiprobability", "tail", "trajectory", "walk")
    }


@pytest.mark.parametrize("name", DRAWING)
def test_every_drawing_function_takes_axes_and_returns_axes(name: str) -> None:
    function = getattr(qtraj.plots, name)
    parameter = inspect.signature(function).parameters["ax"]
    assert parameter.default is None
    assert parameter.kind is parameter.KEYWORD_ONLY
    assert inspect.signature(function).return_annotation == Axes.__name__
