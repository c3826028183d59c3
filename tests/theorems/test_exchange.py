"""The exchange theorem of heats: with one process where it is its own reverse, with the reversed one always."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, NotRecorded
from qtraj.models import build_model
from qtraj.models.li18 import coherent_collision
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.exchange import exchange_theorem
from tests.paths.collision_cases import turning

# Probabilities of a few hundred classes, each good to 1e-15.
EXACT = 1e-12

LEVELS = np.arange(3.0)


def operation(*, seed: int = 1, real: bool = False, beta: float = 0.3) -> ThermalOperation:
    """A Gibbs qutrit on a ladder: Haar-random, or the exponential of a real interaction."""
    system = System(energies=LEVELS, state=State.gibbs(LEVELS, beta))
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.9)
    if not real:
        unitary = EnergyConservingUnitary.haar(system, bath, seed=seed)
    else:
        total = (LEVELS[:, None] + np.arange(4.0)).ravel()
        coupling = np.random.default_rng(seed).normal(size=(12, 12)) * (total[:, None] == total)
        unitary = EnergyConservingUnitary.from_interaction(system, bath, coupling + coupling.T, time=0.8)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def between_two_baths(order: str, *, seed: int = 2, real: bool = True, work: float = 0.0) -> CollisionModel:
    """A Gibbs qutrit between two baths; `order` names the steps of a round, i for an internal one."""
    composite = CompositeSystem(subsystems={"S": LEVELS}, state=State.gibbs(LEVELS, 0.7))
    baths = {
        "hot": Reservoir(energies=LEVELS, inverse_temperature=0.2),
        "cold": Reservoir(energies=LEVELS, inverse_temperature=1.1),
    }
    rng = np.random.default_rng(seed)
    total = (LEVELS[:, None] + LEVELS).ravel()
    steps: dict[str, InternalStep | CollisionStep] = {}
    for name, bath in baths.items():
        coupling = rng.normal(size=(9, 9)) + (0 if real else 1j * rng.normal(size=(9, 9)))
        coupling = (coupling + coupling.conj().T) * (total[:, None] == total)
        unitary = EnergyConservingUnitary.from_interaction(composite.part(["S"]), bath.environment, coupling, time=0.5)
        steps[name[0]] = CollisionStep(reservoir=name, on=["S"], unitary=unitary)
    values, vectors = np.linalg.eigh(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) * work)
    steps["i"] = InternalStep(on=["S"], unitary=(vectors * np.exp(-1j * values)) @ vectors.T)
    return CollisionModel(composite=composite, reservoirs=baths, steps=[steps[letter] for letter in order], repeat=2)


def test_two_qubit_exchange_is_its_own_reverse() -> None:
    found = exchange_theorem(build_model("two-qubit-exchange"))
    assert found.in_scope
    assert "own reverse" in found.scope
    assert found.distance_same < EXACT
    assert found.distance_reversed < EXACT
    np.testing.assert_allclose(found.values[:, 0], [-1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(found.log_ratios, found.values @ found.exponents, atol=EXACT)


def test_a_haar_unitary_obeys_it_with_the_reversed_process_only() -> None:
    found = exchange_theorem(operation())
    assert not found.in_scope
    assert "Transition probabilities differ" in found.scope
    assert found.distance_same > 0.02
    assert found.distance_reversed < EXACT


def test_a_real_interaction_is_in_scope_whatever_its_seed() -> None:
    for seed in range(5):
        found = exchange_theorem(operation(seed=seed, real=True))
        assert found.in_scope
        assert found.distance_same < EXACT
        assert found.distance_reversed < EXACT


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), beta=st.floats(0.0, 3.0))
def test_the_reversed_process_always_answers(seed: int, beta: float) -> None:
    found = exchange_theorem(operation(seed=seed, beta=beta))
    assert found.distance_reversed < EXACT
    assert found.exponents[0] == pytest.approx(0.9 - beta, abs=1e-12)
    assert found.in_scope == (found.distance_same < EXACT)


@pytest.mark.parametrize(
    ("order", "in_scope"),
    [("hch", True), ("hc", False), ("hcch", True), ("hich", False), ("hicih", True), ("ihi", True)],
)
def test_joint_law_of_two_heats_and_work(order: str, in_scope: bool) -> None:
    """Several collisions: symmetric unitaries are not enough, the order must read the same backwards."""
    model = between_two_baths(order, work=0.6)
    found = exchange_theorem(model)
    assert found.in_scope == in_scope
    assert found.distance_reversed < EXACT
    assert (found.distance_same < EXACT) == in_scope
    heats = ["heat"] if "c" not in order else ["heat_into_hot", "heat_into_cold"]
    assert list(found.quantities) == heats + ["work"] * ("i" in order)
    assert found.exponents.tolist() == pytest.approx([-0.5, 0.4][: len(heats)] + [0.7] * ("i" in order), abs=1e-12)


def test_complex_unitaries_are_out_of_scope_in_any_order() -> None:
    found = exchange_theorem(between_two_baths("hch", real=False))
    assert not found.in_scope
    assert "transpose" in found.scope
    assert found.distance_same > 1e-3
    assert found.distance_reversed < EXACT


def test_steps_on_different_subsystems_may_change_places() -> None:
    """hot on A and cold on B at the same time: V before and V after is a palindrome, V before alone is none."""
    model = coherent_collision(coherence=0.0, initial="thermal", initial_temperature=0.8, collisions=2)
    exchange, hot, cold = model.steps
    around = replace(model, steps=[exchange, hot, cold, exchange])
    found = exchange_theorem(around)
    assert found.in_scope
    assert found.distance_same < EXACT
    assert found.distance_reversed < EXACT
    assert found.quantities == ("heat_into_hot", "heat_into_cold")
    assert not exchange_theorem(model).in_scope
    assert exchange_theorem(model).distance_reversed < EXACT


def test_cold_baths() -> None:
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 2.0))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=800.0)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=0.5)
    found = exchange_theorem(ThermalOperation(system=system, environment=bath, unitary=unitary))
    assert found.distance_same < EXACT
    np.testing.assert_allclose(found.log_ratios, found.values @ found.exponents, rtol=1e-12)


def test_nothing_but_exponents_tells_one_temperature_from_two() -> None:
    """Negative control: with one temperature for both baths the distance would be large."""
    model = between_two_baths("hch")
    right = exchange_theorem(model)
    baths = {**model.reservoirs, "cold": Reservoir(energies=LEVELS, inverse_temperature=0.2)}
    wrong = exchange_theorem(replace(model, reservoirs=baths))
    assert np.abs(right.log_ratios - right.values @ wrong.exponents).max() > 0.5


def test_refusals() -> None:
    coherent = operation()
    start = System(energies=LEVELS, state=State.haar(3, seed=1))
    with pytest.raises(InvalidInput, match="Gibbs"):
        exchange_theorem(replace(coherent, system=start))
    with pytest.raises(InvalidInput, match="Gibbs"):
        exchange_theorem(replace(coherent, system=System(energies=LEVELS, state=np.diag([0.5, 0.2, 0.3]))))
    with pytest.raises(InvalidInput, match="Gibbs"):
        exchange_theorem(build_model("coherent-collision", coherence=0.0))
    with pytest.raises(NotRecorded, match="those of hot are not"):
        exchange_theorem(build_model("coherent-collision", initial="thermal", collisions=2))


def test_populations_may_be_inverted() -> None:
    """A Gibbs state of negative temperature is one, too; so is a start whose levels coincide."""
    inverted = System(energies=LEVELS, state=np.diag(np.exp(0.4 * LEVELS) / np.exp(0.4 * LEVELS).sum()))
    found = exchange_theorem(replace(operation(), system=inverted))
    assert found.exponents.tolist() == pytest.approx([1.3], abs=1e-12)
    assert found.distance_reversed < EXACT
    turned = InternalStep(on=["S"], unitary=turning(0.3))
    composite = CompositeSystem(subsystems={"S": [0.0, 0.0]}, state=np.eye(2) / 2)
    bath = {"bath": Reservoir(energies=[0.0, 0.0], inverse_temperature=1.0)}
    unitary = EnergyConservingUnitary.haar(composite.part(["S"]), bath["bath"].environment, seed=1)
    steps = [turned, CollisionStep(reservoir="bath", on=["S"], unitary=unitary)]
    model = CollisionModel(composite=composite, reservoirs=bath, steps=steps)
    assert exchange_theorem(model).distance_reversed < EXACT


def test_the_result_is_read_only() -> None:
    found = exchange_theorem(operation())
    with pytest.raises(ValueError, match="read-only"):
        found.values[0] = 1.0
