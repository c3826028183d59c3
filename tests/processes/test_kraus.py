"""Kraus operators of collisions, gathered by heat and entropy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.processes.kraus import JointElements, image_of, measured_branches, thermal_branches
from qtraj.processes.seam import Branches
from qtraj.quantum.composite import Reservoir
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.paths.collision_cases import CASES, case

EXACT = 1e-13

LADDER = np.arange(3.0)


def parties(energies: list[float], beta: float, *, seed: int = 1) -> tuple[Environment, EnergyConservingUnitary]:
    system = System(energies=LADDER, state=State.gibbs(LADDER, 1.0))
    bath = Environment(energies=energies, inverse_temperature=beta)
    return bath, EnergyConservingUnitary.haar(system, bath, seed=seed)


def completeness(branches: tuple[Branches, ...]) -> np.ndarray:
    """The sum of all q K^dag K, which is 1."""
    total = 0
    for batch in branches:
        weighted = np.exp(batch.log_weights)[:, None, None] * np.conj(np.swapaxes(batch.operators, 1, 2))
        total = total + (weighted @ batch.operators).sum(axis=0)
    return np.asarray(total)


def table(branches: tuple[Branches, ...]) -> dict[tuple[int, int], tuple[float, float | None, float, np.ndarray]]:
    """Entropy, heat, weight and operator of every pair of labels."""
    found = {}
    for batch in branches:
        for mu, nu, weight, operator in zip(batch.mu, batch.nu, batch.log_weights, batch.operators, strict=True):
            found[int(mu), int(nu)] = (batch.entropy, batch.heat, float(weight), operator)
    return found


@settings(max_examples=20)
@given(
    energies=st.lists(st.integers(0, 3), min_size=1, max_size=5), beta=st.floats(0, 5), seed=st.integers(0, 2**32 - 1)
)
def test_thermal_units_by_either_function(energies: list[int], beta: float, seed: int) -> None:
    """Measured in the energy basis, a thermal unit is any unit whose outcomes have energies."""
    bath, unitary = parties([float(energy) for energy in energies], beta, seed=seed)
    thermal = thermal_branches(unitary, bath)
    measured = measured_branches(
        JointElements.of(unitary), log_populations=bath.log_populations, energies=bath.spectrum.energies
    )
    np.testing.assert_allclose(completeness(thermal), np.eye(3), atol=EXACT)
    np.testing.assert_allclose(completeness(measured), np.eye(3), atol=EXACT)
    ours, theirs = table(thermal), table(measured)
    assert set(ours) == set(theirs)
    for labels, (entropy, heat, weight, operator) in ours.items():
        assert theirs[labels][:3] == pytest.approx((entropy, heat, weight), abs=1e-12)
        np.testing.assert_array_equal(theirs[labels][3], operator)
        assert entropy == beta * heat
    heats = [batch.heat for batch in thermal]
    assert heats == sorted(set(heats))
    keys = [(batch.entropy, batch.heat) for batch in measured]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", CASES)
def test_branches_of_every_stage_are_complete_and_apart(name: str) -> None:
    for stage in case(name).round:
        d = stage.branches[0].dimension
        np.testing.assert_allclose(completeness(stage.branches), np.eye(d), atol=EXACT)
        keys = [(round(batch.entropy, 9), batch.heat) for batch in stage.branches]
        assert len(keys) == len(set(keys))
        labels = [(int(mu), int(nu)) for batch in stage.branches for mu, nu in zip(batch.mu, batch.nu, strict=True)]
        assert len(labels) == len(set(labels))
        assert [batch.entropy for batch in stage.branches] == sorted(batch.entropy for batch in stage.branches)


def test_equal_outcomes_send_exactly_nothing() -> None:
    """Not the rounding of large energies, and not of logarithms."""
    bath, unitary = parties([1e6, 1e6 + 1, 1e6 + 2], 0.1)
    nothing = [batch for batch in thermal_branches(unitary, bath) if (batch.mu == batch.nu).any()]
    assert [(batch.heat, batch.entropy) for batch in nothing] == [(0.0, 0.0)]
    unit = Reservoir(energies=[0.0, 1.0, 2.0], state=State.haar(3, seed=2))
    for batch in measured_branches(
        JointElements.of(unitary), log_populations=unit.outcomes.log_eigenvalues, energies=None
    ):
        assert batch.heat is None
        assert (batch.entropy == 0.0) == bool((batch.mu == batch.nu).any())


def test_heats_that_rounding_cannot_tell_are_one() -> None:
    bath, unitary = parties([0.0, 0.1 + 0.2, 0.3], 1.0)
    assert [batch.heat for batch in thermal_branches(unitary, bath)] == [0.0]
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 1.0))
    # One level by choice of the user, but heat within it is heat.
    near = Environment(energies=[0.0, 1.0, 1.0 + 1e-9], inverse_temperature=1.0, level_tolerance=1e-6)
    haar = EnergyConservingUnitary.haar(system, near, seed=1)
    heats = [batch.heat for batch in thermal_branches(haar, near)]
    assert len(heats) == 7
    assert min(np.diff(heats)) > 5e-10


def test_entropy_and_heat_are_told_apart() -> None:
    """Two outcomes of one energy with different populations: heat zero, entropy not."""
    unit = Reservoir(energies=[0.0, 1.0, 1.0], state=np.diag([0.5, 0.3, 0.2]))
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 1.0))
    unitary = EnergyConservingUnitary.haar(system, unit.environment, seed=1)
    batches = measured_branches(
        JointElements.of(unitary), log_populations=np.log([0.5, 0.3, 0.2]), energies=np.array([0.0, 1.0, 1.0])
    )
    found = {(round(batch.entropy, 12), batch.heat) for batch in batches}
    assert (round(np.log(0.3 / 0.2), 12), 0.0) in found
    assert (round(np.log(0.2 / 0.3), 12), 0.0) in found
    assert len(found) == 7


def test_image_of_a_state() -> None:
    bath, unitary = parties([0.0, 1.0, 2.0, 3.0], 0.7)
    state = State.haar(3, seed=4)
    dense = unitary.matrix() @ np.kron(state.matrix, np.diag(np.exp(bath.log_populations))) @ unitary.matrix().conj().T
    exact = dense.reshape(3, 4, 3, 4).trace(axis1=1, axis2=3)
    np.testing.assert_allclose(image_of(thermal_branches(unitary, bath), state).matrix, exact, atol=EXACT)


def test_small_eigenvalues_of_an_image_are_relatively_exact() -> None:
    """A full swap with a unit of population e^-500."""
    system = System(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.1))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=500.0)
    swap = EnergyConservingUnitary.partial_swap(system, bath, angle=np.pi / 2)
    image = image_of(thermal_branches(swap, bath), system.energy_state)
    np.testing.assert_allclose(image.log_eigenvalues, [0.0, -500.0], atol=1e-12)


def test_batches_are_read_only() -> None:
    batch = case("two baths").round[0].branches[0]
    for name in ("log_weights", "rows", "columns", "elements", "mu", "nu"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(batch, name)[...] = 0
