"""The kinds of `[unitary]`: how system and environment meet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from qtraj.experiment.messages import located
from qtraj.experiment.schema import Kinds, Matrix, Seed, Table
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["UnitaryTable", "build_unitary"]


class UnitaryKind(Table):
    """What every kind of unitary can do."""

    kind: str

    def build(self, system: System, environment: Environment, folder: Path) -> EnergyConservingUnitary:
        """The unitary on system (x) environment; `folder` is that of the experiment file."""
        raise NotImplementedError


class HaarUnitary(UnitaryKind):
    """Haar-random in every block of equal total energy."""

    kind: Literal["haar"]
    seed: Seed = 0

    def build(self, system: System, environment: Environment, folder: Path) -> EnergyConservingUnitary:
        """See `UnitaryKind.build`."""
        return EnergyConservingUnitary.haar(system, environment, seed=self.seed)


class MatrixUnitary(UnitaryKind, Matrix):
    """A dense matrix: `real`, `imag` or `file`; `allow_violation` keeps one that does not conserve energy."""

    kind: Literal["matrix"]
    allow_violation: bool = False

    def build(self, system: System, environment: Environment, folder: Path) -> EnergyConservingUnitary:
        """See `UnitaryKind.build`."""
        matrix = self.array(folder)
        return EnergyConservingUnitary.from_matrix(system, environment, matrix, allow_violation=self.allow_violation)


class PartialSwap(UnitaryKind):
    """cos(angle) - i sin(angle) SWAP."""

    kind: Literal["partial-swap"]
    angle: float

    def build(self, system: System, environment: Environment, folder: Path) -> EnergyConservingUnitary:
        """See `UnitaryKind.build`."""
        return EnergyConservingUnitary.partial_swap(system, environment, angle=self.angle)


class Interaction(UnitaryKind, Matrix):
    """exp(-i V time) with V given by `real`, `imag` or `file`."""

    kind: Literal["interaction"]
    time: float

    def build(self, system: System, environment: Environment, folder: Path) -> EnergyConservingUnitary:
        """See `UnitaryKind.build`."""
        return EnergyConservingUnitary.from_interaction(system, environment, self.array(folder), time=self.time)


class Exchange(UnitaryKind):
    """Resonant exchange of quanta, exp(-i V time) with V = coupling (a^dag b + h.c.)."""

    kind: Literal["exchange"]
    coupling: float
    time: float

    def build(self, system: System, environment: Environment, folder: Path) -> EnergyConservingUnitary:
        """See `UnitaryKind.build`."""
        return EnergyConservingUnitary.exchange(system, environment, coupling=self.coupling, time=self.time)


UnitaryTable: TypeAlias = Annotated[UnitaryKind, Kinds(HaarUnitary, MatrixUnitary, PartialSwap, Interaction, Exchange)]


def build_unitary(
    table: UnitaryTable, place: str, system: System, environment: Environment, folder: Path
) -> EnergyConservingUnitary:
    """The unitary that a table describes; `place` is its dotted key."""
    with located(place, type(table).model_fields):
        return table.build(system, environment, folder)
