"""The exact numbers of any process: one line a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtraj.errors import InvalidInput
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.theorems.collision_references import collision_references
from qtraj.theorems.correlated_references import correlated_references
from qtraj.theorems.jump_references import jump_references
from qtraj.theorems.references import References
from qtraj.theorems.thermal_references import thermal_references

__all__ = ["gather_references"]

_REFERENCES: Mapping[type, Callable[[Any, MeasurementProtocol], References]] = {
    ThermalOperation: thermal_references,
    CollisionModel: collision_references,
    CorrelatedOperation: correlated_references,
    JumpProcess: jump_references,
}


def gather_references(process: Process, protocol: MeasurementProtocol) -> References:
    """The exact numbers that a process's paths are held against.

    Raises:
        InvalidInput: If nobody knows them for such a process.
    """
    for kind, function in _REFERENCES.items():
        if isinstance(process, kind):
            return function(process, protocol)
    raise InvalidInput(
        f"`process` must be one of {[kind.__name__ for kind in _REFERENCES]}, but is {type(process).__name__}"
    )
