"""Kraus operators gathered by pairs of environment levels: the same collision as all of them, by far fewer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings

from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.processes import level_pairs
from qtraj.processes.kraus import thermal_branches
from qtraj.processes.level_pairs import condensed_branches, is_condensed
from qtraj.processes.seam import Branches
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.lazy_blocks import STORE, LazyStacks
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import thermal_operations

# Sums of up to a thousand products, each good to 1e-15.
EXACT = 1e-12

PROTOCOLS = ("augmented", "eigenbasis-two-point", "energy-two-point", "kraus")


def spins(count: int, *, splitting: float = 1.0, beta: float = 0.6, tolerance: float | None = None) -> Environment:
    bath = Environment.spins(count=count, splitting=splitting, inverse_temperature=beta)
    if tolerance is None:
        return bath
    return Environment(energies=bath.energies, inverse_temperature=beta, level_tolerance=tolerance)


def haar(energies: list[float], bath: Environment, *, rank: int | None = None) -> ThermalOperation:
    system = System(energies=energies, state=State.haar(len(energies), rank=rank, seed=1))
    unitary = EnergyConservingUnitary.haar(system, bath, seed=3)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def exchange(energies: list[float], bath: Environment) -> ThermalOperation:
    system = System(energies=energies, state=State.haar(len(energies), seed=1))
    unitary = EnergyConservingUnitary.exchange(system, bath, coupling=0.3, time=2.0)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def violating() -> ThermalOperation:
    system, bath = System(energies=[0.0, 1.0], state=State.haar(2, seed=1)), spins(3)
    matrix = State.haar(16, seed=2).vectors
    unitary = EnergyConservingUnitary.from_matrix(system, bath, matrix, allow_violation=True)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


CASES: dict[str, Callable[[], ThermalOperation]] = {
    "qubit": lambda: haar([0.0, 1.0], spins(6)),
    "pure start": lambda: haar([0.0, 1.0], spins(5), rank=1),
    "energies that round": lambda: haar([0.0, 0.1], spins(7, splitting=0.1)),
    "degenerate system": lambda: haar([0.0, 1.0, 1.0], spins(5)),
    "cold": lambda: haar([0.0, 1.0, 1.0, 3.0], spins(5, beta=40.0)),
    # Many elements are zero, and not the same ones in all pairs.
    "exchange": lambda: exchange([0.0, 1.0, 2.0], spins(5)),
    # Total energies grouped by the user: levels of the environment share a block, or are cut into several.
    "wide levels": lambda: haar([0.0, 1.0], spins(4, tolerance=1.5)),
    "narrow levels": lambda: haar([0.0, 0.3], spins(6, splitting=0.1, tolerance=0.0)),
    "no conservation": violating,
}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gather however small the environment."""
    monkeypatch.setattr(level_pairs, "CONDENSED_ELEMENTS", 0)
    monkeypatch.setattr(level_pairs, "CONDENSED_DEGENERACY", 0)


def superoperators(branches: tuple[Branches, ...]) -> dict[float, np.ndarray]:
    found = {}
    for batch in branches:
        matrix, scale = batch.superoperator()
        found[round(float(batch.heat or 0.0), 9)] = np.exp(scale) * matrix
    return found


def assert_same_collision(operation: ThermalOperation) -> None:
    gathered = condensed_branches(operation.unitary, operation.environment)
    listed = thermal_branches(operation.unitary, operation.environment)
    assert [batch.heat for batch in gathered] == pytest.approx([batch.heat for batch in listed], abs=1e-12)
    one, other = superoperators(gathered), superoperators(listed)
    assert one.keys() == other.keys()
    for heat, matrix in one.items():
        np.testing.assert_allclose(matrix, other[heat], rtol=0, atol=EXACT)
    # No pair is lost, and none is made up.
    numbers = [batch.pairs.numbers.sum() for batch in gathered if batch.pairs is not None]
    assert numbers == [batch.elements.shape[0] for batch in listed]


@pytest.mark.parametrize("name", CASES)
def test_the_collision_is_the_same_heat_by_heat(name: str) -> None:
    assert_same_collision(CASES[name]())


@settings(max_examples=25)
@given(thermal_operations())
def test_the_collision_of_any_thermal_operation_is_the_same(operation: ThermalOperation) -> None:
    assert_same_collision(operation)


@pytest.mark.parametrize("chunk", [1, 7])
def test_chunks_change_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(level_pairs, "CHUNK_PAIRS", chunk)
    for name in ("degenerate system", "exchange", "wide levels", "narrow levels"):
        assert_same_collision(CASES[name]())


def laws(name: str, protocol: str, monkeypatch: pytest.MonkeyPatch) -> tuple[PathLaw, PathLaw]:
    listed = exact_law(CASES[name](), protocol=protocol)
    monkeypatch.setattr(level_pairs, "CONDENSED_ELEMENTS", 0)
    monkeypatch.setattr(level_pairs, "CONDENSED_DEGENERACY", 0)
    return exact_law(CASES[name](), protocol=protocol), listed


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_the_law_is_the_same_class_by_class(name: str, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same classes with the same number of labelled paths; rare ones keep their relative accuracy."""
    gathered, listed = laws(name, protocol, monkeypatch)
    assert gathered.classes == listed.classes
    assert gathered.paths == listed.paths
    for label in ("alpha", "branch", "beta", "n", "m"):
        np.testing.assert_array_equal(getattr(gathered, label), getattr(listed, label))
    np.testing.assert_allclose(gathered.log_forward, listed.log_forward, rtol=0, atol=1e-9)
    if listed.records("sigma"):
        np.testing.assert_allclose(gathered.sigma, listed.sigma, rtol=0, atol=1e-11)


def test_what_cancels_in_every_pair_cancels_in_the_mixture(always: None) -> None:
    """A unitary that leaves the system alone keeps its superpositions: no path to an orthogonal state."""
    system = System(energies=[0.0, 1.0], state=State.haar(2, seed=1))
    bath = spins(6)
    swap = EnergyConservingUnitary.exchange(system, bath, coupling=0.0, time=1.0)
    law = exact_law(ThermalOperation(system=system, environment=bath, unitary=swap), protocol="eigenbasis-two-point")
    assert law.classes == 2  # alpha = beta, no heat
    assert law.paths == 2 * 64


def test_few_operators_remain_and_their_number_does_not_grow_with_the_degeneracy() -> None:
    for count in (4, 6, 8):
        gathered = condensed_branches(haar([0.0, 1.0], spins(count)).unitary, spins(count))
        assert sum(batch.elements.shape[0] for batch in gathered) == 4 * count
        assert all((np.exp(batch.log_weights) <= 1).all() for batch in gathered)


def test_gathering_begins_where_it_pays() -> None:
    assert not is_condensed(haar([0.0, 1.0], spins(8)).unitary)
    assert is_condensed(haar([0.0, 1.0], spins(9)).unitary)
    ladder = Environment.ladder(levels=40_000, spacing=1.0, inverse_temperature=0.6)
    assert not is_condensed(haar([0.0, 1.0], ladder).unitary)
    large = haar([0.0, 1.0], spins(9))
    assert all(batch.pairs is not None for batch in large.stages()[0].branches)
    assert all(batch.pairs is None for batch in large.branches())  # labels for those who ask
    small = haar([0.0, 1.0], spins(3))
    assert small.stages()[0].branches is small.branches()


def test_each_block_is_made_once_when_a_few_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks come by ascending energy. Room for three of the largest is enough, and a shelf is made once a block."""
    operation = haar([0.0, 1.0], spins(10))
    stacks = operation.unitary.matrices
    assert isinstance(stacks, LazyStacks)
    made: list[int] = []
    plain = stacks._made
    monkeypatch.setattr(stacks, "_made", lambda position: made.append(position) or plain(position))
    monkeypatch.setattr(STORE, "limit", 3 * 16.0 * 462**2)
    condensed_branches(operation.unitary, operation.environment)
    assert set(made) == set(range(len(stacks)))
    assert all(made.count(position) <= shape[0] for position, shape in enumerate(stacks.shapes))
