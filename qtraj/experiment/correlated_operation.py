"""Experiment files with `kind = "correlated-operation"`: system and environment are correlated before they meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from qtraj.arrays import ComplexArray
from qtraj.density.joint import require_dense
from qtraj.errors import InvalidState
from qtraj.experiment.correlations import CorrelationsTable, build_correlations, limit_of_strength
from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.environments import EnvironmentTable, build_environment
from qtraj.experiment.messages import located
from qtraj.experiment.schema import Operator, refusal
from qtraj.experiment.states import StateTable
from qtraj.experiment.systems import LevelsTable, build_system
from qtraj.experiment.unitaries import UnitaryTable, build_unitary
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.quantum.correlations import partial_traces
from qtraj.quantum.matrices import as_matrix
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State

__all__ = ["CorrelatedOperationFile"]

# Joint states are computed, not typed. One that was rounded to fewer digits than this has negative eigenvalues, and the
# identities that its paths obey hold no better than its digits.
GIBBS_TOLERANCE = 1e-12


class CorrelatedSystemTable(LevelsTable):
    """`[system]`, whose state is here or in the joint one."""

    state: StateTable | None = None


class CorrelatedOperationFile(ExperimentFile):
    """A whole file.

    The start is either a product with `correlations` added to it, or all of it in `joint_state`.
    """

    kind: Literal["correlated-operation"]
    system: CorrelatedSystemTable
    environment: EnvironmentTable
    correlations: CorrelationsTable | None = None
    joint_state: Operator | None = None
    unitary: UnitaryTable

    @model_validator(mode="after")
    def _one_start(self) -> CorrelatedOperationFile:
        if (self.correlations is None) == (self.joint_state is None):
            has = "neither" if self.correlations is None else "both"
            raise refusal(f"the file must have either `correlations` or `joint_state`, but has {has}")
        if self.joint_state is None and self.system.state is None:
            raise refusal("`system.state` must be given beside `correlations`, but is missing")
        if self.joint_state is not None and self.system.state is not None:
            raise refusal(
                "the file must have either `joint_state`, or `system.state` and `correlations`, but has "
                "`joint_state` and `system.state`"
            )
        return self

    def build(self, folder: Path) -> CorrelatedOperation:
        """See `ExperimentFile.build`."""
        bare, environment = self.system.bare(folder), build_environment(self.environment)
        # Beyond this there are no averages, and soon no memory for the matrix.
        require_dense(bare.dimension * environment.dimension)
        if self.joint_state is None:
            system, correlations = self._with_correlations(environment, folder)
            accuracy = self.correlations.accuracy if self.correlations is not None else None
        else:
            state, correlations = _taken_apart(self.joint_state.array(folder), bare.dimension, environment)
            system, accuracy = self.system.in_state(state, folder), None
        unitary = build_unitary(self.unitary, "unitary", system, environment, folder)
        strength = 1.0 if self.correlations is None else self.correlations.strength
        with limit_of_strength(strength), located("correlations" if self.joint_state is None else "joint_state"):
            return CorrelatedOperation(
                system=system,
                environment=environment,
                unitary=unitary,
                correlations=correlations,
                accuracy=accuracy,
            )

    def _with_correlations(self, environment: Environment, folder: Path) -> tuple[System, ComplexArray]:
        """The system in its own state, and the correlations."""
        assert self.system.state is not None
        assert self.correlations is not None
        system = build_system(self.system, self.system.state, folder)
        return system, build_correlations(self.correlations, system.dimension * environment.dimension, folder)


def _taken_apart(joint: Any, dimension: int, environment: Environment) -> tuple[State, ComplexArray]:
    """The system's part of a joint state, and the correlations with an environment in its Gibbs state."""
    with located("joint_state", state="joint_state"):
        size = dimension * environment.dimension
        matrix = as_matrix(joint, "joint_state", (size, size))
        of_system, of_environment = partial_traces(matrix, dimension, environment.dimension)
        state = State.from_matrix(of_system)
    thermal = np.diag(np.exp(environment.log_populations))
    off = float(np.abs(of_environment - thermal).max())
    if off > GIBBS_TOLERANCE:
        raise InvalidState(
            "`joint_state` must leave the environment in its Gibbs state at `environment.beta`, but its part of it "
            f"differs from that by up to {off:.3g}; give all its digits, best as `file`",
            measured=off,
        )
    return state, matrix - np.kron(of_system, thermal)
