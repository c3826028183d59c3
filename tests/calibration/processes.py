"""The processes that the checks are calibrated on, each with the reason why it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qtraj.models import build_model
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.paths import cases, collision_cases, jump_cases

__all__ = ["LAWFUL", "LAWLESS", "Case"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A process, how many paths an ensemble of it has, and why it is there.

    Attributes:
        build: Makes the process.
        paths: Number of paths of each ensemble.
        reason: What is special about it.
        conclusive: Whether so many paths can know; otherwise a report must say `inconclusive`.
        protocol: Measurement protocol.
        skewed: Whether means of so few paths are too far from normal for their scores to be put to the test.
    """

    build: Callable[[], Process]
    paths: int
    reason: str
    conclusive: bool = True
    protocol: str = "augmented"
    skewed: bool = False


def trap() -> ThermalOperation:
    """A cold qubit swapped with a unit of infinite temperature."""
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 10.9))
    hot = Environment(energies=[0.0, 1.0], inverse_temperature=0.0)
    swap = EnergyConservingUnitary.partial_swap(system, hot, angle=np.pi / 2)
    return ThermalOperation(system=system, environment=hot, unitary=swap)


def cold_ladder() -> ThermalOperation:
    """A coherent qutrit whose weights e^-sigma span many orders of magnitude."""
    return cases.haar_operation([0.0, 1.0, 2.0], cases.turned([0.98, 0.0199, 1e-4]), cases.ladder(5, 2.5))


def pure_qubit_jumps() -> JumpProcess:
    """A driven qubit from a pure state: part of the backward paths never returns."""
    return JumpProcess(
        system=System(hamiltonian=[[0.0, 0.5], [0.5, 0.3]], state=State.pure([0.6, 0.8])),
        channels=(Channel(operator=[[0, 1], [0, 0]], bath="bath", rate=1.0, energy=1.0, inverse_temperature=0.8),),
        duration=2.0,
    )


LAWFUL: dict[str, Case] = {
    "coherent qutrit": Case(
        build=lambda: cases.case("coherent qutrit"), paths=10**6, reason="light tails, every part of the entropy moves"
    ),
    "coherent qutrit, few paths": Case(
        build=lambda: cases.case("coherent qutrit"),
        paths=2000,
        reason="most classes are pooled, means are skewed",
        conclusive=False,
        skewed=True,
    ),
    "energy two-point": Case(
        build=lambda: cases.case("coherent qutrit"),
        paths=10**6,
        reason="a protocol in which xi does not fluctuate",
        protocol="energy-two-point",
    ),
    "Kraus unravelling": Case(
        build=lambda: cases.case("coherent qutrit"), paths=10**6, reason="no sigma at all", protocol="kraus"
    ),
    "pure start": Case(build=lambda: cases.case("pure start"), paths=10**6, reason="<e^-sigma> = 1 - lambda"),
    "start of rank two": Case(build=lambda: cases.case("start of rank two"), paths=10**6, reason="lambda in between"),
    "degenerate energies": Case(
        build=lambda: cases.case("degenerate energies"), paths=10**6, reason="energy levels that are shared"
    ),
    "leftover degeneracy": Case(
        build=lambda: cases.case("leftover degeneracy"), paths=10**6, reason="outcomes of rank two"
    ),
    "cold environment": Case(
        build=lambda: cases.case("cold environment"), paths=10**6, reason="probabilities of 1e-304"
    ),
    "trap, 10^4 paths": Case(
        build=trap,
        paths=10**4,
        reason="half of <e^-sigma> on one path in 55 000",
        conclusive=False,
        skewed=True,
    ),
    "trap, 10^8 paths": Case(build=trap, paths=10**8, reason="the same heavy tail, with enough paths"),
    "cold ladder, 10^5 paths": Case(
        build=cold_ladder, paths=10**5, reason="coherence and heavy tails", conclusive=False
    ),
    "cold ladder, 10^12 paths": Case(build=cold_ladder, paths=10**12, reason="the same, as far as counts are cheap"),
    "two baths and work": Case(
        build=lambda: collision_cases.case("two baths and work"), paths=10**7, reason="collisions, several heats"
    ),
    "coherent units": Case(
        build=lambda: collision_cases.case("coherent units"), paths=10**8, reason="collisions with coherent reservoirs"
    ),
    "collisions from the ground": Case(
        build=lambda: collision_cases.case("from the ground"), paths=10**9, reason="collisions from a pure start"
    ),
    "Davies qutrit": Case(build=lambda: build_model("davies-qutrit"), paths=10**6, reason="jumps with a finite law"),
    "Davies from a pure state": Case(
        build=lambda: jump_cases.davies(state=State.pure([0.6, 0.48, 0.64])),
        paths=10**6,
        reason="jumps, absolutely irreversible",
    ),
}

LAWLESS: dict[str, Case] = {
    "driven qubit": Case(
        build=jump_cases.driven_qubit, paths=5000, reason="jumps that keep superpositions alive", conclusive=False
    ),
    "junction": Case(build=jump_cases.junction, paths=5000, reason="two temperatures and dephasing", conclusive=False),
    "any operators": Case(
        build=jump_cases.any_operators, paths=5000, reason="jump operators of no structure", conclusive=False
    ),
    "driven qubit from a pure state": Case(
        build=pure_qubit_jumps, paths=5000, reason="lambda from backward paths", conclusive=False
    ),
}
