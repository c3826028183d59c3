"""Random collision models, and their averages by definition from the state of everything at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary


def random_unitary(dimension: int, rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension)))[0]


def random_model(
    seed: int, *, coherent: bool = True, repeat: int = 2, internal: bool = True, rank: int | None = None
) -> CollisionModel:
    """A qubit and a qutrit between three reservoirs, one of which both meet together, in this odd order."""
    rng = np.random.default_rng(seed)
    composite = CompositeSystem(
        subsystems={"A": [0.0, 1.0], "B": [2.0, 0.0, 1.0]}, state=State.haar(6, rank=rank, seed=rng)
    )
    betas = rng.uniform(0.2, 1.5, size=3)
    units = {"left": [1.0, 0.0], "right": [0.0, 1.0, 2.0], "shared": [0.0, 1.0]}
    reservoirs = {
        name: Reservoir(
            energies=energies,
            inverse_temperature=beta,
            state=State.haar(len(energies), seed=rng) if coherent and name != "left" else None,
        )
        for (name, energies), beta in zip(units.items(), betas, strict=True)
    }

    def collision(name: str, on: list[str]) -> CollisionStep:
        unitary = EnergyConservingUnitary.haar(composite.part(on), reservoirs[name].environment, seed=rng)
        return CollisionStep(reservoir=name, on=on, unitary=unitary)

    steps: list[InternalStep | CollisionStep] = [
        collision("left", ["A"]),
        collision("right", ["B"]),
        collision("shared", ["B", "A"]),
    ]
    if internal:
        steps.insert(1, InternalStep(on=["B", "A"], unitary=random_unitary(6, rng)))
    return CollisionModel(composite=composite, reservoirs=reservoirs, steps=steps, repeat=repeat)


def dephased(model: CollisionModel) -> CollisionModel:
    """The model with units that have lost their coherence."""
    reservoirs = {
        name: replace(reservoir, state=np.diag(np.diag(reservoir.unit.energy_state.matrix)))
        for name, reservoir in model.reservoirs.items()
    }
    return replace(model, reservoirs=reservoirs)


def entropy(state: np.ndarray) -> float:
    values = np.linalg.eigvalsh(state)
    values = values[values > 0]
    return float(-(values * np.log(values)).sum())


def logarithm(state: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(state)
    return (vectors * np.log(values)) @ vectors.conj().T


def divergence(state: np.ndarray, reference: np.ndarray) -> float:
    return float(-entropy(state) - np.trace(state @ logarithm(reference)).real)


@dataclass
class Universe:
    """System and all units, none of them ever traced out, as one tensor with an axis for every party and side."""

    model: CollisionModel
    names: list[str]
    tensor: np.ndarray

    @classmethod
    def of(cls, model: CollisionModel) -> Universe:
        names = list(model.composite.energies)
        sizes = [model.composite.energies[name].size for name in names]
        return cls(model, names, model.system.energy_state.matrix.reshape(sizes + sizes))

    def add(self, name: str, state: np.ndarray) -> None:
        parties = len(self.names)
        grown = np.tensordot(self.tensor, state, axes=0)
        self.tensor = np.moveaxis(grown, 2 * parties, parties)
        self.names.append(name)

    def apply(self, unitary: np.ndarray, on: list[str]) -> None:
        where = [self.names.index(name) for name in on]
        dims = [self.tensor.shape[axis] for axis in where]
        cube = unitary.reshape(dims + dims)
        inner = list(range(len(on), 2 * len(on)))
        rows = np.moveaxis(np.tensordot(cube, self.tensor, axes=(inner, where)), range(len(on)), where)
        columns = [len(self.names) + axis for axis in where]
        self.tensor = np.moveaxis(np.tensordot(cube.conj(), rows, axes=(inner, columns)), range(len(on)), columns)

    def state(self, of: list[str] | None = None) -> np.ndarray:
        """The density matrix of some parties (all by default), in the order they are named."""
        names = self.names if of is None else of
        traced, left = self.tensor, list(self.names)
        for name in self.names:
            if name not in names:
                position = left.index(name)
                traced = np.trace(traced, axis1=position, axis2=len(left) + position)
                left.remove(name)
        order = [left.index(name) for name in names]
        size = int(np.prod([traced.shape[axis] for axis in order]))
        return traced.transpose([*order, *(len(left) + axis for axis in order)]).reshape(size, size)


def by_definition(model: CollisionModel) -> dict[str, float]:
    """[Li18] Eqs. (10), (20), (22) from the total state, which grows with every collision: short runs only."""
    universe, system = Universe.of(model), list(model.composite.energies)
    reference = np.ones((1, 1))
    found = {"flow": 0.0, "clausius": 0.0, "work": 0.0, **{f"heat {name}": 0.0 for name in model.reservoirs}}
    hamiltonian = model.system.spectrum.energies
    for step in model.steps * model.repeat:
        before = universe.state(system).diagonal().real @ hamiltonian
        if isinstance(step, InternalStep):
            universe.apply(step.matrix, list(step.on))
            found["work"] += universe.state(system).diagonal().real @ hamiltonian - before
            continue
        reservoir = model.reservoirs[step.reservoir]
        unit, fresh = f"unit {len(universe.names)}", reservoir.unit.energy_state.matrix
        universe.add(unit, fresh)
        reference = np.kron(reference, fresh)
        universe.apply(step.unitary.matrix(), [*step.on, unit])
        change = universe.state([unit]) - fresh
        heat = float(change.diagonal().real @ reservoir.unit.spectrum.energies)
        found[f"heat {step.reservoir}"] += heat
        found["flow"] -= float(np.trace(change @ logarithm(fresh)).real)
        found["clausius"] += float(reservoir.inverse_temperature) * heat
        found["work"] += universe.state(system).diagonal().real @ hamiltonian - before + heat
    final = universe.state(system)
    found["entropy_production"] = divergence(universe.state(), np.kron(final, reference))
    return found
