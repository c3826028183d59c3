"""Averages of collision models against the state of everything at once, and against each other."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.averages import averages
from qtraj.density.collision_model import collision_model_averages, states_after_rounds
from qtraj.density.thermal_conductance import steady_heat_into, thermal_conductance
from qtraj.errors import InvalidInput, InvalidState, TooLarge, UnknownName
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.density.collision_cases import by_definition, dephased, divergence, entropy, random_model

# Entropies of states of dimension 6 to 50, from eigenvalues off by 1e-16 each.
EXACT = 1e-12

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


def qubit_between_baths(
    *betas: float, angles: tuple[float, ...] = (np.pi / 5, np.pi / 7), repeat: int = 1
) -> CollisionModel:
    composite = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.bloch(0.5, 0.2, -0.3))
    baths = {f"bath {k}": Reservoir(energies=[0.0, 1.0], inverse_temperature=beta) for k, beta in enumerate(betas)}
    steps = [
        CollisionStep(
            reservoir=name,
            on=["S"],
            unitary=EnergyConservingUnitary.partial_swap(composite.part(["S"]), bath.environment, angle=angle),
        )
        for (name, bath), angle in zip(baths.items(), angles, strict=True)
    ]
    return CollisionModel(composite=composite, reservoirs=baths, steps=steps, repeat=repeat)


def test_two_bath_qubit_reference_values() -> None:
    values = averages(qubit_between_baths(0.5, 1.5))
    assert values.entropy_production == pytest.approx(0.309529337093, abs=2e-11, rel=0)
    assert values.population_entropy_production == pytest.approx(0.197803517967, abs=2e-11, rel=0)
    assert values.coherence_entropy_production == pytest.approx(0.111725819126, abs=2e-11, rel=0)


@pytest.mark.parametrize("wrong", [(0.5, 0.5), (1.5, 1.5), (1.5, 0.5)])
def test_one_temperature_for_both_baths_or_the_wrong_order_has_another_mean(wrong: tuple[float, float]) -> None:
    """Negative control of the test above."""
    assert abs(averages(qubit_between_baths(*wrong)).entropy_production - 0.309529337093) > 1e-3


@settings(max_examples=15)
@given(seed=SEEDS, coherent=st.booleans())
def test_averages_follow_from_the_state_of_everything(seed: int, coherent: bool) -> None:
    """One round of three units, none of them traced out: 72 dimensions."""
    model = random_model(seed, coherent=coherent, repeat=1)
    found, expected = averages(model), by_definition(model)
    assert found.entropy_production == pytest.approx(expected["entropy_production"], abs=EXACT)
    assert found.entropy_flow == pytest.approx(expected["flow"], abs=EXACT)
    assert found.clausius_entropy_flow == pytest.approx(expected["clausius"], abs=EXACT)
    assert found.switching_work == pytest.approx(expected["work"], abs=EXACT)
    for name, heat in found.heat_into.items():
        assert heat.sum() == pytest.approx(expected[f"heat {name}"], abs=EXACT)


@pytest.mark.slow
def test_two_rounds_follow_from_the_state_of_everything() -> None:
    """Six units, none of them traced out: 864 dimensions. The production of single collisions adds up to Eq. (20)."""
    model = random_model(5, repeat=2)
    found, expected = averages(model), by_definition(model)
    assert found.entropy_production == pytest.approx(expected["entropy_production"], abs=1e-11)
    assert found.entropy_flow == pytest.approx(expected["flow"], abs=1e-11)


@settings(max_examples=25)
@given(seed=SEEDS, rank=st.sampled_from([1, 3, 6]), repeat=st.integers(1, 4))
def test_balances_of_entropy_and_energy(seed: int, rank: int, repeat: int) -> None:
    model = random_model(seed, repeat=repeat, rank=rank)
    values, states = averages(model), states_after_rounds(model)
    np.testing.assert_allclose(states[-1], values.final_state, atol=EXACT)
    np.testing.assert_allclose(states[0], model.system.energy_state.matrix, atol=EXACT)
    change = entropy(values.final_state) - entropy(states[0])
    assert values.entropy_production == pytest.approx(change + values.entropy_flow, abs=EXACT)
    split = values.population_entropy_production + values.coherence_entropy_production
    assert values.entropy_production == pytest.approx(split, abs=EXACT)
    assert values.coherence_entropy_production == pytest.approx(
        values.initial_coherence - values.final_coherence, abs=EXACT
    )
    gain = (np.diag(values.final_state) - np.diag(states[0])).real @ model.system.spectrum.energies
    heat = sum(series.sum() for series in values.heat_into.values())
    assert gain == pytest.approx(values.switching_work - heat, abs=EXACT)
    assert (values.entropy_production_of_collisions >= 0).all()
    assert values.entropy_production_of_collisions.shape == (model.collisions,)
    assert {name: series.size for name, series in values.heat_into.items()} == dict.fromkeys(model.reservoirs, repeat)
    for name, flow in values.entropy_flow_into.items():
        if model.reservoirs[name].is_thermal:
            beta = model.reservoirs[name].inverse_temperature
            np.testing.assert_allclose(flow, beta * values.heat_into[name], atol=EXACT)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_both_wings_make_the_same_final_state(seed: int) -> None:
    model = random_model(seed, repeat=3)
    np.testing.assert_allclose(averages(model).final_state, model.final_state, atol=EXACT)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_clausius_form_is_the_entropy_flow_of_thermal_units(seed: int) -> None:
    values = averages(random_model(seed, coherent=False))
    assert values.entropy_flow_beyond_clausius == pytest.approx(0.0, abs=EXACT)


def test_clausius_form_is_another_number_for_coherent_units() -> None:
    values = averages(random_model(3))
    assert values.clausius_entropy_flow is not None
    assert values.entropy_flow_beyond_clausius is not None
    assert abs(values.entropy_flow_beyond_clausius) > 0.1
    assert values.entropy_flow == pytest.approx(
        values.clausius_entropy_flow + values.entropy_flow_beyond_clausius, abs=EXACT
    )


@settings(max_examples=15)
@given(seed=SEEDS)
def test_split_for_thermal_units_and_conserving_steps_is_positive(seed: int) -> None:
    values = averages(random_model(seed, coherent=False, internal=False))
    assert values.population_entropy_production > -EXACT
    assert values.coherence_entropy_production > -EXACT


def test_a_thermal_operation_is_one_round() -> None:
    system = System(energies=[0.0, 1.0, 2.5], state=State.haar(3, seed=4))
    bath = Environment(energies=[0.0, 1.0, 1.5, 2.5], inverse_temperature=0.7)
    unitary = EnergyConservingUnitary.haar(system, bath, seed=2)
    whole = averages(ThermalOperation(system=system, environment=bath, unitary=unitary))
    composite = CompositeSystem(subsystems={"S": system.spectrum.energies}, state=system.state)
    reservoir = Reservoir(energies=bath.energies, inverse_temperature=0.7)
    step = CollisionStep(reservoir="environment", on=["S"], unitary=unitary)
    model = CollisionModel(composite=composite, reservoirs={"environment": reservoir}, steps=[step])
    values = averages(model)
    for name in (
        "entropy_production",
        "population_entropy_production",
        "coherence_entropy_production",
        "initial_coherence",
        "final_coherence",
        "switching_work",
    ):
        assert getattr(values, name) == pytest.approx(getattr(whole, name), abs=1e-13), name
    assert values.heat_into["environment"].tolist() == pytest.approx([whole.heat_into_environment], abs=1e-13)
    np.testing.assert_allclose(values.final_state, whole.final_state, atol=1e-14)


# The fixed point


@settings(max_examples=15)
@given(seed=SEEDS)
def test_fixed_point_stays_and_attracts(seed: int) -> None:
    model = random_model(seed, repeat=1)
    values = averages(model)
    assert values.fixed_point is not None
    assert values.second_eigenvalue_modulus is not None
    stays = collision_model_averages(model, start=State.from_matrix(values.fixed_point))
    np.testing.assert_allclose(stays.final_state, values.fixed_point, atol=1e-11)
    assert {name: float(heat.sum()) for name, heat in stays.heat_into.items()} == pytest.approx(
        dict(values.steady_heat_into or {}), abs=1e-11
    )
    assert stays.entropy_production == pytest.approx(values.steady_entropy_production, abs=1e-11)
    # What goes in as work comes out as heat.
    assert sum((values.steady_heat_into or {}).values()) == pytest.approx(stays.switching_work, abs=1e-11)
    rounds = int(np.ceil(-30 / np.log(values.second_eigenvalue_modulus)))
    later = averages(replace(model, repeat=min(rounds, 400)))
    if rounds <= 400:
        np.testing.assert_allclose(later.final_state, values.fixed_point, atol=1e-8)


def test_a_single_temperature_has_its_gibbs_state_as_fixed_point() -> None:
    values = averages(qubit_between_baths(0.8, angles=(0.3,)))
    np.testing.assert_allclose(values.fixed_point, State.gibbs([0.0, 1.0], 0.8).matrix, atol=EXACT)
    assert values.steady_entropy_production == pytest.approx(0.0, abs=EXACT)
    # A round turns the coherence by c (c - i s tanh(beta/2)) and shrinks the polarisation's distance by c^2.
    slowest = np.cos(0.3) * np.hypot(np.cos(0.3), np.sin(0.3) * np.tanh(0.4))
    assert values.second_eigenvalue_modulus == pytest.approx(slowest, abs=EXACT)


def test_steady_entropy_production_is_that_of_the_heat_between_two_temperatures() -> None:
    values = averages(qubit_between_baths(0.5, 1.5))
    assert values.steady_heat_into is not None
    hot, cold = values.steady_heat_into["bath 0"], values.steady_heat_into["bath 1"]
    assert hot + cold == pytest.approx(0.0, abs=EXACT)
    assert hot < 0
    assert values.steady_entropy_production == pytest.approx(0.5 * hot + 1.5 * cold, abs=EXACT)


@pytest.mark.parametrize("angle", [0.0, np.pi, 1e-6])
def test_a_fixed_point_that_is_not_unique_is_not_given(angle: float) -> None:
    values = averages(qubit_between_baths(0.8, angles=(angle,)))
    assert values.fixed_point is None
    assert values.steady_heat_into is None
    assert "more than one state" in values.reasons["steady_heat_into"]
    assert values.second_eigenvalue_modulus == pytest.approx(1.0, abs=1e-11)
    with pytest.raises(InvalidInput, match="unique fixed point"):
        steady_heat_into(qubit_between_baths(0.8, angles=(angle,)))


def test_a_system_too_large_for_its_map_still_has_averages() -> None:
    energies = np.arange(33.0)
    composite = CompositeSystem(subsystems={"S": energies}, state=State.gibbs(energies, 0.1))
    bath = Reservoir(energies=[0.0, 1.0], inverse_temperature=0.5)
    unitary = EnergyConservingUnitary.haar(composite.part(["S"]), bath.environment, seed=1)
    step = CollisionStep(reservoir="bath", on=["S"], unitary=unitary)
    values = averages(CollisionModel(composite=composite, reservoirs={"bath": bath}, steps=[step]))
    assert values.entropy_production > 0
    assert values.second_eigenvalue_modulus is None
    assert "at most 1024 rows" in values.reasons["second_eigenvalue_modulus"]


# Units measured in the energy basis, other starts


def test_measuring_units_in_the_energy_basis_simulates_dephased_units() -> None:
    """The theorem holds for both, so only the mean tells them apart: it must not be the same."""
    model = random_model(11)
    energy = replace(model, reservoirs={name: replace(r, measure="energy") for name, r in model.reservoirs.items()})
    own, other = averages(model), averages(energy)
    assert own.measured is None
    assert other.entropy_production == own.entropy_production
    assert other.measured is not None
    assert other.measured.measured is None
    expected = averages(dephased(model))
    assert other.measured.entropy_production == pytest.approx(expected.entropy_production, abs=EXACT)
    np.testing.assert_allclose(other.measured.final_state, expected.final_state, atol=EXACT)
    np.testing.assert_allclose(other.measured.final_state, energy.final_state, atol=EXACT)
    assert abs(other.measured.entropy_production - other.entropy_production) > 0.05
    assert "measured" in other.to_json()
    assert "measured" not in own.to_json()


def test_thermal_units_measured_in_energy_are_what_they_are() -> None:
    model = qubit_between_baths(0.5, 1.5)
    energy = replace(model, reservoirs={name: replace(r, measure="energy") for name, r in model.reservoirs.items()})
    assert averages(energy).measured is None


def test_any_start() -> None:
    model = random_model(2)
    start = State.haar(6, seed=8)
    elsewhere = replace(model, composite=CompositeSystem(subsystems=model.composite.subsystems, state=start))
    found, expected = collision_model_averages(model, start=start), averages(elsewhere)
    assert found.entropy_production == pytest.approx(expected.entropy_production, abs=EXACT)
    np.testing.assert_allclose(found.final_state, expected.final_state, atol=EXACT)
    with pytest.raises(InvalidState, match="dimension 6"):
        collision_model_averages(model, start=State.pure([1, 0]))


# Work


def test_internal_unitaries_that_commute_with_the_energy_do_no_work() -> None:
    model = random_model(1, internal=False)
    angle = 0.4
    mix = np.diag(np.exp(1j * np.arange(6.0)))
    mix[1:3, 1:3] = mix[1:3, 1:3] @ np.array([[1, 0], [0, 1]])
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # |0,B=0> and |1,B=2> both have energy 2.
    mix[np.ix_([0, 5], [0, 5])] = rotation
    free = replace(model, steps=[InternalStep(on=["A", "B"], unitary=mix), *model.steps])
    assert averages(free).switching_work == 0.0
    assert averages(model).switching_work == 0.0
    swapped = np.eye(6)[[1, 0, 2, 3, 4, 5]]
    assert (
        abs(averages(replace(model, steps=[InternalStep(on=["A", "B"], unitary=swapped), *model.steps])).switching_work)
        > 0.01
    )


def test_collisions_that_do_not_conserve_energy_do_work() -> None:
    composite = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.bloch(0.5, 0.2, -0.3))
    bath = Reservoir(energies=[0.0, 1.3], inverse_temperature=0.9)
    swap = np.eye(4)[[0, 2, 1, 3]]
    unitary = EnergyConservingUnitary.from_matrix(composite.part(["S"]), bath.environment, swap, allow_violation=True)
    step = CollisionStep(reservoir="bath", on=["S"], unitary=unitary)
    values = averages(CollisionModel(composite=composite, reservoirs={"bath": bath}, steps=[step]))
    moved = 0.65 - bath.outcomes.probabilities[1]
    assert values.heat_into["bath"][0] == pytest.approx(1.3 * moved, abs=EXACT)
    assert values.switching_work == pytest.approx(0.3 * moved, abs=EXACT)
    assert values.entropy_production == pytest.approx(
        divergence(State.bloch(0.5, 0.2, -0.3).matrix, bath.unit.energy_state.matrix), abs=EXACT
    )


# Many rounds, limits, output


def test_chunks_of_rounds_are_joined_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(9, repeat=7)
    whole = averages(model)
    monkeypatch.setattr("qtraj.density.collision_rounds.STORED_BYTES", 3 * 16 * (12**2 + 18**2 + 12**2))
    parts = averages(model)
    np.testing.assert_allclose(
        parts.entropy_production_of_collisions, whole.entropy_production_of_collisions, atol=1e-14
    )
    for name in whole.heat_into:
        np.testing.assert_allclose(parts.heat_into[name], whole.heat_into[name], atol=1e-15)


def test_a_constant_in_the_energies_changes_nothing() -> None:
    model = qubit_between_baths(0.5, 1.5)
    shifted = CollisionModel(
        composite=CompositeSystem(subsystems={"S": [1e6, 1e6 + 1]}, state=State.bloch(0.5, 0.2, -0.3)),
        reservoirs={
            name: Reservoir(energies=[-1e6, -1e6 + 1], inverse_temperature=r.inverse_temperature)
            for name, r in model.reservoirs.items()
        },
        steps=[
            replace(
                step,
                unitary=EnergyConservingUnitary.partial_swap(
                    System(energies=[1e6, 1e6 + 1], state=State.gibbs([0, 1], 0.0)),
                    Environment(energies=[-1e6, -1e6 + 1], inverse_temperature=1.0),
                    angle=angle,
                ),
            )
            for step, angle in zip(model.steps, (np.pi / 5, np.pi / 7), strict=True)
        ],
    )
    found, expected = averages(shifted), averages(model)
    assert found.entropy_production == pytest.approx(expected.entropy_production, abs=EXACT)
    for name in model.reservoirs:
        np.testing.assert_allclose(found.heat_into[name], expected.heat_into[name], atol=EXACT)


def test_cold_units_keep_their_entropy() -> None:
    """Populations of e^-800 underflow nothing: each quantum from the system sends 800 nats."""
    values = averages(qubit_between_baths(800.0, angles=(np.pi / 2,)))
    assert values.heat_into["bath 0"][0] == pytest.approx(0.65, abs=EXACT)
    assert values.entropy_flow == pytest.approx(520.0, abs=1e-10)
    assert values.entropy_production == pytest.approx(520.0 - entropy(State.bloch(0.5, 0.2, -0.3).matrix), abs=1e-10)


def test_too_large_joint_states_are_refused() -> None:
    energies = np.arange(4.0)
    composite = CompositeSystem(subsystems={"S": energies}, state=State.gibbs(energies, 0.1))
    bath = Reservoir(energies=np.arange(400.0), inverse_temperature=0.5)
    unitary = EnergyConservingUnitary.haar(composite.part(["S"]), bath.environment, seed=1)
    step = CollisionStep(reservoir="bath", on=["S"], unitary=unitary)
    model = CollisionModel(composite=composite, reservoirs={"bath": bath}, steps=[step])
    with pytest.raises(TooLarge, match="at most 1500 dimensions together") as caught:
        averages(model)
    assert caught.value.measured == 1600


def test_json_is_plain_and_says_why_something_is_missing() -> None:
    model = random_model(4)
    bare = replace(
        model,
        reservoirs=dict(model.reservoirs) | {"right": replace(model.reservoirs["right"], inverse_temperature=None)},
    )
    values = averages(bare)
    entry = json.loads(json.dumps(values.to_json()))
    assert entry["clausius_entropy_flow"] is None
    assert "right" in values.reasons["clausius_entropy_flow"]
    assert entry["heat_into"]["left"] == values.heat_into["left"].tolist()
    assert set(entry["final_state"]) == {"real", "imag"}
    assert values.entropy_production == averages(model).entropy_production
    missing = {name for name, value in entry.items() if value is None}
    assert missing == set(values.reasons)


# Conductance


def build_pair(hot: float, cold: float) -> CollisionModel:
    return qubit_between_baths(1 / hot, 1 / cold)


def test_conductance_of_two_baths() -> None:
    """For full swaps a round carries n_h - n_c quanta to the cold side; kappa is the derivative of n."""

    def build(hot: float, cold: float) -> CollisionModel:
        return qubit_between_baths(1 / hot, 1 / cold, angles=(np.pi / 2, np.pi / 2))

    found = thermal_conductance(build, 0.7, reservoir="bath 0")
    expected = 1 / (4 * 0.7**2 * np.cosh(1 / 1.4) ** 2)
    assert found == pytest.approx(expected, rel=1e-8)
    coarse = thermal_conductance(build, 0.7, reservoir="bath 0", step=0.2)
    assert 1e-8 < abs(coarse / expected - 1) < 1e-3


@pytest.mark.parametrize(
    ("temperature", "step", "complaint"),
    [(0.0, None, "`temperature` must be positive"), (1.0, 0.0, "`step`"), (1.0, 2.0, "below twice the temperature")],
)
def test_conductance_refuses(temperature: float, step: float | None, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        thermal_conductance(build_pair, temperature, step=step, reservoir="bath 0")


def test_conductance_of_an_unknown_reservoir() -> None:
    with pytest.raises(UnknownName, match="bath 0"):
        thermal_conductance(build_pair, 1.0, reservoir="bath0")
