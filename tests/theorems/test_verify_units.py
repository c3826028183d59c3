"""Verdicts in any unit of energy, and with any zero of it."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.checks import Verdict
from qtraj.theorems.verify import verify
from tests.paths.cases import haar_operation
from tests.theorems.negative_controls import failing
from tests.theorems.reports import check_of


@pytest.mark.parametrize("scale", [1e-9, 5e9])
def test_units_of_energy_do_not_matter(scale: float) -> None:
    """In equilibrium the mean heat is 0: rounding of energies in Hz, 1e-7, must not pass for heat."""
    energies = scale * np.array([0.0, 1.0, 2.0])
    environment = Environment.ladder(levels=6, spacing=scale, inverse_temperature=1.0 / scale)
    equilibrium = haar_operation(energies, State.gibbs(energies, 1.0 / scale), environment)
    assert verify(equilibrium).verdict is Verdict.PASS
    assert verify(haar_operation(energies, State.haar(3, seed=1), environment), paths=1e9).verdict is Verdict.PASS


def test_the_zero_of_energy_does_not_matter() -> None:
    environment = Environment(energies=1e6 + np.arange(6.0), inverse_temperature=1.0)
    for state in (State.gibbs([0.0, 1.0, 2.0], 1.0), State.haar(3, seed=1)):
        assert failing(verify(haar_operation([0.0, 1.0, 2.0], state, environment))) == set()


def test_negative_control_rounding_is_all_that_is_forgiven() -> None:
    """With energies in Hz the mean heat may be off by 1e-4 Hz or so; 10^-9 of a quantum is rejected."""
    scale = 5e9
    energies = scale * np.array([0.0, 1.0, 2.0])
    environment = Environment.ladder(levels=6, spacing=scale, inverse_temperature=1.0 / scale)
    report = verify(haar_operation(energies, State.gibbs(energies, 1.0 / scale), environment))
    assert check_of(report, "law_mean_heat").tolerance < 1e-9 * scale


def test_energies_in_joule_are_checked_as_sharply_as_in_units_of_kt() -> None:
    joule = 4e-21
    system = System(energies=[0.0, joule], state=State.bloch(0.5, 0.2, -0.3))
    bath = Environment(energies=[0.0, joule], inverse_temperature=1 / joule)
    swap = EnergyConservingUnitary.partial_swap(system, bath, angle=1.0)
    report = verify(ThermalOperation(system=system, environment=bath, unitary=swap), paths=10**6)
    heat = next(check for check in report.checks if check.name == "mean_heat")
    assert report.verdict is Verdict.PASS
    assert 0 < heat.detectable < 0.02 * joule
    assert next(check for check in report.checks if check.name == "law_mean_heat").tolerance < 1e-10 * joule
