"""What a report says about the process besides its verdict: input that was moved, work, no heat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.checks import Verdict
from qtraj.theorems.verify import verify
from tests.paths.cases import PROTOCOLS, case
from tests.theorems.negative_controls import violating_operation
from tests.theorems.reports import LEVEL, check_of


def test_what_no_check_can_see_fits_the_process() -> None:
    driven = JumpProcess(
        system=System(hamiltonian=[[0.0, 0.4], [0.4, 0.2]], state=State.gibbs([0.0, 1.0], 1.0)),
        channels=[Channel(operator=[[0, 1], [0, 0]], bath="hot", rate=0.5, energy=1.0, inverse_temperature=0.3)],
        duration=1.0,
    )
    *_, note = (report := verify(driven, paths=100)).notes
    assert note.endswith("a wrong Hamiltonian, rate or temperature in the input.")
    # Nobody is told to do what has just been done.
    assert "they can only be followed); samples are held against density matrices." in " ".join(report.notes)
    *_, note = verify(case("coherent qutrit"), paths=100).notes
    assert note.endswith("or U replaced by a matrix with the same transition probabilities.")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_unitary_that_does_not_conserve_energy_passes_with_its_work(protocol: str, root_seed: int) -> None:
    """<sigma> = Sigma + beta W, all of it in sigma_d; leaving W out is a negative control of its own."""
    report = verify(violating_operation(), paths=1e6, seed=root_seed, protocol=protocol, level=LEVEL)
    assert report.verdict is Verdict.PASS


def test_the_work_is_not_small_and_stands_in_the_mean() -> None:
    from qtraj.density.averages import averages

    operation = violating_operation()
    values = averages(operation)
    report = verify(operation, paths=1e6)
    work = operation.inverse_temperature * values.switching_work
    assert abs(work) > 0.01
    assert check_of(report, "mean_sigma").exact == pytest.approx(values.entropy_production + work, abs=1e-12)
    assert check_of(report, "mean_xi").exact == pytest.approx(values.coherence_entropy_production, abs=1e-12)
    (note,) = (note for note in report.notes if "does not conserve energy" in note)
    assert f"[U, H] has norm {values.commutator_norm:.3g}" in note
    assert f"takes the work {values.switching_work:.6g}" in note


def test_a_unitary_typed_to_four_digits_passes() -> None:
    """Both routes see the projected unitary, so rounding the input is no violation."""
    right = case("coherent qutrit")
    rounded = np.round(right.unitary.matrix(), 4)
    unitary = EnergyConservingUnitary.from_matrix(right.system, right.environment, rounded)
    assert unitary.adjustment > 1e-5
    assert verify(replace(right, unitary=unitary), paths=1e6).verdict is Verdict.PASS


def qubit_on_a_ladder(state: object, spacing: float = 1.0) -> ThermalOperation:
    system = System(energies=[0.0, 1.0], state=state)
    bath = Environment.ladder(levels=4, spacing=spacing, inverse_temperature=0.5)
    return ThermalOperation(system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=1))


def test_a_state_that_had_to_be_moved_is_told_with_its_rank() -> None:
    typed = [[0.7702, 0.4208], [0.4208, 0.2298]]  # a pure state to four digits, with an eigenvalue of -8e-5
    text = str(verify(qubit_on_a_ladder(typed), paths=1000))
    assert "was moved by 0.00011 to the nearest density matrix, of rank 1 of 2." in text
    assert "was moved" not in str(verify(qubit_on_a_ladder([[0.5, 0.2], [0.2, 0.5]]), paths=1000))


def test_a_process_that_moves_no_heat_is_told() -> None:
    state = [[0.5, 0.2], [0.2, 0.5]]
    assert "No heat can flow" in str(verify(qubit_on_a_ladder(state, spacing=0.7), paths=1000))
    assert "No heat can flow" not in str(verify(qubit_on_a_ladder(state), paths=1000))
