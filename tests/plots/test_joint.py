"""The joint map puts every path where its two entropy productions are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from qtraj.errors import InvalidInput, NotRecorded, UnknownName
from qtraj.models import build_model
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.sample import sample
from qtraj.plots import joint_map
from qtraj.plots.atoms import reservoirs_of
from qtraj.plots.joint import MOST_TICKS
from qtraj.plots.joint_cells import joint_cells
from qtraj.plots.labels import axis_label
from qtraj.plots.style import LegendAbove, figure_of
from tests.plots.other_processes import WITHOUT_LAW, ensemble_of

Draw = Callable[..., Ensemble]


def marks(ensemble: Ensemble) -> dict[str, PathCollection]:
    axes = joint_map(ensemble)
    figure_of(axes).canvas.draw()
    return {str(c.get_label()): c for c in axes.collections if isinstance(c, PathCollection)}


def test_discs_are_the_law_and_rings_the_sample(draw: Draw) -> None:
    ensemble = draw("qubit")
    law = ensemble.law.distribution("sigma_d", "xi")
    drawn = marks(ensemble)
    order = np.argsort(-law.probabilities, kind="stable")
    np.testing.assert_array_equal(drawn["exact"].get_offsets(), law.values[order])
    np.testing.assert_array_equal(drawn["exact"].get_array(), law.probabilities[order])
    counts = law.counts(ensemble.class_counts)[order]
    np.testing.assert_array_equal(drawn["sampled"].get_offsets(), law.values[order][counts > 0])
    assert (np.diff(drawn["exact"].get_sizes()) <= 0).all()


def test_without_scatter_rings_are_as_large_as_their_discs(as_the_law: Draw) -> None:
    drawn = marks(as_the_law("qubit"))
    np.testing.assert_allclose(drawn["sampled"].get_sizes(), drawn["exact"].get_sizes(), rtol=1e-6)


def test_rings_differ_from_discs_where_the_sample_differs_from_the_law(draw: Draw) -> None:
    """Negative control of the test above."""
    right = draw("qubit")
    wrong = Ensemble(
        process=right.process,
        finite_law=right.law,
        sampler="counts",
        seeds=(0,),
        paths=right.paths,
        class_counts=np.random.default_rng(1).permutation(right.class_counts),
    )
    drawn = marks(wrong)
    assert drawn["sampled"].get_sizes().size == drawn["exact"].get_sizes().size
    assert np.abs(drawn["sampled"].get_sizes() - drawn["exact"].get_sizes()).max() > 10


def test_lines_of_constant_sigma_fall_with_slope_minus_one(draw: Draw) -> None:
    axes = joint_map(draw("qubit"))
    lines = [line for line in axes.lines if hasattr(line, "get_slope")]
    assert len(lines) > 2
    assert all(line.get_slope() == -1 for line in lines)
    named = [text for text in axes.texts if "sigma" in text.get_text()]
    for text in named:
        value = float(text.get_text().strip("$").removeprefix(r"\sigma = "))
        assert sum(text.xy) == pytest.approx(value)


def test_every_process_can_be_drawn(draw: Draw, name: str) -> None:
    assert set(marks(draw(name, paths=500))) == {"exact", "sampled"}


@pytest.mark.parametrize("protocol", ["kraus", "eigenbasis-two-point"])
def test_protocols_without_parts_have_no_map(draw: Draw, protocol: str) -> None:
    with pytest.raises(NotRecorded, match="sigma_d"):
        joint_map(draw("qubit", protocol=protocol))


def test_lines_of_constant_total_heat_are_those_that_occur() -> None:
    axes = joint_map(ensemble_of("thermal"), "heat_into_hot", "heat_into_cold")
    named = [text.get_text() for text in axes.texts if text.get_text().startswith("$Q =")]
    assert "$Q = 0$" in named
    total = ensemble_of("thermal").law.quantity("heat")
    lines = [line for line in axes.lines if hasattr(line, "get_slope")]
    for line in lines:
        assert total.min() - 2.5 < sum(line.get_xy1()) < total.max() + 2.5


@pytest.mark.parametrize(("x", "y"), [("heat_into_hot", "heat_into_warm"), ("sigma", "heat"), ("heat", "xi")])
def test_other_pairs_have_no_lines(x: str, y: str) -> None:
    ensemble = ensemble_of("three")
    axes = joint_map(ensemble, x, y)
    assert not [line for line in axes.lines if hasattr(line, "get_slope")]
    assert axes.get_xlabel() == axis_label(x, reservoirs_of(ensemble))
    assert axes.get_ylabel() == axis_label(y, reservoirs_of(ensemble))
    figure_of(axes).canvas.draw()


@pytest.mark.parametrize("process", WITHOUT_LAW)
def test_without_a_law_discs_are_the_sample(process: str) -> None:
    ensemble = ensemble_of(process)
    drawn = marks(ensemble)
    assert set(drawn) == {"sampled"}
    cells = joint_cells(ensemble)
    assert cells.probabilities is None
    assert cells.counts.sum() == ensemble.paths
    np.testing.assert_array_equal(drawn["sampled"].get_array(), cells.frequencies)
    labels = [axes.get_ylabel() for axes in figure_of(joint_map(ensemble)).axes]
    assert labels[1].startswith("frequency")


def test_a_quantity_against_itself_is_no_map(draw: Draw) -> None:
    with pytest.raises(InvalidInput, match="two different quantities"):
        joint_map(draw("qubit"), "sigma", "sigma")
    with pytest.raises(UnknownName, match="did you mean 'heat_into_hot'"):
        joint_map(ensemble_of("thermal"), "heat_into_hot", "heat_to_hot")


def test_ticks_stand_at_values_of_a_lattice() -> None:
    axes = joint_map(ensemble_of("three"), "heat_into_hot", "heat_into_cold")
    assert axes.get_xticks().tolist() == axes.get_yticks().tolist() == [-1.0, 0.0, 1.0]
    axes = joint_map(ensemble_of("relaxation", paths=10**5), "heat_into_hot", "heat_into_cold")
    for ticks in (axes.get_xticks(), axes.get_yticks()):
        assert 0.0 in ticks
        assert len(ticks) <= MOST_TICKS
        assert all(float(tick).is_integer() for tick in ticks)


def test_a_quantity_that_is_always_the_same_has_one_tick() -> None:
    axes = joint_map(sample(build_model("two-qubit-exchange", angle=0.7), paths=100, seed=1))
    assert axes.get_yticks().tolist() == [0.0]
    assert len(axes.get_xticks()) > 1


def test_the_legend_says_what_is_constant() -> None:
    axes = joint_map(ensemble_of("thermal"), "heat_into_hot", "heat_into_cold")
    (legend,) = axes.findobj(LegendAbove)
    words = [text.get_text() for text in legend.get_texts()]
    assert words[-1] == r"constant $Q = Q_{\mathrm{hot}} + Q_{\mathrm{cold}}$"


def test_values_along_the_top_have_room() -> None:
    axes = joint_map(ensemble_of("network"), "heat_into_hot", "heat_into_cold")
    figure = figure_of(axes)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = sorted(
        (text.get_window_extent(renderer) for text in axes.texts if text.xy[1] == axes.get_ylim()[1]),  # type: ignore[attr-defined]
        key=lambda box: box.x0,
    )
    assert len(boxes) >= 2
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))


def overlaps(axes: Axes) -> int:
    """How many labels of ticks run into the next one."""
    figure_of(axes).canvas.draw()
    found = 0
    for axis, start, end in ((axes.xaxis, "x0", "x1"), (axes.yaxis, "y0", "y1")):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        boxes = sorted((tick.label1.get_window_extent() for tick in ticks), key=lambda box: getattr(box, start))
        found += sum(getattr(one, end) >= getattr(other, start) for one, other in pairwise(boxes))
    return found


@pytest.mark.parametrize("process", ["degenerate", "ladder", "qutrit"])
def test_ticks_of_a_grid_are_round_and_apart(draw: Draw, process: str) -> None:
    """Centres of cells lie on a lattice as well, but on one that no law has."""
    ensemble = draw(process, paths=10**6)
    cells = joint_cells(ensemble)
    assert not cells.are_atoms
    axes = joint_map(ensemble)
    assert overlaps(axes) == 0
    for ticks in (axes.get_xticks(), axes.get_yticks()):
        np.testing.assert_allclose(ticks, np.round(ticks, 1), atol=1e-12)
    # Negative control: at the centres they would run into each other.
    axes.set_xticks(np.unique(cells.positions[:, 0]).tolist())
    assert overlaps(axes) > 0
