"""Experiment files of jump processes: `kind = "jump-process"`, channel by channel, and `kind = "davies"`, by rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field, model_validator

from qtraj.errors import InvalidExperiment
from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.messages import located
from qtraj.experiment.schema import NonNegative, Operator, Rows, Table, refusal
from qtraj.experiment.systems import SystemTable
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.matrices import dagger
from qtraj.quantum.parties import System

__all__ = ["DaviesFile", "JumpProcessFile"]

ONLY_BATH = "environment"
"""Name of the bath where the file has just one and gives it none, as in thermal operations."""

MANY_LEVELS = 1e9
"""Longer numbers are better left in powers of ten."""


class ChannelTable(Table):
    """One entry of `[[channels]]`: both directions of what a bath can do.

    Rates are judged where channels are made, with all that belongs to them: see `qtraj.quantum.channels`.
    """

    operator: Operator
    bath: str
    rate: float
    reverse_rate: float | None = None
    energy: float | None = None
    beta: NonNegative | None = None

    def build(self, place: str, folder: Path) -> Channel:
        """The channel; `place` is its dotted key."""
        with located(place, ChannelTable.model_fields, inverse_temperature="beta"):
            return Channel(
                operator=self.operator.array(folder),
                bath=self.bath,
                rate=self.rate,
                reverse_rate=self.reverse_rate,
                energy=self.energy,
                inverse_temperature=self.beta,
            )


class BathTable(Table):
    """One entry of `[[baths]]`: a thermal bath and the transitions it drives."""

    name: str
    beta: NonNegative
    rates: Rows

    def build(self, place: str, system: System) -> tuple[Channel, ...]:
        """Its channels; `place` is its dotted key, empty for the file as a whole."""
        entries = [[*map(_whole, entry[:2]), *entry[2:]] for entry in self.rates]
        with located(place, BathTable.model_fields, inverse_temperature="beta", bath="name"):
            channels = davies_channels(system.spectrum, self.beta, entries, bath=self.name)
        if np.array_equal(system.basis, np.eye(system.dimension)):
            return channels
        # Rates name energy eigenstates; channels are given in the basis of the Hamiltonian.
        basis = system.basis
        return tuple(replace(channel, operator=basis @ channel.operator @ dagger(basis)) for channel in channels)


def _whole(index: float) -> float:
    """An index as people write it: 3 and not 3.0, for it may have to be talked about."""
    return int(index) if index.is_integer() and abs(index) < MANY_LEVELS else index


Channels: TypeAlias = Annotated[list[ChannelTable], Field(min_length=1)]
Baths: TypeAlias = Annotated[list[BathTable], Field(min_length=1)]


class JumpProcessFile(ExperimentFile):
    """A whole file with channels."""

    kind: Literal["jump-process"]
    system: SystemTable
    duration: float
    channels: Channels

    def build(self, folder: Path) -> JumpProcess:
        """See `ExperimentFile.build`."""
        system = self.system.build(folder)
        channels = [table.build(f"channels.{k}", folder) for k, table in enumerate(self.channels)]
        for k, channel in enumerate(channels):
            if channel.dimension != system.dimension:
                raise InvalidExperiment(
                    f"`channels.{k}.operator` must act on {system.dimension} levels like the system, but acts on "
                    f"{channel.dimension}",
                    measured=channel.dimension,
                )
        return JumpProcess(system=system, channels=tuple(channels), duration=self.duration)


class DaviesFile(ExperimentFile):
    """A whole file with rates between energy eigenstates, W(j -> i) = g exp(-beta (E_i - E_j) / 2) for [i, j, g]."""

    kind: Literal["davies"]
    system: SystemTable
    duration: float
    beta: NonNegative | None = None
    rates: Rows | None = None
    baths: Baths | None = None

    @model_validator(mode="after")
    def _one_form(self) -> DaviesFile:
        given = [name for name in ("beta", "rates") if getattr(self, name) is not None]
        if self.baths is not None and given:
            raise refusal(f"the file must have either `baths`, or `beta` and `rates`, but has `baths` and `{given[0]}`")
        if self.baths is None and len(given) < 2:
            missing = "rates" if given == ["beta"] else "beta"
            raise refusal(f"`{missing}` must be given (or `baths`, for several of them), but is missing")
        return self

    def build(self, folder: Path) -> JumpProcess:
        """See `ExperimentFile.build`."""
        system = self.system.build(folder)
        return JumpProcess(system=system, channels=tuple(self._channels(system)), duration=self.duration)

    def _channels(self, system: System) -> Iterable[Channel]:
        if self.baths is None:
            assert self.beta is not None
            assert self.rates is not None
            yield from BathTable(name=ONLY_BATH, beta=self.beta, rates=self.rates).build("", system)
            return
        repeated = [name for name, count in Counter(table.name for table in self.baths).items() if count > 1]
        if repeated:
            raise InvalidExperiment(f"`baths` must have different names, but {repeated[0]!r:.40} comes twice")
        for k, table in enumerate(self.baths):
            yield from table.build(f"baths.{k}", system)
