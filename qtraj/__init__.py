"""qtraj: stochastic quantum trajectories with thermodynamic bookkeeping.

qtraj follows a small quantum system and its environment through a measurement protocol, books the entropy
production of every path, and compares the sampled averages with exact ones from density matrices.

This module is the public face: explicit names and nothing else. Names are loaded on first use (PEP 562), so
`import qtraj` costs next to nothing and pulls in neither NumPy nor a plotting or command-line library. The
price is one table, `_HOME`, and the same names again for type checkers; a test keeps the two equal.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtraj import errors, models
    from qtraj.density.averages import averages
    from qtraj.density.quasiprobability import heat_quasiprobability
    from qtraj.models.registry import build_model
    from qtraj.paths.ensemble import Ensemble
    from qtraj.paths.exact_law import exact_law
    from qtraj.paths.extend import extended
    from qtraj.paths.jump_records import JumpRecords
    from qtraj.paths.law import PathLaw
    from qtraj.paths.sample import sample
    from qtraj.paths.tilted import find_tilt, sample_tilted
    from qtraj.processes.collision_model import CollisionModel
    from qtraj.processes.collision_steps import CollisionStep, InternalStep
    from qtraj.processes.correlated_operation import CorrelatedOperation
    from qtraj.processes.jump_process import JumpProcess
    from qtraj.processes.thermal_operation import ThermalOperation
    from qtraj.quantum.channels import Channel, dephasing_channels
    from qtraj.quantum.composite import CompositeSystem, Reservoir
    from qtraj.quantum.davies import coupled_channels, davies_channels
    from qtraj.quantum.parties import Environment, System
    from qtraj.quantum.spectrum import Spectrum
    from qtraj.quantum.states import State
    from qtraj.quantum.unitaries import EnergyConservingUnitary
    from qtraj.report.write import write_report
    from qtraj.theorems.checks import Check
    from qtraj.theorems.estimate import estimate
    from qtraj.theorems.estimated import Estimate
    from qtraj.theorems.exact_probability import exact_probability
    from qtraj.theorems.exchange import exchange_theorem
    from qtraj.theorems.forward_backward import forward_backward
    from qtraj.theorems.report import Report
    from qtraj.theorems.sample_until import sample_until
    from qtraj.theorems.uncertainty_relations import uncertainty_relations
    from qtraj.theorems.verify import verify

__version__ = "0.1.0"

__all__ = [
    "Channel",
    "Check",
    "CollisionModel",
    "CollisionStep",
    "CompositeSystem",
    "CorrelatedOperation",
    "EnergyConservingUnitary",
    "Ensemble",
    "Environment",
    "Estimate",
    "InternalStep",
    "JumpProcess",
    "JumpRecords",
    "PathLaw",
    "Report",
    "Reservoir",
    "Spectrum",
    "State",
    "System",
    "ThermalOperation",
    "__version__",
    "averages",
    "build_model",
    "coupled_channels",
    "davies_channels",
    "dephasing_channels",
    "errors",
    "estimate",
    "exact_law",
    "exact_probability",
    "exchange_theorem",
    "extended",
    "find_tilt",
    "forward_backward",
    "heat_quasiprobability",
    "models",
    "sample",
    "sample_tilted",
    "sample_until",
    "uncertainty_relations",
    "verify",
    "write_report",
]

# Public name -> the module that defines it.
_HOME = {
    "Channel": "qtraj.quantum.channels",
    "Check": "qtraj.theorems.checks",
    "CollisionModel": "qtraj.processes.collision_model",
    "CollisionStep": "qtraj.processes.collision_steps",
    "CompositeSystem": "qtraj.quantum.composite",
    "CorrelatedOperation": "qtraj.processes.correlated_operation",
    "EnergyConservingUnitary": "qtraj.quantum.unitaries",
    "Ensemble": "qtraj.paths.ensemble",
    "Environment": "qtraj.quantum.parties",
    "Estimate": "qtraj.theorems.estimated",
    "InternalStep": "qtraj.processes.collision_steps",
    "JumpProcess": "qtraj.processes.jump_process",
    "JumpRecords": "qtraj.paths.jump_records",
    "PathLaw": "qtraj.paths.law",
    "Report": "qtraj.theorems.report",
    "Reservoir": "qtraj.quantum.composite",
    "Spectrum": "qtraj.quantum.spectrum",
    "State": "qtraj.quantum.states",
    "System": "qtraj.quantum.parties",
    "ThermalOperation": "qtraj.processes.thermal_operation",
    "averages": "qtraj.density.averages",
    "build_model": "qtraj.models.registry",
    "coupled_channels": "qtraj.quantum.davies",
    "davies_channels": "qtraj.quantum.davies",
    "dephasing_channels": "qtraj.quantum.channels",
    "estimate": "qtraj.theorems.estimate",
    "exact_law": "qtraj.paths.exact_law",
    "exact_probability": "qtraj.theorems.exact_probability",
    "exchange_theorem": "qtraj.theorems.exchange",
    "extended": "qtraj.paths.extend",
    "find_tilt": "qtraj.paths.tilted",
    "forward_backward": "qtraj.theorems.forward_backward",
    "heat_quasiprobability": "qtraj.density.quasiprobability",
    "sample": "qtraj.paths.sample",
    "sample_tilted": "qtraj.paths.tilted",
    "sample_until": "qtraj.theorems.sample_until",
    "uncertainty_relations": "qtraj.theorems.uncertainty_relations",
    "verify": "qtraj.theorems.verify",
    "write_report": "qtraj.report.write",
}

# Public modules that are reached as attributes, so that `except qtraj.errors.InvalidState` needs no second import.
_SUBMODULES = ("errors", "models")

# Type checkers never see the hook: to them a name that is not imported above is an error, as it should be.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _HOME:
            value = getattr(import_module(_HOME[name]), name)
        elif name in _SUBMODULES:
            value = import_module(f"qtraj.{name}")
        else:
            # With `obj`, Python adds "Did you mean: ..." from `__dir__`.
            raise AttributeError(f"module 'qtraj' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        globals()[name] = value  # the next look-up does not come here
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
