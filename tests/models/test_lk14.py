"""The model `two-node-network`: process, start, keys, energy balance, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.lk14 import two_node_network, two_node_network_extras
from qtraj.models.lk14_closed_forms import steady_state
from qtraj.models.lk14_moments import MomentEquations, thermal_moments
from qtraj.models.lk14_network import TwoNodeNetwork
from qtraj.models.registry import build_model, find_model
from qtraj.paths.blocks import row_blocks
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from tests.models.dense_lindblad import dissipate, expectation, generator
from tests.models.two_node_cases import networks, observables, two_level_nodes

APPROACHES = ["local", "global"]
CONTRACT = {
    "heat_current_from_hot",
    "heat_current_from_cold",
    "population_hot",
    "population_cold",
    "clausius_rate",
    "jump_entropy_rate",
    "correlation_x",
    "correlation_y",
}
COLD = {"frequency_hot": 3.0, "frequency_cold": 2.0, "temperature_hot": 1.2, "temperature_cold": 0.7, "coupling": 0.8}


def given_basis_jumps(process: JumpProcess, bath: str | None = None) -> list[np.ndarray]:
    basis = process.system.basis
    return [basis @ jump.operator @ basis.conj().T for jump in process.jumps if bath in (None, jump.bath)]


def values_of(network: TwoNodeNetwork, **others: Any) -> dict[str, Any]:
    names = ("medium", "frequency_hot", "frequency_cold", "temperature_hot", "temperature_cold")
    return {name: getattr(network, name) for name in (*names, "coupling", "bath_strength")} | others


@pytest.mark.parametrize("medium", ["two-level", "oscillator"])
@pytest.mark.parametrize("approach", APPROACHES)
def test_extras_have_the_keys_of_the_contract(approach: str, medium: str) -> None:
    model = find_model("two-node-network")
    process = build_model("two-node-network", approach=approach, medium=medium)
    found = model.own_averages(process, approach=approach, medium=medium)
    assert set(found) >= CONTRACT
    expected = steady_state(TwoNodeNetwork(medium=medium), approach)
    for name in CONTRACT:
        assert found[name] == getattr(expected, name)
    assert found["heat_current_from_hot"] + found["heat_current_from_cold"] == 0
    assert len(found["caveats"]) == (approach == "local")
    if medium == "oscillator":
        assert found["quanta"] == 10
        assert 0 < found["population_lost"] < 0.01
        assert process.system.dimension == 66


@pytest.mark.parametrize("approach", APPROACHES)
@given(network=networks("two-level"))
def test_the_generator_carries_the_closed_forms(approach: str, network: TwoNodeNetwork) -> None:
    """The steady start is stationary under the process's own jumps, with the currents of the closed forms."""
    process = two_node_network(**values_of(network, approach=approach, initial="steady", duration=1.0))
    energy = process.system.hamiltonian
    rho = process.system.state.matrix
    change = generator(energy, given_basis_jumps(process)) @ rho.ravel()
    np.testing.assert_allclose(change, 0, atol=1e-12)
    expected = steady_state(network, approach)
    for name, operator in observables(*two_level_nodes("spin")).items():
        assert expectation(operator, rho).real == pytest.approx(getattr(expected, name), abs=1e-12), name
    for bath in ("hot", "cold"):
        current = expectation(energy, dissipate(given_basis_jumps(process, bath), rho)).real
        assert current == pytest.approx(getattr(expected, f"heat_current_from_{bath}"), abs=1e-11)
        quanta = sum(
            -jump.heat * np.linalg.norm(jump.operator @ np.linalg.cholesky(energy_basis_state(process))) ** 2
            for jump in process.jumps
            if jump.bath == bath
        )
        assert quanta == pytest.approx(getattr(expected, f"jump_heat_current_from_{bath}"), abs=1e-11)


def energy_basis_state(process: JumpProcess) -> np.ndarray:
    return process.system.energy_state.matrix


@pytest.mark.parametrize("approach", APPROACHES)
def test_every_jump_obeys_local_detailed_balance(approach: str) -> None:
    process = two_node_network(approach=approach)
    temperatures = {"hot": 12.0, "cold": 10.0}
    assert len(process.jumps) == (4 if approach == "local" else 8)
    for jump in process.jumps:
        assert jump.entropy == pytest.approx(jump.heat / temperatures[jump.bath], rel=1e-12)
        partner = process.jumps[jump.partner]
        factor = math.exp(-jump.entropy / 2)
        np.testing.assert_allclose(partner.operator, factor * jump.operator.conj().T, atol=1e-14)


def test_only_global_jumps_exchange_the_energy_they_say() -> None:
    """[H, L] = -q L holds for modes, and fails for nodes as soon as they are coupled."""
    for approach, exact in (("global", True), ("local", False)):
        process = two_node_network(approach=approach)
        energies = np.diag(process.system.spectrum.energies)
        defects = [
            np.abs(energies @ jump.operator - jump.operator @ energies + jump.heat * jump.operator).max()
            for jump in process.jumps
        ]
        assert (max(defects) < 1e-13) == exact


@pytest.mark.parametrize("approach", APPROACHES)
@given(network=networks("two-level"), duration=st.floats(0.1, 20.0))
def test_final_state_follows_the_moment_equations(approach: str, network: TwoNodeNetwork, duration: float) -> None:
    process = two_node_network(**values_of(network, approach=approach, duration=duration))
    moments = MomentEquations.of(network, approach).at(duration, thermal_moments(network))
    found = process.final_state
    for name, operator in observables(*two_level_nodes("spin")).items():
        exact = {
            "population_hot": moments[0, 0].real,
            "population_cold": moments[1, 1].real,
            "correlation_x": 2 * moments[0, 1].real,
            "correlation_y": -2 * moments[0, 1].imag,
        }[name]
        assert expectation(operator, found).real == pytest.approx(exact, abs=1e-10), name


@pytest.mark.parametrize("approach", APPROACHES)
def test_cut_oscillators_follow_the_moment_equations(approach: str) -> None:
    """With 5 quanta 3e-5 of the population is lost; a cut at 2 quanta is off by more than a hundred times that."""
    network = TwoNodeNetwork(medium="oscillator", **COLD, bath_strength=0.02)
    exact = MomentEquations.of(network, approach).at(5.0, thermal_moments(network))
    errors = []
    for quanta in (2, 5):
        process = two_node_network(**values_of(network, approach=approach, duration=5.0, quanta=quanta))
        counts = np.array([(hot, total - hot) for total in range(quanta + 1) for hot in range(total + 1)])
        found = process.final_state.diagonal().real @ counts
        errors.append(np.abs(found - exact.diagonal().real).max())
    assert errors[1] < 2e-4 < errors[0]


def test_start_of_the_nodes_is_thermal_and_steady_starts_are_energy_eigenstates_globally() -> None:
    process = two_node_network()
    hot, cold = 1 / (math.exp(10 / 12) + 1), 1 / (math.exp(0.5) + 1)
    expected = np.kron([1 - hot, hot], [1 - cold, cold])
    np.testing.assert_allclose(process.system.state.matrix, np.diag(expected), atol=1e-15)
    steady = energy_basis_state(two_node_network(approach="global", initial="steady"))
    np.testing.assert_allclose(steady, np.diag(np.diag(steady)), atol=1e-14)


@pytest.mark.parametrize("approach", APPROACHES)
def test_steady_oscillators_stay_where_they_are(approach: str) -> None:
    """What moves in the cut space is of the size of the population lost, here 4e-3."""
    process = two_node_network(medium="oscillator", approach=approach, **COLD, initial="steady", bath_strength=0.02)
    assert process.system.dimension == 6
    drift = np.abs(process.final_state - process.system.state.matrix).max()
    assert drift < 1e-2
    # Negative control: the thermal start does move.
    start = two_node_network(medium="oscillator", approach=approach, **COLD, bath_strength=0.02, quanta=6)
    assert np.abs(start.final_state - start.system.state.matrix).max() > 1e-2


@pytest.mark.parametrize("medium", ["two-level", "oscillator"])
@pytest.mark.parametrize("approach", APPROACHES)
def test_the_generator_tilted_by_entropy_annihilates_the_identity(approach: str, medium: str) -> None:
    """What the theorem rests on; exact in the cut space too. Negative control: entropies of the wrong sign."""
    process = two_node_network(approach=approach, medium=medium)
    for sign, holds in ((1, True), (-1, False)):
        gained = sum(math.exp(-sign * jump.entropy) * jump.operator @ jump.operator.conj().T for jump in process.jumps)
        lost = sum(jump.operator.conj().T @ jump.operator for jump in process.jumps)
        assert (np.abs(gained - lost).max() < 1e-12 * np.abs(lost).max()) == holds


@pytest.mark.parametrize("approach", APPROACHES)
def test_oscillator_trajectories_carry_the_heat_of_the_moment_equations(approach: str, root_seed: int) -> None:
    """False failures: 6e-10 a bath. The cut at 6 quanta loses 1e-5 of the population, a hundredth of an error bar."""
    paths, duration = 40_000, 20.0
    network = TwoNodeNetwork(medium="oscillator", **COLD, bath_strength=0.02)
    process = two_node_network(**values_of(network, approach=approach, duration=duration, quanta=6))
    endpoints = process.endpoints(MeasurementProtocol.EIGENBASIS)
    rows, _ = JumpTrajectories(process=process, endpoints=endpoints, seed=root_seed)(row_blocks(paths)[0])

    equations, start = MomentEquations.of(network, approach), thermal_moments(network)
    places, weights = np.polynomial.legendre.leggauss(40)
    moments = [equations.at(duration * (place + 1) / 2, start) for place in places]
    scores = {}
    for bath, frequency in (("hot", network.frequency_hot), ("cold", network.frequency_cold)):
        if approach == "local":
            node = 0 if bath == "hot" else 1
            currents = [
                frequency * (equations.source[bath] - equations.damping[bath] @ each)[node, node].real
                for each in moments
            ]
        else:
            currents = [equations.heat_current_from(bath, each) for each in moments]
        exact = -duration / 2 * float(weights @ currents)
        heat = rows[f"heat_into_{bath}"]
        error = heat.std() / math.sqrt(paths)
        assert abs(heat.mean() - exact) < 6.2 * error
        scores[bath] = abs(heat.mean() + exact) / error
    # Negative control: the opposite sign is seen.
    assert min(scores.values()) > 6.2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"approach": "globl"}, UnknownName, "approach 'globl' is not known; did you mean 'global'"),
        ({"medium": "spins"}, UnknownName, "medium 'spins' is not known"),
        ({"initial": "stationary"}, UnknownName, "initial 'stationary' is not known"),
        ({"duration": 0.0}, InvalidInput, "`duration` must be positive and finite, but is 0.0"),
        ({"coupling": -1.0}, InvalidInput, "`coupling` must be finite and not negative, but is -1.0"),
        ({"temperature_cold": 0.0}, InvalidInput, "`temperature_cold` must be positive"),
        ({"approach": "global", "coupling": 8.0}, InvalidInput, r"= 7.07107 in the global approach, but is 8"),
        ({"approach": "global", "coupling": 0.0, "frequency_hot": 5.0}, InvalidInput, "must not be 0 on resonance"),
        ({"quanta": 4}, InvalidInput, "`quanta` must be left out for two-level nodes, but is 4"),
        ({"medium": "oscillator", "quanta": 4}, InvalidInput, r"with a cut at 4 quanta 0\.1\d+ of it is lost"),
        ({"medium": "oscillator", "temperature_hot": 1e3}, InvalidInput, r"even the largest cut, 32 quanta, loses"),
        ({"temperature_cold": 1e-3}, InvalidInput, "must not differ by more than a factor"),
    ],
)
def test_bad_parameters_are_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        two_node_network(**options)


def test_extras_warn_with_the_number_near_resonance() -> None:
    options = {"approach": "global", "frequency_hot": 5.0, "coupling": 1e-4}
    model = find_model("two-node-network")
    found = two_node_network_extras(two_node_network(**options), **{**model.parameters, **options})
    (caveat,) = found["caveats"]
    assert "280 times their splitting 0.0002" in caveat
