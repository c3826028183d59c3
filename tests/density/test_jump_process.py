"""Averages of jump processes: balances, steady states, and the rates they are integrals of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.averages import averages
from qtraj.density.jump_process import JumpProcessAverages, integrated_state, jump_process_averages, stationary_set
from qtraj.density.jump_rates import entropy_derivative, rates_at, rates_in
from qtraj.paths.exact_law import exact_law
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import dephasing_channels
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.entropies import coherence, divergence_from_gibbs
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.processes.jump_cases import driven_qubit, random_davies, random_process, seeds

EXACT = 1e-11

PROCESSES = [random_davies(1), random_process(2), driven_qubit()]


def two_baths(duration: float = 1.5) -> JumpProcess:
    energies = [0.0, 1.0, 2.5]
    channels = davies_channels(energies, 0.4, [[0, 1, 0.3], [0, 2, 0.2]], bath="hot")
    channels += davies_channels(energies, 1.5, [[0, 1, 0.1], [1, 2, 0.4]], bath="cold")
    return JumpProcess(
        system=System(energies=energies, state=State.haar(3, seed=1)), channels=channels, duration=duration
    )


@given(seeds)
def test_a_davies_map_produces_the_loss_of_divergence_from_equilibrium(seed: int) -> None:
    process = random_davies(seed)
    beta = process.channels[0].inverse_temperature
    found = jump_process_averages(process)
    spectrum, before, after = process.system.spectrum, process.system.energy_state, process.final_energy_state
    lost = divergence_from_gibbs(before, spectrum, beta) - divergence_from_gibbs(after, spectrum, beta)
    assert found.entropy_production == pytest.approx(lost, abs=EXACT)
    assert found.coherence_entropy_production == pytest.approx(
        coherence(before, spectrum) - coherence(after, spectrum), abs=EXACT
    )
    assert found.population_entropy_production >= -EXACT
    assert found.coherence_entropy_production >= -EXACT
    assert found.heat_into["bath"] == pytest.approx(-found.energy_change, abs=EXACT)
    law = exact_law(process)
    assert found.entropy_production == pytest.approx(law.mean("sigma"), abs=EXACT)
    assert found.heat_into_environment == pytest.approx(law.mean("heat"), abs=EXACT)


@given(seeds)
def test_energy_is_balanced(seed: int) -> None:
    for process in (random_process(seed), random_davies(seed, dephasing=True)):
        found = jump_process_averages(process)
        assert sum(found.heat_from.values()) == pytest.approx(found.energy_change, abs=1e-10)
        steady = found.steady
        assert sum(steady.heat_current_from.values()) == pytest.approx(0, abs=1e-9)
        assert steady.entropy_production == pytest.approx(-sum(steady.entropy_flux.values()), abs=1e-9)


@settings(max_examples=10)
@given(seeds, st.floats(0.05, 1))
def test_rates_integrate_to_the_averages(seed: int, end: float) -> None:
    """A state far from pure has smooth rates: Gauss-Legendre nodes give the integral."""
    drawn = random_davies(seed)
    mixed = (drawn.system.energy_state.matrix + np.eye(3)) / 4
    process = JumpProcess(
        system=System(energies=drawn.system.spectrum.energies, state=mixed), channels=drawn.channels, duration=end
    )
    nodes, weights = np.polynomial.legendre.leggauss(12)
    times = end * (nodes + 1) / 2
    rates = [rates_at(process, float(t)) for t in times]
    found = jump_process_averages(process)
    for name in ("entropy_production", "population_entropy_production", "coherence_entropy_production"):
        integral = end / 2 * float(np.dot(weights, [getattr(rate, name) for rate in rates]))
        assert integral == pytest.approx(getattr(found, name), abs=1e-7)
    jumps = end / 2 * float(np.dot(weights, [rate.jump_rates.sum() for rate in rates]))
    assert jumps == pytest.approx(found.mean_jumps, abs=1e-9)


@pytest.mark.parametrize("process", PROCESSES)
def test_rates_are_derivatives(process: JumpProcess) -> None:
    step = 1e-4
    before, after = (jump_process_averages(process.lasting(process.duration + sign * step)) for sign in (-1, 1))
    rates = rates_at(process, process.duration)
    for name in ("entropy_production", "population_entropy_production", "coherence_entropy_production"):
        slope = (getattr(after, name) - getattr(before, name)) / (2 * step)
        assert getattr(rates, name) == pytest.approx(slope, abs=1e-6)
    for bath in process.baths:
        slope = (after.heat_from[bath] - before.heat_from[bath]) / (2 * step)
        assert rates.heat_current_from[bath] == pytest.approx(slope, abs=1e-6)


def test_pure_states_fill_at_an_infinite_rate_and_produce_finite_entropy() -> None:
    process = random_davies(3, rank=1)
    assert rates_at(process, 0.0).entropy_production == np.inf
    assert np.isfinite(jump_process_averages(process).entropy_production)
    assert entropy_derivative(np.diag([1.0, 0.0]), np.zeros((2, 2))) == 0


def test_two_baths_carry_heat_from_hot_to_cold() -> None:
    found = jump_process_averages(two_baths())
    steady = found.steady
    assert steady.heat_current_from["hot"] > 0.01
    assert steady.heat_current_from["cold"] == pytest.approx(-steady.heat_current_from["hot"], abs=EXACT)
    flux = steady.entropy_flux
    assert flux["hot"] == pytest.approx(0.4 * steady.heat_current_from["hot"], abs=EXACT)
    assert flux["cold"] == pytest.approx(1.5 * steady.heat_current_from["cold"], abs=EXACT)
    assert steady.entropy_production == pytest.approx(1.1 * steady.heat_current_from["hot"], abs=EXACT)
    assert found.steady_states == 1


def test_the_integral_of_the_state_has_trace_and_limit() -> None:
    process = two_baths(2000.0)
    mean = integrated_state(process) / process.duration
    assert np.trace(mean).real == pytest.approx(1, abs=1e-10)
    steady = stationary_set(process).reached_from(process.system.energy_state.matrix)
    assert np.abs(mean - steady).max() < 1e-2


def test_large_systems_use_the_same_formulas() -> None:
    """25 levels: the state is evolved without a dense exponential, and agrees with the chain."""
    energies = np.cumsum(np.linspace(0.2, 0.9, 25))
    rates = [[k, k + 1, 0.3] for k in range(24)]
    process = JumpProcess(
        system=System(energies=energies, state=State.haar(25, seed=3)),
        channels=davies_channels(energies, 0.3, rates),
        duration=0.7,
    )
    flows = rates_in(process, integrated_state(process))
    before, after = (np.diag(state.matrix).real for state in (process.system.energy_state, process.final_energy_state))
    lost = float(((before - after) * energies).sum())
    assert flows.heat_into["bath"] == pytest.approx(lost, abs=1e-10)
    assert flows.heat_current_from["bath"] == pytest.approx(-lost, abs=1e-10)


def test_a_steady_state_that_depends_on_the_start_is_the_one_reached() -> None:
    process = JumpProcess(
        system=System(energies=[0.0, 1.0], state=State.bloch(0.4, 0.0, 0.2)),
        channels=dephasing_channels(2, 0.3),
        duration=1.0,
    )
    found = jump_process_averages(process)
    assert found.steady_states == 2
    assert found.steady.populations == pytest.approx([0.6, 0.4], abs=EXACT)


def test_what_cannot_be_computed_says_why() -> None:
    d = 33
    channels = davies_channels(np.arange(d) ** 1.1, 0.5, [[0, 1, 0.2]])
    process = JumpProcess(
        system=System(energies=np.arange(d) ** 1.1, state=np.eye(d) / d), channels=channels, duration=0.1
    )
    found = jump_process_averages(process)
    assert found.steady is None
    assert "up to dimension 32" in found.reasons["heat_current_from_bath"]
    json.dumps(found.to_json(), allow_nan=False)
    vague = jump_process_averages(random_process(1))
    assert vague.heat_into["watch"] is None
    assert vague.heat_into_environment is None
    per_time = {"jump_heat_current_into_watch", "at_duration.jump_heat_current_into_watch"}
    assert set(vague.reasons) == {"heat_into_watch", "heat_into_environment", "heat_into_all_baths"} | per_time
    assert vague.to_json()["jump_heat_current_into_watch"] is None


def test_the_json_has_the_promised_keys() -> None:
    values = averages(two_baths())
    assert isinstance(values, JumpProcessAverages)
    found = values.to_json()
    for key in ("entropy_production", "population_entropy_production", "coherence_entropy_production"):
        assert isinstance(found[key], float)
    for bath in ("hot", "cold"):
        assert isinstance(found[f"heat_current_from_{bath}"], float)
        assert isinstance(found[f"entropy_flux_{bath}"], float)
        assert isinstance(found[f"heat_into_{bath}"], float)
        assert isinstance(found["at_duration"][f"heat_current_from_{bath}"], float)
    assert len(found["populations"]) == 3
    assert found["entropy_production_rate"] > 0
    json.dumps(found, allow_nan=False)


def test_the_probability_of_no_jump_of_the_reference_case() -> None:
    amplitudes = np.sqrt([0.5, 0.3, 0.2])
    state = 0.6 * np.outer(amplitudes, amplitudes) + np.diag([0.25, 0.1, 0.05])
    energies = [0.0, 1.0, 2.5]
    process = JumpProcess(
        system=System(energies=energies, state=state),
        channels=davies_channels(energies, 0.8, [[0, 1, 0.3], [1, 2, 0.2], [0, 2, 0.1]]),
        duration=2.0,
    )
    found = jump_process_averages(process)
    assert found.probability_no_jump == pytest.approx(0.481247436000725, abs=1e-11)
    assert found.initial_coherence == pytest.approx(0.321101878571616, abs=1e-11)
    assert found.final_coherence == pytest.approx(0.0553438789304292, abs=1e-11)


def test_local_jumps_book_other_heat_than_the_hamiltonian_gains() -> None:
    """Where jumps are no quanta of the full Hamiltonian, both bookings exist and differ."""
    found = jump_process_averages(driven_qubit())
    assert abs(found.heat_from["cold"] + found.heat_into["cold"]) > 1e-3
    steady = rates_in(driven_qubit(), stationary_set(driven_qubit()).reached_from(np.eye(2) / 2))
    assert abs(steady.heat_current_from["cold"]) < EXACT < abs(steady.heat_into["cold"])


def test_a_wrong_hamiltonian_changes_the_currents() -> None:
    """Negative control for the balance: energy counted with another Hamiltonian is not balanced."""
    process = driven_qubit()
    other = replace(process, system=System(hamiltonian=[[0.0, 0.1], [0.1, 2.0]], state=process.system.state))
    one, two = jump_process_averages(process), jump_process_averages(other)
    assert abs(sum(one.heat_from.values()) - two.energy_change) > 0.01
