"""Experiment files with `kind = "thermal-operation"`: a system, an environment, a unitary."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.environments import EnvironmentTable, build_environment
from qtraj.experiment.systems import SystemTable
from qtraj.experiment.unitaries import UnitaryTable, build_unitary
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["ThermalOperationFile"]


class ThermalOperationFile(ExperimentFile):
    """A whole file."""

    kind: Literal["thermal-operation"]
    system: SystemTable
    environment: EnvironmentTable
    unitary: UnitaryTable

    def build(self, folder: Path) -> ThermalOperation:
        """See `ExperimentFile.build`."""
        system = self.system.build(folder)
        environment = build_environment(self.environment)
        unitary = build_unitary(self.unitary, "unitary", system, environment, folder)
        return ThermalOperation(system=system, environment=environment, unitary=unitary)
