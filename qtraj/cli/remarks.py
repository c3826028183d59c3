"""What a reader has to know beside exact numbers, which no number says by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["remarks"]

WORTH_TELLING: Final = 1e-9
"""Norms of [U, H] below this part of the largest energy are the rounding of a unitary that conserves it; of heats that
are counted in two ways, differences below this part of all that is exchanged."""


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
    if isinstance(process, JumpProcess):
        return _two_heats(process, averages)
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


def _two_heats(process: JumpProcess, averages: Mapping[str, Any]) -> list[str]:
    """Of baths whose jumps book another heat than they make of the energy: what either number counts."""
    # In equilibrium both are rounding, of all that goes to and fro.
    exchanged = averages.get("mean_jumps", 0.0) * float(np.nanmax(np.abs(process.heats), initial=0.0))
    pairs = {bath: (averages.get(f"heat_into_{bath}"), averages.get(f"heat_from_{bath}")) for bath in process.baths}
    differing = [
        bath
        for bath, (booked, drawn) in pairs.items()
        if booked is not None and drawn is not None and abs(booked + drawn) > WORTH_TELLING * exchanged
    ]
    if not differing:
        return []
    into, out_of = (", ".join(f"heat_{word}_{bath}" for bath in differing) for word in ("into", "from"))
    return [
        "Heat is counted in two ways, which are not opposite here, since jumps do not change H by their quanta: "
        f"{into} (per unit time jump_heat_current_into) counts the quanta that the jumps book, from which sigma is "
        f"made, and {out_of} (heat_current_from) is the change of <H> that the bath causes."
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
