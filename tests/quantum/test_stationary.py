"""Stationary states: one, many, and none that is reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, TooLarge
from qtraj.quantum.generators import dissipator, evolve, liouvillian
from qtraj.quantum.states import State
from qtraj.quantum.stationary import StationarySet, stationary_state
from tests.processes.jump_cases import random_davies, random_process, seeds

EXACT = 1e-11


@given(seeds, st.integers(2, 4))
def test_random_processes_have_one_stationary_state(seed: int, dimension: int) -> None:
    process = random_process(seed, dimension=dimension)
    generator = liouvillian(process.hamiltonian, process.jump_operators)
    steady = stationary_state(generator)
    assert np.abs(generator @ steady.ravel()).max() < EXACT * np.abs(generator).max()
    long = evolve(process.hamiltonian, process.jump_operators, process.system.energy_state.matrix, 2000.0)
    assert np.abs(steady - long).max() < 1e-9


@given(seeds)
def test_a_davies_map_ends_in_the_gibbs_state(seed: int) -> None:
    process = random_davies(seed)
    beta = process.channels[0].inverse_temperature
    steady = stationary_state(liouvillian(process.hamiltonian, process.jump_operators))
    gibbs = State.gibbs(process.system.spectrum.energies, beta).matrix
    assert np.abs(steady - gibbs).max() < 1e-9


@given(seeds, st.integers(2, 4))
def test_dephasing_has_a_stationary_set_and_its_projection_is_the_pinching(seed: int, d: int) -> None:
    found = StationarySet.of(dissipator([np.diag(row) for row in np.eye(d)], d))
    assert found.count == d
    assert not found.oscillates
    assert np.abs(found.projection @ found.projection - found.projection).max() < EXACT
    rho = State.haar(d, seed=seed % 1000).matrix
    assert np.abs(found.reached_from(rho) - np.diag(np.diag(rho))).max() < EXACT


def test_a_pure_rotation_has_no_limit_but_an_average() -> None:
    found = StationarySet.of(liouvillian(np.diag([0.0, 1.0]), []))
    assert found.oscillates
    assert found.reached_from(np.full((2, 2), 0.5)).real.round(12).tolist() == [[0.5, 0.0], [0.0, 0.5]]


def test_undamped_coherences_beside_decay() -> None:
    """A level decays into a pair that keeps rotating: the long-time state is the average, not a limit."""
    hamiltonian = np.diag([0.0, 1.0, 2.0]).astype(complex)
    decay = np.zeros((3, 3))
    decay[0, 2] = 0.7
    found = StationarySet.of(liouvillian(hamiltonian, [decay]))
    assert found.oscillates
    assert found.count == 2
    state = np.full((3, 3), 1 / 3)
    reached = found.reached_from(state)
    assert np.abs(reached - np.diag([2 / 3, 1 / 3, 0])).max() < EXACT
    late = evolve(hamiltonian, [decay], state, 200.0)
    assert abs(late[0, 1]) == pytest.approx(1 / 3, abs=1e-9)


def test_the_state_reached_depends_on_the_start() -> None:
    """Two pairs of levels that do not talk to each other."""
    jumps = []
    for low, high in ((0, 1), (2, 3)):
        for m, n, rate in ((low, high, 1.0), (high, low, 0.25)):
            jump = np.zeros((4, 4))
            jump[m, n] = np.sqrt(rate)
            jumps.append(jump)
    generator = liouvillian(np.diag([0.0, 1.0, 0.3, 1.7]), jumps)
    found = StationarySet.of(generator)
    assert not found.is_unique
    reached = found.reached_from(np.diag([0.1, 0.2, 0.3, 0.4]))
    assert np.diag(reached).real == pytest.approx([0.24, 0.06, 0.56, 0.14], abs=EXACT)
    with pytest.raises(InvalidInput, match=f"must be unique here, but there are {found.count} independent"):
        stationary_state(generator)


def test_very_fast_and_very_slow_rates_together() -> None:
    """Twelve orders of magnitude apart the slow pair is still no conserved quantity."""
    jumps = []
    for m, n, rate in ((0, 1, 1e6), (1, 0, 1e6), (1, 2, 1e-5), (2, 1, 1e-5)):
        jump = np.zeros((3, 3))
        jump[m, n] = np.sqrt(rate)
        jumps.append(jump)
    assert np.diag(stationary_state(liouvillian(np.zeros((3, 3)), jumps))).real == pytest.approx([1 / 3] * 3, abs=1e-4)


def test_systems_that_are_too_large_are_refused() -> None:
    with pytest.raises(TooLarge, match="up to dimension 32, but this is 33"):
        StationarySet.of(np.zeros((33**2, 33**2)))


def test_what_cancels_is_no_rate() -> None:
    """Jumps proportional to the identity do nothing; their rounding must not pass for dynamics."""
    jump = np.exp(0.3j) * np.sqrt(1 / 3) * np.eye(2)
    generator = liouvillian(np.zeros((2, 2)), [jump, np.exp(1j) * np.sqrt(0.7) * np.eye(2)])
    assert StationarySet.of(generator, scale=1.0).count == 4
    assert StationarySet.of(liouvillian(np.eye(1), [np.array([[0.3 + 0.1j]])])).is_unique
