"""What a reader has to know beside exact numbers, which no number says by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["remarks"]

WORTH_TELLING: Final = 1e-9
"""Norms of [U, H] below this part of the largest energy are the rounding of a unitary that conserves it."""


def remarks(process: Process, averages: Mapping[str, Any]) -> list[str]:
    """Sentences to be shown beside the exact numbers of a process.

    Args:
        process: A thermal operation, a collision model, a correlated operation or a jump process.
        averages: Its averages, as JSON has them.

    Example:
        >>> from qtraj.models import build_model
        >>> remarks(build_model("two-qubit-exchange"), {})
        []
    """
    norm = max((_violation(unitary) for unitary in _meetings(process)), default=0.0)
    if norm == 0.0:
        return []
    work = averages.get("switching_work")
    taken = "" if work is None else f", and switching the interaction takes the work {work:.6g}"
    if isinstance(process, ThermalOperation):
        consequence = (
            "mean_sigma is entropy_production plus beta times that work, heat_into_environment is not what the system "
            "loses, and entropy_production and its two parts may be negative"
        )
    else:
        consequence = "heats do not add up to what the system loses, and parts of entropy productions may be negative"
    return [
        f"The unitary does not conserve energy: [U, H] has norm {norm:.3g}{taken}. The identities that rest on the "
        f"conservation of energy need not hold: {consequence}. That of <e^-sigma> holds for every unitary."
    ]


def _meetings(process: Process) -> Iterator[EnergyConservingUnitary]:
    """The unitaries under which the system meets its environment."""
    if isinstance(process, ThermalOperation | CorrelatedOperation):
        yield process.unitary
    elif isinstance(process, CollisionModel):
        yield from (step.unitary for step in process.steps if isinstance(step, CollisionStep))


def _violation(unitary: EnergyConservingUnitary) -> float:
    """The norm of [U, H], 0 where it is rounding."""
    if unitary.conserving:
        return 0.0
    norm = unitary.commutator_norm()
    return norm if norm > WORTH_TELLING * float(np.abs(unitary.joint.energies).max()) else 0.0
