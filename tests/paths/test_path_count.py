"""How many labelled paths there are, without listing them."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.models.li18 import coherent_collision
from qtraj.paths import path_count
from qtraj.paths.exact_law import exact_law, law_between
from qtraj.paths.law import PathLaw
from qtraj.paths.path_count import count_label_sequences
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.level_pairs import condensed_branches
from qtraj.processes.seam import Branches, MeasurementProtocol, Stage
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.paths.collision_cases import CASES, case, qubit_model
from tests.paths.collision_enumeration import enumerate_collisions


def count(model: CollisionModel, protocol: MeasurementProtocol = MeasurementProtocol.EIGENBASIS) -> int | None:
    ends = model.endpoints(protocol)
    return count_label_sequences(model.stages(), ends.initial, ends.final)


@pytest.mark.parametrize("name", CASES)
def test_number_of_paths_is_that_of_the_list(name: str) -> None:
    assert count(case(name)) == enumerate_collisions(case(name), "eigenbasis-two-point").probabilities.size


def test_a_qubit_and_thermal_units() -> None:
    """From the ground state (alpha = 0) with energy measured at the end: every collision that exchanges or not."""
    model = qubit_model([0.5], state=State.pure([1, 0]), repeat=3, angle=0.4)
    # Levels: from 0 the unit may be found as it was (two ways) or take the system up (one way), and the reverse from 1.
    up, stay = 1, 2
    levels = np.array([1, 0])
    for _ in range(3):
        levels = np.array([[stay, up], [up, stay]]) @ levels
    assert count(model) == levels.sum() == 27


def test_many_paths_are_counted_exactly() -> None:
    """Far beyond what a double holds, and no longer than Python can print."""
    model = qubit_model([0.5], state=State.pure([1, 0]), repeat=500, angle=0.4)
    assert count(model) == 3**500
    assert count(qubit_model([0.5], state=State.pure([1, 0]), repeat=10_000, angle=0.4)) is None


def test_a_law_of_too_many_paths_can_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_count, "MOST_BITS", 10)
    law = exact_law(qubit_model([0.5], repeat=12))
    assert law.paths is None
    assert "too many paths to count" in repr(law)


def test_too_many_sets_of_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_count, "MOST_SETS", 1)
    assert count(coherent_collision(collisions=2, coherence=0.0)) is None


def test_gathered_pairs_count_where_an_amplitude_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of eight environment states turn the qubit, in opposite senses; its state along x only becomes shorter.

    From one end of x to the other there are two pairs (mu, nu) for listed pairs, and all eight for gathered ones: the
    amplitudes of the other six are sums of two elements that are not zero. Probabilities are the same.
    """
    system = System(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.0))
    bath = Environment.spins(count=3, splitting=1.0, inverse_temperature=0.7)
    phases = np.zeros(16)
    phases[[8 + 1, 8 + 2]] = 0.5, -0.5
    unitary = EnergyConservingUnitary.from_matrix(system, bath, np.diag(np.exp(1j * phases)))
    operation = ThermalOperation(system=system, environment=bath, unitary=unitary)
    listed = law_of(operation.branches(), operation)
    gathered = law_of(condensed_branches(operation.unitary, bath), operation)
    assert (listed.paths, gathered.paths) == (2 * 8 + 2 * 2, 2 * 8 + 2 * 8)
    assert listed.classes == gathered.classes == 4
    np.testing.assert_allclose(gathered.probabilities, listed.probabilities, rtol=1e-12)


def law_of(branches: tuple[Branches, ...], operation: ThermalOperation) -> PathLaw:
    ends = operation.endpoints(MeasurementProtocol.EIGENBASIS)
    return law_between((Stage(reservoir="environment", branches=branches),), ends)


def test_energy_labels_multiply() -> None:
    model = case("pure qubit")
    bare, labelled = (count(model, MeasurementProtocol(name)) for name in ("eigenbasis-two-point", "augmented"))
    assert bare is not None
    assert labelled == 4 * bare
