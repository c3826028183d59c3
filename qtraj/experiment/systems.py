"""`[system]`: energies, or a Hamiltonian's matrix, and the initial state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import model_validator

from qtraj.experiment.messages import located
from qtraj.experiment.schema import Numbers, Operator, Table, refusal
from qtraj.experiment.states import StateTable
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

__all__ = ["LevelsTable", "SystemTable", "build_system"]

KEYS = ("energies", "hamiltonian", "state")


class LevelsTable(Table):
    """A Hamiltonian: `energies`, or its matrix."""

    energies: Numbers | None = None
    hamiltonian: Operator | None = None

    @model_validator(mode="after")
    def _exactly_one_hamiltonian(self) -> LevelsTable:
        if (self.energies is None) == (self.hamiltonian is None):
            has = "neither" if self.energies is None else "both"
            raise refusal(f"`{{path}}` must have either `energies` or `hamiltonian`, but has {has}")
        return self

    def in_state(self, state: State, folder: Path, place: str = "system") -> System:
        """The system in a state; `place` is its dotted key."""
        with located(place, KEYS):
            return System(energies=self.energies, hamiltonian=self._matrix(folder), state=state)

    def bare(self, folder: Path, place: str = "system") -> System:
        """The system where its state is not known yet: spectrum, basis and dimension are what counts."""
        with located(place, KEYS):
            hamiltonian = self._matrix(folder)
            size = len(self.energies or ()) if hamiltonian is None else np.atleast_1d(hamiltonian).shape[0]
            # Only a system has a spectrum, and there is none without a state: any will do.
            anything = State.pure(np.eye(max(1, size))[0])
            return System(energies=self.energies, hamiltonian=hamiltonian, state=anything)

    def _matrix(self, folder: Path) -> Any:
        return None if self.hamiltonian is None else self.hamiltonian.array(folder)


class SystemTable(LevelsTable):
    """A Hamiltonian and an initial state."""

    state: StateTable

    def build(self, folder: Path) -> System:
        """The system in its initial state."""
        return build_system(self, self.state, folder)


def build_system(levels: LevelsTable, state: StateTable, folder: Path, place: str = "system") -> System:
    """The system that a table describes, in the state that another one describes; `place` is its dotted key."""
    bare = levels.bare(folder, place)
    names = {"log_eigenvalues": "log_populations", "vector": "state"}
    with located(f"{place}.state", type(state).model_fields, **names):
        initial = state.build(bare, folder)
    return levels.in_state(initial, folder, place)
