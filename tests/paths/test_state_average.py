"""The average state of trajectories, against the master equation solved as one exponential."""

from __future__ import annotations

import numpy as np

from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.state_average import average_states
from tests.paths.jump_cases import davies, driven_qubit, exact_state

# Two-sided tail of 1e-9 of a normal law; the spread of an entry is at most 1/2 in either part.
SIGMAS = 6.11


def test_averages_are_the_state(root_seed: int) -> None:
    """Every entry at four times; rate 1e-9 an entry."""
    process, paths = driven_qubit(), 10_000
    times = process.duration * np.array([0.0, 0.1, 0.5, 1.0])
    for own, time in zip(average_states(process, times, paths=paths, seed=root_seed), times, strict=True):
        assert np.abs(own - exact_state(process, time)).max() < SIGMAS * 0.71 / np.sqrt(paths)


def test_negative_control_averages_see_a_wrong_process(root_seed: int) -> None:
    process, paths = driven_qubit(drive=0.4), 10_000
    estimate = average_states(process, np.array([process.duration]), paths=paths, seed=root_seed)[0]
    assert np.abs(estimate - exact_state(driven_qubit(), process.duration)).max() > SIGMAS * 0.71 / np.sqrt(paths)


def test_averages_do_not_depend_on_the_workers() -> None:
    times, paths = np.array([0.3, 2.0]), ROW_BLOCK_PATHS + 500
    alone = average_states(davies(), times, paths=paths, seed=3)
    assert alone.tobytes() == average_states(davies(), times, paths=paths, seed=3, n_jobs=2).tobytes()
