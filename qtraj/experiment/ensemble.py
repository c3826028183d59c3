"""What every experiment file has: a process to build, and `[ensemble]`, how it is to be sampled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from qtraj.errors import UnknownName
from qtraj.experiment.schema import Table
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.sample import SAMPLERS
from qtraj.processes.seam import MeasurementProtocol, Process

__all__ = ["EnsembleTable", "ExperimentFile", "check_protocol", "check_sampler"]


def check_protocol(name: object) -> str:
    """The full name of a protocol.

    Raises:
        UnknownName: With the nearest known name.
    """
    return MeasurementProtocol.parse(name if isinstance(name, str) else repr(name)).value


def check_sampler(name: object) -> str:
    """The name of a sampler.

    Raises:
        UnknownName: With the nearest known name.
    """
    if not isinstance(name, str) or name not in SAMPLERS:
        raise UnknownName("sampler", name if isinstance(name, str) else repr(name), SAMPLERS)
    return name


# The same checks as everywhere else decide, so that 1e6 is a number of paths in a file as it is in Python.
PathNumber: TypeAlias = Annotated[int, BeforeValidator(check_paths)]
PathSeed: TypeAlias = Annotated[int, BeforeValidator(check_seed)]
Protocol: TypeAlias = Annotated[str, BeforeValidator(check_protocol)]
Sampler: TypeAlias = Annotated[str, BeforeValidator(check_sampler)]


class EnsembleTable(Table):
    """`[ensemble]`: how many paths, from which seed, measured and drawn how; None means that the file does not say."""

    paths: PathNumber | None = None
    seed: PathSeed | None = None
    protocol: Protocol | None = None
    sampler: Sampler | None = None

    def given(self) -> dict[str, Any]:
        """The keys the file does say."""
        return self.model_dump(exclude_none=True)


class ExperimentFile(Table):
    """A whole file. Subclasses list its other tables and build the process they describe."""

    ensemble: EnsembleTable = EnsembleTable()

    def build(self, folder: Path) -> Process:
        """The process; files named in the tables are relative to `folder`."""
        raise NotImplementedError
