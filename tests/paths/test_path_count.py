"""How many labelled paths there are, without listing them."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.models.li18 import coherent_collision
from qtraj.paths import path_count
from qtraj.paths.exact_law import exact_law
from qtraj.paths.path_count import count_label_sequences
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.states import State
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


def test_energy_labels_multiply() -> None:
    model = case("pure qubit")
    bare, labelled = (count(model, MeasurementProtocol(name)) for name in ("eigenbasis-two-point", "augmented"))
    assert bare is not None
    assert labelled == 4 * bare
