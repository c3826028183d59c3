"""What is said beside exact numbers: that energy is not conserved, and nothing where it is."""

from __future__ import annotations

import numpy as np
import pytest

import qtraj
from qtraj.cli.remarks import remarks
from qtraj.models import MODELS, build_model

FLIP = np.eye(4)[[2, 1, 0, 3]]
SWAP = np.eye(4)[[0, 2, 1, 3]]


def collisions(matrix: np.ndarray) -> qtraj.CollisionModel:
    pair = qtraj.CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=qtraj.State.gibbs([0.0, 1.0], 2.0))
    bath = qtraj.Reservoir(energies=[0.0, 1.0], inverse_temperature=0.5)
    unitary = qtraj.EnergyConservingUnitary.from_matrix(
        pair.part(["S"]), bath.environment, matrix, allow_violation=True
    )
    steps = [qtraj.CollisionStep(reservoir="hot", on=["S"], unitary=unitary)]
    return qtraj.CollisionModel(composite=pair, reservoirs={"hot": bath}, steps=steps, repeat=2)


@pytest.mark.parametrize("name", MODELS)
def test_models_need_none(name: str) -> None:
    assert remarks(build_model(name), {}) == []


def test_collisions_that_do_not_conserve_energy() -> None:
    (note,) = remarks(collisions(FLIP), {"switching_work": 0.25})
    assert note.startswith(
        "The unitary does not conserve energy: [U, H] has norm 1.41, and switching the interaction takes the work 0.25."
    )
    assert "heats do not add up to what the system loses" in note


def test_a_violation_that_is_allowed_and_not_there() -> None:
    assert remarks(collisions(SWAP), {"switching_work": 0.0}) == []


def test_the_heats_of_such_a_collision_do_not_add_up() -> None:
    """What the sentence says is so: and with a unitary that conserves energy it is not."""
    for matrix, adds_up in ((FLIP, False), (SWAP, True)):
        process = collisions(matrix)
        values = qtraj.averages(process)
        energies = np.array([0.0, 1.0])
        lost = float(energies @ (process.system.energy_state.matrix - process.final_state).diagonal().real)
        assert (abs(float(values.heat_into["hot"].sum()) - lost) < 1e-12) is adds_up
