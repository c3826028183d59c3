"""Currents are the exact heats of every round, and dashed lines the exact steady ones."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from qtraj.density.collision_model import collision_model_averages
from qtraj.errors import InvalidInput
from qtraj.models import build_model
from qtraj.paths.sample import sample
from qtraj.plots import currents
from qtraj.plots.currents import heat_per_round
from qtraj.plots.style import LegendAbove, figure_of
from tests.plots.other_processes import COLLISIONS, collision_model, jump_process


def line(axes: Axes, label: str) -> np.ndarray:
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return np.asarray(found.get_ydata(), dtype=float)


@pytest.mark.parametrize("name", COLLISIONS)
def test_every_collision_model_can_be_drawn(name: str) -> None:
    model = collision_model(name)
    values = collision_model_averages(model)
    axes = currents(model, averages=values)
    heat = heat_per_round(model, values)
    for reservoir in model.reservoirs:
        np.testing.assert_array_equal(line(axes, reservoir), heat[reservoir])
        assert heat[reservoir].shape == (model.repeat,)
        assert heat[reservoir].sum() == pytest.approx(values.heat_into[reservoir].sum())
        assert values.steady_heat_into is not None
        assert set(line(axes, f"{reservoir} steady")) == {values.steady_heat_into[reservoir]}
    figure_of(axes).canvas.draw()


def test_the_currents_settle_where_the_dashed_lines_are() -> None:
    axes = currents(build_model("coherent-collision", interaction_angle=0.5, collisions=200))
    for name in ("hot", "cold"):
        whole, steady = line(axes, name), line(axes, f"{name} steady")[0]
        assert whole[-1] == pytest.approx(steady, abs=1e-5)
        # Negative control: at the start they are elsewhere.
        assert abs(whole[0] - steady) > 0.02


def test_rounds_add_up_to_what_paths_carry() -> None:
    """Sampled heat against the sum of the line; |z| > 6.2 has probability 6e-10, and 10 % more heat gives z = 15."""
    model = collision_model("thermal")
    ensemble, heat = sample(model, paths=10**6, seed=5), heat_per_round(model, collision_model_averages(model))
    for name in ("hot", "cold"):
        quantity = f"heat_into_{name}"
        difference = ensemble.mean(quantity) - heat[name].sum()
        assert abs(difference) < 6.2 * ensemble.standard_error(quantity)
        assert abs(difference + 0.1 * heat[name].sum()) > 6.2 * ensemble.standard_error(quantity)


def test_measured_units_are_drawn_beside() -> None:
    model = collision_model("measured")
    measured = collision_model_averages(model).measured
    assert measured is not None
    axes = currents(model)
    np.testing.assert_array_equal(line(axes, "hot measured"), heat_per_round(model, measured)["hot"])
    assert not [one for one in currents(collision_model("coherent")).lines if "measured" in str(one.get_label())]


def test_the_legend_covers_no_data() -> None:
    axes = currents(collision_model("three"))
    figure_of(axes).canvas.draw()
    (legend,) = axes.findobj(LegendAbove)
    assert isinstance(legend, LegendAbove)
    box, page = legend.get_window_extent(), figure_of(axes).bbox
    assert box.y0 >= axes.get_window_extent().y1
    assert box.x1 <= page.x1
    assert [text.get_text() for text in legend.get_texts()] == ["into hot", "into cold", "into warm", "steady, exact"]


def test_a_single_round_is_a_whole_number() -> None:
    axes = currents(collision_model("three"))
    figure_of(axes).canvas.draw()
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1.0]


def test_the_legend_stands_above_the_power_of_ten() -> None:
    """Heats of a thousandth have their power of ten at the top of the axis, where the legend begins."""
    axes = currents(collision_model("coherent"))
    figure_of(axes).canvas.draw()
    (legend,) = axes.findobj(LegendAbove)
    power = axes.yaxis.get_offset_text()
    assert "10^" in power.get_text()
    box, page = legend.get_window_extent(), figure_of(axes).bbox
    assert power.get_window_extent().y1 < box.y0
    assert box.y1 <= page.y1 + 1
    # Without one it stands as low as any other legend.
    plain = currents(collision_model("relaxation"))
    figure_of(plain).canvas.draw()
    (other,) = plain.findobj(LegendAbove)
    assert plain.yaxis.get_offset_text().get_text() == ""
    assert other.get_window_extent().y0 - plain.bbox.y1 < box.y0 - axes.bbox.y1


def test_other_processes_have_none() -> None:
    with pytest.raises(InvalidInput, match="`process` must be a collision model, but is JumpProcess"):
        currents(jump_process("qutrit"))
