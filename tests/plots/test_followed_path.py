"""A trajectory that is followed again jumps when and as its records say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qtraj.models import build_model
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.sample import sample
from qtraj.plots.followed_path import followed_path
from tests.plots.other_processes import JUMPS, busiest, trajectories_of


@pytest.mark.parametrize("name", JUMPS)
def test_populations_jump_at_the_recorded_times(name: str) -> None:
    """Energy eigenstates that a jump operator cannot reach are empty right after it."""
    ensemble, path = trajectories_of(name), busiest(name)
    found = followed_path(ensemble, path)
    assert ensemble.records is not None
    times, which = ensemble.records[path]
    np.testing.assert_array_equal(found.jump_times, times)
    np.testing.assert_array_equal(found.jump_which, which)
    np.testing.assert_allclose(found.populations.sum(axis=1), 1.0, atol=1e-9)
    for time, jump in zip(times, which, strict=True):
        after = found.populations[np.flatnonzero(found.times == time)[-1]]
        unreachable = ~np.any(found.process.jumps[jump].operator != 0, axis=1)
        assert after[unreachable].max(initial=0.0) < 1e-9


def test_states_of_another_trajectory_do_not_fit_the_records() -> None:
    """Negative control of the test above: with records shifted by one row, states are where no jump can have led."""
    ensemble = trajectories_of("qutrit")
    records = ensemble.records
    assert records is not None
    jumps = np.roll(records.jumps, 1)
    pieces = [records[int(k)] for k in np.roll(np.arange(len(records)), 1)]
    shifted = JumpRecords(
        col_times=np.concatenate([times for times, _ in pieces]),
        col_which=np.concatenate([which for _, which in pieces]),
        offsets=np.concatenate([[0], np.cumsum(jumps)]),
    )
    wrong = followed_path(replace(ensemble, records=shifted), int(np.argmax(jumps)))
    misplaced = 0.0
    for time, jump in zip(wrong.jump_times, wrong.jump_which, strict=True):
        after = wrong.populations[np.flatnonzero(wrong.times == time)[-1]]
        misplaced = max(misplaced, after[~wrong.process.jumps[jump].operator.any(axis=1)].sum())
    assert misplaced > 0.5


def test_both_bases_tell_the_same_energy() -> None:
    """Populations of the product basis of two coupled nodes are not those of the levels, and both are of one state."""
    ensemble = trajectories_of("network")
    path = busiest("network")
    levels, given = followed_path(ensemble, path), followed_path(ensemble, path, lanes="given")
    assert np.abs(levels.populations - given.populations).max() > 0.01
    np.testing.assert_array_equal(levels.mean_energy, given.mean_energy)
    energies = levels.process.system.spectrum.energies
    np.testing.assert_allclose(levels.populations @ energies, levels.mean_energy, atol=1e-9)


def test_rows_of_later_blocks_are_found() -> None:
    ensemble = sample(build_model("davies-qutrit", duration=1.0), paths=70_000, seed=3, keep_records=True)
    assert ensemble.records is not None
    path = 65_536 + int(np.argmax(ensemble.records.jumps[65_536:]))
    found = followed_path(ensemble, path)
    for time, jump in zip(found.jump_times, found.jump_which, strict=True):
        after = found.populations[np.flatnonzero(found.times == time)[-1]]
        assert after[found.process.jumps[jump].operator.any(axis=1)].sum() == pytest.approx(1.0)
