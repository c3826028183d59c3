"""Small collision models, one for each kind of start, unit and step that paths must get right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from qtraj.models.li18 import coherent_collision
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["CASES", "case", "collide", "qubit_model", "turning"]


def collide(composite: CompositeSystem, reservoirs: dict[str, Reservoir], name: str, on: list[str], seed: int):
    unitary = EnergyConservingUnitary.haar(composite.part(on), reservoirs[name].environment, seed=seed)
    return CollisionStep(reservoir=name, on=on, unitary=unitary)


def turning(angle: float) -> np.ndarray:
    """A rotation of a qubit, which does not commute with its energy."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def qubit_model(
    betas: Sequence[float],
    *,
    state: State | None = None,
    repeat: int = 2,
    scale: float = 1.0,
    work: float = 0.0,
    units: Sequence[float] = (0.0, 1.0),
    angle: float | None = None,
) -> CollisionModel:
    """A qubit that meets one reservoir after the other; `scale` is the unit of energy."""
    composite = CompositeSystem(
        subsystems={"S": [0.0, scale]}, state=State.bloch(0.5, 0.2, -0.3) if state is None else state
    )
    energies = [scale * energy for energy in units]
    baths = {f"bath{k}": Reservoir(energies=energies, inverse_temperature=beta / scale) for k, beta in enumerate(betas)}
    steps: list[InternalStep | CollisionStep] = []
    for k, (name, bath) in enumerate(baths.items()):
        if angle is None:
            steps.append(collide(composite, baths, name, ["S"], seed=k))
        else:
            swap = EnergyConservingUnitary.partial_swap(composite.part(["S"]), bath.environment, angle=angle)
            steps.append(CollisionStep(reservoir=name, on=["S"], unitary=swap))
    if work:
        steps.insert(1, InternalStep(on=["S"], unitary=turning(work)))
    return CollisionModel(composite=composite, reservoirs=baths, steps=steps, repeat=repeat)


def three_parts(*, rank: int = 12, internal: bool = True, repeat: int = 1) -> CollisionModel:
    """A qubit, a qutrit and a qubit; steps on the two outer ones, in either order, and on all three."""
    composite = CompositeSystem(
        subsystems={"A": [0.0, 1.0], "B": [0.0, 1.0, 3.0], "C": [0.5, 0.0]}, state=State.haar(12, rank=rank, seed=5)
    )
    reservoirs = {
        "hot": Reservoir(energies=[0.0, 0.5, 1.0], inverse_temperature=0.4),
        "cold": Reservoir(energies=[1.0, 0.0], inverse_temperature=1.3),
        "odd": Reservoir(energies=[0.0, 1.0], inverse_temperature=1.0, state=State.bloch(0.4, 0.1, 0.5)),
    }
    steps: list[InternalStep | CollisionStep] = [
        collide(composite, reservoirs, "hot", ["C", "A"], seed=1),
        collide(composite, reservoirs, "cold", ["B"], seed=2),
    ]
    if internal:
        turn = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))[0]
        steps += [InternalStep(on=["C", "B"], unitary=turn), collide(composite, reservoirs, "odd", ["A"], seed=4)]
    return CollisionModel(composite=composite, reservoirs=reservoirs, steps=steps, repeat=repeat)


def mixed_reservoirs() -> CollisionModel:
    """Units of a coherent state, of a diagonal one that is not thermal, and coherent ones measured in energy."""
    composite = CompositeSystem(subsystems={"A": [0.0, 1.0], "B": [0.0, 1.0]}, state=State.haar(4, seed=2))
    reservoirs = {
        "coherent": Reservoir(energies=[0.0, 1.0], state=State.bloch(0.4, 0.1, 0.3)),
        "diagonal": Reservoir(energies=[0.0, 1.0, 1.0], state=np.diag([0.5, 0.3, 0.2])),
        "dephased": Reservoir(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.2), measure="energy"),
    }
    steps = [
        collide(composite, reservoirs, name, on, seed=k)
        for k, (name, on) in enumerate([("coherent", ["B"]), ("diagonal", ["A"]), ("dephased", ["B", "A"])])
    ]
    return CollisionModel(composite=composite, reservoirs=reservoirs, steps=steps)


CASES: dict[str, Callable[[], CollisionModel]] = {
    "one collision": lambda: qubit_model([0.7], repeat=1),
    "two baths": lambda: qubit_model([0.5, 1.5]),
    "two baths and work": lambda: qubit_model([0.5, 1.5], work=0.3),
    "pure qubit": lambda: qubit_model([0.5, 1.5], state=State.pure([0.6, 0.8j])),
    "units of three levels": lambda: qubit_model([0.5, 1.5], units=(0.0, 1.0, 2.0)),
    "infinite temperature": lambda: qubit_model([0.0, 1.5]),
    "thermal units": lambda: coherent_collision(collisions=2, coherence=0.0, initial=State.haar(4, seed=1)),
    "coherent units": lambda: coherent_collision(
        collisions=2, coherence=0.8, interaction_angle=0.7, phase_difference=0.4, initial=State.haar(4, seed=1)
    ),
    "nearly pure units": lambda: coherent_collision(
        collisions=2, coherence=0.99, interaction_angle=0.4, frequency=0.7, initial=State.haar(4, seed=3)
    ),
    "from the ground": lambda: coherent_collision(
        collisions=2, coherence=0.3, interaction_angle=0.7, frequency=2.5, temperature_cold=2.0, temperature_hot=4.0
    ),
    "start of rank two": lambda: coherent_collision(
        collisions=2, coherence=0.5, interaction_angle=0.7, initial=State.haar(4, rank=2, seed=4)
    ),
    "measured in energy": lambda: coherent_collision(
        collisions=2, coherence=0.8, interaction_angle=0.7, measure="energy", initial=State.haar(4, seed=1)
    ),
    "three parts": lambda: three_parts(rank=3, internal=False),
    "three parts and work": lambda: three_parts(rank=2),
    "mixed reservoirs": mixed_reservoirs,
}


@cache
def case(name: str) -> CollisionModel:
    """The case of that name, built once."""
    return CASES[name]()
