"""The figure of a quasiprobability: bars and dashes stand where the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from qtraj.density.quasiprobability import HeatQuasiprobability, heat_quasiprobability
from qtraj.models.registry import build_model
from qtraj.plots.quasiprobability import quasiprobability
from qtraj.plots.style import PaperFigure
from tests.processes.correlated_cases import Case


@pytest.fixture(scope="module")
def table() -> HeatQuasiprobability:
    return heat_quasiprobability(
        build_model("two-qubit-exchange", angle=np.pi / 6, beta_system=0.5, beta_environment=1.0, correlation=-0.172j)
    )


def test_bars_are_the_quasiprobability_and_negative_ones_are_hatched(table: HeatQuasiprobability) -> None:
    axes = quasiprobability(table)
    bars = sorted((bar for bar in axes.patches if isinstance(bar, Rectangle)), key=lambda bar: bar.get_x())
    assert [bar.get_height() for bar in bars] == pytest.approx(table.heat_margenau_hill)
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx(table.heats)
    assert [bool(bar.get_hatch()) for bar in bars] == [True, False, False]


def test_lines_are_the_two_means_and_the_legend_says_the_negativity(table: HeatQuasiprobability) -> None:
    axes = quasiprobability(table)
    drawn = {line.get_label(): line.get_xdata()[0] for line in axes.lines if "mean" in str(line.get_label())}
    assert drawn["true mean"] == pytest.approx(table.mean_heat)
    assert drawn["its mean"] == pytest.approx(table.two_point_mean_heat)
    texts = [text.get_text() for artist in axes.artists for text in artist.get_texts()]  # type: ignore[attr-defined]
    assert "negativity $0.06525$" in texts


def test_it_draws_on_given_axes_and_without_negative_values() -> None:
    figure = PaperFigure.of_size(width=3.4, height=2.5)
    axes = figure.add_subplot()
    plain = heat_quasiprobability(Case.random(2, environment=(0.0, 1.0, 2.5), strength=0.0).operation.uncorrelated)
    assert quasiprobability(plain, ax=axes) is axes
    assert axes.get_ylim()[0] == 0
    figure.canvas.draw()
