"""Cells of a joint map hold every path and all probability, one by one or on a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qtraj.paths.ensemble import Ensemble
from qtraj.plots.joint_cells import GRID, MOST_MARKS, joint_cells
from tests.plots.other_processes import ensemble_of

Draw = Callable[..., Ensemble]


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
