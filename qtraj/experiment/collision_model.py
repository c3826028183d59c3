"""Experiment files with `kind = "collision-model"`: subsystems, reservoirs, steps; or the short `[[collisions]]`."""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field, model_validator

from qtraj.density.joint import LARGEST_JOINT_STATE
from qtraj.errors import InvalidExperiment, TooLarge
from qtraj.experiment.collision_steps import CollisionTable, StepTable, build_step
from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.messages import located
from qtraj.experiment.schema import NonNegative, Numbers, Operator, Positive, Table, refusal
from qtraj.experiment.states import StateTable
from qtraj.experiment.systems import LevelsTable, build_system
from qtraj.experiment.unitaries import build_unitary
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.states import State

__all__ = ["CollisionModelFile"]

Steps: TypeAlias = Annotated[list[StepTable], Field(min_length=1)]
Collisions: TypeAlias = Annotated[list[CollisionTable], Field(min_length=1)]
Subsystems: TypeAlias = Annotated[list["SubsystemTable"], Field(min_length=1)]


class SubsystemTable(Table):
    """One entry of `[[subsystems]]`; with a `state` in every one of them, the system starts in their product."""

    name: str
    energies: Numbers
    state: StateTable | None = None


class JointSystemTable(Table):
    """`[system]`: the joint state beside `[[subsystems]]`, or a whole system beside `[[collisions]]`."""

    energies: Numbers | None = None
    hamiltonian: Operator | None = None
    state: StateTable


class ReservoirTable(Table):
    """`[reservoirs.NAME]`: units in a Gibbs state, or in any state of full rank.

    With `state`, `beta` is the effective inverse temperature of the Clausius form.
    """

    energies: Numbers
    beta: NonNegative | None = None
    state: StateTable | None = None
    measure: str = "eigenbasis"

    @model_validator(mode="after")
    def _some_state(self) -> ReservoirTable:
        if self.beta is None and self.state is None:
            raise refusal("`{path}` must have `beta` or `state`, but has neither")
        return self

    def build(self, place: str, folder: Path) -> Reservoir:
        """The reservoir; `place` is its dotted key."""
        state = None
        if self.state is not None:
            state = _state_of(self.energies, self.state, folder, place)
        with located(place, ReservoirTable.model_fields, inverse_temperature="beta"):
            return Reservoir(energies=self.energies, inverse_temperature=self.beta, state=state, measure=self.measure)


class CollisionModelFile(ExperimentFile):
    """A whole file."""

    kind: Literal["collision-model"]
    system: JointSystemTable | None = None
    subsystems: Subsystems | None = None
    reservoirs: dict[str, ReservoirTable] | None = None
    steps: Steps | None = None
    collisions: Collisions | None = None
    repeat: Positive = 1

    @model_validator(mode="after")
    def _one_form(self) -> CollisionModelFile:
        long = {name: getattr(self, name) for name in ("subsystems", "reservoirs", "steps")}
        if self.collisions is not None:
            extra = [name for name, value in long.items() if value is not None]
            if extra:
                raise refusal(f"the file must have either `collisions` or `{extra[0]}`, but has both")
            if self.system is None:
                raise refusal("`system` must be given, but is missing")
            if (self.system.energies is None) == (self.system.hamiltonian is None):
                has = "neither" if self.system.energies is None else "both"
                raise refusal(f"`system` must have either `energies` or `hamiltonian`, but has {has}")
            return self
        for name, value in long.items():
            if value is None:
                raise refusal(
                    f"`{name}` must be given (or `collisions`, for one system and thermal units), but is missing"
                )
        return self

    def build(self, folder: Path) -> CollisionModel:
        """See `ExperimentFile.build`."""
        return self._short(folder) if self.collisions is not None else self._long(folder)

    def _long(self, folder: Path) -> CollisionModel:
        assert self.reservoirs is not None
        assert self.steps is not None
        composite = self._composite(folder)
        reservoirs = {name: table.build(f"reservoirs.{name}", folder) for name, table in self.reservoirs.items()}
        steps = [build_step(table, f"steps.{k}", composite, reservoirs, folder) for k, table in enumerate(self.steps)]
        return CollisionModel(composite=composite, reservoirs=reservoirs, steps=steps, repeat=self.repeat)

    def _composite(self, folder: Path) -> CompositeSystem:
        assert self.subsystems is not None
        subsystems = {table.name: table.energies for table in self.subsystems}
        repeated = [name for name, count in Counter(table.name for table in self.subsystems).items() if count > 1]
        if repeated:
            raise InvalidExperiment(f"`subsystems` must have different names, but {repeated[0]!r:.40} comes twice")
        own = [table.state is not None for table in self.subsystems]
        if (self.system is not None) == any(own):
            has = "both" if any(own) else "neither"
            raise InvalidExperiment(
                f"the file must have either a joint `system.state` or a `state` in every subsystem, but has {has}"
            )
        size = math.prod(len(energies) for energies in subsystems.values())
        if size > LARGEST_JOINT_STATE:
            raise TooLarge(
                f"`subsystems` must have at most {LARGEST_JOINT_STATE} dimensions together, but have {size}",
                measured=float(size),
            )
        if self.system is None:
            return CompositeSystem(subsystems=subsystems, state=self._product(folder))
        for key in ("energies", "hamiltonian"):
            if getattr(self.system, key) is not None:
                raise InvalidExperiment(f"`system` must have only `state` beside `subsystems`, but has `{key}` too")
        # The joint energies are a matter of the composite system, which only exists with a state: any will do.
        with located("subsystems"):
            bare = CompositeSystem(subsystems=subsystems, state=_lowest(size))
        state = _state_of(bare.system.spectrum.energies.tolist(), self.system.state, folder, "system")
        with located("system", ["state"]):
            return CompositeSystem(subsystems=subsystems, state=state)

    def _product(self, folder: Path) -> State:
        """The product of the subsystems' states, in spectral form."""
        assert self.subsystems is not None
        parts = []
        for k, table in enumerate(self.subsystems):
            if table.state is None:
                raise InvalidExperiment(f"`subsystems.{k}.state` must be given like that of the others, but is missing")
            parts.append(_state_of(table.energies, table.state, folder, f"subsystems.{k}"))
        return reduce(_joined, parts)

    def _short(self, folder: Path) -> CollisionModel:
        """One system called `system`, and an environment of its own for every collision."""
        assert self.collisions is not None
        assert self.system is not None
        levels = LevelsTable(energies=self.system.energies, hamiltonian=self.system.hamiltonian)
        system = build_system(levels, self.system.state, folder)
        own = system.spectrum.energies if system.hamiltonian is None else system.hamiltonian
        composite = CompositeSystem(subsystems={"system": own}, state=system.state)
        reservoirs: dict[str, Reservoir] = {}
        steps = []
        for k, table in enumerate(self.collisions):
            place, several = f"collisions.{k}", len(self.collisions) > 1
            name = table.name or (f"environment-{k + 1}" if several else "environment")
            if name in reservoirs:
                raise InvalidExperiment(
                    f"`{place}.name` must be new, but {name!r:.40} is the name of another collision"
                )
            with located(f"{place}.environment", type(table.environment).model_fields, inverse_temperature="beta"):
                environment = table.environment.build()
                reservoirs[name] = Reservoir(
                    energies=environment.energies, inverse_temperature=environment.inverse_temperature
                )
            unitary = build_unitary(table.unitary, f"{place}.unitary", composite.part(["system"]), environment, folder)
            steps.append(CollisionStep(reservoir=name, on=["system"], unitary=unitary))
        return CollisionModel(composite=composite, reservoirs=reservoirs, steps=steps, repeat=self.repeat)


def _state_of(energies: list[float], table: StateTable, folder: Path, place: str) -> State:
    """The state that a table describes, for a Hamiltonian with these energies; `place` is their dotted key."""
    state: State = build_system(LevelsTable(energies=energies), table, folder, place).state
    return state


def _lowest(size: int) -> State:
    """The first basis state."""
    vectors = np.zeros((size, 1), dtype=np.complex128)
    vectors[0] = 1
    return State(log_eigenvalues=np.zeros(1), vectors=vectors)


def _joined(first: State, second: State) -> State:
    logs = (first.log_eigenvalues[:, None] + second.log_eigenvalues[None, :]).ravel()
    vectors = np.kron(first.vectors, second.vectors).astype(np.complex128)
    return State(log_eigenvalues=logs, vectors=vectors)
