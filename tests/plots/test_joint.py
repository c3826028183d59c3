"""The joint map puts every path where its two entropy productions are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from qtraj.errors import NotRecorded
from qtraj.paths.ensemble import Ensemble
from qtraj.plots import joint_map
from qtraj.plots.joint import GRID, MOST_MARKS, joint_cells
from qtraj.plots.style import figure_of

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
