"""What the tests of reports share: finding a check, comparing reports, and a process that no run can settle."""

from __future__ import annotations

from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State
from qtraj.theorems.checks import Check
from qtraj.theorems.report import Report
from tests.paths.cases import haar_operation

# A whole report may fail with probability 1e-9 where the seed is free.
LEVEL = 1e-9


def check_of(report: Report, name: str) -> Check:
    return next(check for check in report.checks if check.name == name)


def cold_qutrit() -> ThermalOperation:
    environment = Environment.ladder(levels=10, spacing=1.0, inverse_temperature=800.0)
    return haar_operation([0.0, 1.0, 2.0], State.haar(3, seed=4), environment)


def without_timings(report: Report) -> dict[str, object]:
    return {key: value for key, value in report.to_json().items() if key != "timings"}
