"""Small thermal operations, one for each kind of start and spectrum the samplers must get right."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["CASES", "PROTOCOLS", "case", "haar_operation"]

PROTOCOLS = ("augmented", "eigenbasis-two-point", "energy-two-point", "kraus")


def haar_operation(energies: Any, state: Any, environment: Environment, *, seed: int = 3) -> ThermalOperation:
    system = System(energies=energies, state=state)
    unitary = EnergyConservingUnitary.haar(system, environment, seed=seed)
    return ThermalOperation(system=system, environment=environment, unitary=unitary)


def ladder(levels: int, beta: float = 0.6) -> Environment:
    return Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=beta)


def turned(populations: list[float], *, seed: int = 5) -> State:
    """A state with these eigenvalues in a Haar-random basis."""
    return State(log_eigenvalues=np.log(populations), vectors=State.haar(len(populations), seed=seed).vectors)


CASES: dict[str, Callable[[], ThermalOperation]] = {
    "coherent qutrit": lambda: haar_operation([0.0, 1.0, 2.0], State.haar(3, seed=1), ladder(4)),
    # Energies neither ascending nor equally spaced.
    "ladder of the wrong order": lambda: haar_operation([3.0, 0.0, 1.0], State.haar(3, seed=2), ladder(5)),
    "pure start": lambda: haar_operation([0.0, 1.0, 2.0], State.haar(3, rank=1, seed=1), ladder(3)),
    "start of rank two": lambda: haar_operation([0.0, 1.0, 2.0], State.haar(3, rank=2, seed=4), ladder(3)),
    "cold environment": lambda: swap_with_cold(),
    "degenerate energies": lambda: haar_operation([0.0, 1.0, 1.0], State.haar(3, seed=1), ladder(3)),
    # Two equal eigenvalues, settled by the energies.
    "degenerate eigenvalues": lambda: haar_operation([0.0, 1.0, 3.0], turned([0.4, 0.4, 0.2]), ladder(4)),
    # Equal eigenvalues and equal energies: outcomes of rank two.
    "leftover degeneracy": lambda: haar_operation([0.0, 1.0, 1.0], np.diag([0.2, 0.4, 0.4]), ladder(3)),
    "maximally mixed": lambda: haar_operation([0.0, 1.0, 1.0], np.eye(3) / 3, ladder(3)),
    "spins": lambda: haar_operation(
        [0.0, 1.0],
        State.bloch(0.5, 0.2, -0.3),
        Environment.spins(count=3, splitting=1.0, inverse_temperature=1.0),
    ),
    "infinite temperature": lambda: haar_operation([0.0, 1.0, 2.0], State.haar(3, seed=4), ladder(3, 0.0)),
    "no system": lambda: haar_operation([0.0], [[1.0]], ladder(3)),
    "no environment": lambda: haar_operation([0.0, 1.0, 1.0], State.haar(3, seed=6), ladder(1)),
    # Nothing else is left at the end either: every other outcome has probability zero.
    "pure start, no environment": lambda: haar_operation([0.0, 1.0, 1.0], State.haar(3, rank=1, seed=6), ladder(1)),
}


def swap_with_cold() -> ThermalOperation:
    """A full swap with an environment whose excited level has population 1e-304."""
    system = System(energies=[0.0, 1.0], state=np.diag([0.3, 0.7]))
    environment = Environment(energies=[0.0, 1.0], inverse_temperature=700.0)
    swap = EnergyConservingUnitary.partial_swap(system, environment, angle=np.pi / 2)
    return ThermalOperation(system=system, environment=environment, unitary=swap)


@cache
def case(name: str) -> ThermalOperation:
    """The case of that name, built once."""
    return CASES[name]()
