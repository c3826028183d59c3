"""The joint map puts every path where its two entropy productions are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from qtraj.errors import InvalidInput, NotRecorded, UnknownName
from qtraj.models import build_model
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.sample import sample
from qtraj.plots import joint_map
from qtraj.plots.joint import GRID, MOST_MARKS, MOST_TICKS, joint_cells
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


@pytest.mark.parametrize("process", ["qutrit", "ladder"])
def test_a_grid_loses_no_path_and_adds_up_the_law(draw: Draw, process: str) -> None:
    ensemble = draw(process)
    cells = joint_cells(ensemble)
    assert not cells.are_atoms
    assert cells.counts.size <= GRID**2
    assert cells.counts.sum() == ensemble.paths
    assert 1 - 1e-3 < cells.probabilities.sum() < 1 + 1e-12
    mean = cells.probabilities @ cells.positions
    exact = np.array([ensemble.law.mean("sigma_d"), ensemble.law.mean("xi")])
    law = ensemble.law.distribution("sigma_d", "xi")
    assert (np.abs(mean - exact) < np.ptp(law.values, axis=0) / GRID).all()


def test_atoms_are_shown_one_by_one_while_they_are_few(draw: Draw) -> None:
    cells = joint_cells(draw("pure"))
    assert cells.are_atoms
    assert cells.counts.size <= MOST_MARKS
    assert cells.counts.sum() == cells.paths


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


def test_two_heats_with_their_exact_law() -> None:
    ensemble = ensemble_of("relaxation", paths=10**5)
    law = ensemble.law.distribution("heat_into_hot", "heat_into_cold")
    cells = joint_cells(ensemble, "heat_into_hot", "heat_into_cold")
    assert cells.are_atoms
    assert cells.probabilities is not None
    order = np.argsort(-law.probabilities, kind="stable")[: cells.counts.size]
    np.testing.assert_allclose(cells.probabilities, law.probabilities[order], rtol=1e-12)
    np.testing.assert_allclose(cells.positions, law.values[order], atol=1e-12)
    # A percent is at least six standard deviations of any frequency here: 1e-9.
    assert np.abs(cells.frequencies - cells.probabilities).max() < 0.01
    # Negative control: the heats are not independent, and the product of their laws fits much worse.
    hot, cold = (ensemble.law.distribution(name) for name in ("heat_into_hot", "heat_into_cold"))
    places = [np.abs(one.atoms[:, None] - cells.positions[:, k]).argmin(axis=0) for k, one in enumerate((hot, cold))]
    apart = hot.probabilities[places[0]] * cold.probabilities[places[1]]
    assert np.abs(cells.frequencies - apart).max() > 0.05


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
    axes = joint_map(ensemble_of("three"), x, y)
    assert not [line for line in axes.lines if hasattr(line, "get_slope")]
    assert axes.get_xlabel() == axis_label(x)
    assert axes.get_ylabel() == axis_label(y)
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


def test_a_lattice_of_many_quanta_is_not_joined() -> None:
    """More than 150 pairs of heats are still shown one by one, in marks that fit beside each other."""
    ensemble, rng = ensemble_of("network"), np.random.default_rng(1)
    quanta = rng.normal(scale=8.0, size=(2, ensemble.paths)).round()
    rows = {**(ensemble.rows or {}), "heat_into_hot": 10 * quanta[0], "heat_into_cold": 5 * quanta[1]}
    cells = joint_cells(replace(ensemble, rows=rows), "heat_into_hot", "heat_into_cold")
    assert cells.are_atoms
    assert cells.counts.size > MOST_MARKS
    assert cells.largest_area < 10.0
    assert cells.counts.sum() == ensemble.paths
    # Ever more of them are joined, and every cell then holds equally many.
    rows = {name: 10 * column if name.startswith("heat_into") else column for name, column in rows.items()}
    rows["heat_into_hot"] = rows["heat_into_hot"] + 100 * rng.integers(-40, 40, size=ensemble.paths)
    joined = joint_cells(replace(ensemble, rows=rows), "heat_into_hot", "heat_into_cold")
    assert not joined.are_atoms
    assert joined.counts.sum() == ensemble.paths
    for column, quantum in zip(joined.positions.T, (100.0, 50.0), strict=True):
        gaps = np.diff(np.unique(column.round(6))) / quantum
        np.testing.assert_allclose(gaps, gaps.round(), atol=1e-6)
    # Negative control: the same heats, a little off the lattice, are joined.
    rows["heat_into_hot"] = rows["heat_into_hot"] + rng.uniform(size=ensemble.paths)
    assert not joint_cells(replace(ensemble, rows=rows), "heat_into_hot", "heat_into_cold").are_atoms


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
        (text.get_window_extent(renderer) for text in axes.texts if text.get_text().startswith("$Q")),
        key=lambda box: box.x0,
    )
    assert len(boxes) >= 2
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
