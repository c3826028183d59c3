"""Systems made of named parts, and reservoirs that send fresh units."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, InvalidState, UnknownName
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.states import State
from tests.paths.collision_enumeration import placed

NAMES = ("A", "B", "C")


def composite_of(dims: list[int]) -> CompositeSystem:
    subsystems = {name: np.arange(dim) * (1.0 + k) for k, (name, dim) in enumerate(zip(NAMES, dims, strict=False))}
    size = int(np.prod(dims))
    return CompositeSystem(subsystems=subsystems, state=np.eye(size) / size)


@given(
    dims=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    data=st.data(),
    seed=st.integers(0, 2**32 - 1),
)
def test_operators_stand_where_brute_force_puts_them(dims: list[int], data: st.DataObject, seed: int) -> None:
    """Any number of subsystems, in any tensor order, adjacent or not."""
    composite = composite_of(dims)
    choices = [list(one) for r in range(1, len(dims) + 1) for one in itertools.permutations(range(len(dims)), r)]
    positions = data.draw(st.sampled_from(choices))
    own = int(np.prod([dims[position] for position in positions]))
    operator = np.random.default_rng(seed).normal(size=(own, own))
    rows, columns = (index.ravel() for index in np.indices((own, own)))
    where, there = composite.embed([NAMES[position] for position in positions], rows, columns)
    whole = np.zeros((composite.dimension, composite.dimension))
    np.add.at(whole, (where, there), operator.ravel()[:, None])
    np.testing.assert_array_equal(whole, placed(operator, positions, dims).real)


def test_the_order_of_a_pair_matters() -> None:
    """Negative control of the test above: ["A", "B"] is not ["B", "A"]."""
    operator = np.random.default_rng(1).normal(size=(6, 6))
    assert not np.array_equal(placed(operator, [0, 1], [2, 3]), placed(operator, [1, 0], [2, 3]))


def test_energies_add_up_in_tensor_order() -> None:
    composite = CompositeSystem(subsystems={"A": [0.0, 10.0], "B": [3.0, 1.0, 2.0]}, state=np.eye(6) / 6)
    assert composite.system.spectrum.energies.tolist() == [3, 1, 2, 13, 11, 12]
    assert composite.part(["B", "A"]).spectrum.energies.tolist() == [3, 13, 1, 11, 2, 12]
    assert composite.part(["B"]).energy_state.log_eigenvalues.tolist() == pytest.approx([-np.log(3)] * 3)
    assert composite.dimension == 6
    assert list(composite.energies) == ["A", "B"]


@pytest.mark.parametrize("on", [[], "A", "AB", ["A", "A"], ()])
def test_subsystems_must_be_a_list_of_different_names(on: object) -> None:
    composite = composite_of([2, 2])
    with pytest.raises(InvalidInput, match="must be a list of different subsystems"):
        composite.part(on)  # type: ignore[arg-type]


def test_unknown_subsystems_are_named() -> None:
    left = CompositeSystem(subsystems={"left": [0, 1], "right": [0, 1]}, state=np.eye(4) / 4)
    with pytest.raises(UnknownName, match="did you mean 'left'"):
        left.part(["letf"])
    with pytest.raises(InvalidInput, match="at least one subsystem"):
        CompositeSystem(subsystems={}, state=np.eye(1))
    with pytest.raises(InvalidState, match="dimension 4"):
        CompositeSystem(subsystems={"A": [0, 1], "B": [0, 1]}, state=State.pure([1, 0]))


def test_nobody_can_change_a_composite_system() -> None:
    energies = np.array([0.0, 1.0])
    composite = CompositeSystem(subsystems={"A": energies}, state=State.pure([1, 0]))
    energies[1] = 7.0
    assert composite.energies["A"].tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        composite.energies["A"][0] = 1.0
    with pytest.raises(TypeError):
        composite.subsystems["B"] = [0.0]  # type: ignore[index]
    copy = pickle.loads(pickle.dumps(composite))
    with pytest.raises(TypeError):
        copy.subsystems["B"] = [0.0]
    np.testing.assert_array_equal(copy.state.vectors, composite.state.vectors)


# Reservoirs


def test_units_in_a_gibbs_state() -> None:
    bath = Reservoir(energies=[1.0, 0.0, 3.0], inverse_temperature=2.0)
    assert bath.is_thermal
    assert bath.outcomes.probabilities.sum() == pytest.approx(1.0)
    assert sorted(bath.outcome_energies.tolist()) == [0.0, 1.0, 3.0]
    np.testing.assert_allclose(np.diff(bath.outcomes.log_eigenvalues), [-2.0, -4.0], atol=1e-15)
    assert bath.environment.inverse_temperature == 2.0


def test_units_in_a_coherent_state() -> None:
    unit = Reservoir(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.0))
    assert not unit.is_thermal
    assert unit.outcome_energies is None
    np.testing.assert_allclose(unit.outcomes.probabilities, [0.8, 0.2], atol=1e-15)
    np.testing.assert_allclose(unit.measured_state.matrix, unit.unit.energy_state.matrix, atol=1e-15)
    dephased = Reservoir(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.0), measure="energy")
    np.testing.assert_allclose(dephased.outcomes.probabilities, [0.5, 0.5], atol=1e-15)
    np.testing.assert_allclose(dephased.measured_state.matrix, np.eye(2) / 2, atol=1e-15)
    assert dephased.outcome_energies.tolist() == [0.0, 1.0]
    # What the units are does not depend on how they are measured.
    np.testing.assert_allclose(dephased.unit.energy_state.matrix, unit.unit.energy_state.matrix, atol=1e-15)


def test_coherence_within_a_level_has_an_energy() -> None:
    """Outcomes may be superpositions of states of one energy."""
    state = np.diag([0.5, 0.25, 0.25]).astype(complex)
    state[1, 2] = state[2, 1] = 0.1
    unit = Reservoir(energies=[0.0, 1.0, 1.0], state=state)
    np.testing.assert_allclose(unit.outcomes.probabilities, [0.5, 0.35, 0.15], atol=1e-15)
    assert unit.outcome_energies.tolist() == [0.0, 1.0, 1.0]


def test_every_outcome_is_of_rank_one() -> None:
    for reservoir in (
        Reservoir(energies=[0.0, 1.0, 1.0], inverse_temperature=0.5),
        Reservoir(energies=[0.0, 0.0], state=np.eye(2) / 2, measure="energy"),
        Reservoir(energies=[0.0, 1.0, 2.0], inverse_temperature=0.0),
    ):
        assert reservoir.outcomes.ranks.tolist() == [1] * reservoir.unit.dimension


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, InvalidInput, "has neither"),
        ({"inverse_temperature": -1.0}, InvalidInput, "must not be negative"),
        ({"inverse_temperature": np.inf}, InvalidInput, "must be finite"),
        ({"inverse_temperature": 1e13}, InvalidInput, "below 1e[+]12 nats"),
        ({"inverse_temperature": 1e300}, InvalidInput, "below 1e[+]12 nats"),
        ({"inverse_temperature": 1.0, "measure": "eigen"}, UnknownName, "did you mean 'eigenbasis'"),
        ({"state": State.pure([1, 0])}, InvalidState, "full rank 2, but theirs has rank 1"),
        ({"state": np.eye(3) / 3}, InvalidState, "dimension 2"),
        ({"state": np.eye(2)}, InvalidState, "trace 1"),
    ],
)
def test_units_that_are_refused(arguments: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Reservoir(energies=[0.0, 1.0], **arguments)  # type: ignore[arg-type]


def test_an_effective_temperature_does_not_change_the_units() -> None:
    state = State.bloch(0.3, 0.0, 0.2)
    one, two = (Reservoir(energies=[0.0, 1.0], state=state, inverse_temperature=beta) for beta in (None, 0.7))
    np.testing.assert_array_equal(one.outcomes.log_eigenvalues, two.outcomes.log_eigenvalues)
    assert not two.is_thermal
