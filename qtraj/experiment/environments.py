"""The kinds of `[environment]`: a list of energies, a ladder, or spins."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from qtraj.experiment.messages import located
from qtraj.experiment.schema import Kinds, NonNegative, Numbers, Positive, Table
from qtraj.quantum.parties import Environment

__all__ = ["EnvironmentTable", "build_environment"]


class EnvironmentKind(Table):
    """What every kind of environment has and can do."""

    kind: str
    beta: NonNegative

    def build(self) -> Environment:
        """The environment, in its Gibbs state."""
        raise NotImplementedError


class ListEnvironment(EnvironmentKind):
    """Energy eigenvalues one by one; `kind` may be left out."""

    kind: Literal["energies"] = "energies"
    energies: Numbers

    def build(self) -> Environment:
        """See `EnvironmentKind.build`."""
        return Environment(energies=self.energies, inverse_temperature=self.beta)


class LadderEnvironment(EnvironmentKind):
    """Equally spaced levels 0, spacing, 2 spacing, ..."""

    kind: Literal["ladder"]
    levels: Positive
    spacing: float

    def build(self) -> Environment:
        """See `EnvironmentKind.build`."""
        return Environment.ladder(levels=self.levels, spacing=self.spacing, inverse_temperature=self.beta)


class SpinEnvironment(EnvironmentKind):
    """`count` equal two-level systems."""

    kind: Literal["spins"]
    count: Positive
    splitting: float

    def build(self) -> Environment:
        """See `EnvironmentKind.build`."""
        return Environment.spins(count=self.count, splitting=self.splitting, inverse_temperature=self.beta)


EnvironmentTable: TypeAlias = Annotated[EnvironmentKind, Kinds(ListEnvironment, LadderEnvironment, SpinEnvironment)]


def build_environment(table: EnvironmentTable) -> Environment:
    """The environment that `[environment]` describes."""
    with located("environment", type(table).model_fields, inverse_temperature="beta"):
        return table.build()
