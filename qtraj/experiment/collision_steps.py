"""`[[steps]]` and `[[collisions]]` of collision models: internal unitaries, and collisions with fresh units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from qtraj.arrays import ComplexArray
from qtraj.errors import InvalidUnitary, UnknownName
from qtraj.experiment.environments import EnvironmentTable
from qtraj.experiment.messages import TAG, located
from qtraj.experiment.schema import Kinds, Matrix, Table
from qtraj.experiment.unitaries import UnitaryTable, build_unitary
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.matrices import as_matrix, dagger

__all__ = ["CollisionTable", "StepTable", "build_step"]

# An interaction in closed form is Hermitian to rounding; typed to four digits, to 1e-4 of its largest element.
HERMITIAN_TOLERANCE = 1e-3


class InternalUnitaryKind(Table):
    """What every kind of internal unitary can do."""

    kind: str

    def matrix(self, sizes: list[int], folder: Path) -> ComplexArray:
        """The matrix on subsystems of these dimensions, in their tensor order."""
        raise NotImplementedError


class InternalMatrix(InternalUnitaryKind, Matrix):
    """A matrix: `real`, `imag` or `file`."""

    kind: Literal["matrix"]

    def matrix(self, sizes: list[int], folder: Path) -> ComplexArray:
        """See `InternalUnitaryKind.matrix`."""
        return _fitting(self.array(folder), sizes, "unitary")


class InternalPartialSwap(InternalUnitaryKind):
    """cos(angle) - i sin(angle) SWAP of two subsystems, level k with level k in the order they are listed.

    Between subsystems of different energies it does work.
    """

    kind: Literal["partial-swap"]
    angle: float

    def matrix(self, sizes: list[int], folder: Path) -> ComplexArray:
        """See `InternalUnitaryKind.matrix`."""
        if len(sizes) != 2 or sizes[0] != sizes[1]:
            raise InvalidUnitary(
                f"a partial swap needs two subsystems of equal dimension, but has {len(sizes)}, of dimension "
                f"{' and '.join(map(str, sizes))}"
            )
        d = sizes[0]
        swap = np.eye(d * d).reshape(d, d, d, d).transpose(1, 0, 2, 3).reshape(d * d, d * d)
        unitary: ComplexArray = math.cos(self.angle) * np.eye(d * d) - 1j * math.sin(self.angle) * swap
        return unitary


class InternalInteraction(InternalUnitaryKind, Matrix):
    """exp(-i V time) with V given by `real`, `imag` or `file`; where V does not commute with H it does work."""

    kind: Literal["interaction"]
    time: float

    def matrix(self, sizes: list[int], folder: Path) -> ComplexArray:
        """See `InternalUnitaryKind.matrix`."""
        given = _fitting(self.array(folder), sizes, "interaction")
        skew = float(np.abs(given - dagger(given)).max())
        if skew > HERMITIAN_TOLERANCE * float(np.abs(given).max()):
            raise InvalidUnitary(
                f"an interaction must be Hermitian, but differs from its adjoint by {skew:.3g}", measured=skew
            )
        energies, vectors = np.linalg.eigh((given + dagger(given)) / 2)
        return (vectors * np.exp(-1j * self.time * energies)) @ dagger(vectors)


InternalUnitaryTable: TypeAlias = Annotated[
    InternalUnitaryKind, Kinds(InternalMatrix, InternalPartialSwap, InternalInteraction)
]


class InternalStepTable(Table):
    """A step without `reservoir`: subsystems among themselves."""

    on: list[str]
    unitary: InternalUnitaryTable

    def build(self, place: str, composite: CompositeSystem, folder: Path) -> InternalStep:
        """The step; `place` is its dotted key."""
        with located(f"{place}.on", ["on"]):
            composite.part(self.on)
            sizes = [composite.energies[name].size for name in self.on]
        with located(f"{place}.unitary", type(self.unitary).model_fields):
            return InternalStep(on=self.on, unitary=self.unitary.matrix(sizes, folder))


class CollisionStepTable(Table):
    """A step with `reservoir`: subsystems and a fresh unit."""

    reservoir: str
    on: list[str]
    unitary: UnitaryTable

    def build(
        self, place: str, composite: CompositeSystem, reservoirs: Mapping[str, Reservoir], folder: Path
    ) -> CollisionStep:
        """The step; `place` is its dotted key."""
        with located(f"{place}.reservoir"):
            if self.reservoir not in reservoirs:
                raise UnknownName("reservoir", self.reservoir, reservoirs)
        with located(f"{place}.on", ["on"]):
            part = composite.part(self.on)
        meets = reservoirs[self.reservoir].environment
        unitary = build_unitary(self.unitary, f"{place}.unitary", part, meets, folder)
        return CollisionStep(reservoir=self.reservoir, on=self.on, unitary=unitary)


class StepKinds:
    """Annotation of a step: with `reservoir` it is a collision, without it is internal.

    The one key that tells them apart decides, so that a mistake is explained for the right kind only.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.tagged_union_schema(
            {
                TAG + "collision": handler.generate_schema(CollisionStepTable),
                TAG + "internal": handler.generate_schema(InternalStepTable),
            },
            discriminator=lambda value: TAG + ("collision" if _mentions_reservoir(value) else "internal"),
        )


def _mentions_reservoir(value: Any) -> bool:
    return isinstance(value, dict) and "reservoir" in value


StepTable: TypeAlias = Annotated[InternalStepTable | CollisionStepTable, StepKinds()]


class CollisionTable(Table):
    """One entry of `[[collisions]]`: a fresh thermal environment and how the system meets it."""

    name: str | None = None
    environment: EnvironmentTable
    unitary: UnitaryTable


def build_step(
    table: InternalStepTable | CollisionStepTable,
    place: str,
    composite: CompositeSystem,
    reservoirs: Mapping[str, Reservoir],
    folder: Path,
) -> InternalStep | CollisionStep:
    """The step that a table describes; `place` is its dotted key."""
    if isinstance(table, InternalStepTable):
        return table.build(place, composite, folder)
    return table.build(place, composite, reservoirs, folder)


def _fitting(matrix: Any, sizes: list[int], argument: str) -> ComplexArray:
    size = math.prod(sizes)
    return as_matrix(matrix, argument, (size, size))
