"""Experiment files with `kind = "thermal-operation"`: a system, an environment, a unitary."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import model_validator

from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.environments import EnvironmentTable
from qtraj.experiment.messages import located
from qtraj.experiment.schema import Numbers, Operator, Table, refusal
from qtraj.experiment.states import StateTable
from qtraj.experiment.unitaries import UnitaryTable
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

__all__ = ["ThermalOperationFile"]


class SystemTable(Table):
    """`[system]`: energies, or a Hamiltonian's matrix, and the initial state."""

    energies: Numbers | None = None
    hamiltonian: Operator | None = None
    state: StateTable

    @model_validator(mode="after")
    def _exactly_one_hamiltonian(self) -> SystemTable:
        if (self.energies is None) == (self.hamiltonian is None):
            has = "neither" if self.energies is None else "both"
            raise refusal(f"`{{path}}` must have either `energies` or `hamiltonian`, but has {has}")
        return self

    def build(self, folder: Path) -> System:
        """The system in its initial state."""
        with located("system", SystemTable.model_fields):
            hamiltonian = None if self.hamiltonian is None else self.hamiltonian.array(folder)
            size = len(self.energies or ()) if hamiltonian is None else np.atleast_1d(hamiltonian).shape[0]
            # States such as Gibbs's ask for the spectrum, which only a system has, with a state: any will do.
            anything = State.pure(np.eye(max(1, size))[0])
            bare = System(energies=self.energies, hamiltonian=hamiltonian, state=anything)
        with located("system.state", type(self.state).model_fields, log_eigenvalues="log_populations"):
            state = self.state.build(bare, folder)
        with located("system", SystemTable.model_fields):
            return System(energies=self.energies, hamiltonian=hamiltonian, state=state)


class ThermalOperationFile(ExperimentFile):
    """A whole file."""

    kind: Literal["thermal-operation"]
    system: SystemTable
    environment: EnvironmentTable
    unitary: UnitaryTable

    def build(self, folder: Path) -> ThermalOperation:
        """See `ExperimentFile.build`."""
        system = self.system.build(folder)
        with located("environment", type(self.environment).model_fields, inverse_temperature="beta"):
            environment = self.environment.build()
        with located("unitary", type(self.unitary).model_fields):
            unitary = self.unitary.build(system, environment, folder)
        return ThermalOperation(system=system, environment=environment, unitary=unitary)
